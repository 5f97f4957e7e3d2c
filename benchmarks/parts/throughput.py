"""Training throughput at six sizes, plain gradient descent and momentum."""

import time
from collections.abc import Iterator

from benchmarks.plan import Plan
from benchmarks.row import Row
from benchmarks.sizes import Size
from benchmarks.worker import Worker

LARGEST = 60_000
LONG = 12  # times as long for a network of more than ten million operations an example: it has much to set up
PAUSE = 0.25  # seconds, in which threads of the library measured before stop waiting for more work


def measure(plan: Plan) -> Iterator[Row]:
    with plan.workers() as workers:
        for size in plan.sizes:
            for momentum in plan.momenta:
                yield measure_size(plan, workers, size, momentum)


def measure_size(plan: Plan, workers: dict[str, Worker], size: Size, momentum: float) -> Row:
    row = Row("throughput", f"{size.label}, {'momentum' if momentum else 'plain'}", "images/s", more_is_better=True)
    prepared = {}
    for peer, worker in workers.items():
        if peer in plan.skipped:
            continue
        with plan.reporting(peer):
            prepare(worker, size, momentum, plan.seconds * (LONG if size.operations > 10_000_000 else 1))
            prepared[peer] = worker
    for peer in plan.turns(list(prepared)):
        with plan.reporting(peer, row):
            time.sleep(PAUSE)
            row.values.setdefault(peer, []).append(prepared[peer].ask("throughput"))
    return row


def prepare(worker: Worker, size: Size, momentum: float, seconds: float) -> None:
    """Build with as many images as the library trains on in so many seconds."""
    n = 2 * size.batch_size
    settings = list(size.hidden), size.batch_size, size.learning_rate, momentum
    worker.ask("build", *settings, n)
    while n < LARGEST:
        n_now = min(LARGEST, max(n, int(worker.ask("throughput") * seconds)) // size.batch_size * size.batch_size)
        if n_now < 1.5 * n:
            return
        n = n_now
        worker.ask("build", *settings, n)
