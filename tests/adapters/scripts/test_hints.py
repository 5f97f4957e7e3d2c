"""Hints say what is true of a script and often the way to its fault; of a healthy script they say nothing."""

import re

import pytest

from tests.adapters.scripts.drawn import STYLES, draw
from tests.adapters.scripts.watched import NAME, runner
from unstuck.adapters.scripts.study import study
from unstuck.adapters.scripts.text.unused import unused

SCRIPT = """\
import numpy as np
np.random.seed(0)
X = np.random.rand(60, 4) * 200
mean = X.mean(axis=0)
kind = (X[:, 0] > mean[0]).astype(int)
Y = np.eye(2)[kind]
rate = 0.1
W1, b1 = np.random.randn(4, 5), np.zeros(5)
W2, b2 = np.random.randn(5, 2), np.zeros(2)
for epoch in range(5):
    for k in range(0, 60, 10):
        x, y = X[k:k + 10], Y[k:k + 10]
        h = np.tanh(x @ W1 + b1)
        p = 1 / (1 + np.exp(-(h @ W2 + b2)))
        d2 = (p - y) / 10
        d1 = d2 @ W2.T * (1 - h ** 2)
        W2 = W2 - rate * h.T @ d2
        b2 = b2 - rate * d2.sum(axis=0)
        W1 = W1 - rate * x.T @ d1
        b1 = b1 - rate * d1.sum(axis=0)
print(np.mean(p.argmax(1) == y.argmax(1)))
"""
CHANGES = {
    "a scaled copy that nothing uses": (
        ("mean = X.mean(axis=0)\n", "mean = X.mean(axis=0)\nX_scaled = (X - mean) / X.std(axis=0)\n"),
        "X_scaled, 60 x 4, is computed and never used",
        5,
    ),
    "a setting that nothing reads": (
        ("rate = 0.1\n", "rate = 0.1\nepochs = 500\n"),
        "epochs = 500 is set and never read",
        8,
    ),
    "an error that is thrown away": (
        ("        d1 = d2 @", "        hidden_error = d2 @ W2.T\n        d1 = d2 @"),
        "hidden_error, 10 x 5, is computed and never used",
        16,
    ),
    "a matrix that no update changes": (
        ("        W2 = W2 - rate * h.T @ d2\n", ""),
        "drawn at random and used by the network, and no update changes it",
        9,
    ),
    "a bias that broadcasts": (
        ("d2.sum(axis=0)", "d2"),
        "this update makes an array of 2 one of 10 x 2",
        18,
    ),
    "examples that are not visited": (
        ("for k in range(0, 60, 10)", "for k in range(0, 10, 10)"),
        "5 updates on 10 examples visit at most 50 of 60",
        10,
    ),
}


def told(text):
    return [(hint["line"], hint["what"]) for hint in study(runner(text)).reading.hints]


def test_nothing_is_said_of_a_healthy_script():
    assert told(SCRIPT) == []


@pytest.mark.parametrize("name", CHANGES)
def test_a_hint_is_told_on_its_line(name):
    (old, new), what, line = CHANGES[name]
    assert old in SCRIPT
    assert (line, what) in told(SCRIPT.replace(old, new))


def test_targets_that_broadcast_against_the_outputs_are_told():
    text = re.sub(r"Y = .*", "Y = kind", SCRIPT).replace("(5, 2), np.zeros(2)", "(5, 1), np.zeros(1)")
    text = text.replace("(p - y) / 10", "(p - y).mean(axis=1, keepdims=True) / 10").replace("y.argmax(1)", "y")
    assert (15, "outputs and targets broadcast: 10 x 1 and 10 give 10 x 10") in told(text)


@pytest.mark.parametrize("number", range(12))
def test_nothing_false_is_said_of_drawn_healthy_scripts(number):
    assert told(draw(3000 + number, "healthy").text) == [], STYLES[number % len(STYLES)]


# -- from the source alone ---------------------------------------------------------------------------------------------


def names(text):
    return [each.name for each in unused({NAME: text})]


def test_an_argument_that_a_function_never_reads():
    text = "def fit(x, rate=0.1, epochs=5):\n    return x * rate\nfit(3, 0.5)\n"
    assert [(each.name, each.function, each.line) for each in unused({NAME: text})] == [("epochs", "fit", 1)]


@pytest.mark.parametrize(
    "text",
    [
        "def slope(z, a):\n    return a\nslope(x, y)\n",  # no setting: one of a family of functions
        "class A:\n    def back(self, g, rate):\n        return g\nclass B:\n    def back(self, g, rate):\n"
        "        return g * rate\nA().back(x, 0.1)\nB().back(x, 0.1)\n",
        "def f(x, rate=0.1):\n    return x\nuse(f)\nf(1)\n",
        "def f(x, rate=0.1):\n    raise NotImplementedError\nf(1)\n",
        "def f(x, rate=0.1):\n    return x\n",
    ],
)
def test_an_argument_that_others_may_want_is_not_told(text):
    assert names(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "a = 1\nprint(locals())\n",
        "a = 1\nprint(f'{a}')\n",
        "a = 1\ndef f():\n    return a\n",
        "a, b = f()\nprint(a)\n",
        "for a in range(3):\n    pass\n",
        "_ = f()\n",
        "class Net:\n    rate = 0.1\n    def f(self):\n        return self.rate\n",
        "class Net:\n    def __init__(self):\n        self.rate = 0.1\nprint(getattr(Net(), 'rate'))\n",
        "class Net(Base):\n    def __init__(self):\n        self.rate = 0.1\n",
        "import helper\nhelper.rate = 0.1\n",
    ],
)
def test_what_may_be_read_is_not_told(text):
    assert names(text) == []


def test_attributes_and_settings_that_nothing_reads():
    text = "class Net:\n    def __init__(self, rate):\n        self.rate = rate\n        self.size = 3\n"
    assert [(each.kind, each.name) for each in unused({NAME: text})] == [
        ("attribute", "self.rate"),
        ("setting", "self.size"),
    ]


def test_modules_beside_the_script_may_read_its_names():
    assert unused({"a.py": "rate = 0.1\n", "b.py": "from a import rate\n"}) == []
