"""Training from a mapped file that does not fit the memory that is allowed, and from memory: time, memory, accuracy."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.plan import Plan
from benchmarks.row import Row
from benchmarks.worker import ROOT, peak_memory

MEMORY = 16_000_000  # bytes of inputs
COPIES = 4  # of MNIST: 188 MB
HIDDEN, EPOCHS, BATCH_SIZE = 256, 1, 100


def measure(plan: Plan) -> Iterator[Row]:
    if "unstuck" not in plan.peers:
        return
    rows = [
        Row("out of core", f"{COPIES} x MNIST in memory: epoch", "s", False),
        Row("out of core", f"the same from a file, {MEMORY // 10**6} MB of inputs: epoch", "s", False),
        Row("out of core", "in memory: peak of the process beyond its start", "MB", False),
        Row("out of core", "from a file: peak of the process beyond its start", "MB", False),
        Row("out of core", "in memory, sorted by label: test accuracy", "%", True),
        Row("out of core", "from a file, sorted by label: test accuracy", "%", True),
    ]
    with tempfile.TemporaryDirectory() as folder:
        write_sorted(Path(folder))
        for _ in range(min(2, plan.rounds)):
            for i, how in enumerate(("memory", "file")):
                said = subprocess.run(
                    [sys.executable, "-m", "benchmarks.parts.out_of_core", how, folder],
                    cwd=ROOT,
                    env=plan.limit.environment,
                    check=True,
                    stdout=subprocess.PIPE,
                    text=True,
                ).stdout
                for row, value in zip(rows[i::2], json.loads(said)):
                    row.values.setdefault("unstuck", []).append(value)
    yield from rows


def write_sorted(folder: Path) -> None:
    """The copies of MNIST, all zeros first, then all ones, and so on: the worst order to read blocks in."""
    import unstuck

    data = unstuck.load_mnist()
    order = np.argsort(np.tile(data.y_train, COPIES), kind="stable")
    np.save(folder / "x.npy", np.tile(data.images_train, (COPIES, 1))[order])
    np.save(folder / "y.npy", np.tile(data.y_train, COPIES)[order])
    np.savez(folder / "test.npz", x=data.images_test, y=data.y_test)


def train(how: str, folder: Path) -> tuple[float, float, float]:
    """Seconds, megabytes and test accuracy in percent."""
    import unstuck

    network = unstuck.Network([784, HIDDEN, 10], seed=0)
    before = peak_memory()
    x, y = np.load(folder / "x.npy", mmap_mode="r" if how == "file" else None), np.load(folder / "y.npy")
    optimizer = unstuck.SGD(0.2, 0.9)
    memory = MEMORY if how == "file" else None
    history = unstuck.train(network, (x, y), EPOCHS, BATCH_SIZE, optimizer, "one_cycle", memory=memory)
    peak = peak_memory() - before
    test = np.load(folder / "test.npz")
    return history.seconds, peak, 100 * network.accuracy(test["x"], test["y"])


if __name__ == "__main__":
    print(json.dumps(train(sys.argv[1], Path(sys.argv[2]))))
