"""The way back through a hidden layer: delta of layer l = (errors sent back) × (factor).

`back` formulas (p, l, delta_above) -> (n, n_{l+1}) send the delta of layer l + 1 through weights;
`factor` formulas (form, p, l) -> (n, n_{l+1}) stand where the derivative of the activation belongs.
Layer l has sums p.sums[l] and outputs p.activations[l + 1].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from unstuck.diagnosis.formulas.formula import Array, Formula, Pass
from unstuck.diagnosis.formulas.functions import RELU, SIGMOID, TANH, Form

RIGHT_BACK = Formula("delta above through its weights", lambda p, l, d: d @ p.weights[l + 1].T)
RIGHT_FACTOR = Formula("derivative", lambda f, p, l: f.derivative(p.sums[l], p.activations[l + 1]))


def _folded(p: Pass, l: int, after: bool, bias_first: bool) -> Array:
    """The weights of layer l with their bias as an extra row: (n_l + 1, n_{l+1})."""
    weights, biases = (p.weights_after, p.biases_after) if after else (p.weights, p.biases)
    assert weights is not None
    assert biases is not None
    bias = biases[l]
    row = (bias if bias is not None else np.zeros(weights[l].shape[1]))[None]
    return np.concatenate([row, weights[l]] if bias_first else [weights[l], row])


def row_dropped(row: int, bias_first: bool, after: bool) -> Formula:
    """Another row than the bias was dropped from the folded weights before the errors were sent back."""
    fault = "B05+B06" if after else "B05"
    name = f"row {row} of the folded weights dropped instead of the bias" + (
        ", weights already updated" if after else ""
    )

    def compute(p: Pass, l: int, d: Array) -> Array:
        return d @ np.delete(_folded(p, l + 1, after, bias_first), row, axis=0).T

    return Formula(name, compute, fault)


def find_row_dropped(p: Pass, l: int, d: Array, wanted: Array, bias_first: bool, after: bool) -> Formula:
    """The dropped row that brings the errors sent back nearest to `wanted` (n, n_{l+1})."""
    full = d @ _folded(p, l + 1, after, bias_first).T  # (n, n_{l+1} + 1)
    kept, moved = ((wanted - full[:, :-1]) ** 2).sum(0), ((wanted - full[:, 1:]) ** 2).sum(0)
    miss = np.concatenate([[0.0], np.cumsum(kept)]) + np.concatenate([np.cumsum(moved[::-1])[::-1], [0.0]])
    return row_dropped(int(np.argmin(miss)), bias_first, after)


def already_updated(formula: Formula) -> Formula:
    """The same, with weights that this step has already changed."""

    def compute(p: Pass, l: int, d: Array) -> Array:
        assert p.weights_after is not None
        assert p.biases_after is not None
        return formula.compute(replace(p, weights=p.weights_after, biases=p.biases_after), l, d)

    return Formula(f"{formula.name}, weights already updated", compute, f"{formula.fault}+B06")


def back_formulas(p: Pass, l: int, has_raw_error: bool, folded: bool = True) -> list[Formula]:
    """Ways to send the delta of layer l + 1 back to layer l that fit the shapes of this network."""
    found = _back_formulas(p, l, has_raw_error, folded)
    if p.weights_after is None:
        return found
    return found + [already_updated(f) for f in found if f.fault == "B05" and "folded" not in f.name]


def _back_formulas(p: Pass, l: int, has_raw_error: bool, folded: bool) -> list[Formula]:
    shape = p.weights[l + 1].shape
    width = shape[0]
    found = [RIGHT_BACK]
    if p.weights_after is not None:
        found.append(Formula("through weights already updated", lambda p, l, d: d @ p.weights_after[l + 1].T, "B06"))
    if shape[0] == shape[1]:
        found.append(Formula("through weights not transposed", lambda p, l, d: d @ p.weights[l + 1], "B05"))
    for other in range(p.depth):
        if other == l + 1:
            continue
        if p.weights[other].shape == shape:
            found.append(
                Formula(f"through the weights of layer {other + 1}", lambda p, l, d, o=other: d @ p.weights[o].T, "B05")
            )
        if p.weights[other].shape == shape[::-1] and shape[0] != shape[1]:
            found.append(
                Formula(
                    f"through the weights of layer {other + 1}, not transposed",
                    lambda p, l, d, o=other: d @ p.weights[o],
                    "B05",
                )
            )
    if folded and p.biases[l + 1] is not None:
        found += [row_dropped(0, False, False), row_dropped(width, True, False)]
        if p.weights_after is not None:
            found += [row_dropped(0, False, True), row_dropped(width, True, True)]
    if has_raw_error:
        found.append(
            Formula(
                "the output error, without the output's derivative, through the weights",
                lambda p, l, d: (p.activations[-1] - p.targets) @ p.weights[l + 1].T,
                "B02",
            )
        )
    if shape[0] == shape[1]:
        found.append(Formula("delta above, not sent through any weights", lambda p, l, d: d, "B05"))
    found += [
        Formula(
            "sum of the deltas above in every place",
            lambda p, l, d: np.repeat(d.sum(1, keepdims=True), width, 1),
            "B05",
        ),
        Formula("absolute weights", lambda p, l, d: d @ np.abs(p.weights[l + 1]).T, "B05"),
        Formula(
            "weights over their sum",
            lambda p, l, d: d @ (p.weights[l + 1] / p.weights[l + 1].sum(0, keepdims=True)).T,
            "B05",
        ),
        Formula("squared weights", lambda p, l, d: d @ (p.weights[l + 1] ** 2).T, "B05"),
        Formula("errors discarded", lambda p, l, d: np.ones((len(d), width)), "B12"),
        Formula(
            "sum of the weights, errors discarded",
            lambda p, l, d: np.repeat(p.weights[l + 1].sum(1)[None], len(d), 0),
            "B12",
        ),
        Formula(
            "mean over the batch sent back",
            lambda p, l, d: np.repeat((d.mean(0) @ p.weights[l + 1].T)[None], len(d), 0),
            "B19",
        ),
    ]
    return found


def factor_formulas(form: Form) -> list[Formula]:
    """What may stand where the derivative of `form` belongs, in any network; the right one first."""
    found = [RIGHT_FACTOR]

    def add(name: str, compute: Callable[..., Array], fault: str) -> None:
        found.append(Formula(name, lambda f, p, l: compute(f, p.sums[l], p.activations[l + 1]), fault))

    add("no derivative", lambda f, z, a: np.ones_like(z), "B02")
    add("activation instead of its derivative", lambda f, z, a: a, "B01")
    add("activation of the activation", lambda f, z, a: f.value(a), "B01")
    add("sum instead of the derivative", lambda f, z, a: z, "B01")
    add("derivative taken at the activation", lambda f, z, a: f.derivative(a, f.value(a)), "B03")
    add("derivative applied twice", lambda f, z, a: f.derivative(z, a) ** 2, "B04")
    if form.family == "sigmoid":
        add("z (1 - z): the derivative's formula fed the sum", lambda f, z, a: z * (1 - z), "B03")
    if form.family == "tanh":
        add("1 - z²: the derivative's formula fed the sum", lambda f, z, a: 1 - z * z, "B03")
    add("1 - activation", lambda f, z, a: 1 - a, "B18")
    add("derivative of another function: a (1 - a)", lambda f, z, a: a * (1 - a), "B18")
    add("derivative of another function: 1 - a²", lambda f, z, a: 1 - a * a, "B18")
    for other in (SIGMOID, TANH, RELU):
        if other.name != form.name:
            add(
                f"derivative of another function: {other.name}",
                lambda f, z, a, o=other: o.derivative(z, o.value(z)),
                "B18",
            )
    for slope in (0.01, 0.1, 0.2):
        add(
            f"derivative of another function: leaky_relu({slope:g})",
            lambda f, z, a, s=slope: np.where(z > 0, 1.0, s),
            "B18",
        )
    add("derivative of another function: relu of the negative", lambda f, z, a: (z < 0) * 1.0, "B18")
    if form.name != RELU.name and not _slopes_alike(form):
        add("derivative at the negative of the sum", lambda f, z, a: f.derivative(-z, f.value(-z)), "B18")
    if _bends(form):
        add(
            "derivative of another function: half the square of the activation",
            lambda f, z, a: a * f.derivative(z, a),
            "B18",
        )
        add("derivative of another function: a (1 + a)", lambda f, z, a: a * (1 + a), "B18")
        add("derivative of another function: 1 + a²", lambda f, z, a: 1 + a * a, "B18")
    add("derivative where the activation exceeds one half", lambda f, z, a: (a > 0.5) * 1.0, "B18")
    return found


def _bends(form: Form) -> bool:
    """Whether the derivative is constant on neither side of 0, so that products with it are functions of their own."""
    if form.derivative is None:
        return False
    z = np.array([[-2.0, -1.0, 1.0, 2.0]])
    slopes = form.derivative(z, form.value(z))[0]
    return bool(slopes[0] != slopes[1] and slopes[2] != slopes[3])


def _slopes_alike(form: Form) -> bool:
    """Whether the derivative is the same on both sides of 0."""
    if form.derivative is None:
        return True
    z = np.array([[0.3, 1.0, 2.0]])
    return np.allclose(form.derivative(z, form.value(z)), form.derivative(-z, form.value(-z)))


def factors_of_other_layers(p: Pass, l: int) -> list[Formula]:
    """The derivative taken at another layer's sums and outputs, where these have the size of layer l's."""

    def at(other: int) -> Formula:
        name = f"derivative taken at layer {other + 1}"
        return Formula(name, lambda f, p, l: f.derivative(p.sums[other], p.activations[other + 1]), "B03")

    width = p.sums[l].shape[1]
    return [at(other) for other in range(p.depth) if other != l and p.sums[other].shape[1] == width]
