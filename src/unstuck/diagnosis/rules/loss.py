"""Loss faults: what is compared with what, and the derivative that starts the way back."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.examination import Examination
from unstuck.diagnosis.first_updates import first_updates
from unstuck.diagnosis.proof import proved
from unstuck.diagnosis.rule import PROVED, Evidence, rule


@rule("L01")
def softmax_twice(e: Examination) -> Evidence | None:
    """The loss applies a softmax to outputs that have been through one already."""
    return proved(e, "L01")


@rule("L02", look_alikes=("L04",))
def loss_output_mismatch(e: Examination) -> Evidence | None:
    """The loss does not belong to the output function that the network uses."""
    return proved(e, "L02")


@rule("L03")
def log_of_zero(e: Examination) -> Evidence | None:
    """The loss takes the logarithm of zero and turns NaN or infinite."""
    if e.case.loss is None:
        return None
    seen = [moment for moment in first_updates(e) if moment.bounded and moment.finite and moment.loss is not None]
    bad = [moment.updates for moment in seen if not np.isfinite(moment.loss)]
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
    """The output delta is the derivative of no loss of these outputs."""
    return proved(e, "L04")
