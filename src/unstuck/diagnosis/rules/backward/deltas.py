"""Faults of the way back: how the error of a layer comes from the layer above."""

from __future__ import annotations

from unstuck.diagnosis.examination.evidence import Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.measurements.proof import proved
from unstuck.diagnosis.rules.rule import rule


@rule("B01")
def activation_instead_of_derivative(e: Examination) -> Evidence | None:
    """The error is multiplied by the activation instead of its derivative.

    What it detects: A delta that carries the activation (or the activation of it, or the sum) where its
    derivative belongs.

    Why it hurts: For a sigmoid `a` instead of `a * (1 - a)` is largest where the unit is saturated; for other
    functions it can even have the wrong sign.

    Cure: Multiply by the derivative: `delta = (delta_above @ W.T) * a * (1 - a)` for a sigmoid, `* (1 -
    a**2)` for tanh, `* (z > 0)` for a ReLU.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: B03 takes the right derivative at the wrong point; B18 takes another function's.
    """
    return proved(e, "B01")


@rule("B02")
def derivative_missing(e: Examination) -> Evidence | None:
    """The derivative of the activation is left out on the way back.

    What it detects: A delta without the factor of the activation's derivative, in a hidden layer or at an
    output whose loss needs it.

    Why it hurts: Units that do not react to their sums are moved like those that do: dead rectifiers and
    saturated sigmoids get the full error.

    Cure: Multiply the errors sent back by the derivative at this layer's sums: `delta = (delta_above @ W.T) *
    derivative(z)`.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: None at a hidden layer that is not linear. At a softmax or sigmoid output with cross-entropy,
    `a - t` without a further factor is right.
    """
    return proved(e, "B02")


@rule("B03", look_alikes=("F09",))
def derivative_at_wrong_point(e: Examination) -> Evidence | None:
    """The derivative is taken at the activation where it belongs at the sum, or the reverse.

    What it detects: A derivative written for sums and fed activations, `f'(f(z))`, or one written for
    activations and fed sums, `z * (1 - z)`; or one taken at another layer of the same size, by an index that is
    one off.

    Why it hurts: The factor is far from the derivative: `f'(a)` of a sigmoid lies between 0.19 and 0.25 for
    every unit, `z * (1 - z)` is negative and unbounded.

    Cure: Match them: `a * (1 - a)` with the activation, or `sigmoid(z) * (1 - sigmoid(z))` with the sum.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: F09 gives the same numbers if the activation has overwritten its sums; look for `z[...] =` or
    `out=z`.
    """
    return proved(e, "B03")


@rule("B04")
def derivative_applied_twice(e: Examination) -> Evidence | None:
    """The derivative of the activation is multiplied in twice.

    What it detects: A delta with the derivative squared: multiplied in once in the delta and again on the way
    back, or twice at the output.

    Why it hurts: For a sigmoid each extra factor is at most 0.25: the gradient shrinks most where the unit is
    nearly saturated.

    Cure: Multiply by the derivative once per layer. If the delta function already contains it, the loop must
    not apply it again.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: None for sigmoid and tanh. The derivative of a ReLU is 0 or 1, so there twice is the same as
    once, and no fault.
    """
    return proved(e, "B04")


@rule("B05")
def weights_of_wrong_layer(e: Examination) -> Evidence | None:
    """The errors are sent back through other weights than those they came through.

    What it detects: Errors sent back through other weights: not transposed, of another layer, with another
    row than the bias cut off, made absolute, squared or normalised, or not sent through any weights.

    Why it hurts: Each hidden unit gets the blame of another one. The output layer still learns on top of
    features that move at random.

    Cure: Send the delta of the layer above through that layer's own weights: `delta @ W.T` for `z = a @ W`,
    without the bias row where the bias is folded in.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: B06 where only the time is wrong. Products of square matrices hide a missing transpose from
    the shapes, not from the numbers.
    """
    return proved(e, "B05")


@rule("B06")
def weights_already_updated(e: Examination) -> Evidence | None:
    """The errors are sent back through weights that this same step has already changed.

    What it detects: Errors sent back through the weights above as they are after this step's change.

    Why it hurts: The gradient of the lower layers belongs to a network that did not make the error. The
    difference is of the size of one step, so it shows at high rates only.

    Cure: Compute all deltas first, then update: two loops, or `delta_below = delta @ W.T` before `W -= ...`.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula, with the changed weights as observed. Often a note: at a small rate it costs nothing.

    Look-alikes: None, unless the rate is so small that old and new weights agree to rounding; then it is not
    named.
    """
    return proved(e, "B06")


@rule("B11", look_alikes=("L04",))
def softmax_derivative_diagonal(e: Examination) -> Evidence | None:
    """The derivative of the softmax is reduced to its diagonal a (1 - a).

    What it detects: An output delta of a softmax in which the error is multiplied by `a * (1 - a)`, the
    diagonal of its Jacobian.

    Why it hurts: Each output of a softmax depends on every score. Without these terms the delta is no
    gradient of any loss, and vanishes where the network is surely wrong.

    Cure: With cross-entropy write `a - t`, where all terms have cancelled. With squared error write `a * (g -
    (g * a).sum(axis=1, keepdims=True))`, `g = a - t`.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula, over batches with several examples and classes.

    Look-alikes: L04. For a single sigmoid output the same formula is right.
    """
    return proved(e, "B11")


@rule("B12")
def error_discarded(e: Examination) -> Evidence | None:
    """The derivative replaces the error instead of multiplying it.

    What it detects: A delta made of the derivative alone, or of ones or weight sums, in which the error of
    the outputs does not appear.

    Why it hurts: The step no longer depends on the targets: every label would give the same update.

    Cure: Multiply: `delta = error * derivative`, with `error = a - t` at the output and `delta_above @ W.T`
    below. An `=` where `*=` was meant is enough.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: None known.
    """
    return proved(e, "B12")


@rule("B18")
def derivative_of_another_function(e: Examination) -> Evidence | None:
    """The derivative belongs to another activation than the one applied.

    What it detects: A delta with the derivative of an activation other than the one applied: `1 - a**2` after
    a sigmoid, `a * (1 - a)` after tanh, a ReLU's step after a smooth function.

    Why it hurts: The factor has another size, and in places another sign, than the slope of the function that
    was applied.

    Cure: Keep value and derivative together: sigmoid with `a * (1 - a)`, tanh with `1 - a**2`, ReLU with `z >
    0`.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: B01 and B03 where the factor is made of this activation itself.
    """
    return proved(e, "B18")
