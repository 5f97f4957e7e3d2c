"""From the shell prompt to a saved model of 98 % test accuracy: whole processes, everything they import included."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import mean

from benchmarks.limits import BEST
from benchmarks.plan import Plan
from benchmarks.row import Row
from benchmarks.worker import ROOT, seconds_of

COMMANDS = {
    "unstuck": ["-c", "from unstuck.cli import main; main()", "train", "--json", "--out"],
    "pytorch": ["-m", "benchmarks.prompt_pytorch"],
}


def measure(plan: Plan) -> Iterator[Row]:
    whole = Row("prompt", "from the prompt to a saved model of 98 %", "s", more_is_better=False)
    training = Row("prompt", "of which training", "s", more_is_better=False)
    accuracies: dict[str, list[float]] = {}
    if plan.limit.isa != BEST:
        keep_to_limit(plan)
    with tempfile.TemporaryDirectory() as folder:
        for peer in plan.turns([peer for peer in plan.peers if peer in COMMANDS]):
            seconds, said = run([*COMMANDS[peer], str(Path(folder) / "model")], plan.limit.environment)
            whole.values.setdefault(peer, []).append(seconds)
            training.values.setdefault(peer, []).append(said["seconds"])
            accuracies.setdefault(peer, []).append(said["test_accuracy"])
    whole.remark = ", ".join(f"{peer} reached {mean(reached):.2%}" for peer, reached in accuracies.items())
    if whole.values:
        yield whole
        yield training


def keep_to_limit(plan: Plan) -> None:
    """Skips the peers whose training is not kept to the limit: in the processes measured here nobody looks."""
    with plan.workers(only=tuple(COMMANDS)) as workers:
        for peer, worker in workers.items():
            with plan.reporting(peer):
                worker.ask("build", [256], 100, 0.1, 0.9, 6000)
                worker.ask("throughput")


def run(arguments: list[str], environment: Mapping[str, str]) -> tuple[float, dict]:
    """Seconds of a fresh Python process, and the JSON that it printed."""
    printed: list[str] = []

    def process() -> None:
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        printed.append(done.stdout)

    return seconds_of(process), json.loads(printed[0])
