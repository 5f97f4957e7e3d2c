"""Choices that keep a network from learning: the rate, the number of updates, the weight decay."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.examination.evidence import MEASURED, PROVED, Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.measurements.target_coding import labels_of, numeric_targets
from unstuck.diagnosis.rules.rule import rule

LARGE = 8.0  # real targets of this size make the gradient of their squared error as much too large


@rule("U07", setting=True, look_alikes=("B09",))
def learning_rate_too_high(e: Examination) -> Evidence | None:
    """The learning rate is too high for this network to settle.

    What it detects: A rate with which the network stays stuck and with a lower one does not.

    Why it hurts: Each step jumps past the minimum: weights grow, units saturate or die, or the numbers
    overflow.

    Cure: Lower the learning rate, by a factor of ten at a time, until the loss falls in the first hundred
    updates. Standardise real targets that are far from unit size: their error, and with it the gradient, is as large.

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
    not; a rate that is lowered after every update counts as well.

    Why it hurts: The parameters hardly leave their initial values before training ends.

    Cure: Raise the learning rate, by a factor of ten at a time, as long as the loss falls steadily.

    Evidence: Measured: the effective rate, as it follows from the observed steps, and how it falls from update
    to update if it does. Named only by experiment, with the network rebuilt from its formulas: everything put
    right but the rate, it fails.

    Look-alikes: U09: more updates do the same as a higher rate; where either suffices, both are listed.
    """
    return _rate(e)


def _rate(e: Examination) -> Evidence | None:
    if e.twin is None or e.source != "step":
        return None
    rate, law = e.twin.update.learning_rate, e.twin.update.rate_law
    found: dict[str, float] = {"learning_rate": rate}
    words = f"as its updates show, the learning rate is {rate:.6g}"
    if law.name != "constant":
        updates = e.case.updates or 100
        found |= {f"after_{n}": rate * law.share(n) for n in (1, updates)}
        words += f", {rate * law.share(1):.4g} after one update, {rate * law.share(updates):.2g} after {updates}"
    targets = numeric_targets(e)
    size = 0.0 if targets is None else float(np.sqrt(np.mean(targets**2)))
    if size > LARGE and e.twin.output == "linear" and labels_of(e) is None:
        words += (
            f"; the targets are of size {size:.3g}, and the gradient with them: standardised, they suit a usual rate"
        )
        found["size_of_targets"] = size
    return Evidence(MEASURED, words, found)


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
