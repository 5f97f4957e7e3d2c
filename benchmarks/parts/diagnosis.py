"""Seconds to a diagnosis, from the prompt: of programs that are stuck, and of one that is healthy."""

import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.plan import Plan
from benchmarks.row import Row
from benchmarks.worker import ROOT

PROGRAMS = ("examples/stuck/positive_weights.py", "examples/stuck/batch_softmax.py", "examples/healthy.py")
DIAGNOSE = [sys.executable, "-c", "from unstuck.cli import main; main()", "diagnose"]
LOAD = "import sys, runpy; runpy.run_path(sys.argv[1])"


def measure(plan: Plan) -> Iterator[Row]:
    if "unstuck" not in plan.peers:
        return
    for program in PROGRAMS:
        first, whole, overhead = [], [], []
        for _ in range(min(2, plan.rounds)):
            _, loading = seconds_to_lines([sys.executable, "-c", LOAD, program])
            line, report = seconds_to_lines([*DIAGNOSE, program])
            _, examined = seconds_to_lines([*DIAGNOSE, "--no-cures", program])
            first.append(line)
            whole.append(report)
            overhead.append(examined - loading)
        for what, values in (
            ("first line", first),
            ("full report with cures", whole),
            ("examination beyond loading the program", overhead),
        ):
            yield Row("diagnosis", f"{program}: {what}", "s", more_is_better=False, values={"unstuck": values})


def seconds_to_lines(command: list[str]) -> tuple[float, float]:
    """Seconds until the first line was printed, and until the process ended."""
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    first = time.perf_counter() - started
    process.stdout.read()
    if process.wait() not in (0, 1, 2):
        raise RuntimeError(f"{' '.join(command[3:])} ended with code {process.returncode}")
    return first, time.perf_counter() - started
