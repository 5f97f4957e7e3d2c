"""From delta and inputs to the gradients of one layer.

Weights: compute(p, l, d) -> (n_l, n_{l+1}), summed over the batch. Biases: compute(p, l, d) -> (n_{l+1},).
"""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.formulas.formula import Array, Formula, Pass
from unstuck.diagnosis.formulas.forward import hidden_form

RIGHT_WEIGHTS = Formula("inputs times delta", lambda p, l, d: p.activations[l].T @ d)
RIGHT_BIAS = Formula("sum of the deltas", lambda p, l, d: d.sum(0))
INCOMPARABLE = ("B08", "B16", "B19", "B20")  # another sum over the examples: what divides it is no factor


def _filled(value: float, p: Pass, l: int) -> Array:
    return np.full(p.weights[l].shape, value)


def input_formulas(p: Pass, l: int) -> list[Formula]:
    """What may stand where the layer's inputs belong; compute(p, l) -> (n, n_l)."""
    width = p.weights[l].shape[0]
    found: list[Formula] = []
    for other in range(p.depth + 1):
        if other != l and p.activations[other].shape[1] == width:
            whose = (
                "its own outputs" if other == l + 1 else "the inputs" if other == 0 else f"the outputs of layer {other}"
            )
            found.append(Formula(f"{whose} instead of its inputs", lambda p, l, o=other: p.activations[o], "B07"))
    if l > 0:
        found.append(Formula("the sums below instead of the outputs below", lambda p, l: p.sums[l - 1], "B07"))
        found.append(
            Formula(
                "the derivative below instead of the outputs below",
                lambda p, l: _derivative(p, l - 1),
                "B07",
            )
        )
        found.append(
            Formula(
                "the activation applied twice below",
                lambda p, l: hidden_form(p.hidden[l - 1]).value(p.activations[l]),
                "B07",
            )
        )
    if p.sums[l].shape[1] == width:
        found.append(Formula("its own sums instead of its inputs", lambda p, l: p.sums[l], "B07"))
    found.append(Formula("one minus its inputs", lambda p, l: 1 - p.activations[l], "B07"))
    return found


def weight_formulas(p: Pass, l: int) -> list[Formula]:
    """Weight gradients that fit the shapes of this layer, the right one first."""
    n_in, n_out = p.weights[l].shape
    found = [RIGHT_WEIGHTS]
    for inputs in input_formulas(p, l):
        found.append(Formula(inputs.name, lambda p, l, d, i=inputs: i.compute(p, l).T @ d, inputs.fault))
    if n_in == n_out and n_in > 1:
        found.append(Formula("transposed", lambda p, l, d: (p.activations[l].T @ d).T, "B15"))
    if min(n_in, n_out) > 1:
        found.append(
            Formula(
                "reshaped instead of transposed", lambda p, l, d: (d.T @ p.activations[l]).reshape(n_in, n_out), "B15"
            )
        )
        found.append(
            Formula(
                "reshaped instead of transposed, columns",
                lambda p, l, d: (p.activations[l].T @ d).reshape(n_out, n_in).T,
                "B15",
            )
        )
    found += [
        Formula(
            "one row in every place: the delta without the inputs",
            lambda p, l, d: np.repeat(d.sum(0)[None], n_in, 0),
            "B16",
        ),
        Formula(
            "one column in every place: the inputs without the delta",
            lambda p, l, d: np.repeat(p.activations[l].sum(0)[:, None], n_out, 1),
            "B16",
        ),
        Formula(
            "one column in every place: inputs times the sum of the deltas",
            lambda p, l, d: np.repeat((p.activations[l] * d.sum(1, keepdims=True)).sum(0)[:, None], n_out, 1),
            "B16",
        ),
        Formula(
            "one row in every place: deltas times the sum of the inputs",
            lambda p, l, d: np.repeat((d * p.activations[l].sum(1, keepdims=True)).sum(0)[None], n_in, 0),
            "B16",
        ),
        Formula(
            "one number in every place: sum of the whole gradient",
            lambda p, l, d: _filled((p.activations[l].sum(1) * d.sum(1)).sum(), p, l),
            "B16",
        ),
        Formula("one number in every place: sum of the deltas", lambda p, l, d: _filled(d.sum(), p, l), "B16"),
        Formula("mean inputs times summed deltas", lambda p, l, d: np.outer(p.activations[l].mean(0), d.sum(0)), "B19"),
        Formula("gradient of the first example only", lambda p, l, d: np.outer(p.activations[l][0], d[0]), "B20"),
        Formula("gradient of the last example only", lambda p, l, d: np.outer(p.activations[l][-1], d[-1]), "B20"),
        Formula("inputs discarded, absolute delta", lambda p, l, d: np.repeat(np.abs(d).sum(0)[None], n_in, 0), "B16"),
    ]
    for other in range(p.depth + 1):
        if other != l and p.activations[other].shape[1] == n_out:
            whose = "its own outputs" if other == l + 1 else f"the outputs of layer {other}"
            found.append(
                Formula(
                    f"one number in every place: dot product of the delta with {whose}",
                    lambda p, l, d, o=other: _filled((p.activations[o] * d).sum(), p, l),
                    "B16",
                )
            )
            found.append(
                Formula(
                    f"one row in every place: the delta times {whose} instead of its inputs",
                    lambda p, l, d, o=other: np.repeat((p.activations[o] * d).sum(0)[None], n_in, 0),
                    "B07",
                )
            )
    if n_in == n_out:
        found.append(
            Formula(
                "one number in every place: dot product of the delta with its inputs",
                lambda p, l, d: _filled((p.activations[l] * d).sum(), p, l),
                "B16",
            )
        )
        found.append(
            Formula(
                "inputs and delta multiplied place by place, one row",
                lambda p, l, d: np.repeat((p.activations[l] * d).sum(0)[None], n_in, 0),
                "B16",
            )
        )
        found.append(
            Formula(
                "inputs and delta multiplied place by place, one column",
                lambda p, l, d: np.repeat((p.activations[l] * d).sum(0)[:, None], n_out, 1),
                "B16",
            )
        )
    return found


