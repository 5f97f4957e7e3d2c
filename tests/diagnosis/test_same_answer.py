"""The same report alone, beside busy programs and in haste, but for seconds and for what the budget left out.

All of it with --slow; otherwise a share.
"""

import random
import resource
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

import unstuck
from tests.diagnosis.trials.matrix import fault_trials
from unstuck.adapters.case_file import read_case
from unstuck.diagnosis.examination.examination import WANT_OF_TIME
from unstuck.sandbox import clock

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "stuck").glob("*.py"))
TRIALS = random.Random(11).sample(fault_trials(), 10)
EVERYTHING = "what matters"  # the experiments that findings and notes rest on
BUSY_LOOPS = 4
MORE_PROCESSOR_TIME = 1.3

programs = [pytest.param(lambda path=path: read_case(path), id=path.stem) for path in EXAMPLES]
programs += [pytest.param(trial.case, id=trial.name) for trial in TRIALS]
share = [programs[0], programs[1], programs[5], programs[6]]


@contextmanager
def busy_loops():
    """So many programs on the same cores that do nothing but count."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BUSY_LOOPS)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def diagnosed(make, cures: bool) -> dict:
    """The report as JSON has it, without seconds."""
    document = unstuck.diagnose(make(), cures=cures).to_dict()
    return {**document, "seconds": 0, "cures": [{**cure, "seconds": 0} for cure in document["cures"]]}


def left_out(document: dict) -> set[str]:
    return {entry["what"] for entry in document["unchecked"] if entry["missing"] == WANT_OF_TIME}


def said(document: dict, *parts: str) -> dict[tuple[str, int | None], list[dict]]:
    """Findings or notes by code, without whether they matter: that is for experiments to say."""
    found: dict[tuple[str, int | None], list[dict]] = {}
    for part in parts:
        for entry in document[part]:
            found.setdefault(entry["code"], []).append({**entry, "matters": None, "location": None, "change": None})
    return found


def assert_nothing_differs_but_what_was_left_out(whole: dict, hasty: dict) -> None:
    if left_out(hasty) == left_out(whole):
        assert hasty == whole
        return
    everything, shown = said(whole, "findings", "notes"), said(hasty, "findings")
    for code, entries in shown.items():
        assert entries == everything.get(code), f"{code} is said in haste only"
    assert hasty["verdict"] in (whole["verdict"], "faulty" if shown else "inconclusive")
    if not any(what == EVERYTHING or what[1:3].isdigit() or what.startswith("the ") for what in left_out(hasty)):
        assert {**hasty, "cures": [], "unchecked": []} == {**whole, "cures": [], "unchecked": []}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of the programs
@pytest.mark.parametrize("make", share)
def test_a_clock_that_runs_five_times_faster_leaves_out_and_changes_nothing(make, monkeypatch):
    whole = diagnosed(make, cures=False)
    assert not left_out(whole)
    monkeypatch.setattr(clock, "SPEED", 5.0)
    assert_nothing_differs_but_what_was_left_out(whole, diagnosed(make, cures=False))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("make", share[:1])
def test_busy_loops_beside_it_change_nothing(make):
    whole = diagnosed(make, cures=False)
    with busy_loops():
        assert diagnosed(make, cures=False) == whole


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("make", programs)
def test_alone_beside_busy_loops_and_in_haste(make, monkeypatch):
    whole = diagnosed(make, cures=True)
    assert not left_out(whole)
    for speed in (1.0, 5.0):
        monkeypatch.setattr(clock, "SPEED", speed)
        with busy_loops():
            assert_nothing_differs_but_what_was_left_out(whole, diagnosed(make, cures=True))
    assert_nothing_differs_but_what_was_left_out(whole, diagnosed(make, cures=True))


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_busy_loops_cost_little_processor_time(path):
    def processor_seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "unstuck.cli", "diagnose", "--no-cures", "--budget", "200", str(path)]
        assert subprocess.run(command, capture_output=True).returncode == 1
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    alone = min(processor_seconds() for _ in range(2))
    with busy_loops():  # their own time is counted when they are waited for, after this block
        beside = min(processor_seconds() for _ in range(2))
    assert beside <= MORE_PROCESSOR_TIME * alone
