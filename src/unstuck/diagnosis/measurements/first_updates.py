"""The first updates of the user's own training, watched: the loss, and whether outputs and parameters stay finite.

Where only that is asked, and no exponential of the outputs can overflow, a twin that follows the program tells it too,
in a fraction of the time that a loop over single examples takes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.formulas.forward import output_form
from unstuck.diagnosis.measurements.once import once
from unstuck.diagnosis.twin.update_rule import State

Array = np.ndarray
MOST_UPDATES = 30
LOSS_OF = 200  # examples
WATCHED = 50  # examples whose outputs are looked at: a program may take a millisecond for each


@dataclass(frozen=True)
class Moment:
    """After so many updates: the user's own loss, None where it gives no number, and whether all numbers are finite."""

    updates: int
    loss: float | None
    finite: bool  # all outputs and parameters
    parameters_finite: bool
    bounded: bool  # all outputs between -1 and 1, as probabilities are


@once
def first_updates(e: Examination) -> list[Moment]:
    """Moments before each of the first updates, in the user's batch size and order; run once, then restored."""
    return _watch_twin(e) if _twin_tells(e) else _watch(e)


def _watch(e: Examination) -> list[Moment]:
    program = e.program
    moments: list[Moment] = []
    if e.outputs is None:
        return moments
    size = int(min(e.case.batch_size or 32, 500, len(program.x)))
    probe, watched = slice(0, min(LOSS_OF, len(program.x))), slice(0, min(WATCHED, len(program.x)))
    try:
        for k in range(min(MOST_UPDATES, int(e.case.updates or MOST_UPDATES)) + 1):
            outputs = program.predict(program.x[watched], restore=False)
            if outputs is None:
                break  # a call that failed or took too long says nothing of numbers
            finite = bool(np.isfinite(outputs).all())
            bounded = finite and float(np.abs(outputs).max()) <= 1.0001
            parameters_finite = all(np.isfinite(array).all() for array in program.parameters())
            moments.append(
                Moment(
                    k,
                    users_loss(e, program.x[probe], program.targets[probe]),
                    finite and parameters_finite,
                    parameters_finite,
                    bounded,
                )
            )
            if not moments[-1].finite or e.case.step is None:
                break
            begin = (k * size) % max(1, len(program.x) - size + 1)
            rows = slice(begin, begin + size)
            if program.call("step", program.typed(program.x[rows]), program.targets[rows]).failed:
                break
    finally:
        program.restore()
    return moments


def _twin_tells(e: Examination) -> bool:
    if e.case.loss is not None or e.case.step is None or e.outputs is None or not e.faithful:
        return False
    return e.initial is not None and e.twin is not None and output_form(e.twin.output).family != "softmax"


def _watch_twin(e: Examination) -> list[Moment]:
    """The same moments of the twin, without a loss."""
    twin, moments = e.twin, list[Moment]()
    assert twin is not None
    assert e.initial is not None
    x, targets = e.program.x, twin.coding.compute(np.asarray(e.program.targets))
    size = int(min(e.case.batch_size or 32, 500, len(x)))
    parameters, state = e.initial.copy(), State()
    with np.errstate(all="ignore"):
        for k in range(min(MOST_UPDATES, int(e.case.updates or MOST_UPDATES)) + 1):
            outputs, moving = twin.predict(parameters, x[:WATCHED]), parameters.finite
            finite = bool(np.isfinite(outputs).all())
            bounded = finite and float(np.abs(outputs).max()) <= 1.0001
            moments.append(Moment(k, None, finite and moving, moving, bounded))
            if not moments[-1].finite:
                break
            begin = (k * size) % max(1, len(x) - size + 1)
            twin.step(parameters, state, x[begin : begin + size], targets[begin : begin + size])
    return moments


def users_loss(e: Examination, x: Array, targets: Array) -> float | None:
    """The user's own loss of these examples; None where it gives no number."""
    if e.case.loss is None:
        return None
    call = e.program.call("loss", e.program.typed(x), targets)
    if call.failed:
        return float("nan") if "math domain error" in (call.error or "") else None
    try:
        return float(np.sum(np.asarray(call.value, dtype=float)))
    except (TypeError, ValueError):
        return None