def bias_formulas(p: Pass, l: int) -> list[Formula]:
    """Bias gradients, the right one first; compute(p, l, d) -> (n_{l+1},)."""
    n_out = p.weights[l].shape[1]
    found = [
        RIGHT_BIAS,
        Formula(
            "the same number in every place: sum over the whole batch and layer",
            lambda p, l, d: np.full(n_out, d.sum()),
            "B08",
        ),
        Formula("the first example's delta", lambda p, l, d: d[0], "B08"),
        Formula("the last example's delta", lambda p, l, d: d[-1], "B08"),
        Formula("delta times its own outputs", lambda p, l, d: (d * p.activations[l + 1]).sum(0), "B08"),
        Formula("delta times its own sums", lambda p, l, d: (d * p.sums[l]).sum(0), "B08"),
        Formula("delta times its bias", lambda p, l, d: d.sum(0) * p.biases[l], "B08"),
        Formula(
            "delta times the sum of the inputs",
            lambda p, l, d: (d * p.activations[l].sum(1, keepdims=True)).sum(0),
            "B08",
        ),
        Formula(
            "delta times the mean of the inputs",
            lambda p, l, d: (d * p.activations[l].mean(1, keepdims=True)).sum(0),
            "B08",
        ),
        Formula("delta times the first input", lambda p, l, d: (d * p.activations[l][:, :1]).sum(0), "B08"),
        Formula("delta times the last input", lambda p, l, d: (d * p.activations[l][:, -1:]).sum(0), "B08"),
        Formula("absolute deltas", lambda p, l, d: np.abs(d).sum(0), "B08"),
        Formula("nothing but ones", lambda p, l, d: np.full(n_out, float(len(d))), "B08"),
        Formula("the outputs", lambda p, l, d: p.activations[l + 1].sum(0), "B08"),
    ]
    if l == p.depth - 1:
        found.append(
            Formula(
                "the output error, without the derivative",
                lambda p, l, d: (p.activations[-1] - p.targets).sum(0),
                "B08",
            )
        )
    else:
        found.append(
            Formula(
                "the errors sent back, without the derivative",
                lambda p, l, d: (d / _nonzero(_derivative(p, l))).sum(0),
                "B08",
            )
        )
    if n_out > 1:
        found.append(
            Formula(
                "summed over the outputs instead of the examples", lambda p, l, d: np.resize(d.sum(1), n_out), "B08"
            )
        )
    if p.activations[l].shape[1] == n_out:
        found.append(Formula("delta times its inputs", lambda p, l, d: (d * p.activations[l]).sum(0), "B08"))
    return found


def _derivative(p: Pass, l: int) -> Array:
    """The derivative of hidden layer l at its sums: (n, n_{l+1})."""
    derivative = hidden_form(p.hidden[l]).derivative
    assert derivative is not None
    return derivative(p.sums[l], p.activations[l + 1])


def _nonzero(values: Array) -> Array:
    return np.where(values == 0, np.inf, values)
