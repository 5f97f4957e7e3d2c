"""Which way steps go on the user's own loss, where they are not known formula by formula."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from unstuck.diagnosis.identification.stepping import observe
from unstuck.diagnosis.measurements.first_updates import users_loss
from unstuck.diagnosis.measurements.once import once
from unstuck.diagnosis.program import work
from unstuck.diagnosis.program.observations import Record

if TYPE_CHECKING:
    from unstuck.diagnosis.examination.examination import Examination

Array = np.ndarray
RECORDS = 6  # steps from other weights on other examples
SHORT = 1e-3  # of a step, along which the loss is compared: no rate is too high for that
LOSS_OF, RAISED = 500, 1.1  # examples, and times as much
CLEAR = 1e-9  # of the loss, which rounding stays far below


@once
def climbs_own_loss(e: Examination) -> int:
    """The number of steps observed, where each of them moves every array that it changes up the user's own loss of the
    very examples that it learns from; 0 where any array descends, or where it cannot be seen."""
    if e.case.loss is None or e.twin is not None or not e.steps_repeat or e.stepping is None:
        return 0
    records = observe(e.program, e.stepping.batch_size, RECORDS, seed=90)
    if len(records) < RECORDS or any(not np.isfinite(array).all() for r in records for array in r.after):
        return 0
    slopes = [_slope(e, record, array) for record in records for array in _changed(record)]
    return len(records) if slopes and all(slope is not None and slope > 0 for slope in slopes) else 0


def raised_by_training(e: Examination) -> tuple[float, float] | None:
    """The user's own loss before and after the user's whole training, where it rises by more than a tenth or ends in no
    number; None where it does not, or where that cannot be seen."""
    losses = losses_of_training(e)
    return None if losses is None or losses[1] <= RAISED * losses[0] else losses


@once
def losses_of_training(e: Examination) -> tuple[float, float] | None:
    """The user's own loss of some examples before and after the user's whole training; None where it is no positive
    number before, or none at all after."""
    program = e.program
    rows = np.arange(min(LOSS_OF, len(program.x)))
    if e.case.loss is None or e.case.train is None:
        return None
    losses = []
    try:
        losses.append(users_loss(e, program.x[rows], program.targets[rows]))
        call = program.train(program.typed(program.x).copy(), program.targets.copy(), 0.5 * work.OWN_TRAINING)
        if call.failed:
            return None
        losses.append(users_loss(e, program.x[rows], program.targets[rows]))
    finally:
        program.restore()
    before, after = losses
    if before is None or after is None or not np.isfinite(before) or before <= 0:
        return None
    return before, after


def _changed(record: Record) -> list[int]:
    return [i for i, change in enumerate(record.changes) if np.any(change)]


def _slope(e: Examination, record: Record, array: int) -> float | None:
    """How steeply the loss rises along the change of one array; None where it is no positive number, as a score that is
    to grow may be, or where the difference is lost in rounding."""
    losses = []
    for sign in (1, -1):
        moved = [values.copy() for values in record.before]
        moved[array] += sign * SHORT * record.changes[array]
        try:
            if not e.program.set_parameters(moved):
                return None
            loss = users_loss(e, record.x, record.targets)
        finally:
            e.program.restore()
        if loss is None or not np.isfinite(loss) or loss <= 0:
            return None
        losses.append(loss)
    rise = losses[0] - losses[1]
    return rise if abs(rise) > CLEAR * losses[0] else None
