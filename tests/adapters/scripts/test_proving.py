"""Right gradients are proved right also where an accumulator keeps a share; wrong ones are not excused by it."""

import numpy as np

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.examine import study
from unstuck.adapters.scripts.proving import prove_recorded

KEPT = """\
import numpy as np
np.random.seed(0)
X = np.random.rand(200, 6)
Y = np.random.rand(200, 2)
W1, W2 = np.random.randn(6, 5), np.random.randn(5, 2)
G1, G2 = np.zeros((6, 5)), np.zeros((5, 2))
for k in range(200):
    x, y = X[k:k + 1], Y[k:k + 1]
    h = np.tanh(x @ W1)
    d2 = {error}
    G2 += h.T @ d2
    G1 += x.T @ (d2 @ W2.T * {slope})
    if k % 10 == 9:
        G1 *= 0.1
        G2 *= 0.1
        W1 -= G1
        W2 -= G2
"""


def proved(text):
    found = study(runner(text))
    return prove_recorded(found.recording.tape, found.chains)


def test_what_an_accumulator_keeps_is_no_wrong_derivative():
    found = proved(KEPT.format(error="h @ W2 - y", slope="(1 - h ** 2)"))
    assert found.wrong is None
    assert found.all_right


def test_a_wrong_derivative_in_an_accumulator_is_one():
    found = proved(KEPT.format(error="h @ W2 - y", slope="(1 - h)"))
    assert [verdict.parameter.before[0].value.shape for verdict in found.first.wrong] == [(6, 5)]
    assert np.isfinite(found.first.wrong[0].residual)
