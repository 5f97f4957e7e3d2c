"""What distorting the images of an epoch costs, beside the training that it feeds: recipe `best`."""

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.plan import Plan
from benchmarks.row import Row
from benchmarks.worker import seconds_of

EPOCHS = 2


def measure(plan: Plan) -> Iterator[Row]:
    if "unstuck" not in plan.peers:
        return
    import numpy as np

    from unstuck.data import load_mnist
    from unstuck.recipes.recipes import find_recipe
    from unstuck.recipes.runs import run

    data, best = load_mnist(), find_recipe("best")
    distort = best.distortion
    assert distort is not None
    alone = Row("augmentation", "distorting 60,000 images, alone", "s", False)
    plain = Row("augmentation", "recipe best: epoch without distortion", "s", False)
    both = Row("augmentation", "recipe best: epoch with the next one distorted meanwhile", "s", False)
    for _ in range(min(3, plan.rounds)):
        seconds = seconds_of(lambda: distort(data.images_train, np.random.default_rng(0)))
        alone.values.setdefault("unstuck", []).append(seconds)
        for row, recipe in (
            (plain, replace(best, distortion=None, epochs=EPOCHS)),
            (both, replace(best, epochs=EPOCHS)),
        ):
            row.values.setdefault("unstuck", []).append(run(recipe, data).history.seconds / EPOCHS)
    yield from (alone, plain, both)
