"""A script that takes its examples as they come is walked like that; one that shuffles them, or whose order says
nothing, is not."""

import numpy as np
import pytest

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.study import study

SCRIPT = """\
import numpy as np
np.random.seed(0)
y = {labels}
X = np.random.rand(60, 4) + y[:, None]
Y = np.eye(3)[y]
W, b = np.random.randn(4, 3), np.zeros(3)
for epoch in range(50):
    order = {order}
    for k in range(0, 60, 10):
        x, t = X[order[k:k + 10]], Y[order[k:k + 10]]
        p = 1 / (1 + np.exp(-(x @ W + b)))
        W -= 0.1 * x.T @ (p - t)
        b -= 0.1 * (p - t).sum(axis=0)
"""
SORTED, MIXED = "np.repeat([0, 1, 2], 20)", "np.tile([0, 1, 2], 20)"


def studied(labels, order):
    return study(runner(SCRIPT.format(labels=labels, order=order)))


def test_a_walk_in_order_is_the_scripts_own_steps_batch_by_batch():
    case = studied(SORTED, "np.arange(60)").case
    weights = case.parameters()[0]
    before = weights.copy()
    case.train(case.x[:20], case.targets[:20])
    by_walk = weights.copy()
    weights[...] = before
    case.parameters()[1][...] = 0
    for k in (0, 10):
        case.step(case.x[k : k + 10], case.targets[k : k + 10])
    assert np.array_equal(by_walk, weights)
    assert not np.array_equal(by_walk, before)


@pytest.mark.parametrize(("labels", "order"), [(SORTED, "np.random.permutation(60)"), (MIXED, "np.arange(60)")])
def test_a_walk_that_is_shuffled_or_cannot_matter_is_none(labels, order):
    assert studied(labels, order).case.train is None


def test_a_first_batch_of_one_class_is_told_from_biases_of_zero():
    built = studied(SORTED, "np.arange(60)").built
    assert built.faithful
    assert built.next_too
