"""Right answers that a script counts where it stands are counted for other examples and labels too."""

import numpy as np
import pytest

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.study import study

PROGRAM = """\
import numpy as np
rng = np.random.RandomState(0)
centers = rng.randn(3, 4) * 2
labels = rng.randint(0, 3, 150)
X = centers[labels] + rng.randn(150, 4)
Xtr, ytr, Xte, yte = X[:100], labels[:100], X[100:], labels[100:]
W, b = rng.randn(4, 3) * 0.1, np.zeros(3)
def forward(x):
    e = np.exp(x @ W + b)
    return e / e.sum(axis=1, keepdims=True)
for epoch in range(20):
    for i in range(0, 100, 10):
        x, t = Xtr[i:i + 10], np.eye(3)[ytr[i:i + 10]]
        p = forward(x)
        W -= 0.1 * x.T @ (p - t) / 10
        b -= 0.1 * (p - t).mean(axis=0)
    {inside}
{behind}
"""


def accuracy_of(inside="pass", behind=""):
    return study(runner(PROGRAM.format(inside=inside, behind=behind))).case


@pytest.mark.parametrize(
    ("inside", "behind"),
    [
        ("print(np.mean(forward(Xte).argmax(axis=1) == yte))", ""),
        ("print('accuracy %.2f' % (forward(Xte).argmax(1) == yte).mean())", ""),
        ("acc = (forward(Xte).argmax(axis=1) == yte).mean()\n    print(epoch, acc)", ""),
        ("pass", "guesses = forward(Xte)\nguesses = guesses.argmax(axis=1)\nprint((guesses == yte).sum() / len(yte))"),
        (
            "pass",
            "right = 0\nfor k in range(len(Xte)):\n    if forward(Xte[k:k + 1]).argmax() == yte[k]:\n"
            "        right += 1\nprint(right / len(Xte))",
        ),
        ("pass", "if True:\n    scores = Xte @ W + b\n    print('right:', np.mean(np.argmax(scores, axis=1) == yte))"),
    ],
)
def test_a_count_in_the_script_is_a_function_of_examples_and_labels(inside, behind):
    case = accuracy_of(inside, behind)
    x = np.asarray(case.x_test)[:30]
    answers = np.asarray(case.predict(x)).argmax(axis=1)
    assert case.accuracy(x, answers) == 1
    assert case.accuracy(x, (answers + 1) % 3) == 0


def test_a_count_follows_the_parameters():
    case = accuracy_of("print(np.mean(forward(Xte).argmax(axis=1) == yte))")
    x = np.asarray(case.x_test)[:30]
    answers = np.asarray(case.predict(x)).argmax(axis=1)
    case.parameters()[0][...] *= -1
    case.parameters()[1][...] *= -1
    assert case.accuracy(x, answers) < 0.5


@pytest.mark.parametrize(
    ("inside", "behind"),
    [
        ("print(np.mean(p.argmax(axis=1) == t.argmax(axis=1)))", ""),  # of the last batch
        ("pass", "print(epoch, np.abs(W).mean())"),
        ("print(np.mean(forward(Xte).argmax(axis=1)[yte == 1] == yte[yte == 1]))", ""),  # of one class
        ("print(np.mean((forward(Xte).argmax(axis=1) == 1) * (yte > 0)))", ""),
        ("loss = -np.log(forward(Xte)[yte == 1]).mean()\n    print(loss)", ""),
    ],
)
def test_what_is_no_count_of_these_examples_is_none(inside, behind):
    assert accuracy_of(inside, behind).accuracy is None


def test_the_line_of_the_comparison_is_known():
    assert accuracy_of("acc = (forward(Xte).argmax(axis=1) == yte).mean()\n    print(acc)").accuracy.line[1] == 17


def test_a_count_of_what_a_training_function_returns_is_none():
    head, loop = PROGRAM.format(inside="pass", behind="").split("for epoch")
    body = "".join(f"    {line}\n" for line in ("for epoch" + loop).splitlines())
    program = f"{head}def train(Xtr, ytr):\n    global W, b\n{body}    return forward\nmodel = train(Xtr, ytr)\n"
    case = study(runner(program + "print(np.mean(model(Xtr).argmax(axis=1) == ytr))")).case
    assert case.accuracy is None
