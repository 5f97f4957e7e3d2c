"""Formulas as one would write them in NumPy, by the names that reports call them.

z are a layer's weighted sums, a = f(z) its outputs, x its inputs, t the targets, W and b its weights and biases;
`error` is a - t at the outputs and delta_above @ W_above.T below them.
"""

DELTA, RIGHT_DELTA = "delta = error * {}", "delta = error * f'(z)"
FACTORS = {
    "activation instead of its derivative": "a",
    "activation of the activation": "f(a)",
    "sum instead of the derivative": "z",
    "derivative taken at the activation": "f'(a)",
    "derivative applied twice": "f'(z) * f'(z)",
    "1 - activation": "(1 - a)",
    "derivative of another function: a (1 - a)": "a * (1 - a)",
    "derivative of another function: 1 - a²": "(1 - a**2)",
    "derivative of another function: relu": "(z > 0)",
    "derivative of another function: relu of the negative": "(z < 0)",
}
DELTAS = {
    "no derivative": "error",
    "error without the derivative": "error",
    "errors discarded": "f'(z)",
    "derivative without the error": "f'(z)",
    "through weights already updated": "(delta_above @ W_above_new.T) * f'(z)",
    "through weights not transposed": "(delta_above @ W_above) * f'(z)",
    "delta above, not sent through any weights": "delta_above * f'(z)",
    "loss instead of its derivative": "(a - t)**2 * f'(z)",
    "sign of the error": "np.sign(a - t)",
    "outputs without targets": "a",
    "targets without outputs": "t",
}
OUTPUT_DELTAS = {
    "error times the diagonal a (1 - a)": "(a - t) * a * (1 - a)",
    "-t / a times the diagonal": "-t / a * a * (1 - a)",
    "outputs minus the class number": "a - label",
}
WEIGHTS = {
    "transposed": "(x.T @ delta).T",
    "reshaped instead of transposed": "(delta.T @ x).reshape(W.shape)",
    "one minus its inputs": "(1 - x).T @ delta",
    "mean inputs times summed deltas": "np.outer(x.mean(axis=0), delta.sum(axis=0))",
    "gradient of the first example only": "np.outer(x[0], delta[0])",
    "gradient of the last example only": "np.outer(x[-1], delta[-1])",
    "the sums below instead of the outputs below": "z_below.T @ delta",
    "one column in every place: inputs times the sum of the deltas": "x.T @ delta.sum(axis=1, keepdims=True)",
}
BIASES = {
    "the same number in every place: sum over the whole batch and layer": "delta.sum()",
    "the first example's delta": "delta[0]",
    "the last example's delta": "delta[-1]",
    "delta times its own outputs": "(delta * a).sum(axis=0)",
    "delta times its bias": "delta.sum(axis=0) * b",
}
OUTPUTS = {
    "softmax over the whole batch": ("exp(z) / exp(z).sum()", "exp(z) / exp(z).sum(axis=1, keepdims=True)"),
    "softmax over the examples": ("exp(z) / exp(z).sum(axis=0)", "exp(z) / exp(z).sum(axis=1, keepdims=True)"),
    "sigmoid without the minus": ("1 / (1 + exp(z))", "1 / (1 + exp(-z))"),
    "bias outside the activation": ("f(x @ W) + b", "f(x @ W + b)"),
    "linear": ("z", "f(z), with f a sigmoid, tanh or ReLU"),
}

WRITTEN: dict[str, tuple[str, str]] = {
    **{name: (DELTA.format(factor), RIGHT_DELTA) for name, factor in FACTORS.items()},
    **{name: (f"delta = {delta}", RIGHT_DELTA) for name, delta in DELTAS.items()},
    **{name: (f"delta = {delta}", "delta = a - t") for name, delta in OUTPUT_DELTAS.items()},
    **{name: (f"dW = {gradient}", "dW = x.T @ delta") for name, gradient in WEIGHTS.items()},
    **{f"bias gradient: {name}": (f"db = {g}", "db = delta.sum(axis=0)") for name, g in BIASES.items()},
    **{name: (f"a = {found}", f"a = {right}") for name, (found, right) in OUTPUTS.items()},
}
