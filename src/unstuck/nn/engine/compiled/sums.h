/* A matrix product as sums of rows, so that what is zero in one factor is skipped.

   Forward:  z of an example = biases + sum over the inputs that are not 0 of (input * row of weights).
   Backward: gradient of an input's weights = sum over the examples where it is not 0 of (input * delta of the example).
 */

#define WIDEST 4    /* vectors of a row summed at a time: sums stay in registers, their part of the rows in the cache */

typedef struct {
    REAL value;
    int32_t which;
} entry;

typedef struct {    /* what is not 0 in a row or a column of a matrix */
    const entry *entries;
    long count;
} list;

#define INLINE static inline __attribute__((always_inline))

/* sum[0..width] += over the list: value * rows[which]. Narrow sums run in several chains: one would spend its time
   waiting for its last addition. */
INLINE void add_rows(const int width, const int chains, list l, const REAL *rows, long stride, vector *sum) {
    long k = 0;
    if (l.count >= 2 * chains) {
        vector more[WIDEST * 4];
        for (int j = width; j < chains * width; j++) more[j] = splat(0);
        for (; k + chains <= l.count; k += chains)
            for (int c = 0; c < chains; c++) {
                const REAL *row = rows + l.entries[k + c].which * stride;
                for (int j = 0; j < width; j++)
                    if (c) more[c * width + j] += l.entries[k + c].value * load(row + j * LANES);
                    else sum[j] += l.entries[k].value * load(row + j * LANES);
            }
        for (int c = 1; c < chains; c++)
            for (int j = 0; j < width; j++) sum[j] += more[c * width + j];
    }
    for (; k < l.count; k++) {
        const REAL *row = rows + l.entries[k].which * stride;
        for (int j = 0; j < width; j++) sum[j] += l.entries[k].value * load(row + j * LANES);
    }
}

INLINE long chains_of(const int width) { return width == 1 ? 4 : width == 2 ? 2 : 1; }

/* Runs a statement with `width` as a constant. */
#define WITH_WIDTH(n, statement)                                                                                       \
    switch (n) {                                                                                                       \
    case 1: { enum { width = 1 }; statement; break; }                                                                  \
    case 2: { enum { width = 2 }; statement; break; }                                                                  \
    case 3: { enum { width = 3 }; statement; break; }                                                                  \
    case 4: { enum { width = 4 }; statement; break; }                                                                  \
    }

static inline long list_numbers(const REAL *x, long n, entry *to) {
    long count = 0;
    for (long k = 0; k < n; k += LANES) {
        uint64_t words[sizeof(vector) / 8], any = 0;
        long end = k + LANES < n ? k + LANES : n;
        if (end == k + LANES) {
            memcpy(words, x + k, sizeof(words));
            for (int i = 0; i < (int)sizeof(vector) / 8; i++) any |= words[i];
            if (!any) continue;
        }
        for (long j = k; j < end; j++) {
            to[count] = (entry){x[j], (int32_t)j};
            count += x[j] != 0;
        }
    }
    return count;
}

static inline long list_bytes(const uint8_t *x, long n, REAL scale, entry *to) {
    long count = 0;
    for (long k = 0; k < n; k += 8) {
        uint64_t eight = 0;
        long end = k + 8 < n ? k + 8 : n;
        if (end == k + 8) memcpy(&eight, x + k, 8);
        if (end == k + 8 && !eight) continue;
        for (long j = k; j < end; j++) {
            to[count] = (entry){x[j] * scale, (int32_t)j};
            count += x[j] != 0;
        }
    }
    return count;
}
