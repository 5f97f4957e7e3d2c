"""Functions that read other examples than they are given, and answers held against the labels of another set."""

import pytest

from tests.adapters.scripts.watched import NAME, runner
from unstuck.adapters.scripts.faults.answering import reads_others
from unstuck.adapters.scripts.study import study

PROGRAM = """\
import numpy as np
rng = np.random.RandomState(0)
centers = rng.randn(3, 4) * 2
labels = rng.randint(0, 3, 100)
X = centers[labels] + rng.randn(100, 4)
X_train, y_train, X_test, y_test = X[:50], labels[:50], X[50:], labels[50:]
W, b = rng.randn(4, 3) * 0.1, np.zeros(3)
{functions}
for epoch in range(20):
    for i in range(50):
        x, t = X_train[i], np.eye(3)[y_train[i]]
        e = np.exp(x @ W + b)
        p = e / e.sum()
        W -= 0.1 * np.outer(x, p - t)
        b -= 0.1 * (p - t)
{behind}
"""
PREDICT = "def predict(inputs):\n    return np.argmax({} @ W + b, axis=-1)"


def seen(functions, behind):
    text = PROGRAM.format(functions=functions, behind=behind)
    run = runner(text)
    studied = study(run)
    other = reads_others(run, studied.recording, studied.loop, {NAME: text}, studied.case, 30.0)
    return [finding.location.text for finding in (other, *studied.apart) if finding is not None]


@pytest.mark.parametrize(
    ("functions", "behind", "line"),
    [
        (PREDICT.format("X_train"), "print(predict(X_test))", "return np.argmax(X_train @ W + b, axis=-1)"),
        (
            f"def same(f):\n    return f\n@same\n{PREDICT.format('X_train')}",
            "print(predict(X_test))",
            "return np.argmax(X_train @ W + b, axis=-1)",
        ),
        (PREDICT.format("x"), "print([predict(row) for row in X_test])", "return np.argmax(x @ W + b, axis=-1)"),
        (
            "def predict(inputs):\n    return [np.argmax(x @ W + b) for _ in range(len(inputs))]",
            "print(predict(X_test))",
            "return [np.argmax(x @ W + b) for _ in range(len(inputs))]",
        ),
    ],
)
def test_a_function_that_reads_other_examples_than_it_is_given(functions, behind, line):
    assert seen(functions, behind) == [line]


@pytest.mark.parametrize(
    ("functions", "behind"),
    [
        (PREDICT.format("inputs"), "print(predict(X_test))"),
        (PREDICT.format("X_train"), "print(predict(X_train))"),  # the same examples, whatever it calls them
        (PREDICT.format("x"), "for x in X_test:\n    print(predict(x))"),
        ("def cost(inputs):\n    return np.mean((np.eye(3)[y_train] - p) ** 2)", "print(cost(X_train))"),
        ("def count(inputs):\n    return len(inputs) + W.size", "print(count(X_test))"),
    ],
)
def test_a_function_that_reads_what_it_is_given(functions, behind):
    assert seen(functions, behind) == []


ANSWERS = PREDICT.format("inputs")


@pytest.mark.parametrize(
    "behind",
    [
        "print(np.mean(predict(X_train) == y_test))",
        "guesses = predict(X_test)\nprint('accuracy', (guesses == y_train).mean())",
        "right = 0\nfor x, y in zip(X_train, y_test):\n    right += predict(x) == y\nprint(right / 50)",
        "right = 0\nfor k in range(50):\n    if predict(X_train[k]) == y_test[k]:\n        right += 1\nprint(right)",
    ],
)
def test_answers_held_against_the_labels_of_another_set(behind):
    (line,) = seen(ANSWERS, behind)
    assert "==" in line


def test_a_function_that_counts_is_given_the_labels_of_another_set():
    counts = f"{ANSWERS}\ndef score(inputs, wanted):\n    return np.mean(predict(inputs) == wanted)"
    assert seen(counts, "print(score(X_train[:20], y_test[:20]))") == ["print(score(X_train[:20], y_test[:20]))"]
    assert seen(counts, "print(score(X_train, y_train), score(X_test, y_test))") == []


@pytest.mark.parametrize(
    "behind",
    [
        "print(np.mean(predict(X_test) == y_test))\nprint(np.mean(predict(X_train) == y_train))",
        "print(np.mean(predict(X_test - X_train.mean(axis=0)) == y_test))",
        "print(np.mean(y_train == y_test))",
        "both = np.concatenate([y_train, y_test])\nprint(np.mean(predict(X) == both))",
    ],
)
def test_answers_held_against_their_own_labels(behind):
    assert seen(ANSWERS, behind) == []
