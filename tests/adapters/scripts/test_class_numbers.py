"""A class number that chooses one output is the target; the counter of a loop over the outputs is none."""

import pytest

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.study import study

PROGRAM = """\
import numpy as np
np.random.seed(0)
pixels = np.random.rand(60, 4)
kinds = (pixels[:, 0] > 0.5).astype(int)
W1, b1 = np.random.randn(5, 4), np.zeros(5)
W2, b2 = np.random.randn({outputs}, 5), np.zeros({outputs})
for epoch in range(20):
    for pixel, kind in zip(pixels, kinds):
        h = np.tanh(W1 @ pixel + b1)
        z = W2 @ h + b2
        p = np.exp(z - z.max())
        p /= p.sum()
        {error}
        dh = W2.T @ d * (1 - h ** 2)
        W2 -= 0.1 * np.outer(d, h)
        b2 -= 0.1 * d
        W1 -= 0.1 * np.outer(dh, pixel)
        b1 -= 0.1 * dh
"""
TAKEN_OFF = "d = p.copy(); d[kind] -= 1"
OF_LOGARITHM = "d = np.zeros({outputs}); d[int(kind)] = -1 / p[int(kind)]; d = p * (d - d @ p)"


@pytest.mark.parametrize("error", [TAKEN_OFF, OF_LOGARITHM])
@pytest.mark.parametrize("outputs", [2, 3])
def test_the_number_of_a_class_is_the_target(error, outputs):
    studied = study(runner(PROGRAM.format(outputs=outputs, error=error.format(outputs=outputs))))
    assert studied.reading.targets.line == 13
    assert studied.case is not None
    assert studied.case.targets.tolist() == (studied.case.x[:, 0] > 0.5).astype(int).tolist()
    assert studied.case.predict(studied.case.x[:3]).shape == (3, outputs)


def test_a_counter_chooses_no_class():
    error = "t = np.eye(2)[kind]; d = np.array([p[j] - 1 * t[j] for j in range(2)])"
    studied = study(runner(PROGRAM.format(outputs=2, error=error)))
    assert studied.case is None or studied.case.targets.ndim == 2 or studied.case.targets.max() <= 1
