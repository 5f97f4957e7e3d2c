"""Right programs of many shapes: every one learns within its own budget (test_trials checks it)."""

from dataclasses import replace

from .programs import Setup

ARCHITECTURES = {
    "nielsen": Setup(
        (49, 16, 10), "sigmoid", "sigmoid", "squared_error", layout="examples", derivative_of="pre_activation",
        in_place=False, learning_rate=3.0, initializer="unit_normal", bias_initializer="unit_normal", epochs=10,
    ),
    "relu_softmax": Setup((49, 20, 10), "relu", learning_rate=0.2, initializer="he_normal", dtype="float64"),
    "tanh_columns": Setup(
        (49, 16, 10), "tanh", "tanh", "squared_error", 2.0, layout="columns", biases="first", reduction="sum",
        learning_rate=0.004, targets="plus_minus", inputs="symmetric", initializer="glorot_uniform", epochs=6,
    ),
    "leaky_deep": Setup(
        (49, 16, 16, 10), "leaky_relu", layout="columns", learning_rate=0.2, initializer="he_normal",
        dtype="float32", in_place=False, targets="labels",
    ),
    "tanh_deepest": Setup(
        (49, 14, 14, 14, 10), "tanh", "sigmoid", "binary_cross_entropy", biases="last", reduction="one_by_one",
        learning_rate=0.05, initializer="glorot_uniform", inputs="standardised", epochs=4,
    ),
    "linear_output": Setup(
        (49, 20, 10), "sigmoid", "linear", "squared_error", biases="none", learning_rate=0.1, batch_size=8, epochs=8,
        bias_initializer="zeros", initializer="centred_uniform", inputs="standardised",
    ),
    "square_relu": Setup(
        (49, 10, 10), "relu", layout="columns", learning_rate=0.3, batch_size=20, epochs=10, initializer="he_normal",
        in_place=False, global_random=True,
    ),
    "sigmoid_deep": Setup(
        (49, 12, 12, 10), "sigmoid", "sigmoid", "squared_error", layout="columns", reduction="one_by_one",
        learning_rate=1.0, epochs=10, initializer="lecun_normal", bias_initializer="uniform", global_random=True,
    ),
    "softmax_squared": Setup(
        (49, 16, 10), "sigmoid", "softmax", "squared_error", learning_rate=2.0, batch_size=8, epochs=8,
        biases="first", derivative_of="pre_activation",
    ),
    "binary": Setup(
        (49, 8, 1), "tanh", "sigmoid", "binary_cross_entropy", layout="rows", learning_rate=0.5, batch_size=10,
        epochs=15, n_classes=2, dtype="float32", derivative_of="pre_activation",
    ),
    "regression": Setup((49, 10), output="softmax", learning_rate=0.5, initializer="zeros", epochs=6),
    "momentum": Setup(
        (49, 16, 10), "relu", optimizer="momentum", momentum=0.8, learning_rate=0.05, initializer="he_normal",
        inputs="standardised", reduction="mean", batch_size=16,
    ),
    "adam": Setup((49, 16, 16, 10), "tanh", optimizer="adam", learning_rate=0.01, batch_size=20, biases="first"),
}


def variants(setup: Setup) -> list[Setup]:
    """The same network in other clothes: another layout, other biases, another precision, another kind of update."""
    layout = {"rows": "columns", "columns": "rows", "examples": "columns"}[setup.layout]
    biases = {"apart": "last", "first": "apart", "last": "first", "none": "none"}[setup.biases]
    dtype = {"float32": "float64", "float64": "float32"}[setup.dtype]
    point = {"activation": "pre_activation", "pre_activation": "activation"}[setup.derivative_of]
    return [
        replace(setup, layout=layout, biases=biases),
        replace(setup, dtype=dtype, in_place=not setup.in_place),
        replace(setup, derivative_of=point, layout=layout, global_random=not setup.global_random),
        replace(setup, dtype=dtype, biases=biases, derivative_of=point),
        replace(setup, biases=biases, in_place=not setup.in_place),
    ]
