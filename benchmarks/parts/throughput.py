"""Training throughput at six sizes, plain gradient descent and momentum."""

import time
from collections.abc import Iterator

from benchmarks.plan import Plan
from benchmarks.row import Row
from benchmarks.sizes import Size
from benchmarks.worker import Worker

LARGEST = 60_000
LONG = 6  # times as long for a network of more than ten million operations an example: it has much to set up
PAUSE = 0.25  # seconds, in which threads of the library measured before stop waiting for more work


def measure(plan: Plan) -> Iterator[Row]:
    with plan.workers() as workers:
        for size in plan.sizes:
            n_images: dict[str, int] = {}
            for momentum in plan.momenta:
                row, n_images = measure_size(plan, workers, size, momentum, n_images)
                yield row


def measure_size(
    plan: Plan, workers: dict[str, Worker], size: Size, momentum: float, n_images: dict[str, int]
) -> tuple[Row, dict[str, int]]:
    """The row, and on how many images each peer trains in the seconds of the plan; begins with those that are known."""
    row = Row("throughput", f"{size.label}, {'momentum' if momentum else 'plain'}", "images/s", more_is_better=True)
    seconds = plan.seconds * (LONG if size.operations > 10_000_000 else 1)
    found = {}
    for peer in [peer for peer in workers if peer not in plan.skipped]:
        with plan.reporting(peer):
            n = n_images.get(peer, 2 * size.batch_size)
            found[peer] = prepare(workers[peer], size, momentum, seconds, n)
    for peer in plan.turns(list(found)):
        with plan.reporting(peer, row):
            time.sleep(PAUSE)
            row.values.setdefault(peer, []).append(workers[peer].ask("throughput"))
    return row, found


def prepare(worker: Worker, size: Size, momentum: float, seconds: float, n: int) -> int:
    """Build with as many images as the library trains on in so many seconds: n at first, and more if that is fewer."""
    settings = list(size.hidden), size.batch_size, size.learning_rate, momentum
    worker.ask("build", *settings, n)
    while n < LARGEST:
        n_now = min(LARGEST, max(n, int(worker.ask("throughput") * seconds)) // size.batch_size * size.batch_size)
        if n_now < 1.5 * n:
            break
        n = n_now
        worker.ask("build", *settings, n)
    return n
