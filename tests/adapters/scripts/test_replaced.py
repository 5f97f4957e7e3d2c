"""Weights that their step replaces, where it is to move them."""

import pytest

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.faults.replaced import replaced_by_steps
from unstuck.adapters.scripts.study import study

PROGRAM = """\
import numpy as np
rng = np.random.RandomState(0)
X, T = rng.randn(20, 3), rng.randn(20, 2)
W1, b1, W2, b2 = rng.randn(3, 4), np.zeros((1, 4)), rng.randn(4, 2), np.zeros((1, 2))
V, H = np.zeros((4, 2)), np.zeros((20, 4))
for epoch in range(30):
    A = np.tanh(X @ W1 + b1)
    Y = A @ W2 + b2
    E = (Y - T) / len(X)
    D = (E @ W2.T) * (1 - A ** 2)
    {first}
    {second}
    b2 -= 0.1 * E.sum(axis=0, keepdims=True)
    b1 -= 0.1 * D.sum(axis=0, keepdims=True)
"""
MOVED = "W1 -= 0.1 * X.T @ D", "W2 -= 0.1 * A.T @ E"


def lines(first, second):
    studied = study(runner(PROGRAM.format(first=first, second=second)))
    return [finding.location.line for finding in replaced_by_steps(studied.recording.tape, studied.chains)]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("W1 =+ 0.1 * X.T @ D", MOVED[1], [11]),
        (MOVED[0], "W2 = -0.1 * (A.T @ E)", [12]),
        ("W1 =- 0.1 * X.T @ D", "W2 =- 0.1 * A.T @ E", [11, 12]),
    ],
)
def test_a_step_in_the_place_of_the_weights(first, second, expected):
    assert lines(first, second) == expected


@pytest.mark.parametrize(
    ("first", "second"),
    [
        MOVED,
        ("W1 = W1 - 0.1 * X.T @ D", "V = 0.9 * V - 0.1 * A.T @ E; W2 = W2 + V"),
        (MOVED[0], "W2 = np.linalg.lstsq(A, T - b2, rcond=None)[0]"),
        ("W1 = (W1 - 0.1 * X.T @ D) / np.linalg.norm(W1)", MOVED[1]),
    ],
)
def test_weights_that_are_moved_or_solved_for(first, second):
    assert lines(first, second) == []
