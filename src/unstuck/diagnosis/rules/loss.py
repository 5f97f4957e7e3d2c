"""Loss faults: what is compared with what, and the derivative that starts the way back."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.examination.evidence import PROVED, Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.measurements.first_updates import first_updates
from unstuck.diagnosis.measurements.loss_values import EXACT, FAR, residuals_of_softmax_twice
from unstuck.diagnosis.measurements.proof import proved
from unstuck.diagnosis.measurements.targets_at_work import what_targets_fail_to_do
from unstuck.diagnosis.rules.rule import rule


@rule("L01")
def softmax_twice(e: Examination) -> Evidence | None:
    """The loss applies a softmax to outputs that have been through one already.

    What it detects: Training that passes the outputs, already probabilities, through a softmax (or a sigmoid)
    again; or a `predict` that does.

    Why it hurts: A softmax of ten probabilities lies between 0.08 and 0.24, however sure the network is: the
    error never gets small, and the gradient is damped.

    Cure: Give the loss the plain scores, or apply the softmax once and use the delta `p - t`.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula. Where neither step nor gradients are given, the values of the loss over several batches.

    Look-alikes: F06 is the same slip with another function inside. L04 where only the delta, without the
    softmax's Jacobian, shows it.
    """
    shown = proved(e, "L01")
    if shown is not None or e.backward is not None:
        return shown
    left = residuals_of_softmax_twice(e)
    if left is None or left[0] > EXACT or left[1] < FAR:
        return None
    return Evidence(
        PROVED,
        "your loss is the cross-entropy of a softmax of the outputs, which sum to 1 already",
        {"residual": left[0], "residual_of_the_right_formula": left[1]},
    )


@rule("L02", look_alikes=("L04",))
def loss_output_mismatch(e: Examination) -> Evidence | None:
    """The loss does not belong to the output function that the network uses.

    What it detects: An output delta that is right for another output function than the one used:
    cross-entropy of one-hot targets on sigmoids, binary cross-entropy on a softmax, sums compared with
    targets, another output function in training than in `predict`.

    Why it hurts: The step goes down a loss that these outputs do not have; the minimum of that loss is
    elsewhere or nowhere (every sigmoid at 1, say).

    Cure: Pair them: softmax with cross-entropy, sigmoid with binary cross-entropy (both have the delta `a -
    t`), linear with squared error.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: L04 where the delta fits no loss of any of these functions.
    """
    return proved(e, "L02")


@rule("L03")
def log_of_zero(e: Examination) -> Evidence | None:
    """The loss takes the logarithm of zero and turns NaN or infinite.

    What it detects: A loss that is NaN or infinite within the first 30 updates while parameters and outputs
    are finite and the outputs lie between -1 and 1.

    Why it hurts: The number read during training says nothing, comparisons with NaN are all false, and early
    stopping or a best-so-far rule fails silently.

    Cure: Guard the logarithm, `np.log(np.maximum(p, 1e-12))`, or compute the loss from the scores less their
    maximum: `np.log(np.exp(z).sum(axis=1)) - z[np.arange(n), labels]`.

    Evidence: Proved by the loss itself: the number of updates after which it is first not finite, and how
    many losses were looked at.

    Look-alikes: U13 where the parameters or outputs are not finite either. D02 or U07 often drive the outputs
    to exactly 0 and 1.
    """
    if e.case.loss is None:
        return None
    seen = [(m.updates, m.loss) for m in first_updates(e) if m.bounded and m.finite and m.loss is not None]
    bad = [updates for updates, loss in seen if not np.isfinite(loss)]
    if not bad:
        return None
    return Evidence(
        PROVED,
        f"the loss is not finite after {bad[0]} updates, with parameters and outputs finite",
        {"updates": bad[0], "losses_seen": len(seen)},
        falsifies=True,
    )


@rule("L04", look_alikes=("B11", "L02"))
def loss_derivative_wrong(e: Examination) -> Evidence | None:
    """The output delta is the derivative of no loss of these outputs.

    What it detects: An output delta that equals one of a table of wrong ones: the squared error itself, its
    sign, an error averaged over the classes, `-t / a` without the output's derivative, outputs without
    targets. Where it equals none, steps with other targets tell: an update that no target changes, or not those of one
    column; that moves the output the same way for the highest and the lowest target; that never raises the score of the
    right class.

    Why it hurts: The first factor of every gradient is wrong, so all layers are sent where the loss does not
    fall.

    Cure: Write the derivative of the loss at the sums: `a - t` for softmax or sigmoid with cross-entropy, `(a
    - t) * a * (1 - a)` for a sigmoid with squared error.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula, over at least four batches.

    Look-alikes: B11 and L02 are named instead where the formula is that of a softmax's diagonal or of a loss
    for other outputs.
    """
    shown = proved(e, "L04")
    if shown is not None:
        return shown
    said = what_targets_fail_to_do(e)
    return None if said is None else Evidence(PROVED, said, {})
