"""A diagnosis from the prompt: how soon, and whether other programs beside it change what it says.

Programs that are stuck and one that is healthy: seconds to the first line and to the whole report. One of them alone
and beside busy processes, in turns: seconds, the processor's seconds, and what is said.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.plan import Plan
from benchmarks.row import OURS, Row
from benchmarks.worker import ROOT

PROGRAMS = ("examples/stuck/positive_weights.py", "examples/stuck/batch_softmax.py", "examples/healthy.py")
DIAGNOSE = [sys.executable, "-c", "from unstuck.cli import main; main()", "diagnose"]
LOAD = "import sys, runpy; runpy.run_path(sys.argv[1])"

DISTURBED = "examples/stuck/batch_softmax.py"
BUSY_PROCESSES = 2
BUSY = [sys.executable, "-c", "while True: pass"]


@dataclass(frozen=True)
class Diagnosed:
    """wall, processor: seconds; said: the verdict and what was found, as `summary_of` has it."""

    wall: float
    processor: float
    said: str


def measure(plan: Plan) -> Iterator[Row]:
    if OURS not in plan.peers:
        return
    for program in PROGRAMS:
        yield from time_to_report(program, min(2, plan.rounds), plan.limit.environment)
    yield from measure_disturbed(DISTURBED, min(2, plan.rounds), plan.limit.environment)


def time_to_report(program: str, rounds: int, environment: Mapping[str, str]) -> Iterator[Row]:
    first, whole, overhead = [], [], []
    for _ in range(rounds):
        _, loading = seconds_to_lines([sys.executable, "-c", LOAD, program], environment)
        line, report = seconds_to_lines([*DIAGNOSE, program], environment)
        _, examined = seconds_to_lines([*DIAGNOSE, "--no-cures", program], environment)
        first.append(line)
        whole.append(report)
        overhead.append(examined - loading)
    for what, values in (
        ("first line", first),
        ("full report with cures", whole),
        ("examination beyond loading the program", overhead),
    ):
        yield Row("diagnosis", f"{program}: {what}", "s", more_is_better=False, values={OURS: values})


def seconds_to_lines(command: list[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """Seconds until the first line was printed, and until the process ended."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    first = time.perf_counter() - started
    process.stdout.read()
    if process.wait() not in (0, 1, 2):
        raise RuntimeError(f"{' '.join(command[3:])} ended with code {process.returncode}")
    return first, time.perf_counter() - started


def measure_disturbed(program: str, rounds: int, environment: Mapping[str, str]) -> list[Row]:
    """Seconds alone and beside busy processes, in turns; a remark says whether the reports are equal."""
    alone, beside = [], []
    for _ in range(rounds):
        alone.append(diagnose(program, environment))
        with busy_processes(BUSY_PROCESSES):
            beside.append(diagnose(program, environment))
    rows = []
    for how, runs in (("alone", alone), (f"beside {BUSY_PROCESSES} busy processes", beside)):
        for what, values in (
            ("seconds", [run.wall for run in runs]),
            ("seconds of processors", [run.processor for run in runs]),
        ):
            rows.append(Row("diagnosis", f"{program}, {how}: {what}", "s", False, {OURS: values}))
    rows[-1].remark = compare([run.said for run in alone], [run.said for run in beside])
    return rows


def diagnose(program: str, environment: Mapping[str, str]) -> Diagnosed:
    """One report with cures, from the prompt; the processor's seconds include those of every thread and child."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [*DIAGNOSE, "--json", program], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    report = json.loads(process.stdout.read())
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    return Diagnosed(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, summary_of(report))


def summary_of(report: dict[str, Any]) -> str:
    """The verdict, and the code and grade of each finding and note, in their order."""
    found = [f"{finding['code']} {finding['grade']}" for finding in report["findings"]]
    notes = [f"{note['code']} {note['grade']}" for note in report["notes"]]
    return f"{report['verdict']}: {', '.join(found) or 'no finding'}; notes: {', '.join(notes) or 'none'}"


def compare(alone: list[str], beside: list[str]) -> str:
    """Whether all reports say the same, in a sentence without its full stop."""
    said = list(dict.fromkeys(alone + beside))
    if len(said) == 1:
        return f"all {len(alone) + len(beside)} reports, alone and beside others, say: {said[0]}"
    counted = (f"{alone.count(one)} alone and {beside.count(one)} beside others say: {one}" for one in said)
    return "the reports differ: " + "; ".join(counted)


@contextmanager
def busy_processes(n: int) -> Iterator[None]:
    """So many processes that do nothing but take a processor each."""
    processes = [subprocess.Popen(BUSY) for _ in range(n)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()
