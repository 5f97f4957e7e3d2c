# ruff: noqa: NPY002 - users draw from NumPy's global generator
"""Whatever the user's program does, being examined changes nothing of it, and a report comes back."""

import json
import os
import random
import warnings

import numpy as np
import pytest

from .hostile import HOSTILE, UNUSABLE
from .trial import Trial

WHERE = ("relu_softmax", "square_relu")  # updates in place, and by rebinding with the global generator
WIDER = "UNSTUCK_TRIALS" in os.environ
VERDICTS = ("faulty", "healthy", "inconclusive")
FICKLE = {"parameters_come_and_go", "parameters_raise_later"}  # answer differently each time they are read


@pytest.fixture
def slow_clock():
    """The real one: some of these programs hang."""


@pytest.fixture(autouse=True)
def numpy_as_before():
    with np.errstate():
        yield


def state_of(case) -> list:
    """Everything that must be the same to the bit afterwards."""
    try:
        arrays = list(case.parameters())
    except (RuntimeError, TypeError):
        arrays = []
    arrays += [case.x, case.targets, case.labels, case.x_test, case.targets_test, case.labels_test]
    kind, keys, *rest = np.random.get_state()
    return [as_bytes(array) for array in arrays] + [kind, keys.tobytes(), rest, random.getstate(), np.geterr()]


def as_bytes(value):
    if isinstance(value, np.ndarray) and value.dtype != object:
        return value.dtype.str, value.shape, value.tobytes(), value.flags.writeable
    return repr(value)


def examine(case, budget=3.0):
    import unstuck

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return unstuck.diagnose(case, budget=budget, cures=False)


@pytest.mark.parametrize("where", WHERE if WIDER else WHERE[:1])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_program_is_left_as_it_was_and_gets_a_report(name, where, capsys):
    import unstuck

    case = Trial(where, (), "full").case()
    HOSTILE[name](case)
    if name not in FICKLE:
        earlier = state_of(case)
    filters = list(warnings.filters)
    problem, report = "", None
    try:
        report = examine(case)
    except unstuck.CaseError as refusal:
        problem = str(refusal)
    if report is None:
        assert problem
        assert name in UNUSABLE, f"a report was possible, but: {problem}"
    else:
        assert report.verdict in (("faulty", "inconclusive") if name in UNUSABLE else VERDICTS)
        assert str(report)
        assert json.loads(json.dumps(report.to_dict()))["verdict"] == report.verdict
    assert list(warnings.filters) == filters
    if name not in FICKLE:
        assert state_of(case) == earlier
    written = capsys.readouterr()
    assert written.out == ""
    assert "Traceback" not in written.err


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("wiring", ["full", "no_build", "flat_vector", "object_array", "exact_batch", "shuffled_step"])
def test_a_friendly_program_is_left_as_it_was(where, wiring):
    case = Trial(where, (), wiring).case()
    earlier, outputs = state_of(case), case.predict(case.x[:20])
    examine(case)
    assert state_of(case) == earlier
    np.testing.assert_array_equal(case.predict(case.x[:20]), outputs)


@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
def test_hidden_state_of_the_optimiser_is_left_as_it_was(optimizer):
    """The next step of the user's program is the same, whether it was examined or not."""
    cases = [Trial(optimizer).case() for _ in range(2)]
    for case in cases:
        case.step(case.x[:16], case.targets[:16])
    examine(cases[1])
    for case in cases:
        case.step(case.x[16:32], case.targets[16:32])
    for left, examined in zip(cases[0].parameters(), cases[1].parameters(), strict=True):
        np.testing.assert_array_equal(left, examined)
