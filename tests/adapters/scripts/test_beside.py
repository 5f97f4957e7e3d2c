"""What a script has beside its training step is read too: data, test data, loss, accuracy, and where settings stand."""

import pytest

from tests.adapters.scripts.drawn import draw
from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.replay.beside import read_accuracy
from unstuck.adapters.scripts.study import study

SCRIPT = """\
import numpy as np
np.random.seed(0)
X_train, X_test = np.random.rand(60, 4), np.random.rand(20, 4)
Y_train = np.eye(2)[(X_train[:, 0] > 0.5).astype(int)]
Y_test = np.eye(2)[(X_test[:, 0] > 0.5).astype(int)]
rate = 0.1
W, b = np.random.randn(4, 2), np.zeros(2)
def forward(x):
    e = np.exp(x @ W + b)
    return e / e.sum(axis=1, keepdims=True)
for epoch in range(50):
    for k in range(0, 60, 10):
        x, y = X_train[k:k + 10], Y_train[k:k + 10]
        p = forward(x)
        loss = {loss}
        W -= rate * x.T @ (p - y) / 10
        b -= rate * np.mean(p - y, axis=0)
    print(loss)
print("right:", np.mean(forward(X_test).argmax(1) == Y_test.argmax(1)))
"""
LOSSES = {
    "-np.sum(y * np.log(p)) / len(x)": "cross entropy, averaged over the batch",
    "-np.mean(np.sum(y * np.log(p + 1e-9), axis=1))": "cross entropy, averaged over the batch",
    "np.sum((p - y) ** 2)": "squared error, summed",
    "np.mean((p - y) ** 2)": "squared error, averaged",
    "0.5 * np.sum((p - y) ** 2)": "half the squared error, summed",
    "-np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))": "binary cross entropy, summed",
}


def read(text):
    return study(runner(text)).reading


@pytest.mark.parametrize("loss", LOSSES)
def test_the_loss_that_is_written_is_known_by_its_value(loss):
    found = read(SCRIPT.replace("{loss}", loss)).loss
    assert (found["what"], found["line"]) == (LOSSES[loss], 15)


def test_what_is_no_usual_loss_is_none():
    assert read(SCRIPT.replace("{loss}", "np.max(p)")).loss is None


def test_data_and_test_data_are_told_with_their_lines():
    reading = read(SCRIPT.replace("{loss}", "0"))
    told = [(value.name, value.role, value.shape, value.line) for value in reading.data]
    assert told == [
        ("X_train", "training", (60, 4), 3),
        ("Y_train", "training", (60, 2), 4),
        ("X_test", "test", (20, 4), 3),
        ("Y_test", "test", (20, 2), 5),
    ]


def test_settings_are_told_with_their_lines():
    update = read(SCRIPT.replace("{loss}", "0")).update
    assert (update.batch_size, update.batch_line) == (10, 12)
    assert (update.learning_rate, update.rate_line) == (0.1, 6)
    assert (update.updates_planned, update.loop_line) == (300, 11)


def test_the_accuracy_that_is_printed_is_told():
    accuracy = read(SCRIPT.replace("{loss}", "0")).accuracy
    assert accuracy["line"] == 19
    assert "argmax" in accuracy["what"]


@pytest.mark.parametrize(
    "program",
    [
        "hits = sum(a == b for a, b in pairs)\nprint('hits', hits / 10)\n",
        "def score(x):\n    return np.mean(x == y)\nprint(f'got {score(x):.2f}')\n",
        "acc = net.test(x)\nprint('accuracy %.2f' % acc)\n",
        "print('{} of {}'.format(net.accuracy(x), 10))\n",
        "right = np.sum(guess == label)\nshare = right / 10\nprint('loss', loss, 'right', right)\n",
    ],
)
def test_many_ways_to_print_an_accuracy(program):
    assert read_accuracy({"a.py": program}) is not None


@pytest.mark.parametrize(
    "program", ["print('accuracy is not known')\n", "print(loss, w == 3)\n", "x = np.mean(a == b)\n"]
)
def test_what_is_no_accuracy(program):
    assert read_accuracy({"a.py": program}) is None


def test_a_drawn_script_is_read_to_its_data():
    script = draw(1001, "healthy")
    reading = read(script.text)
    lines = script.text.splitlines()
    assert [value.name for value in reading.data] == ["X", "Y"]
    assert all(lines[value.line - 1].startswith(f"{value.name} = ") for value in reading.data)
    assert reading.network.startswith("2-")


def test_a_script_that_ends_before_it_is_looked_at_is_read():
    reading = read(SCRIPT.replace("{loss}", "0").replace("range(50)", "range(1)").replace("(0, 60, 10)", "(0, 20, 10)"))
    assert reading.complete
    assert reading.update.updates_planned == 2


def test_a_number_with_a_name_in_a_formula_is_no_target():
    text = SCRIPT.replace("{loss}", "0").replace(
        "    e = np.exp(x @ W + b)\n    return e / e.sum(axis=1, keepdims=True)\n",
        "    return 1 / (1 + np.e ** (-(x @ W + b)))\n",
    )
    targets = read(text).targets
    assert (targets.name, targets.line) == ("Y_train", 15)
