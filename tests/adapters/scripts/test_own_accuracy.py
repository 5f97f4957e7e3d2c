"""The accuracy that a script computes is called with other examples, in the form in which the script has its own."""

import linecache
import types

import numpy as np
import pytest

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.replay.data_sets import DataSet
from unstuck.adapters.scripts.replay.own_accuracy import own_accuracy
from unstuck.adapters.scripts.study import study

X = np.arange(24.0).reshape(8, 3)
LABELS = np.array([0, 1, 2, 1, 0, 2, 2, 1])
ROWS = np.eye(3)[LABELS]
PROGRAM = """
def score(x, t):
    seen.append((x, t))
    return np.mean(guess(x) == t)
print('right', {call})
"""


def found(call, **scope):
    seen = []
    scope |= {"score": lambda *arguments: seen.append(arguments) or 0.5}
    accuracy = own_accuracy(PROGRAM.format(call=call), scope, [DataSet(X, ROWS, ("x", "t"), len(X))])
    return accuracy, seen


@pytest.mark.parametrize(
    ("x", "t", "x_made", "t_made"),
    [
        (X, LABELS, X[:2], [1, 2]),
        (X, ROWS, X[:2], [[0, 1, 0], [0, 0, 1]]),
        (X.T, ROWS.T, X[:2].T, [[0, 0], [1, 0], [0, 1]]),
        (X.reshape(8, 3, 1), LABELS[:, None], X[:2].reshape(2, 3, 1), [[1], [2]]),
        (X.tolist(), LABELS.tolist(), X[:2], [1, 2]),
    ],
)
def test_examples_are_handed_over_as_the_script_does(x, t, x_made, t_made):
    accuracy, seen = found("score(x, t)", x=x, t=t)
    for labels in (np.array([1, 2]), np.eye(3)[[1, 2]]):
        assert accuracy(X[:2], labels) == 0.5
        given, targets = seen.pop()
        assert type(given) is type(x)
        assert np.array_equal(given, x_made)
        assert np.array_equal(targets, t_made)


def test_what_else_the_call_takes_stays_as_it_is():
    accuracy, seen = found("score(settings.weights, x, t)", x=X, t=LABELS, settings=types.SimpleNamespace(weights="w"))
    accuracy(X[:1], np.array([2]))
    assert seen[0][0] == "w"


@pytest.mark.parametrize("call", ["score(x)", "score(t, t)", "score(x[:3], t)", "score(x, other)", "mean(x, t)"])
def test_a_call_that_does_not_take_the_examples_and_their_labels_is_none(call):
    assert found(call, x=X, t=LABELS, other=LABELS[::-1].copy())[0] is None


def test_the_line_that_returns_the_count_is_known():
    text = "import numpy as np\n" + PROGRAM.format(call="score(x, t)").replace(
        "    seen.append((x, t))\n", "    t = t\n"
    )
    linecache.cache["counted.py"] = (len(text), None, text.splitlines(keepends=True), "counted.py")
    scope = {"x": X, "t": LABELS, "guess": lambda x: LABELS[: len(x)]}
    exec(compile(text, "counted.py", "exec"), scope)
    accuracy = own_accuracy(text, scope, [DataSet(X, ROWS, ("x", "t"), len(X))])
    assert accuracy.line == ("counted.py", 5)


TRAINED = """\
import numpy as np
rng = np.random.RandomState(0)
X = rng.randn(60, 3)
y = (X[:, 0] > 0).astype(float).reshape(-1, 1)
class Model:
    def __init__(self):
        self.w, self.b = rng.randn(3, 1), np.zeros(1)
    def fit(self, x, t):
        for epoch in range(50):
            p = 1 / (1 + np.exp(-(x @ self.w + self.b)))
            self.w -= 0.5 * x.T @ (p - t) / len(x)
            self.b -= 0.5 * (p - t).mean(axis=0)
        return self
    def score(self, x, t):
        return np.mean((x @ self.w + self.b > 0) == t)
def train(x, t):
    weights, bias = rng.randn(3, 1), np.zeros(1)
    for epoch in range(50):
        p = 1 / (1 + np.exp(-(x @ weights + bias)))
        weights -= 0.5 * x.T @ (p - t) / len(x)
        bias -= 0.5 * (p - t).mean(axis=0)
    return weights, bias
def score(x, t, w, b):
    return np.mean((x @ w + b > 0) == t)
"""
AT_ONCE = """\
class Trained(Model):
    def __init__(self, x, t):
        super().__init__()
        self.fit(x, t)
net = Trained(X, y)
print(net.score(X, y))"""


@pytest.mark.parametrize(
    "behind",
    [
        "net = Model().fit(X, y)\nprint(net.score(X, y))",
        AT_ONCE,
        "w, b = train(X, y)\nprint(score(X, y, w, b))",
    ],
)
def test_the_accuracy_of_what_comes_out_of_the_training(behind):
    case = study(runner(f"{TRAINED}{behind}\n")).case
    answers = (np.asarray(case.predict(case.x)) > 0.5).astype(int)[:, 0]
    assert case.accuracy(case.x, answers) == 1
    assert case.accuracy(case.x, 1 - answers) == 0
