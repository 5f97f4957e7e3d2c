"""Predictions of a trained network: one image at a time, and ten thousand at once."""

from collections.abc import Iterator

from benchmarks.plan import Plan
from benchmarks.row import Row

LAYERS = (784, 256, 10)


def measure(plan: Plan) -> Iterator[Row]:
    one = Row("inference", "one image, 784-256-10", "µs", more_is_better=False)
    many = Row("inference", "10,000 images, 784-256-10", "images/s", more_is_better=True)
    with plan.workers() as workers:
        for peer in list(workers):
            with plan.reporting(peer):
                workers[peer].ask("build_prediction", LAYERS)
                workers[peer].ask("latency", 1, 3)
                workers[peer].ask("latency", 10_000, 1)
                continue
            del workers[peer]
        for peer in plan.turns(list(workers)):
            with plan.reporting(peer, one, many):
                one.values.setdefault(peer, []).append(1e6 * workers[peer].ask("latency", 1, 200))
                many.values.setdefault(peer, []).append(10_000 / workers[peer].ask("latency", 10_000, 5))
    yield from (one, many)
