/* From the deltas of the outputs to those of all layers, and to updates. */

/* Of each input in this half: the examples in which it is not 0. */
static void turn_lists(layer *l, long n, long batch, long h) {
    long from = FROM(l->n_in, h), to = TO(l->n_in, h);
    memset(l->n_examples + from, 0, sizeof(*l->n_examples) * (to - from));
    for (long i = 0; i < n; i++) {
        list inputs = inputs_of(l, i);
        const entry *e = inputs.entries, *end = e + inputs.count;
        for (long rest = from ? inputs.count : 0; rest;) {    /* inputs are in order: find the first of this half */
            long half = rest / 2;
            if (e[half].which < from) e += half + 1, rest -= half + 1;
            else rest = half;
        }
        for (; e < end && e->which < to; e++)
            l->examples[e->which * batch + l->n_examples[e->which]++] = (entry){e->value, (int32_t)i};
    }
}

/* The weights transposed, in panels of the units below: those of this half. */
static void turn_weights(const network *net, layer *l, long h) {
    const layer *below = l - 1;
    long panels = n_panels(below), from = panels == 1 ? 0 : FROM(panels, h), to = panels == 1 ? h == 0 : TO(panels, h);
    for (long p = from; p < to; p++) {
        long start = panel_start(below, p), width = panel_width(below, p);
        REAL *turned = l->turned + l->n_out * start;
        long end = start + width < l->n_in ? start + width : l->n_in;
        for (long q = 0, stride; q < n_panels(l); q++) {
            const REAL *panel = panel_of(net, l, l->values.weights, q, &stride);
            long first = panel_start(l, q), last = first + panel_width(l, q);
            if (last > l->n_out) last = l->n_out;
            for (long j = first; j < last; j++)
                for (long k = start; k < end; k++) turned[j * width + k - start] = panel[k * stride + j - first];
        }
    }
}

INLINE void propagate_panel(const int width, list outputs, const REAL *turned, REAL *to) {
    vector sum[WIDEST];
    for (int j = 0; j < width; j++) sum[j] = splat(0);
    add_rows(width, chains_of(width), outputs, turned, width * LANES, sum);
    for (int j = 0; j < width; j++) store(to + j * LANES, sum[j]);
}

/* Of an example, for some of the units; units that were left out have no part in the loss. */
static void multiply_by_derivative(const network *net, const layer *l, long i, long from, long to) {
    REAL *delta = l->delta + i * l->stride, *a = l->a + i * l->stride;
    if (l->kept) {
        const uint8_t *kept = l->kept + (net->done + i) * l->n_out;
        for (long j = from; j < to && j < l->n_out; j++) delta[j] *= kept[j] ? (REAL)l->kept_scale : 0;
    }
    for (long j = from; l->activation == RELU && j < to; j += LANES)
        store(delta + j, choose(load(a + j) > 0, load(delta + j), splat(0)));
    for (long j = from; l->activation != RELU && l->activation != LINEAR && j < to; j += LANES)
        store(delta + j, load(delta + j) * derivative(load(a + j), l->activation));
}

/* Makes units of the layer below the rows of a block, and examples its columns: so the weights need not be turned. */
static void propagate_dense(network *net, layer *l, long n, long h) {
    layer *below = l - 1;
    long count = n_blocks(l->n_in);
    FOR_GROUPS(q, count, h, group_of(n_panels(l)), i, n, LANES) {
        vector sum[LANES];
        REAL turned[BLOCK];
        for (long r = 0; r < LANES; r++) sum[r] = splat(0);
        add_blocks(sum, 0, l->values.weights + q * BLOCK, count * BLOCK, l->turned_deltas + i * l->stride, BLOCK,
                   n_panels(l));
        turn_block(sum, turned);
        for (long r = 0; r < LANES && i + r < n; r++)
            store(below->delta + (i + r) * below->stride + q * LANES, load(turned + r * LANES));
    }
    for (long i = 0; i < n; i++) multiply_by_derivative(net, below, i, FROM(count, h) * LANES, TO(count, h) * LANES);
}

/* The deltas of the layer below, from those of this one. */
static void propagate(network *net, layer *l, long n, long h) {
    layer *below = l - 1;
    if (l->dense) {
        propagate_dense(net, l, n, h);
        return;
    }
    for (long i = FROM(n, h); i < TO(n, h); i++) {
        REAL *delta = below->delta + i * below->stride;
        entry *outputs = l->outputs + h * l->n_out;
        list deltas = {outputs, list_numbers(l->delta + i * l->stride, l->n_out, outputs)};
        for (long p = 0; p < n_panels(below); p++) {
            const REAL *turned = l->turned + l->n_out * panel_start(below, p);
            WITH_WIDTH(panel_width(below, p) / LANES, propagate_panel(width, deltas, turned, delta + panel_start(below, p)))
        }
        multiply_by_derivative(net, below, i, 0, below->stride);
    }
}

typedef struct {
    REAL rate, momentum, l2;
    int only_gradients, nesterov;
} rule;

