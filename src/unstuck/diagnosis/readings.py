"""What the user would read after training, and what there is to read: for faults of the test data and the evaluation.

Such a fault leaves the network alone. Its cure is shown by training the twin as it is, and reading its accuracy twice:
as the user does, and by counting.
"""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis import baseline
from unstuck.diagnosis.examination import Examination
from unstuck.diagnosis.experiments import Trial
from unstuck.diagnosis.identification.layout import write_chain
from unstuck.diagnosis.rules.data.examples import test_classes, test_inputs
from unstuck.diagnosis.rules.own_accuracy import as_number
from unstuck.diagnosis.twin import Parameters
from unstuck.diagnosis.twin_training import Setup, decide, train

Array = np.ndarray
OF_TEST_DATA = ("D05", "D06", "D11")
OF_EVALUATION = ("E01", "E02")


def read_twice(e: Examination, codes: list[str], seconds: float) -> list[Trial]:
    """One trial for the faults of the test data and one for those of the evaluation, where there are any."""
    wanted = [tuple(code for code in codes if code in group) for group in (OF_TEST_DATA, OF_EVALUATION)]
    made = baseline.as_it_is(e, np.inf) if e.faithful and any(wanted) else None
    x, y = test_inputs(e), test_classes(e)
    if made is None or x is None or y is None:
        return []
    setup, parameters = made[0], made[0].parameters.copy()
    outcome = train(setup, parameters, seconds)
    answers = decide(setup.twin.predict(parameters, x.astype(setup.x.dtype)), setup.twin.output)
    counted = float(np.mean(answers == y))
    readings = [
        (wanted[0], counted, outcome.score),
        (wanted[1], _read_by_the_user(e, setup, parameters, x) if wanted[1] else None, counted),
    ]
    return [
        Trial(changes, before, after, outcome.updates, setup.seed, outcome.seconds)
        for changes, before, after in readings
        if changes and before is not None
    ]


def _read_by_the_user(e: Examination, setup: Setup, parameters: Parameters, x: Array) -> float | None:
    """The user's own accuracy of the trained parameters, as a share; None where it gives none."""
    assert e.forward is not None
    program = e.program
    arrays = write_chain(e.forward.chain, parameters.weights, parameters.biases, program.as_found)
    try:
        if not program.set_parameters(arrays):
            return None
        call = program.call("accuracy", program.typed(x), e.case.labels_test)
    finally:
        program.restore()
    value = None if call.failed else as_number(call.value)
    if value is None or not np.isfinite(value):
        return None
    return float(np.clip(value / 100 if 1 < value <= 100 else value, 0, 1))
