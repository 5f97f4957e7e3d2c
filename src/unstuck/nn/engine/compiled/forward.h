/* From rows of examples to outputs and their deltas. */

static const char *given_example(const network *net, int64_t row) {
    long size = net->input_type == BYTES ? 1 : net->input_type == FLOATS ? 4 : 8;
    return (const char *)net->x + row * net->x_stride * size;
}

/* An example as it reaches the network: as it was given, if it need not change, or put into `to`. */
static const REAL *read_example(const network *net, int64_t row, REAL *to) {
    long n = net->layers[0].n_in;
    REAL scale = (REAL)net->scale, shift = (REAL)net->shift;
    const char *x = given_example(net, row);
    if (net->input_type == (sizeof(REAL) == 4 ? FLOATS : DOUBLES) && scale == 1 && shift == 0) return (const REAL *)x;
#define READ(type) for (long k = 0; k < n; k++) to[k] = (REAL)((const type *)x)[k] * scale + shift;
    if (net->input_type == BYTES) { READ(uint8_t) }
    else if (net->input_type == FLOATS) { READ(float) }
    else { READ(double) }
    return to;
}

static void gather(network *net, const int64_t *rows, long n, long h) {
    layer *l = net->layers;
    for (long i = FROM(n, h); i < TO(n, h); i++) {
        const char *given = given_example(net, rows[i]), *next = i + 1 < n ? given_example(net, rows[i + 1]) : given;
        for (long k = 0; k < given_example(net, 1) - given_example(net, 0); k += 64) __builtin_prefetch(next + k);
        __builtin_prefetch(net->targets + rows[i] * net->layers[net->n_layers - 1].n_out);
        if (net->input_type == BYTES && net->shift == 0 && !l->dense) {
            l->n_inputs[i] = list_bytes((const uint8_t *)given, l->n_in, (REAL)net->scale, l->inputs + i * l->n_in);
            continue;
        }
        const REAL *x = read_example(net, rows[i], net->prepared + i * l->n_in);
        if (l->dense) pack_row(x, i, l->n_in, l->input_blocks, NULL);
        else l->n_inputs[i] = list_numbers(x, l->n_in, l->inputs + i * l->n_in);
    }
    if (l->dense && h) pack_zeros(n, l->n_in, l->input_blocks, NULL);
}

static list inputs_of(const layer *l, long example) {
    return (list){l->inputs + example * l->n_in, l->n_inputs[example]};
}

/* Activations of the layer below, without the units that are left out, as inputs of this one. */
static void take_activations(const network *net, layer *l, const layer *below, long n, long h) {
    const REAL *a = below->kept ? below->dropped : below->a;
    for (long i = FROM(n, h); below->kept && i < TO(n, h); i++) {
        const uint8_t *kept = below->kept + (net->done + i) * below->n_out;
        const REAL *from = below->a + i * below->stride;
        REAL *to = below->dropped + i * below->stride, scale = (REAL)below->kept_scale;
        for (long j = 0; j < below->n_out; j++) to[j] = kept[j] ? from[j] * scale : 0;
    }
    if (l->dense)
        pack(a, below->stride, n, l->n_in, l->input_blocks, NULL, h);
    else
        for (long i = FROM(n, h); i < TO(n, h); i++)
            l->n_inputs[i] = list_numbers(a + i * below->stride, l->n_in, l->inputs + i * l->n_in);
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

static void forward_dense(layer *l, long n, long h, long activation) {
    long count = n_blocks(l->n_in);
    FOR_GROUPS(q, n_panels(l), h, group_of(count), i, n, LANES) {
        vector sum[LANES];
        for (long r = 0; r < LANES; r++) sum[r] = l->values.biases ? load(l->values.biases + q * LANES) : splat(0);
        add_blocks(sum, 0, l->input_blocks + i * count * LANES, BLOCK, l->values.weights + q * count * BLOCK, BLOCK,
                   count);
        for (long r = 0; r < LANES && i + r < n; r++)
            store(l->a + (i + r) * l->stride + q * LANES, activate(sum[r], activation));
    }
}

/* Pre-activations and activations; of the last layer only the former. */
static void forward(network *net, layer *l, long n, long h) {
    long panels = n_panels(l), activation = l == net->layers + net->n_layers - 1 ? LINEAR : l->activation;
    if (l->dense)
        forward_dense(l, n, h, activation);
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
