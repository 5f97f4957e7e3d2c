"""Faults of the parameters: they go uphill, stay, are whole numbers, or stop being numbers."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.examination.evidence import MEASURED, PROVED, Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.measurements.first_updates import first_updates
from unstuck.diagnosis.measurements.own_loop import whole_training_moves_nothing
from unstuck.diagnosis.measurements.own_loss import climbs_own_loss
from unstuck.diagnosis.rules.rule import rule


@rule("U01", look_alikes=("B10",))
def update_ascends(e: Examination) -> Evidence | None:
    """The update adds the gradient: the loss is climbed, not descended.

    What it detects: A step in which every array moves along its gradient. Where the output error has no known formula:
    steps that all move every array up the program's own loss.

    Why it hurts: The loss is climbed at the full rate: the network gets worse with every update.

    Cure: Subtract: `W -= learning_rate * gradient`; or add where the delta is written as `t - a`, and not `a
    - t`.

    Evidence: Proved: the formulas of all arrays fit to rounding, with a positive factor; the rate observed is
    given as a negative number. Measured by the loss itself, along the change of each array and against it, where only
    that can tell.

    Look-alikes: B10 where only some arrays climb. A loss with the wrong sign gives the same numbers: both are
    repaired by one minus.
    """
    shown = climbs_own_loss(e)
    if shown:
        return Evidence(
            MEASURED,
            f"each of {shown} steps, from other weights and on other examples, moves every array up your own loss of "
            "the examples that it learns from",
            {"steps": shown},
        )
    adaptive = e.twin.update.adaptive if e.twin is not None else None
    if e.twin is None or e.source != "step" or (adaptive is not None and adaptive.unknown_corrections):
        return None  # steps with a factor of their own each may go either way
    signs = [s for link in e.twin.links for s in (link.weight_scale, link.bias_scale) if s]
    if not signs or any(s > 0 for s in signs):
        return None
    rate = e.twin.update.learning_rate
    return Evidence(PROVED, f"all parameters move along the gradient, at rate {rate:.4g}", {"learning_rate": -rate})


@rule("U05", look_alikes=("B13", "U06"))
def parameters_never_change(e: Examination) -> Evidence | None:
    """A step leaves every parameter as it was.

    What it detects: A step after which every parameter is the same bit for bit, at every batch size tried; or a whole
    training, over all examples, that ends in the very parameters that it began with although single steps move them.

    Why it hurts: Nothing is learnt; the outputs stay those of the initial weights.

    Cure: Change the arrays that `predict` reads: `W -= ...` in place, or `self.W = self.W - ...`. `w =
    W.copy(); w -= ...` and `for w in (...): w = w - ...` do not. Where early stopping keeps the best weights, look at
    which way round it compares losses.

    Evidence: Proved by the observed steps, or by runs of the training itself.

    Look-alikes: B13 where single layers stay, U06 where updates are cut off by an integer type. A step that
    raises is reported as not examined.
    """
    if all(moment.finite for moment in first_updates(e)) and whole_training_moves_nothing(e):
        return Evidence(
            PROVED,
            "the whole training ends in the very parameters that it began with, though single steps move them: it "
            "stops before its first update, or puts the first weights back at its end",
            {},
            falsifies=True,
        )
    if e.stepping is None or e.stepping.acts or e.stepping.failed or e.program.integer_parameters:
        return None
    return Evidence(PROVED, "no parameter changed, whatever the batch", {})


@rule("U06")
def parameters_integer(e: Examination) -> Evidence | None:
    """The parameters are integers: updates are cut to whole numbers.

    What it detects: Parameter arrays of an integer type.

    Why it hurts: Every change is cut to a whole number, so most updates are 0; `W -= rate * gradient` in
    place is refused or truncated.

    Cure: Make them float from the start: `rng.normal(size=...)`, `np.zeros(n)`, or `.astype(float)`.

    Evidence: Proved by the type of the arrays.

    Look-alikes: U05 is what it looks like from outside.
    """
    kinds = [dtype for dtype in e.program.dtypes if dtype.kind in "iu"]
    if not kinds or not e.program.as_found:
        return None
    large = [a for a, d in zip(e.program.as_found, e.program.dtypes, strict=True) if d.kind in "iu" and a.size > 1]
    if not large:
        return None
    return Evidence(
        PROVED, f"{len(large)} of {len(e.program.as_found)} arrays have type {kinds[0]}", {"dtype": str(kinds[0])}
    )


@rule("U18")
def parameters_change_shape(e: Examination) -> Evidence | None:
    """An update changes the shape of a parameter.

    What it detects: Parameter arrays that have another shape after a step than before it.

    Why it hurts: `b = b - rate * delta` with a delta for every example makes a row of biases for every example of the
    batch: each row learns from one example, and batches of another size no longer fit. A gradient with an axis too many
    does the same to weights.

    Cure: Sum the gradient over the examples, `db = delta.sum(axis=0)`, and update in place: `b -= rate * db` raises an
    error where the shapes differ.

    Evidence: Proved by the shapes before and after a step. What a step does otherwise is not examined.

    Look-alikes: B08 bias-gradient-wrong, where the shape stays.
    """
    if not e.program.reshaped:
        return None
    seen = min(e.program.reshaped, key=lambda reshaped: (reshaped.n == 1, reshaped.n))
    if len(seen.before) != len(seen.after):
        said = f"there are {len(seen.before)} arrays of parameters before an update and {len(seen.after)} after it"
        return Evidence(PROVED, said, {"arrays_before": len(seen.before), "arrays_after": len(seen.after)})
    changed = [(k, b, a) for k, (b, a) in enumerate(zip(seen.before, seen.after, strict=True)) if a != b]
    said = ", ".join(f"array {k + 1} from {b} to {a}" for k, b, a in changed[:3])
    return Evidence(
        PROVED,
        f"an update by {seen.n} examples changes the shape of {said}",
        {"array": changed[0][0] + 1, "shape_before": list(changed[0][1]), "shape_after": list(changed[0][2])},
    )


@rule("U13")
def training_diverged(e: Examination) -> Evidence | None:
    """The parameters stop being finite numbers.

    What it detects: Parameters or outputs that are NaN or infinite, as found or within the first 30 updates
    of this training.

    Why it hurts: NaN spreads to everything that it touches: from then on no update has any effect.

    Cure: Lower the learning rate first. Then look at the inputs (finite, in a range of about 1), the softmax
    (shifted by its maximum) and logarithms or quotients of zero.

    Evidence: Proved by the numbers themselves: the number of updates after which they are first not finite.

    Look-alikes: U07, D01, D02 and F03 are its usual reasons and are named beside it where they can be shown.
    """
    if any(not np.isfinite(array).all() for array in e.program.as_found):
        return Evidence(PROVED, "the parameters as found hold NaN or infinity", {"updates": 0}, falsifies=True)
    broken = [moment.updates for moment in first_updates(e) if not moment.finite]
    if not broken or broken[0] == 0:
        return None
    return Evidence(
        PROVED,
        f"NaN or infinity after {broken[0]} updates of the program's own training",
        {"updates": broken[0]},
        falsifies=True,
    )
