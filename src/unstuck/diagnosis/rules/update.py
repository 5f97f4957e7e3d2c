"""Update faults: from gradients to changes of the parameters."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from unstuck.diagnosis.examination import Examination
from unstuck.diagnosis.first_updates import first_updates
from unstuck.diagnosis.formulas.updates import OTHER_FORM
from unstuck.diagnosis.identification.update import Key, Response
from unstuck.diagnosis.rule import MEASURED, PROVED, SUSPECTED, Evidence, rule


def _responses(e: Examination, *kinds: str) -> dict[Key, Response]:
    if e.update is None:
        return {}
    return {key: response for key, response in e.update.responses.items() if response.kind in kinds}


def _arrays(keys: Iterable[Key]) -> str:
    return ", ".join(f"{'weights' if kind == 'w' else 'biases'} of layer {layer + 1}" for kind, layer in sorted(keys))


@rule("U01", look_alikes=("B10",))
def update_ascends(e: Examination) -> Evidence | None:
    """The update adds the gradient: the loss is climbed, not descended.

    What it detects: A step in which every array moves along its gradient.

    Why it hurts: The loss is climbed at the full rate: the network gets worse with every update.

    Cure: Subtract: `W -= learning_rate * gradient`; or add where the delta is written as `t - a`, and not `a
    - t`.

    Evidence: Proved: the formulas of all arrays fit to rounding, with a positive factor; the rate observed is
    given as a negative number.

    Look-alikes: B10 where only some arrays climb. A loss with the wrong sign gives the same numbers: both are
    repaired by one minus.
    """
    if e.twin is None or e.source != "step":
        return None
    signs = [s for link in e.twin.links for s in (link.weight_scale, link.bias_scale) if s]
    if not signs or any(s > 0 for s in signs):
        return None
    rate = e.twin.update.learning_rate
    return Evidence(PROVED, f"all parameters move along the gradient, at rate {rate:.4g}", {"learning_rate": -rate})


@rule("U02", look_alikes=("U14",))
def gradients_accumulate(e: Examination) -> Evidence | None:
    """The gradients of earlier updates are never set back to zero.

    What it detects: Gradients of earlier steps that come back in full in every later one.

    Why it hurts: After n updates the step is the sum of n gradients: old errors are corrected again and
    again, and the network swings ever wider.

    Cure: Set the accumulators back at the start of every batch: `dW = np.zeros_like(W)` inside the loop, or
    `dW.fill(0)`.

    Evidence: Proved where three steps in a row show the earlier gradients with weight 1. Suspected, as a
    note, where the share that comes back equals the learning rate.

    Look-alikes: U14. A momentum of exactly 1 gives the same numbers; printing the accumulators before a batch
    would tell.
    """
    found = _responses(e, "accumulate")
    if found:
        return Evidence(
            PROVED, f"{_arrays(found)}: every update repeats all earlier gradients in full", {"share_kept": 1.0}
        )
    kept = {key: r for key, r in _kept_shares(e).items() if r.beta < 1}
    if kept:
        beta = next(iter(kept.values())).beta
        return Evidence(
            SUSPECTED,
            f"{beta:.4g} of the last update comes back, the same number as the rate: accumulators scaled by the rate "
            "and never cleared, or a momentum of that size; printing the accumulators before a batch would tell",
            {"share_kept": beta},
            asleep=True,
            look_alikes=("U14",),
        )
    return None


def _kept_shares(e: Examination) -> dict[Key, Response]:
    """Momenta equal to the learning rate (or the rate over the batch), or above 1: accumulators that are scaled and
    never cleared give the same numbers."""
    rate, size = e.case.learning_rate or 0.0, e.update.batch_size if e.update is not None else 1
    found = _responses(e, "momentum")
    return {
        k: r
        for k, r in found.items()
        if r.beta > 1 or any(rate and abs(r.beta / s - 1) < 1e-4 for s in (rate, rate / size))
    }


@rule("U03")
def momentum_unscaled(e: Examination) -> Evidence | None:
    """The momentum term adds the previous raw gradient without the learning rate.

    What it detects: The gradient of the last step, not multiplied by the rate, added to the change: three
    steps show it once and the one before not at all.

    Why it hurts: With factor 1 at a rate of 0.01 the last gradient weighs a hundred times as much as the
    present one, which hardly counts beside it.

    Cure: Keep the change, not the gradient: `velocity = momentum * velocity - learning_rate * gradient; W +=
    velocity`.

    Evidence: Proved: the weight of the previous gradient in units of a gradient step (a momentum would be
    below 1).

    Look-alikes: None: a momentum also shows the step before last. Where the rate is far too low, this fault
    may be all that learns, and its repair needs another rate.
    """
    found = {key: r for key, r in _responses(e, "raw").items() if r.beta > 0}
    if not found:
        return None
    beta = max(r.beta for r in found.values())
    return Evidence(
        PROVED,
        f"{_arrays(found)}: the previous gradient weighs {beta:.4g} times as much as the present one",
        {"weight_of_previous_gradient": beta},
    )


@rule("U04")
def momentum_sign_wrong(e: Examination) -> Evidence | None:
    """The momentum term works against the last update instead of with it.

    What it detects: A momentum whose share of the last change is negative.

    Why it hurts: Each step takes back part of the last one: the network brakes where it should run, at 0.9 to
    about half its speed.

    Cure: Add the velocity with its own sign: `velocity = momentum * velocity - learning_rate * gradient; W +=
    velocity`.

    Evidence: Proved: the share of the last update, from three steps in a row.

    Look-alikes: None known.
    """
    found = {key: r for key, r in _responses(e, "momentum", "raw").items() if r.beta < 0}
    if not found:
        return None
    beta = min(r.beta for r in found.values())
    return Evidence(PROVED, f"{_arrays(found)}: {beta:.4g} of the last update is added", {"momentum": beta})


@rule("U05", look_alikes=("B13", "U06"))
def parameters_never_change(e: Examination) -> Evidence | None:
    """A step leaves every parameter as it was.

    What it detects: A step after which every parameter is the same bit for bit, at every batch size tried.

    Why it hurts: Nothing is learnt; the outputs stay those of the initial weights.

    Cure: Change the arrays that `predict` reads: `W -= ...` in place, or `self.W = self.W - ...`. `w =
    W.copy(); w -= ...` and `for w in (...): w = w - ...` do not.

    Evidence: Proved by the observed steps.

    Look-alikes: B13 where single layers stay, U06 where updates are cut off by an integer type. A step that
    raises is reported as not examined.
    """
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


@rule("U07", setting=True, look_alikes=("B09",))
def learning_rate_too_high(e: Examination) -> Evidence | None:
    """The learning rate is too high for this network to settle.

    What it detects: A rate with which the network stays stuck and with a lower one does not.

    Why it hurts: Each step jumps past the minimum: weights grow, units saturate or die, or the numbers
    overflow.

    Cure: Lower the learning rate, by a factor of ten at a time, until the loss falls in the first hundred
    updates.

    Evidence: Measured: the effective rate, as it follows from the observed steps. Named only by experiment,
    with the network rebuilt from its formulas: everything put right but the rate, it fails.

    Look-alikes: B09, where the gradient is a sum: the two are the same number, and named by which of them is
    odd. Constants in the loss (a 2, a 1/n) count as part of the rate.
    """
    return _rate(e)


@rule("U08", setting=True, look_alikes=("U09",))
def learning_rate_too_low(e: Examination) -> Evidence | None:
    """The learning rate is too low to get anywhere in the updates made.

    What it detects: A rate with which the network stays stuck in the updates made and with a higher one does
    not.

    Why it hurts: The parameters hardly leave their initial values before training ends.

    Cure: Raise the learning rate, by a factor of ten at a time, as long as the loss falls steadily.

    Evidence: Measured: the effective rate, as it follows from the observed steps. Named only by experiment,
    with the network rebuilt from its formulas: everything put right but the rate, it fails.

    Look-alikes: U09: more updates do the same as a higher rate; where either suffices, both are listed.
    """
    return _rate(e)


def _rate(e: Examination) -> Evidence | None:
    if e.twin is None or e.source != "step":
        return None
    rate = e.twin.update.learning_rate
    return Evidence(MEASURED, f"effective learning rate {rate:.4g}", {"learning_rate": rate})


@rule("U09", setting=True, look_alikes=("U08",))
def too_few_updates(e: Examination) -> Evidence | None:
    """The training stops after too few updates.

    What it detects: A number of updates with which the network stays stuck and with more and smaller batches
    does not.

    Why it hurts: Each update is one small move; a few dozen of them, even with gradients of the whole data
    set, do not reach far.

    Cure: Split the data into batches of 10 to 100 examples and pass over all of it several times.

    Evidence: Measured: the number of updates stated in `updates`, and the batch size. Named only by
    experiment, with the network rebuilt from its formulas: everything put right but the number of updates, it
    fails.

    Look-alikes: U08: a higher rate does the same as more updates; where either suffices, both are listed.
    """
    if not e.case.updates:
        return None
    return Evidence(
        MEASURED, f"{e.case.updates} updates in all", {"updates": e.case.updates, "batch_size": e.case.batch_size}
    )


@rule("U10", setting=True)
def weight_decay_too_strong(e: Examination) -> Evidence | None:
    """The weight decay pulls the weights to zero faster than the data can hold them.

    What it detects: A decay with which the network stays stuck and without it does not.

    Why it hurts: The weights settle where the decay takes away what the gradient adds, which here is near
    zero.

    Cure: Lower the decay so that `learning_rate * l2` stays below about 1e-4 for each update, or divide it by
    the number of training examples.

    Evidence: Measured: the share of the weights that each update takes away. Named only by experiment, with
    the network rebuilt from its formulas: everything put right but the decay, it fails.

    Look-alikes: U08, as the network does not leave its start; U15 is the same term with the wrong sign.
    """
    if e.twin is None or e.twin.update.decay <= 0:
        return None
    share = e.twin.update.decay
    return Evidence(MEASURED, f"every update takes away {share:.2g} of the weights", {"share_per_update": share})


@rule("U12")
def adam_bias_correction_wrong(e: Examination) -> Evidence | None:
    """The bias correction of Adam is missing or wrong.

    What it detects: An Adam whose change over three steps is that of the published rule without its bias
    correction, or with one that is swapped, half, late or without the power.

    Why it hurts: The running means start at 0. Uncorrected, the first steps are several times too large or
    too small, and the second moment takes a thousand steps to recover.

    Cure: Divide by `1 - beta1**t` and `1 - beta2**t`, with t = 1 at the first update and one more at each: `m
    / (1 - beta1**t)`, `v / (1 - beta2**t)`.

    Evidence: Proved: the variant of the rule that gives the changes of several arrays over three steps.
    Suspected where its running means give them only with a factor for each step: no form known has these factors.

    Look-alikes: At one step alone all variants differ by the rate only, so three in a row are compared. A rate
    that changes from step to step looks like corrections of another form.
    """
    if e.update is None or e.update.adaptive is None or e.update.adaptive.fault != "U12":
        return None
    if e.update.adaptive.name.endswith(OTHER_FORM):
        said = "the steps are those of Adam but for a factor of each: other bias corrections, or a rate that changes"
        return Evidence(SUSPECTED, said, {"rule": e.update.adaptive.name})
    return Evidence(PROVED, e.update.adaptive.name, {"rule": e.update.adaptive.name})


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


@rule("U14", look_alikes=("U02",))
def gradients_partly_kept(e: Examination) -> Evidence | None:
    """The gradient accumulators are scaled by the rate and never cleared: they act as a momentum.

    What it detects: A share of the last update that comes back in the next one and equals the learning rate
    (or that over the batch size), or is above 1.

    Why it hurts: Accumulators that are multiplied by the rate and never cleared carry old gradients on. Below
    1 this is a momentum nobody chose; above 1 the steps grow without bound.

    Cure: Use a new array for the scaled gradient, `change = learning_rate * dW`, and set `dW` to zero before
    the next batch.

    Evidence: Suspected where the share is below 1, as a momentum of that size gives the same numbers; proved
    where it is above 1, which no momentum is.

    Look-alikes: U02, where everything comes back. A momentum equal to the rate: printing the accumulators
    before a batch would tell.
    """
    kept = _kept_shares(e)
    if not kept:
        return None
    beta = max(r.beta for r in kept.values())
    if beta > 1:
        what = f"{_arrays(kept)}: every update brings back {beta:.4g} times the one before"
        return Evidence(PROVED, what, {"share_kept": beta})
    what = f"{_arrays(kept)}: {beta:.4g} of the last update comes back, the same number as the learning rate"
    return Evidence(SUSPECTED, what, {"share_kept": beta}, look_alikes=("U02",))


@rule("U15")
def weight_decay_adds(e: Examination) -> Evidence | None:
    """The weight decay has the wrong sign: weights grow by a share of themselves.

    What it detects: An update that adds a share of the weights instead of taking it away.

    Why it hurts: Weights grow by themselves, the more the larger they are: exponentially, whatever the data
    say.

    Cure: Take it away: `W -= learning_rate * (gradient + l2 * W)`. In `W = (1 + rate * l2) * W - rate *
    gradient` the plus must be a minus.

    Evidence: Proved: the share of the weights that each update adds, fitted together with the gradient to
    rounding.

    Look-alikes: U10 is the same term, too large, with the right sign.
    """
    if e.twin is None or e.twin.update.decay >= -1e-12 or e.twin.update.adaptive:
        return None
    return Evidence(
        PROVED,
        f"every update adds {-e.twin.update.decay:.2g} of the weights",
        {"share_per_update": -e.twin.update.decay},
    )
