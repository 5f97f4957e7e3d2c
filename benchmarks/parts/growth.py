"""How the time of an epoch grows: seconds ~ (examples, width, batch size) to the power that is fitted here."""

from collections.abc import Iterator

import numpy as np

from benchmarks.plan import Plan
from benchmarks.row import Row
from benchmarks.sizes import Size
from benchmarks.worker import Worker

SWEEPS = {  # what grows: (its values, the network and the number of examples at each)
    "examples": [(n, Size((256,), 100, 0.01), n) for n in (7_500, 15_000, 30_000, 60_000)],
    "width": [(n, Size((n, n), 100, 0.01), 6_000) for n in (128, 256, 512, 1024)],
    "batch": [(n, Size((256,), n, 0.01), 20_000) for n in (10, 40, 160, 640)],
}


def measure(plan: Plan) -> Iterator[Row]:
    with plan.workers(only=("unstuck", "pytorch", "jax")) as workers:
        for what, points in SWEEPS.items():
            row = Row("growth", f"exponent of time by {what}", "", more_is_better=False)
            row.remark = f"{points[0][0]:,} to {points[-1][0]:,}"
            for peer, worker in workers.items():
                if peer in plan.skipped:
                    continue
                with plan.reporting(peer):
                    seconds = [seconds_of_epoch(worker, size, n) for _, size, n in points]
                    slope, _ = np.polyfit(np.log([value for value, _, _ in points]), np.log(seconds), 1)
                    row.values[peer] = [float(slope)]
            yield row


def seconds_of_epoch(worker: Worker, size: Size, n_images: int) -> float:
    worker.ask("build", list(size.hidden), size.batch_size, size.learning_rate, 0.9, n_images)
    return min(n_images / worker.ask("throughput") for _ in range(2))
