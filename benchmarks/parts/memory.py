"""Peak memory of a process that trains an epoch on MNIST, the library itself included."""

from collections.abc import Iterator

from benchmarks.plan import Plan
from benchmarks.row import Row
from benchmarks.sizes import SIZES

SIZE = SIZES[2]


def measure(plan: Plan) -> Iterator[Row]:
    row = Row("memory", f"peak while training {SIZE.label}", "MB", more_is_better=False)
    with plan.workers() as workers:
        for peer, worker in workers.items():
            with plan.reporting(peer):
                worker.ask("build", list(SIZE.hidden), SIZE.batch_size, SIZE.learning_rate, 0.9, 60_000)
                row.values[peer] = [worker.ask("peak_memory")]
    yield row
