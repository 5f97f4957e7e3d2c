"""What a step brings back of the step before it, whatever the network and its gradients are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from unstuck.diagnosis.identification.fit import fit, stack
from unstuck.diagnosis.identification.stepping import batch, start
from unstuck.diagnosis.measurements.once import once

if TYPE_CHECKING:
    from unstuck.diagnosis.examination.examination import Examination

Array = np.ndarray

SEEDS = (81, 82, 83)
SAME = 1e-6  # left over of what comes back, by one share for all arrays


@once
def share_brought_back(e: Examination) -> float | None:
    """The share of the first update that the second brings back: what it does after the first, less what it does from
    the same parameters without memory. 0 where nothing is kept; None where that is no share, or cannot be seen."""
    stepping = e.stepping
    if stepping is None or not e.steps_repeat:
        return None
    kept: list[Array] = []
    first: list[Array] = []
    for seed in SEEDS:
        batches = [batch(e.program, stepping.batch_size, seed + k) for k in (0, 10)]
        run = e.program.run(batches, start(e.program, seed))
        alone = e.program.run(batches[1:], run[0].after) if run else None
        if not run or not alone or not all(np.isfinite(a).all() for a in run[1].after):
            return None
        kept += [(a - b).ravel() for a, b in zip(run[1].after, alone[0].after, strict=True)]
        first += [change.ravel() for change in run[0].changes]
    whole, before = stack(kept), stack(first)
    if np.linalg.norm(whole) <= SAME * np.linalg.norm(before):
        return 0.0
    found = fit(whole, before)
    return found.scale if found.residual < SAME else None
