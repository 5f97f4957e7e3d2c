"""What distorting the images of an epoch costs, beside the training that it feeds: recipe `best`."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

from benchmarks.plan import Plan
from benchmarks.row import OURS, Row
from benchmarks.worker import ROOT, seconds_of

EPOCHS = 2


def measure(plan: Plan) -> Iterator[Row]:
    if OURS not in plan.peers:
        return
    rows = [
        Row("augmentation", "distorting 60,000 images, alone", "s", False),
        Row("augmentation", "recipe best: epoch without distortion", "s", False),
        Row("augmentation", "recipe best: epoch with the next one distorted meanwhile", "s", False),
    ]
    command = [sys.executable, "-m", "benchmarks.parts.augmentation", str(min(2, plan.rounds))]
    said = subprocess.run(
        command, cwd=ROOT, env=plan.limit.environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    for row, values in zip(rows, json.loads(said)):
        row.values[OURS] = values
    yield from rows


def seconds_of_rounds(rounds: int) -> list[list[float]]:
    """Seconds of distorting alone, of a plain epoch, and of one beside distorting: a value a round of each."""
    import numpy as np

    from unstuck.data import load_mnist
    from unstuck.recipes.recipes import find_recipe
    from unstuck.recipes.runs import run

    data, best = load_mnist(), find_recipe("best")
    distort = best.distortion
    assert distort is not None
    alone, plain, both = [], [], []
    for _ in range(rounds):
        alone.append(seconds_of(lambda: distort(data.images_train, np.random.default_rng(0))))
        plain.append(run(replace(best, distortion=None, epochs=EPOCHS), data).history.seconds / EPOCHS)
        both.append(run(replace(best, epochs=EPOCHS), data).history.seconds / EPOCHS)
    return [alone, plain, both]


if __name__ == "__main__":
    print(json.dumps(seconds_of_rounds(int(sys.argv[1]))))
