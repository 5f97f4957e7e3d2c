"""Faults of what the optimiser remembers: accumulators, momentum, bias corrections."""

from __future__ import annotations

from collections.abc import Iterable

from unstuck.diagnosis.examination.evidence import PROVED, SUSPECTED, Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.identification.update import Key, Response
from unstuck.diagnosis.measurements.own_memory import share_brought_back
from unstuck.diagnosis.rules.rule import rule
from unstuck.diagnosis.twin.update_rule import CONSTANT, UpdateRule

WHOLE = 1e-4  # share of an update by which what comes back of it may differ from all of it, or from nothing
UNSCALED = 1.5  # updates that bring back so much of the last grow without bound, whatever was meant


def _responses(e: Examination, *kinds: str) -> dict[Key, Response]:
    if e.update is None:
        return {}
    return {key: response for key, response in e.update.responses.items() if response.kind in kinds}


def _arrays(keys: Iterable[Key]) -> str:
    return ", ".join(f"{'weights' if kind == 'w' else 'biases'} of layer {layer + 1}" for kind, layer in sorted(keys))


def _share_of_unknown(e: Examination) -> float | None:
    """What comes back of the last update where no formula of the step is known; None where one is."""
    return share_brought_back(e) if e.twin is None else None


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
    found = _responses(e, "accumulate", "accumulate and momentum")
    if found:
        return Evidence(
            PROVED, f"{_arrays(found)}: every update repeats all earlier gradients in full", {"share_kept": 1.0}
        )
    if e.update is not None and e.update.adaptive is not None and e.update.adaptive.fault == "U02":
        return Evidence(PROVED, e.update.adaptive.name, {"rule": e.update.adaptive.name})
    share = _share_of_unknown(e)
    if share is not None and abs(share - 1) < WHOLE:
        return Evidence(PROVED, "the second update brings back the first in full", {"share_kept": share})
    kept = {key: r for key, r in _kept_shares(e).items() if r.beta < 1}
    if kept:
        beta = next(iter(kept.values())).beta
        return Evidence(
            SUSPECTED,
            f"{beta:.4g} times the last update is added to the next, the same number as the rate: accumulators scaled "
            "by the rate and never cleared, or a momentum of that size; printing the accumulators before a batch would "
            "tell",
            {"share_kept": beta},
            asleep=True,
            look_alikes=("U14",),
        )
    return None


def _kept_shares(e: Examination) -> dict[Key, Response]:
    """Momenta equal to the learning rate (or the rate over the batch), or above 1: accumulators that are scaled and
    never cleared give the same numbers."""
    if e.twin is not None and e.twin.update.rate_law != CONSTANT:
        return {}  # a share of the last update is then one of its rate too
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
    share = _share_of_unknown(e)
    if share is not None and share > UNSCALED:
        said = f"the second update brings back {share:.4g} times the first"
        return Evidence(PROVED, said, {"weight_of_previous_gradient": share})
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
    if e.twin is not None and e.faithful and e.twin.update.response[0] == "nesterov":
        return _nesterov_sign(e.twin.update)
    found = {key: r for key, r in _responses(e, "momentum", "raw").items() if r.beta < 0}
    share = _share_of_unknown(e)
    if share is not None and share < -WHOLE:
        return Evidence(PROVED, f"the second update brings back {share:.4g} of the first", {"momentum": share})
    if not found:
        return None
    beta = min(r.beta for r in found.values())
    return Evidence(
        PROVED, f"{_arrays(found)}: {beta:.4g} times the last update is added to the next", {"momentum": beta}
    )


def _nesterov_sign(update: UpdateRule) -> Evidence | None:
    """A look ahead that goes back, or a velocity that is kept with the wrong sign beside it."""
    kept, ahead = update.response[1], update.looks_ahead_by
    if kept >= 0 and ahead >= 0:
        return None
    if ahead < 0:
        said = f"{kept:.4g} of the velocity is kept, but gradients are taken where {ahead:.4g} of it leads: behind"
    else:
        said = f"gradients are taken where {ahead:.4g} of the velocity leads, but {kept:.4g} of it is kept"
    return Evidence(PROVED, said, {"momentum": kept, "look_ahead": ahead})


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
    rule = e.update.adaptive
    if rule.unknown_corrections:
        said = "the steps are those of Adam but for a factor of each: other bias corrections, or a rate that changes"
        return Evidence(SUSPECTED, said, {"rule": rule.name})
    return Evidence(PROVED, rule.name, {"rule": rule.name, "beta1": rule.beta1, "beta2": rule.beta2})


@rule("U17", look_alikes=("U12",))
def optimizer_formula_wrong(e: Examination) -> Evidence | None:
    """The optimiser puts its moments together in another way than the published rule.

    What it detects: An Adam, RMSProp or AdaGrad whose changes over several steps are those of a rule that takes no
    root, does not square the gradients, sums what is to be averaged, or makes one mean of what belongs to the other.
    In a script: a step that takes the place of the weights that it is to move, as `W =- rate * dW` does.

    Why it hurts: Dividing by the root mean square makes all weights move at about the learning rate, whatever the size
    of their gradients. Without the root the smallest gradients make the largest steps; without the square the steps
    keep the size of the gradients, or have no number where a mean is negative.

    Cure: `m = beta1 * m + (1 - beta1) * g; v = beta2 * v + (1 - beta2) * g**2; W -= learning_rate * m_hat /
    (np.sqrt(v_hat) + epsilon)`.

    Evidence: Proved: what is kept, and what is divided by what, that give the changes of several arrays over eight
    steps to rounding, with the betas found by least squares.

    Look-alikes: U12 adam-bias-correction-wrong, where only the start of the means is corrected wrongly.
    """
    if e.update is not None and e.update.root_of_gradients:
        said = "no number stands where the gradient is negative, and one where it is positive: a root of the gradients"
        return Evidence(PROVED, said + ", which are not squared", {})
    if e.update is None or e.update.adaptive is None or e.update.adaptive.fault != "U17":
        return None
    rule = e.update.adaptive
    return Evidence(PROVED, rule.name, {"rule": rule.name, "beta1": rule.beta1, "beta2": rule.beta2})


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
    what = (
        f"{_arrays(kept)}: {beta:.4g} times the last update is added to the next, the same number as the learning rate"
    )
    return Evidence(SUSPECTED, what, {"share_kept": beta}, look_alikes=("U02",))
