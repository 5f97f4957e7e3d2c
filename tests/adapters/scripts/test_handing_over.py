"""A Case of a script has its steps as they follow each other, and targets for what they are."""

import numpy as np
import pytest

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.study import study

ADAM = """\
import numpy as np
rng = np.random.RandomState(0)
X = rng.randn(40, 3)
T = X @ np.ones((3, 1))
w, m, v = rng.randn(3, 1), np.zeros((3, 1)), np.zeros((3, 1))
for t in range(1, 101):
    g = X.T @ (X @ w - T) / 40
    m = 0.9 * m + 0.1 * g
    v = 0.99 * v + 0.01 * g ** 2
    w = w - 0.1 * (m / (1 - 0.9 ** t)) / (np.sqrt(v / (1 - 0.99 ** t)) + 1e-8)
"""


def test_the_counter_of_the_loop_goes_on_from_step_to_step():
    case = study(runner(ADAM)).case
    scope: dict = {}
    exec(ADAM.replace("101", "4"), scope)
    for _ in range(3):
        case.step(case.x, case.targets)
    assert np.array_equal(case.parameters()[0], scope["w"])


NUMBERS = """\
import numpy as np
rng = np.random.RandomState(0)
X = rng.rand(300, 3)
y = {targets}
w, b = np.zeros(3), 0.0
for epoch in range(50):
    error = np.exp(X @ w + b) - y
    w = w - 0.1 * X.T @ error / 300
    b = b - 0.1 * error.mean()
"""


@pytest.mark.parametrize(
    ("targets", "of_classes"), [("rng.poisson(3.0, 300)", False), ("rng.randint(0, 10, 300)", True)]
)
def test_counts_of_something_are_no_numbers_of_classes(targets, of_classes):
    case = study(runner(NUMBERS.format(targets=targets))).case
    assert (np.ndim(case.targets) == 1) == of_classes
