"""What a proof found to be meant, written in the place of what departs, gives a program whose gradients are right."""

import pytest

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.proof.proving import prove_recorded
from unstuck.adapters.scripts.study import study

PROGRAM = """\
import numpy as np
np.random.seed(0)
X = np.random.rand(60, 6)
Y = np.random.rand(60, 2)

class Net:
    def __init__(self):
        self.w1, self.w2, self.w3 = np.random.randn(6, 5), np.random.randn(5, 5), np.random.randn(5, 2)

    def slope(self, a):
        return 1 - a ** 2

    def step(self, x, y):
        a1 = np.tanh(x @ self.w1)
        a2 = np.tanh(a1 @ self.w2)
        out = np.dot(a2, self.w3)
        loss = 0.5 * np.sum((out - y) ** 2)
        d3 = out - y
        d2 = d3.dot(self.w3.T) * self.slope(a2)
        d1 = np.dot(d2, self.w2.T) * (1 - a1 ** 2)
        self.w3 -= 0.01 * (a2.T @ d3)
        self.w2 -= 0.01 * (a1.T @ d2)
        self.w1 -= 0.01 * np.dot(x.T, d1)
        return loss

net = Net()
for k in range(40):
    print(net.step(X[:20], Y[:20]))
"""


def proved(text):
    found = study(runner(text))
    return prove_recorded(found.recording.tape, found.chains)


def put_in(text, departure):
    """The program with what was meant in the place of what departs."""
    lines, place = text.splitlines(keepends=True), departure["place"]
    line = lines[place["line"] - 1]
    first = place["column"] - 1
    assert line[first:].startswith(place["text"])
    lines[place["line"] - 1] = f"{line[:first]}({departure['meant']}){line[first + len(place['text']) :]}"
    return "".join(lines)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("d1 = np.dot(d2, self.w2.T)", "d1 = np.dot(d2, self.w2)"),
        ("* (1 - a1 ** 2)", "* (1 - a2 ** 2)"),
        ("* (1 - a1 ** 2)", "* (1 - a1)"),
        ("np.dot(d2, self.w2.T) * (1 - a1 ** 2)", "np.dot(d2, self.w2.T)"),
        ("np.dot(x.T, d1)", "np.dot(x.T, d2)"),
    ],
)
def test_what_was_meant_makes_the_gradients_right(right, wrong):
    text = PROGRAM.replace(right, wrong)
    assert proved(PROGRAM).all_right
    found = proved(text).to_dict()["departures"]
    assert [one["meant"] is not None for one in found] == [True]
    assert proved(put_in(text, found[0])).all_right
