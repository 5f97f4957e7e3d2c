/* Dense matrix products in square blocks of LANES x LANES numbers, each in one piece.

   A block of the result stays in registers while whole rows and columns of blocks stream by, so one plain loop comes
   close to what the processor can multiply. Examples, inputs and units that would not fill a block are zeros. */

#define BLOCK (LANES * LANES)
#ifdef __AVX512F__
#define ROWS LANES    /* of a block that are summed at a time, a vector each */
#else
#define ROWS 4
#endif

#define NEAR (512 * 1024)    /* bytes that stay in a core's own cache */

INLINE long n_blocks(long n) { return (n + LANES - 1) / LANES; }

/* How many rows or columns of so many blocks are used together, so that the other factor comes from afar less often. */
INLINE long group_of(long count) {
    long bytes = count * BLOCK * (long)sizeof(REAL);
    return bytes > NEAR ? 1 : NEAR / bytes;
}

/* For q in a half of n, group by group; within a group for all r, and for each r all q. */
#define FOR_GROUPS(q, n, h, group, r, r_end, r_step)                                                                   \
    for (long q##_from = FROM(n, h); q##_from < TO(n, h); q##_from += (group))                                        \
        for (long r = 0; r < (r_end); r += (r_step))                                                                   \
            for (long q = q##_from; q < TO(n, h) && q < q##_from + (group); q++)

/* sum[r] += over `count` blocks: element (r, j) of one of a, or (j, r) if they are turned, times row j of one of b. */
INLINE void add_blocks(vector *sum, const int turned, const REAL *a, long a_step, const REAL *b, long b_step,
                       long count) {
    for (long from = 0; from < LANES; from += ROWS) {
        vector rows[ROWS];
        const REAL *p = a + from * (turned ? 1 : LANES), *q = b;
        for (long r = 0; r < ROWS; r++) rows[r] = sum[from + r];
        for (long s = 0; s < count; s++, p += a_step, q += b_step)
            for (long j = 0; j < LANES; j++)
                for (long r = 0; r < ROWS; r++)
                    rows[r] += p[turned ? j * LANES + r : r * LANES + j] * load(q + j * LANES);
        for (long r = 0; r < ROWS; r++) sum[from + r] = rows[r];
    }
}

/* Row i of a matrix with `width` columns to its blocks, and, if wanted, each block to its transpose. */
static void pack_row(const REAL *row, long i, long width, REAL *blocks, REAL *turned) {
    long first = i / LANES * n_blocks(width) * BLOCK, r = i % LANES;
    for (long q = 0; q < n_blocks(width); q++) {
        long lanes = width - q * LANES < LANES ? width - q * LANES : LANES, at = first + q * BLOCK;
        for (long j = 0; j < LANES; j++) {
            REAL value = row && j < lanes ? row[q * LANES + j] : 0;
            blocks[at + r * LANES + j] = value;
            if (turned) turned[at + j * LANES + r] = value;
        }
    }
}

/* The rows of zeros that fill up the last blocks. */
static void pack_zeros(long n, long width, REAL *blocks, REAL *turned) {
    for (long i = n; i < n_blocks(n) * LANES; i++) pack_row(NULL, i, width, blocks, turned);
}

/* This half of n rows. */
static void pack(const REAL *rows, long stride, long n, long width, REAL *blocks, REAL *turned, long h) {
    for (long i = FROM(n, h); i < TO(n, h); i++) pack_row(rows + i * stride, i, width, blocks, turned);
    if (h) pack_zeros(n, width, blocks, turned);
}

static void turn_block(const vector *block, REAL *turned) {
    for (long r = 0; r < LANES; r++)
        for (long j = 0; j < LANES; j++) turned[j * LANES + r] = block[r][j];
}
