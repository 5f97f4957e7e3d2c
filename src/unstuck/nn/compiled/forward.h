/* From rows of examples to outputs and their deltas. */

static void read_example(const network *net, int64_t row, REAL *to) {
    long n = net->layers[0].n_in;
    REAL scale = (REAL)net->scale, shift = (REAL)net->shift;
#define READ(type)                                                                                                     \
    for (long k = 0; k < n; k++) to[k] = (REAL)((const type *)net->x)[row * net->x_stride + k] * scale + shift;
    if (net->input_type == BYTES) { READ(uint8_t) }
    else if (net->input_type == FLOATS) { READ(float) }
    else { READ(double) }
}

static void gather(network *net, const int64_t *rows, long n, long h) {
    layer *l = net->layers;
    for (long i = FROM(n, h); i < TO(n, h); i++) {
        REAL *x = net->prepared + i * l->n_in;
        entry *inputs = l->inputs + i * l->n_in;
        if (net->input_type == BYTES && net->shift == 0 && !l->dense) {
            const uint8_t *bytes = net->x;
            for (long k = 0; i + 1 < n && k < l->n_in; k += 64)
                __builtin_prefetch(bytes + rows[i + 1] * net->x_stride + k);
            l->n_inputs[i] = list_bytes(bytes + rows[i] * net->x_stride, l->n_in, (REAL)net->scale, inputs);
        } else {
            read_example(net, rows[i], x);
            if (!l->dense) l->n_inputs[i] = list_numbers(x, l->n_in, inputs);
        }
        __builtin_prefetch(net->targets + rows[i] * net->layers[net->n_layers - 1].n_out);
    }
}

static list inputs_of(const layer *l, long example) {
    return (list){l->inputs + example * l->n_in, l->n_inputs[example]};
}

static void list_activations(layer *l, const layer *below, long n, long h) {
    for (long i = FROM(n, h); i < TO(n, h); i++)
        l->n_inputs[i] = list_numbers(below->a + i * below->stride, l->n_in, l->inputs + i * l->n_in);
}

INLINE void forward_panel(const int width, const network *net, layer *l, long i, long end, long p, long activation) {
    long stride, start = panel_start(l, p);
    const REAL *weights = panel_of(net, l, l->values.weights, p, &stride);
    for (; i < end; i++) {
        vector sum[WIDEST];
        for (int j = 0; j < width; j++)
            sum[j] = l->values.biases ? load(l->values.biases + start + j * LANES) : splat(0);
        add_rows(width, chains_of(width), inputs_of(l, i), weights, stride, sum);
        for (int j = 0; j < width; j++)
            store(l->a + i * l->stride + start + j * LANES, activate(sum[j], activation));
    }
}

static void forward_dense(network *net, layer *l, long n, long h, long activation) {
    const REAL *x = l == net->layers ? net->prepared : (l - 1)->a;
    long x_stride = l == net->layers ? l->n_in : (l - 1)->stride;
    long from = FROM(l->stride / LANES, h) * LANES, to = TO(l->stride / LANES, h) * LANES;
    net->product(ROWS_FIRST, AS_IS, AS_IS, n, to - from, l->n_in, 1, x, x_stride, l->values.weights + from, l->stride, 0,
                 l->a + from, l->stride);
    for (long i = 0; i < n; i++)
        for (long j = from; j < to; j += LANES) {
            REAL *a = l->a + i * l->stride + j;
            store(a, activate(load(a) + (l->values.biases ? load(l->values.biases + j) : splat(0)), activation));
        }
}

/* Pre-activations and activations; of the last layer only the former. */
static void forward(network *net, layer *l, long n, long h) {
    long panels = n_panels(l), activation = l == net->layers + net->n_layers - 1 ? LINEAR : l->activation;
    if (l->dense)
        forward_dense(net, l, n, h, activation);
    else if (panels == 1)
        WITH_WIDTH(l->stride / LANES, forward_panel(width, net, l, FROM(n, h), TO(n, h), 0, activation))
    else
        for (long p = FROM(panels, h); p < TO(panels, h); p++)
            WITH_WIDTH(panel_width(l, p) / LANES, forward_panel(width, net, l, 0, n, p, activation))
}

/* Whether a thread makes whole examples, those of its half, rather than some of the units of all. */
static int by_example(const layer *l) { return !l->dense && n_panels(l) == 1; }

static void softmax(REAL *z, long n, long stride) {
    vector largest = splat(-__builtin_inf()), sum = splat(0);
    for (long j = n; j < stride; j++) z[j] = -__builtin_inf();
    for (long j = 0; j < stride; j += LANES) largest = larger(largest, load(z + j));
    REAL shift = largest_of(largest);
    for (long j = 0; j < stride; j += LANES) {
        vector e = expm1_of(load(z + j) - shift) + 1;
        for (long lane = 0; j + LANES > n && lane < LANES; lane++) e[lane] = j + lane < n ? e[lane] : 0;
        store(z + j, e);
        sum += e;
    }
    REAL total = sum_of(sum);
    for (long j = 0; j < stride; j += LANES) store(z + j, load(z + j) / total);
}

/* Logits, outputs and their deltas. */
static void finish_outputs(network *net, const int64_t *rows, long n, REAL *logits, long h) {
    layer *l = &net->layers[net->n_layers - 1];
    REAL finite = 0;
    for (long i = FROM(n, h); i < TO(n, h); i++) {
        REAL *a = l->a + i * l->stride, *delta = l->delta + i * l->stride, total = 1, mean = 0;
        const REAL *t = net->targets + rows[i] * l->n_out;
        REAL share = (REAL)(1.0 / n) * (net->example_weights ? net->example_weights[rows[i]] : 1);
        memcpy(logits + i * l->n_out, a, sizeof(REAL) * l->n_out);
        if (l->activation == SOFTMAX)
            softmax(a, l->n_out, l->stride);
        else
            for (long j = 0; j < l->stride; j += LANES) store(a + j, activate(load(a + j), l->activation));
        if (!net->targets_sum_to_one) {
            total = 0;
            for (long j = 0; j < l->n_out; j++) total += t[j];
        }
        for (long j = 0; j < l->n_out; j++) delta[j] = a[j] * total - t[j];
        if (net->multiply_by_derivative && l->activation == SOFTMAX) {
            for (long j = 0; j < l->n_out; j++) mean += delta[j] * a[j];
            for (long j = 0; j < l->n_out; j++) delta[j] = (delta[j] - mean) * a[j];
        } else if (net->multiply_by_derivative)
            for (long j = 0; j < l->stride; j += LANES)
                store(delta + j, load(delta + j) * derivative(load(a + j), l->activation));
        for (long j = 0; j < l->stride; j += LANES) store(delta + j, load(delta + j) * share);
        finite += sum_of(load(delta) * 0);
        for (long j = LANES; j < l->stride; j += LANES) finite += sum_of(load(delta + j) * 0);
    }
    if (finite != 0) atomic_store(&net->finite, 0);
}
