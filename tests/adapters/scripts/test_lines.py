"""A finding points to the expression that it is about, in arrays as in single numbers."""

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.faults.locating import with_lines
from unstuck.adapters.scripts.reading.lines import Lines
from unstuck.adapters.scripts.study import study
from unstuck.diagnosis.report.contents import Finding
from unstuck.diagnosis.rules import RULES

NUMBERS = """\
import math, random
random.seed(0)
data = [([0, 0], 0), ([0, 1], 1), ([1, 0], 1), ([1, 1], 0)]
hidden = [[random.uniform(-1, 1) for _ in range(3)] for _ in range(4)]
output = [random.uniform(-1, 1) for _ in range(5)]
def weighted(weights, inputs):
    total = weights[-1]
    for w, x in zip(weights, inputs):
        total += w * x
    return 1 / (1 + math.exp(-total))
for epoch in range(100):
    for x, t in data:
        h = [weighted(weights, x) for weights in hidden]
        p = weighted(output, h)
        error = (p - t) * p * (1 - p)
        errors = [error * output[j] * h[j] * (1 - h[j]) for j in range(4)]
        for j in range(4):
            output[j] -= 0.5 * error * h[j]
        output[-1] -= 0.5 * error
        for j in range(4):
            for i in range(2):
                hidden[j][i] -= 0.5 * errors[j] * x[i]
            hidden[j][-1] -= 0.5 * errors[j]
"""
CALLED = """\
import numpy as np
np.random.seed(0)
X, Y = np.random.rand(60, 4), np.random.rand(60, 1) * 5
W, b = np.random.randn(4, 1), np.zeros(1)
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
def forward(x):
    z = x @ W + b
    return sigmoid(z)
for k in range(60):
    x, y = X[k:k + 1], Y[k:k + 1]
    p = forward(x)
    d = (p - y) * p * (1 - p)
    W -= 0.1 * x.T @ d
    b -= 0.1 * d[0]
"""


def lines_of(text):
    return Lines(study(runner(text)).read)


def test_the_error_of_a_unit_is_where_its_numbers_have_it_from():
    lines = lines_of(NUMBERS)
    assert [lines.delta(layer).site.line for layer in (1, 2)] == [16, 15]


def test_the_output_function_is_where_the_network_calls_it():
    assert lines_of(CALLED).output_function(None).line == 9


def test_inputs_that_are_turned_are_where_they_were_made():
    text = CALLED.replace("x @ W + b", "(W.T @ x.T + b).T").replace("X[k:k + 1], Y[k:k + 1]", "[X[k]], Y[k:k + 1]")
    text = text.replace("    p = forward(x)", "    x = np.array(x)\n    p = forward(x)")
    assert lines_of(text).inputs(None).line == 12


LOADED = """\
import random
import numpy as np
rows = np.frombuffer(random.Random(0).randbytes(300), np.uint8).reshape(60, 5)
X = rows[:, :4] * 100.0
Y = (rows[:, 4:] > 127).astype(float)
W, b = np.zeros((4, 1)), np.zeros(1)
def fit(x, y):
    global W, b
    p = 1 / (1 + np.exp(-(x @ W + b)))
    W = W - 0.1 * x.T @ (p - y) / len(x)
    b = b - 0.1 * (p - y).mean(axis=0)
for epoch in range(50):
    for k in range(0, 60, 20):
        fit(X[k:k + 20], Y[k:k + 20])
"""


def test_examples_that_were_loaded_are_where_they_were_prepared():
    studied = study(runner(LOADED))
    found = [Finding(RULES[code], "measured", "", {}, True) for code in ("D02", "D09")]
    placed = with_lines(found, studied.read, studied.case, studied.reading.data)
    assert [finding.location.line for finding in placed] == [4, 5]


GATHERED = """\
import numpy as np
np.random.seed(0)
X, Y = np.random.rand(60, 4), np.random.rand(60, 1) * 5
W, b = np.random.randn(4, 1), np.zeros(1)
sums = [np.zeros_like(W), np.zeros_like(b)]
for k in range(60):
    x, y = X[k:k + 1], Y[k:k + 1]
    d = x @ W + b - y
    for i, g in enumerate([x.T @ d, d[0]]):
        sums[i] += g
    for i, w in enumerate([W, b]):
        w -= 0.01 * sums[i]
"""


def test_gradients_that_gather_are_where_they_are_added():
    lines = lines_of(GATHERED)
    assert lines.gathered(1).line == 10
    assert lines_of(CALLED).gathered(1).line == 14
