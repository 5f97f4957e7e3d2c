/* A network, its buffers and the examples, as compiled/step.py lays them out; how two threads wait for each other. */

#include <sched.h>
#include <stdatomic.h>

/* The halves of n things. */
#define FROM(n, h) ((n) * (h) / 2)
#define TO(n, h) ((n) * ((h) + 1) / 2)

#include "vectors.h"
#include "sums.h"
#include "blocks.h"

enum inputs { BYTES, FLOATS, DOUBLES };

typedef struct {    /* weights, or what an optimiser keeps of them: (n_in, stride), or in panels; biases: (stride) */
    REAL *weights, *biases;
} pair;

typedef struct {
    int64_t n_in, n_out, stride;    /* stride: n_out, filled up with zeros to a multiple of LANES */
    int64_t activation, dense;      /* dense: in square blocks, which skips no zeros */
    pair values, gradient, velocity, given_values, given_velocity;    /* given: as the caller has them */
    REAL *turned;                   /* (n_out, stride of the layer below), in panels: weights transposed */
    entry *outputs;                 /* (2, n_out): deltas that are not 0, of the example in hand of each half */
    REAL *a, *delta;                /* (batch, stride) */
    const uint8_t *kept;            /* (n, n_out): 0 for a unit that is left out for an example, or NULL */
    double kept_scale;
    REAL *dropped;                  /* (batch, stride): a of the units that are kept, scaled */
    REAL *part;                     /* for each half a panel of delta */
    entry *inputs;                  /* (batch, n_in): what is not 0, of each example */
    int64_t *n_inputs;              /* (batch) */
    entry *examples;                /* (n_in, batch): the same, of each input */
    int64_t *n_examples;            /* (n_in) */
    REAL *input_blocks, *delta_blocks, *turned_deltas;    /* of a dense layer */
} layer;

typedef struct {
    int64_t n_layers, batch, n_threads;
    layer *layers;
    int64_t input_type, only_gradients, targets_sum_to_one, multiply_by_derivative, nesterov;
    double scale, shift, momentum, l2, max_norm;    /* max_norm: 0 for none */
    const void *x;                  /* (n, n_in) */
    int64_t x_stride;               /* in elements */
    const REAL *targets, *example_weights;    /* (n, n_out), (n) or NULL */
    REAL *prepared;                 /* (batch, n_in): the inputs as they reach the network, if they are not listed */
    int64_t done;                   /* examples before the batch in hand */
    int64_t in_panels, keep_panels; /* whether the weights to go on from are there; whether they shall stay there */
    atomic_long arrived, finite;
} network;

#define FOR_HALVES(h, net, part) for (long h = part; h < 2; h += (net)->n_threads)

static void wait_for_other(network *net) {
    if (net->n_threads == 1) return;
    long turn = atomic_fetch_add(&net->arrived, 1) / 2 + 1;
    for (long spins = 0; atomic_load_explicit(&net->arrived, memory_order_acquire) < 2 * turn; spins++)
        if (spins > 10000) sched_yield();
}

/* Wide weights lie in panels while `run` works, and until it is told to bring them back: a few columns in one piece. A
   panel of a dense layer is one vector wide, so that it is a column of blocks. */

static long n_panels(const layer *l) {
    long vectors = l->stride / LANES;
    return l->dense ? vectors : vectors <= WIDEST ? 1 : 2 * ((vectors + 2 * WIDEST - 1) / (2 * WIDEST));
}

static long panel_start(const layer *l, long p) { return l->stride / LANES * p / n_panels(l) * LANES; }
static long panel_width(const layer *l, long p) { return panel_start(l, p + 1) - panel_start(l, p); }
static int has_panels(const network *net, const layer *l) {
    return l->dense || (!net->only_gradients && n_panels(l) > 1);
}

static REAL *panel_of(const network *net, const layer *l, REAL *weights, long p, long *stride) {
    *stride = has_panels(net, l) ? panel_width(l, p) : l->stride;
    return weights + (has_panels(net, l) ? n_blocks(l->n_in) * LANES : 1) * panel_start(l, p);
}

/* A few rows at a time, which stay in the cache while their pieces go to, or come from, one panel after the other. */
static void convert(network *net, int into_panels, long h) {
    for (layer *l = net->layers; l < net->layers + net->n_layers; l++) {
        REAL *given[] = {l->given_values.weights, l->given_velocity.weights};
        REAL *ours[] = {l->values.weights, l->velocity.weights};
        long rows = n_blocks(l->n_in);
        for (int i = 0; has_panels(net, l) && i < 2; i++)
            for (long from = FROM(rows, h) * LANES; given[i] && from < TO(rows, h) * LANES; from += LANES)
                for (long p = 0; p < n_panels(l); p++) {
                    long stride, width = panel_width(l, p);
                    REAL *panel = panel_of(net, l, ours[i], p, &stride);
                    for (long k = from; k < from + LANES && k < l->n_in; k++) {
                        REAL *row = given[i] + k * l->stride + panel_start(l, p);
                        memcpy(into_panels ? panel + k * stride : row, into_panels ? row : panel + k * stride,
                               sizeof(REAL) * width);
                    }
                }
    }
}
