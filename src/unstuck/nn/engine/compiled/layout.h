/* What whoever calls `run` must know, stated by the library itself: its constants, and where the fields of its
   structures lie and of what kind they are. Python reads this when it loads the library and mirrors nothing by hand. */

#include <stddef.h>

#ifndef SOURCES
#define SOURCES 0
#endif

#define KIND(x) _Generic((x), double: "f8", default: "i8")    /* all fields are of eight bytes; addresses are numbers */
#define FIELD(structure, field) {#structure, #field, KIND(((structure *)0)->field), offsetof(structure, field)}
#define PAIR(field) FIELD(layer, field.weights), FIELD(layer, field.biases)
#define CONSTANT(group, name, value) {group, name, "", value}

_Static_assert(sizeof(long) == 8 && sizeof(void *) == 8, "only where addresses have 64 bits");

static const struct {
    const char *group, *name, *kind;    /* kind: of a field, as NumPy writes it; "" for a constant */
    int64_t value;                      /* of a constant; offset of a field */
} statements[] = {
    CONSTANT("constant", "sources", SOURCES),    /* as fingerprint.py counts them */
    CONSTANT("constant", "vector_bytes", VECTOR_BYTES),
    CONSTANT("constant", "widest", WIDEST),
    CONSTANT("constant", "real_bytes", sizeof(REAL)),
    CONSTANT("activation", "linear", LINEAR), CONSTANT("activation", "sigmoid", SIGMOID),
    CONSTANT("activation", "tanh", TANH), CONSTANT("activation", "relu", RELU),
    CONSTANT("activation", "leaky_relu", LEAKY_RELU), CONSTANT("activation", "softmax", SOFTMAX),
    CONSTANT("input", "uint8", BYTES), CONSTANT("input", "float32", FLOATS), CONSTANT("input", "float64", DOUBLES),
    CONSTANT("size", "entry", sizeof(entry)), CONSTANT("size", "layer", sizeof(layer)),
    CONSTANT("size", "network", sizeof(network)),
    FIELD(layer, n_in), FIELD(layer, n_out), FIELD(layer, stride), FIELD(layer, activation), FIELD(layer, dense),
    PAIR(values), PAIR(gradient), PAIR(velocity), PAIR(given_values), PAIR(given_velocity),
    FIELD(layer, turned), FIELD(layer, outputs), FIELD(layer, a), FIELD(layer, delta), FIELD(layer, kept),
    FIELD(layer, kept_scale), FIELD(layer, dropped), FIELD(layer, part), FIELD(layer, inputs), FIELD(layer, n_inputs),
    FIELD(layer, examples), FIELD(layer, n_examples), FIELD(layer, input_blocks), FIELD(layer, delta_blocks),
    FIELD(layer, turned_deltas),
    FIELD(network, n_layers), FIELD(network, batch), FIELD(network, n_threads), FIELD(network, layers),
    FIELD(network, input_type), FIELD(network, only_gradients), FIELD(network, targets_sum_to_one),
    FIELD(network, multiply_by_derivative), FIELD(network, nesterov), FIELD(network, scale), FIELD(network, shift),
    FIELD(network, momentum), FIELD(network, l2), FIELD(network, max_norm), FIELD(network, x), FIELD(network, x_stride),
    FIELD(network, targets), FIELD(network, example_weights), FIELD(network, prepared), FIELD(network, done),
    FIELD(network, in_panels), FIELD(network, keep_panels), FIELD(network, arrived), FIELD(network, finite),
};

/* The i-th statement in three words, and its value; 0 after the last. */
int state(long i, const char *words[3], int64_t *value) {
    if (i < 0 || i >= (long)(sizeof(statements) / sizeof(*statements))) return 0;
    words[0] = statements[i].group, words[1] = statements[i].name, words[2] = statements[i].kind;
    *value = statements[i].value;
    return 1;
}
