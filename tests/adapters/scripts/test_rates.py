"""The rate is read as the author states it, beside any division by the number of examples."""

import pytest

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.study import study

SCRIPT = """
import numpy as np
rng = np.random.RandomState(0)
x, t = rng.rand(20, 3), rng.rand(20, 1)
w = rng.rand(3, 1)
n = len(x)

def update(w, eta):
    g = x.T.dot(x.dot(w) - t)
    return w - {step}

for epoch in range(30):
    w = update(w, 0.4)
"""


@pytest.mark.parametrize(
    "step",
    ["eta * g / n", "(eta / len(x)) * g", "eta * (1 / n) * g", "eta * g", "eta * np.mean(g, axis=1, keepdims=True)"],
)
def test_the_rate_is_what_the_author_states(step: str) -> None:
    update = study(runner(SCRIPT.replace("{step}", step))).reading.update
    assert update is not None
    assert update.learning_rate == pytest.approx(0.4)
