"""Faults of the forward pass in any architecture are seen in its recording; what looks like them is left alone."""

import json
from pathlib import Path

import pytest

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.faults.evaluating import evaluated_as_in_training
from unstuck.adapters.scripts.proof.forward_report import of_forward_faults, with_forward_faults
from unstuck.adapters.scripts.proof.proving import prove_recorded
from unstuck.adapters.scripts.study import study

PROGRAMS = Path(__file__).parents[2] / "programs" / "forward"
RIGHT = {path.read_text(): path.parent.name for path in sorted(PROGRAMS.glob("*/right.py"))}  # each once


def seen(text):
    """The codes and lines of what the forward pass and the evaluation of a script show, and of wrong gradients."""
    run = runner(text)
    studied = study(run)
    recording, chains = studied.recording, studied.chains
    proved = with_forward_faults(prove_recorded(recording.tape, chains), recording, chains)
    found = [*of_forward_faults(proved.forward)]
    found += evaluated_as_in_training(run, recording, list(chains), proved.proofs[0], 30.0)
    return [(one.rule.code, one.location.line) for one in found], [v.parameter.name for v in proved.first.wrong]


@pytest.mark.parametrize("text", RIGHT, ids=RIGHT.values())
def test_right_programs_break_no_law(text):
    assert seen(text) == ([], [])


@pytest.mark.parametrize("name", sorted(path.parent.name for path in PROGRAMS.glob("*/broken.py")))
def test_a_broken_law_is_seen_on_its_line(name):
    expected = json.loads((PROGRAMS / name / "expected.json").read_text())
    found, _ = seen((PROGRAMS / name / "broken.py").read_text())
    assert found == [(code, line) for code, line in zip(expected["codes"], expected["lines"])]


def test_a_backward_pass_for_the_axis_that_was_meant_is_not_called_wrong():
    text = (PROGRAMS / "classes-not-added-up" / "right.py").read_text()
    found, wrong = seen(text.replace("e.sum(axis=2", "e.sum(axis=1"))
    assert {code for code, _ in found} == {"F02"}
    assert not wrong
