"""Output deltas: what stands for the loss's gradient at the output sums, up to a factor. (z, a, t) -> (n, n_outputs).

z are the output sums, a the outputs of the function that training uses, t the targets, f the output function.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from unstuck.diagnosis.formulas.formula import Array, Formula
from unstuck.diagnosis.formulas.functions import Form, softmax
from unstuck.nn.activations import sigmoid

TINY = 1e-300


def _safe(values: Array) -> Array:
    return np.where(np.abs(values) < TINY, TINY, values)


def softmax_jacobian(upstream: Array, a: Array, axis: int | None = -1) -> Array:
    """Gradient at the sums of a softmax along an axis, given the gradient at its outputs: a (g - sum g a)."""
    return a * (upstream - (upstream * a).sum(axis=axis, keepdims=True))


def right_deltas(output: Form) -> list[Formula]:
    """The deltas of the losses that belong to this output function."""
    f = output.derivative
    error = Formula("cross_entropy", lambda z, a, t: a - t)
    if output.couples_examples:
        return [error, *_through_shared_sum(None if "whole batch" in output.name else 0)]
    if output.family == "softmax":
        return [
            error,
            Formula("cross_entropy of unnormalised targets", lambda z, a, t: a * t.sum(-1, keepdims=True) - t),
            Formula("squared_error", lambda z, a, t: softmax_jacobian(a - t, a)),
        ]
    if output.name == "linear":
        return [*_of_errors(lambda upstream, z, a: upstream), *_of_margins(), *_of_logarithms(), *_of_quantiles()]
    through = _of_errors(lambda upstream, z, a: upstream * f(z, a)) if f else [error]
    if output.family == "sigmoid":
        return [Formula("binary_cross_entropy", lambda z, a, t: a - t), *through]
    return through


def _through_shared_sum(axis: int | None) -> list[Formula]:
    """What automatic differentiation makes of losses of a softmax along a wrong axis, or along all."""
    return [
        Formula("cross_entropy through the shared sum", lambda z, a, t: a * t.sum(axis=axis, keepdims=True) - t),
        Formula("squared_error through the shared sum", lambda z, a, t: softmax_jacobian(a - t, a, axis)),
        Formula("squared_error", lambda z, a, t: softmax_jacobian(a - t, a)),
    ]


def _of_errors(back: Callable[[Array, Array, Array], Array]) -> list[Formula]:
    """Losses of the error a - t; `back` leads from the gradient at the outputs to that at the sums."""
    return [
        Formula("squared_error", lambda z, a, t: back(a - t, z, a)),
        Formula("absolute_error", lambda z, a, t: back(np.sign(a - t), z, a)),
        Formula("log_cosh", lambda z, a, t: back(np.tanh(a - t), z, a)),
        Formula("pseudo_huber", lambda z, a, t: back((a - t) / np.sqrt(1 + (a - t) ** 2), z, a)),
        *(Formula(f"huber({most:g})", lambda z, a, t, m=most: back(np.clip(a - t, -m, m), z, a)) for most in (1, 0.5)),
    ]


def _of_margins() -> list[Formula]:
    """Losses of scores that a class is to win by a margin of 1, whatever the coding of the targets."""
    return [
        Formula("hinge", lambda z, a, t: -_sides(t) * (_sides(t) * a < 1)),
        Formula("exponential", lambda z, a, t: -_sides(t) * np.exp(np.minimum(-_sides(t) * a, 700))),
        Formula("squared_hinge", lambda z, a, t: -_sides(t) * np.maximum(0, 1 - _sides(t) * a)),
        Formula("hinge of every other class", lambda z, a, t: _against_own((_excess(a, t) > 0) * 1.0, t)),
        Formula("squared_hinge of every other class", lambda z, a, t: _against_own(np.maximum(_excess(a, t), 0), t)),
        Formula("hinge of the nearest other class", lambda z, a, t: _against_own(_largest(_excess(a, t)), t)),
    ]


def _of_logarithms() -> list[Formula]:
    """Losses of positive numbers whose mean the output is the logarithm of (McCullagh and Nelder 1989, section 2.2)."""
    return [
        Formula("poisson", lambda z, a, t: np.exp(np.minimum(a, 700)) - t),
        Formula("gamma", lambda z, a, t: 1 - t * np.exp(np.minimum(-a, 700))),
    ]


def _of_quantiles() -> list[Formula]:
    """The pinball loss (Koenker and Bassett 1978): the output is to be exceeded by a share of the targets."""
    return [
        Formula(f"quantile({share:g})", lambda z, a, t, q=share: np.where(a > t, 1 - q, -q))
        for share in (0.9, 0.1, 0.95, 0.05, 0.75, 0.25, 0.8, 0.2)
    ]


def _sides(t: Array) -> Array:
    """1 for the class that a target names, -1 for the others."""
    return np.where(t > 0, 1.0, -1.0)


def _own(t: Array) -> Array:
    """Whether a column is the one of the class, (n, n_outputs)."""
    return np.arange(t.shape[-1]) == t.argmax(-1)[:, None]


def _excess(a: Array, t: Array) -> Array:
    """By how much each other class breaks the margin to the own one; -inf for that itself."""
    own = _own(t)
    return np.where(own, -np.inf, 1 + a - (a * own).sum(-1, keepdims=True))


def _largest(excess: Array) -> Array:
    return ((excess > 0) & (excess >= excess.max(-1, keepdims=True))) * 1.0


def _against_own(pushed: Array, t: Array) -> Array:
    """Other classes pushed down, the own one pushed up by as much."""
    return np.where(_own(t), -pushed.sum(-1, keepdims=True), pushed)


def wrong_deltas(output: Form) -> list[Formula]:
    """Deltas that are the derivative of no loss over this output function, with the slip behind them."""
    found: list[Formula] = []
    f = output.derivative
    is_softmax = output.family == "softmax"

    def add(name: str, compute: Callable[..., Array], fault: str) -> None:
        found.append(Formula(name, compute, fault))

    if f is not None and output.name != "linear":
        if not is_softmax and output.family != "sigmoid":
            add("error without the derivative", lambda z, a, t: a - t, "B02")
        if is_softmax:
            add("error times the diagonal a (1 - a)", lambda z, a, t: (a - t) * f(z, a), "B11")
            add("-t / a times the diagonal", lambda z, a, t: -t / _safe(a) * f(z, a), "B11")
            add("squared error through the squared diagonal", lambda z, a, t: (a - t) * f(z, a) ** 2, "B11")
        else:
            add("derivative applied twice", lambda z, a, t: (a - t) * f(z, a) ** 2, "B04")
            add("derivative taken at the activation", lambda z, a, t: (a - t) * f(a, output.value(a)), "B03")
        add("activation instead of its derivative", lambda z, a, t: (a - t) * a, "B01")
        add("activation of the activation", lambda z, a, t: (a - t) * output.value(a), "B01")
        add("sum instead of the derivative", lambda z, a, t: (a - t) * z, "B01")
        add("derivative without the error", lambda z, a, t: f(z, a), "B12")
        add("derivative at the activation without the error", lambda z, a, t: f(a, output.value(a)), "B12")
        if output.family == "sigmoid" or is_softmax:
            add("z (1 - z): the derivative's formula fed the sum", lambda z, a, t: (a - t) * z * (1 - z), "B03")
            add("derivative of another function: 1 - a²", lambda z, a, t: (a - t) * (1 - a * a), "B18")
        else:
            add("derivative of another function: a (1 - a)", lambda z, a, t: (a - t) * a * (1 - a), "B18")
            if output.name != "tanh":
                add("derivative of another function: 1 - a²", lambda z, a, t: (a - t) * (1 - a * a), "B18")
                add("derivative of another function: tanh", lambda z, a, t: (a - t) * (1 - np.tanh(z) ** 2), "B18")
        add("loss instead of its derivative", lambda z, a, t: (a - t) ** 2 * f(z, a), "L04")
        if is_softmax:
            add("sign of the error, derivative kept", lambda z, a, t: np.sign(a - t) * f(z, a), "L04")
        add("error of the sums", lambda z, a, t: (z - t) * f(z, a), "L02")
        add("cube of the error", lambda z, a, t: (a - t) ** 3 * f(z, a), "L04")
    if output.name == "linear":
        once = "hinge of every other class, the own class counted once"
        add(once, lambda z, a, t: np.where(_own(t), -1.0, _excess(a, t) > 0), "L04")
        add("hinge with the scores for the targets", lambda z, a, t: -a * (_sides(t) * a < 1), "L04")
    if is_softmax:
        add("softmax applied again by the loss", lambda z, a, t: softmax_jacobian(softmax(a) - t, a), "L01")
        add("negative probability instead of its logarithm", lambda z, a, t: softmax_jacobian(-t, a), "L02")
        add(
            "binary cross-entropy of a softmax",
            lambda z, a, t: softmax_jacobian((a - t) / _safe(a * (1 - a)), a),
            "L02",
        )
    elif f is not None:
        add("softmax applied by the loss to activated outputs", lambda z, a, t: (softmax(a) - t) * f(z, a), "F06")
        add("sigmoid applied again by the loss", lambda z, a, t: (sigmoid(a) - t) * f(z, a), "L01")
        add("cross-entropy without its second half", lambda z, a, t: -t / _safe(a) * f(z, a), "L02")
        add("negative output of the target", lambda z, a, t: -t * f(z, a), "L02")
    add("loss instead of its derivative", lambda z, a, t: (a - t) ** 2, "L04")
    add("mean of the loss in every place", lambda z, a, t: _everywhere(((a - t) ** 2).mean(-1), a), "L04")
    add("mean error in every place", lambda z, a, t: _everywhere((a - t).mean(-1), a), "L04")
    add(
        "mean error times the derivative",
        lambda z, a, t: _everywhere((a - t).mean(-1), a) * (f(z, a) if f else 1),
        "L04",
    )
    add("sign of the error", lambda z, a, t: np.sign(a - t), "L04")
    add("-t / a: no derivative of the output function", lambda z, a, t: -t / _safe(a), "L04")
    add(
        "(a - t) / (a (1 - a)): no derivative of the output function",
        lambda z, a, t: (a - t) / _safe(a * (1 - a)),
        "L04",
    )
    add("-t log a: the loss itself", lambda z, a, t: -t * np.log(np.maximum(a, TINY)), "L04")
    add("-t / a + (1 - t) / (1 - a), halved wrongly", lambda z, a, t: -t / _safe(a) - (1 - t) / _safe(1 - a), "L04")
    add("outputs without targets", lambda z, a, t: a, "L04")
    add("targets without outputs", lambda z, a, t: t, "L04")
    add("sum of outputs and targets", lambda z, a, t: a + t, "L04")
    add("outputs times targets", lambda z, a, t: a * t, "L04")
    add("error only where the target is set", lambda z, a, t: (a - t) * (t > 0), "L04")
    add("-t (1 - a): only the first half of the cross-entropy", lambda z, a, t: -t * (1 - a), "L04")
    add("error of the sums", lambda z, a, t: z - t, "L02")
    add("outputs minus the class number", lambda z, a, t: a - t.argmax(-1)[:, None], "D09")
    add("error of the decided class", lambda z, a, t: (a >= a.max(-1, keepdims=True)) * 1.0 - t, "L04")
    add("error of the rounded outputs", lambda z, a, t: np.round(a) - t, "L04")
    add("nothing but ones", lambda z, a, t: np.ones_like(a), "B12")
    return found


def _everywhere(values: Array, like: Array) -> Array:
    return np.broadcast_to(values[:, None], like.shape)
