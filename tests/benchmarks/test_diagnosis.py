"""A diagnosis is timed alone and beside busy processes, and its reports are compared."""

import json
import os
import subprocess
import sys

import pytest

from benchmarks.parts import diagnosis

REPORT = {
    "verdict": "faulty",
    "findings": [{"code": "F01", "grade": "proved", "seconds": 1}],
    "notes": [{"code": "F03", "grade": "measured"}],
}


def test_a_report_is_summed_up_without_its_seconds() -> None:
    assert diagnosis.summary_of(REPORT) == "faulty: F01 proved; notes: F03 measured"
    assert diagnosis.summary_of({"verdict": "healthy", "findings": [], "notes": []}) == (
        "healthy: no finding; notes: none"
    )


def test_reports_that_differ_are_counted() -> None:
    assert diagnosis.compare(["a", "a"], ["a", "a"]) == "all 4 reports, alone and beside others, say: a"
    assert diagnosis.compare(["a", "a"], ["b", "a"]) == (
        "the reports differ: 2 alone and 1 beside others say: a; 0 alone and 1 beside others say: b"
    )


def test_both_ways_are_timed_with_the_processors_seconds(monkeypatch) -> None:
    work = f"sum(i * i for i in range(300_000)); print({json.dumps(REPORT)!r})"
    monkeypatch.setattr(diagnosis, "DIAGNOSE", [sys.executable, "-c", work])
    rows = diagnosis.measure_disturbed("examples/nothing.py", 2, os.environ)
    assert [row.what for row in rows] == [
        "examples/nothing.py, alone: seconds",
        "examples/nothing.py, alone: seconds of processors",
        "examples/nothing.py, beside 2 busy processes: seconds",
        "examples/nothing.py, beside 2 busy processes: seconds of processors",
    ]
    assert all(len(row.values["unstuck"]) == 2 and min(row.values["unstuck"]) > 0 for row in rows)
    assert rows[-1].remark == "all 4 reports, alone and beside others, say: faulty: F01 proved; notes: F03 measured"


def test_busy_processes_end_also_when_something_is_raised(monkeypatch) -> None:
    started = []

    def remember(command: list[str]) -> subprocess.Popen:
        started.append(real(command))
        return started[-1]

    real = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", remember)
    with pytest.raises(ValueError, match="stop"), diagnosis.busy_processes(2):
        raise ValueError("stop")
    assert [process.returncode is not None for process in started] == [True, True]
