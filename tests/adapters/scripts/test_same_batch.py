"""A loop over batches that takes the same one in each turn is seen; passes over a batch, and whole batches, are not."""

import pytest

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.faults.same_batch import same_batch
from unstuck.adapters.scripts.study import study

PROGRAM = """\
import numpy as np
rng = np.random.RandomState(0)
X = rng.randn(90, 4)
Y = np.eye(2)[(X[:, 0] > 0).astype(int)]
W, b = rng.randn(4, 2) * 0.1, np.zeros(2)
{loops}x, t = {batch}
{indent}p = 1 / (1 + np.exp(-(x @ W + b)))
{indent}W -= 0.1 * x.T @ (p - t) / len(x)
{indent}b -= 0.1 * (p - t).mean(axis=0)
"""
BATCHES = "for epoch in range(20):\n    for i in range(0, 90, 10):\n        "
PASSES = "for i in range(0, 90, 10):\n    for k in range(5):\n        "
ONE_LOOP = "for step in range(200):\n    "


def found(loops, batch):
    indent = " " * (len(loops) - loops.rindex("\n") - 1)
    program = PROGRAM.format(loops=loops, batch=batch, indent=indent)
    studied = study(runner(program))
    return same_batch(runner(program), studied.read, studied.built, 90, studied.reading.update.batch_size)


def test_the_same_batch_in_every_turn_is_told_with_its_line():
    finding = found(BATCHES, "X[0:10], Y[0:10]")
    assert (finding.rule.code, finding.location.line) == ("D14", 8)
    assert finding.evidence == {"taken": 10, "examples": 90}


@pytest.mark.parametrize(
    ("loops", "batch"),
    [
        (BATCHES, "X[i:i + 10], Y[i:i + 10]"),
        (PASSES, "X[i:i + 10], Y[i:i + 10]"),
        (BATCHES, "X, Y"),
        (ONE_LOOP, "X[:10], Y[:10]"),
    ],
)
def test_other_loops_take_other_examples_or_all_or_may_mean_it(loops, batch):
    assert found(loops, batch) is None
