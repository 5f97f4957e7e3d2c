"""From the shell prompt to a saved model of 98 % test accuracy: whole processes, everything they import included."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

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
    with tempfile.TemporaryDirectory() as folder:
        for peers in plan.alternate([peer for peer in plan.peers if peer in COMMANDS]):
            for peer in peers:
                seconds, said = run([*COMMANDS[peer], str(Path(folder) / "model")])
                whole.values.setdefault(peer, []).append(seconds)
                training.values.setdefault(peer, []).append(said["seconds"])
                accuracies.setdefault(peer, []).append(said["test_accuracy"])
    whole.remark = ", ".join(f"{peer} reached {mean(reached):.2%}" for peer, reached in accuracies.items())
    if whole.values:
        yield whole
        yield training


def run(arguments: list[str]) -> tuple[float, dict]:
    """Seconds of a fresh Python process, and the JSON that it printed."""
    printed: list[str] = []

    def process() -> None:
        command = [sys.executable, *arguments]
        printed.append(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout)

    return seconds_of(process), json.loads(printed[0])
