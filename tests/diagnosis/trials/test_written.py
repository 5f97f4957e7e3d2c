"""The written programs are right, their mistakes show, and the diagnosis names them and points at the right line."""

import os

import numpy as np
import pytest

from .matrix import COSTLY, run
from .written import EDITS, PROGRAMS, WrittenTrial, outcome, source

WIDER = "UNSTUCK_TRIALS" in os.environ
SHARE = EDITS if WIDER else EDITS[::4]


def name(edit):
    return f"{edit.program} {edit.named_by[0]} {edit.lines.start}"


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_written_program_learns(program):
    assert outcome(program) > 0.7


@pytest.mark.parametrize("edit", EDITS, ids=name)
def test_a_mistake_shows(edit):
    assert "\n".join(source(edit.program, edit).split("\n")[edit.lines.start - 1 :]) != source(edit.program)
    pair = [WrittenTrial(edit.program, choice).case() for choice in (None, edit)]
    seen = []
    with np.errstate(all="ignore"):
        for case in pair:
            x = case.x[:20]
            numbers = [
                case.predict(x),
                case.predict(case.x_test[:5]),
                case.targets,
                case.accuracy(case.x_test, case.labels_test),
            ]
            for start in (0, 20):
                case.step(case.x[start : start + 20], case.targets[start : start + 20])
            case.train(case.x[:100], case.targets[:100])
            numbers += [np.concatenate([np.ravel(array) for array in case.parameters()])]
            numbers += [case.predict(x), case.accuracy(case.x_test, case.labels_test)]
            seen.append([np.array(number, float) for number in numbers])
    assert not all(np.array_equal(right, wrong) for right, wrong in zip(*seen, strict=True))


@pytest.mark.parametrize("edit", SHARE, ids=name)
def test_a_mistake_is_named_at_its_line(edit):
    trial = WrittenTrial(edit.program, edit)
    row = run(trial, cost=False)
    assert not row.complaints(), str(row)
    if all(row.asleep):
        assert trial.loss_of_accuracy() < COSTLY, f"only in the notes: {row}"


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_written_program_is_left_in_peace(program):
    row = run(WrittenTrial(program), cost=False)
    assert not row.complaints(), str(row)