/* One step of SGD for one vector of parameters, or only their gradient. */
INLINE void update(rule r, REAL *value, REAL *gradient, REAL *velocity, vector sum) {
    if (r.only_gradients) {
        store(gradient, sum);
        return;
    }
    vector old = load(value), change = (sum + r.l2 * old) * -r.rate;
    if (velocity) {
        vector v = load(velocity) * r.momentum + change;
        store(velocity, v);
        if (r.nesterov) change += r.momentum * v;
        else change = v;
    }
    store(value, old + change);
}

INLINE void learn_panel(const int width, const network *net, layer *l, rule r, long n, long from, long to, long p,
                        long h) {
    long stride, start = panel_start(l, p), idle = !r.only_gradients && !l->velocity.weights && r.l2 == 0;
    REAL *values = panel_of(net, l, l->values.weights, p, &stride);
    REAL *gradient = panel_of(net, l, l->gradient.weights, p, &stride);
    REAL *velocity = l->velocity.weights ? panel_of(net, l, l->velocity.weights, p, &stride) : NULL;
    const REAL *delta = l->delta;
    long delta_stride = l->stride;
    if (l->stride > width * LANES) {
        REAL *part = l->part + h * net->batch * WIDEST * LANES;
        for (long i = 0; i < n; i++)
            for (int j = 0; j < width; j++)
                store(part + (i * width + j) * LANES, load(delta + i * l->stride + start + j * LANES));
        delta = part;
        delta_stride = width * LANES;
    }
    for (long k = from; k < to; k++) {
        list examples = {l->examples + k * net->batch, l->n_examples[k]};
        if (idle && !examples.count) continue;
        vector sum[WIDEST];
        for (int j = 0; j < width; j++) sum[j] = splat(0);
        add_rows(width, chains_of(width), examples, delta, delta_stride, sum);
        for (int j = 0; j < width; j++) {
            long at = k * stride + j * LANES;
            update(r, values + at, gradient + at, velocity ? velocity + at : NULL, sum[j]);
        }
    }
}

static void learn_dense(layer *l, rule rule, long n, long h) {
    long count = n_blocks(l->n_in);
    FOR_GROUPS(q, n_panels(l), h, group_of(n_blocks(n)), p, count, 1) {
        REAL *values = l->values.weights + (q * count + p) * BLOCK;
        REAL *velocity = l->velocity.weights ? l->velocity.weights + (q * count + p) * BLOCK : NULL;
        vector sum[LANES];
        for (long r = 0; r < LANES; r++) {
            sum[r] = splat(0);
            __builtin_prefetch(values + r * LANES);
            if (velocity) __builtin_prefetch(velocity + r * LANES);
        }
        add_blocks(sum, 1, l->input_blocks + p * BLOCK, count * BLOCK, l->delta_blocks + q * BLOCK, l->stride * LANES,
                   n_blocks(n));
        for (long r = 0; r < LANES && p * LANES + r < l->n_in; r++)
            update(rule, values + r * LANES, l->gradient.weights + (p * LANES + r) * l->stride + q * LANES,
                   velocity ? velocity + r * LANES : NULL, sum[r]);
    }
}

static void learn(network *net, layer *l, rule r, long n, long h) {
    long panels = n_panels(l);
    if (l->dense)
        learn_dense(l, r, n, h);
    else if (panels == 1)
        WITH_WIDTH(l->stride / LANES, learn_panel(width, net, l, r, n, FROM(l->n_in, h), TO(l->n_in, h), 0, h))
    else
        for (long p = FROM(panels, h); p < TO(panels, h); p++)
            WITH_WIDTH(panel_width(l, p) / LANES, learn_panel(width, net, l, r, n, 0, l->n_in, p, h))
    r.l2 = 0;    /* biases do not decay */
    for (long j = 0; h == 1 && l->values.biases && j < l->stride; j += LANES) {
        vector sum = splat(0);
        for (long i = 0; i < n; i++) sum += load(l->delta + i * l->stride + j);
        update(r, l->values.biases + j, l->gradient.biases + j, l->velocity.biases ? l->velocity.biases + j : NULL, sum);
    }
}

/* Incoming weights of units whose norm exceeds the limit, scaled down to it. */
static void limit_norms(const network *net, layer *l, long h) {
    REAL limit = (REAL)net->max_norm;
    for (long p = FROM(n_panels(l), h); p < TO(n_panels(l), h); p++) {
        long stride, width = panel_width(l, p);
        REAL *weights = panel_of(net, l, l->values.weights, p, &stride);
        for (long j = 0; j < width; j += LANES) {
            vector squares = splat(0), scale;
            for (long k = 0; k < l->n_in; k++) {
                vector w = load(weights + k * stride + j);
                squares += w * w;
            }
            for (long lane = 0; lane < LANES; lane++)
                scale[lane] = squares[lane] > limit * limit ? limit / (REAL)__builtin_sqrt(squares[lane]) : 1;
            if (sum_of(scale) == LANES) continue;
            for (long k = 0; k < l->n_in; k++) store(weights + k * stride + j, load(weights + k * stride + j) * scale);
        }
    }
}
