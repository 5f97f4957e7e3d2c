/* Dense matrix products in square blocks of LANES x LANES numbers, each in one piece.

   A tile of the result stays in registers while whole rows and columns of blocks stream by: some rows of a block, and
   as many blocks beside each other as the registers hold, so that numbers are loaded less often than they are used.
   Examples, inputs and units that would not fill a block are zeros. */

#define BLOCK (LANES * LANES)
#define ROWS (VECTOR_BYTES == 64 ? 8 : LANES < 4 ? LANES : 4)
#define COLUMNS 3

#define BLOCK_BYTES (BLOCK * (long)sizeof(REAL))
#define CHUNK (24 * 1024 / (COLUMNS * BLOCK_BYTES))    /* blocks, COLUMNS rows of which take half a first cache */
#define AHEAD (2 + 512 / BLOCK_BYTES)                  /* blocks that are fetched before they are used */
#define NEAR (512 * 1024)                              /* bytes that stay in a core's own cache */

INLINE long n_blocks(long n) { return (n + LANES - 1) / LANES; }

/* How many rows or columns of so many blocks are used together, so that the other factor comes from afar less often: a
   multiple of how many are used at once. */
INLINE long group_of(long count, long at_once) {
    long fit = NEAR / (count * BLOCK_BYTES) / at_once;
    return (fit ? fit : 1) * at_once;
}

/* For q in a half of n, group by group, some at once; within a group for all r, and for each r all q. */
#define FOR_GROUPS(q, n, h, count, at_once, r, end, step)                                                              \
    for (long q##_from = FROM(n, h), q##_end; q##_from < TO(n, h); q##_from = q##_end)                                 \
        for (long r = (q##_end = smallest(TO(n, h), q##_from + group_of(count, at_once)), 0); r < (end); r += (step)) \
            for (long q = q##_from; q < q##_end; q += (at_once))

INLINE long smallest(long a, long b) { return a < b ? a : b; }

/* Runs a statement with `columns`, from 1 to COLUMNS, as a constant. */
#define WITH_COLUMNS(n, statement)                                                                                     \
    switch (n) {                                                                                                       \
    case 1: { enum { columns = 1 < COLUMNS ? 1 : COLUMNS }; statement; break; }                                        \
    case 2: { enum { columns = 2 < COLUMNS ? 2 : COLUMNS }; statement; break; }                                        \
    case 3: { enum { columns = 3 < COLUMNS ? 3 : COLUMNS }; statement; break; }                                        \
    }

/* sums[c][r] += over `count` blocks: element (r, j) of one of a, or (j, r) if they are turned, times row j of one of b,
   c panels on. Few blocks at a time: all rows of a but the first find those of b in the nearest cache. Blocks of a may
   lie far apart, where the processor does not fetch them ahead by itself. */
INLINE void sum_blocks(const int columns, const int turned, vector sums[][LANES], const REAL *a, long a_step,
                       const REAL *b, long b_step, long b_panel, long count) {
    for (long done = 0, chunk; done < count; done += chunk, a += chunk * a_step, b += chunk * b_step) {
        chunk = smallest(CHUNK, count - done);
        for (long from = 0; from < LANES; from += ROWS) {
            vector tile[COLUMNS][ROWS];
            const REAL *p = a + from * (turned ? 1 : LANES), *q = b;
            for (int c = 0; c < columns; c++)
                for (long r = 0; r < ROWS; r++) tile[c][r] = sums[c][from + r];
            for (long s = 0; s < chunk; s++, p += a_step, q += b_step)
#pragma GCC unroll 4
                for (long j = 0; j < LANES; j++) {
                    vector right[COLUMNS];
                    if (j * sizeof(vector) % 64 == 0) __builtin_prefetch(p + AHEAD * a_step + j * LANES);
                    for (int c = 0; c < columns; c++) right[c] = load(q + c * b_panel + j * LANES);
                    for (long r = 0; r < ROWS; r++) {
                        vector left = splat(p[turned ? j * LANES + r : r * LANES + j]);
                        for (int c = 0; c < columns; c++) tile[c][r] += left * right[c];
                    }
                }
            for (int c = 0; c < columns; c++)
                for (long r = 0; r < ROWS; r++) sums[c][from + r] = tile[c][r];
        }
    }
}

/* The same for constant columns, each in a function of its own: among other code, compilers put parts of the tile on the
   stack. */
#define SUM_BLOCKS(name, columns, turned)                                                                              \
    static __attribute__((noinline)) void name(vector sums[][LANES], const REAL *a, long a_step, const REAL *b,        \
                                               long b_step, long b_panel, long count) {                                \
        sum_blocks(columns, turned, sums, a, a_step, b, b_step, b_panel, count);                                       \
    }
SUM_BLOCKS(sum_blocks_1, 1, 0)
SUM_BLOCKS(sum_blocks_2, 2, 0)
SUM_BLOCKS(sum_blocks_3, 3, 0)
SUM_BLOCKS(sum_turned_1, 1, 1)
SUM_BLOCKS(sum_turned_2, 2, 1)
SUM_BLOCKS(sum_turned_3, 3, 1)

INLINE void add_blocks(const int columns, vector sums[][LANES], const int turned, const REAL *a, long a_step,
                       const REAL *b, long b_step, long b_panel, long count) {
    (columns == 1   ? turned ? sum_turned_1 : sum_blocks_1
     : columns == 2 ? turned ? sum_turned_2 : sum_blocks_2
                    : turned ? sum_turned_3 : sum_blocks_3)(sums, a, a_step, b, b_step, b_panel, count);
}

/* Row i of a matrix with `width` columns to its blocks, and, if wanted, each block to its transpose. */
static void pack_row(const REAL *row, long i, long width, REAL *blocks, REAL *turned) {
    long first = i / LANES * n_blocks(width) * BLOCK, r = i % LANES;
    for (long q = 0; q < n_blocks(width); q++) {
        long lanes = width - q * LANES < LANES ? width - q * LANES : LANES, at = first + q * BLOCK;
        vector values = splat(0);
        if (row && lanes == LANES) values = load(row + q * LANES);
        for (long j = 0; row && lanes < LANES && j < lanes; j++) values[j] = row[q * LANES + j];
        store(blocks + at + r * LANES, values);
        for (long j = 0; turned && j < LANES; j++) turned[at + j * LANES + r] = values[j];
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
