"""What is offered for a planted fault of a drawn script reaches what the script without it reaches."""

import os

import pytest

from tests.adapters.scripts.drawn import FAULTS, draw
from unstuck.adapters.fixes.trials import fix_of
from unstuck.adapters.scripts.running.job import Job
from unstuck.adapters.scripts.running.process import diagnose_script

COUNT = int(os.environ.get("UNSTUCK_DRAWN_FIXES", "2"))
PLANTED = [fault for fault in FAULTS if fault != "healthy"]


def accuracy(text):
    """The share of right answers after the script has run."""
    names = {}
    exec(compile(text, "script", "exec"), names)
    if "p" in names:
        p, act = names["p"], names["act"]
        scores = (p["W2"] @ act(p["W1"] @ names["X"].T + p["b1"]) + p["b2"]).T
    elif "net" in names:
        scores = names["net"].forward(names["X"])[-1]
    elif "model" in names:
        scores = names["forward"](names["X"], *names["model"])[1]
    else:
        scores = names["act"](names["X"] @ names["W1"] + names["b1"]) @ names["W2"] + names["b2"]
    return (scores.argmax(axis=1) == names["labels"]).mean()


@pytest.mark.parametrize("number", range(COUNT))
def test_a_fix_of_a_planted_fault_is_right(number, tmp_path):
    fault = PLANTED[number % len(PLANTED)]
    script, right = draw(number, fault), draw(number, "healthy")
    path = tmp_path / "script.py"
    path.write_text(script.text)
    job = Job(str(path), budget=300.0)
    report = diagnose_script(job, lambda line: None).reported()
    fix = fix_of(job, report, lambda line: None)
    assert fix.verified or report["verdict"] == "healthy"  # some faults do no harm
    if fix.verified and fix.text != right.text:
        assert accuracy(fix.text) >= accuracy(right.text) - 0.02


def test_a_healthy_drawn_script_is_left_as_it_is(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(draw(31, "healthy").text)
    job = Job(str(path), budget=300.0)
    report = diagnose_script(job, lambda line: None).reported()
    assert not fix_of(job, report, lambda line: None).verified
