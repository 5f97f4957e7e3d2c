"""Idioms in which people write a training step: shapes that are assigned, targets that are divided by outputs, weights
that are single numbers."""

import tracemalloc

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.proof.proving import prove_recorded
from unstuck.adapters.scripts.study import study

RESHAPED = """\
import numpy as np
np.random.seed(0)
X = np.random.rand(40, 3)
Y = (X.sum(axis=1, keepdims=True) > 1.5) * 1.0
W = np.random.randn(1, 3)
b = np.random.randn(1, 1)
for k in range(200):
    x = np.array(X[k % 40:k % 40 + 1])
    x.shape = (3, 1)
    p = 1 / (1 + np.exp(-(W.dot(x) + b)))
    d = p - Y[k % 40:k % 40 + 1]
    W = W - 0.5 * d.dot(x.T)
    b = b - 0.5 * d
"""

DIVIDED = """\
import numpy as np
np.random.seed(0)
X = np.random.rand(3, 40)
Y = (X.sum(axis=0, keepdims=True) > 1.5) * 1.0
W = np.random.randn(1, 3)
b = np.random.randn(1, 1)
for k in range(200):
    p = 1 / (1 + np.exp(-(W.dot(X) + b)))
    dp = -(np.divide(Y, p) - np.divide(1 - Y, 1 - p))
    d = dp * p * (1 - p) / 40
    W -= 0.5 * d.dot({with_what}.T)
    b -= 0.5 * d.sum(axis=1, keepdims=True)
"""

SINGLE = """\
import math, random
random.seed(1)
w, v = random.uniform(-1, 1), random.uniform(-1, 1)
b, c = 0.1, -0.2
xs, ys = [0.1, 0.4, 0.6, 0.9], [0, 0, 1, 1]
for k in range(400):
    x, y = xs[k % 4], ys[k % 4]
    h = math.tanh(w * x + b)
    p = 1 / (1 + math.exp(-(v * h + c)))
    loss = (p - y) * (p - y)
    e = 2 * (p - y)
    dc = e * p * (1 - p)
    dv = dc * h
    db = {back} * v * (1 - h * h)
    dw = db * x
    w, v, b, c = w - 0.1 * dw, v - 0.1 * dv, b - 0.1 * db, c - 0.1 * dc
"""


def proved(text):
    found = study(runner(text))
    return found, prove_recorded(found.recording.tape, found.chains)


def test_an_array_whose_shape_is_assigned_is_read_in_its_new_shape():
    found, proof = proved(RESHAPED)
    assert proof.all_right
    assert found.built is not None
    assert found.built.next_too
    assert found.reading.inputs.layout == "columns"


def test_targets_that_are_divided_by_the_outputs_are_targets():
    found, proof = proved(DIVIDED.format(with_what="X"))
    assert proof.all_right
    assert found.reading.targets.line == 9
    _, proof = proved(DIVIDED.format(with_what="p"))
    assert [verdict.parameter.before[0].value.shape for verdict in proof.first.wrong] == [(1, 3)]


def test_of_single_numbers_that_share_no_scale_those_that_are_the_derivative_itself_are_right():
    _, proof = proved(SINGLE.format(back="dc"))
    assert proof.all_right
    found, proof = proved(SINGLE.format(back="e"))
    wrong = {chain.root.value for chain in found.chains} - {v.parameter.before[0].value for v in proof.first.wrong}
    assert wrong == {v.parameter.before[0].value for v in proof.first.verdicts if v.right}
    assert sorted(v.parameter.before[0].value in (0.1, -0.2) for v in proof.first.wrong) == [False, True]
    assert -0.2 not in {v.parameter.before[0].value for v in proof.first.wrong}


CLIPPED = """\
import numpy as np
np.random.seed(0)
X = np.random.rand(60, 4)
Y = np.eye(3)[X[:, :3].argmax(axis=1)]
W, b = np.random.randn(4, 3), np.zeros((1, 3))
for k in range(50):
    dW, db = np.zeros_like(W), np.zeros_like(b)
    for x, y in zip(X, Y):
        z = x[None, :] @ W + b
        p = np.exp(z) / np.exp(z).sum()
        d = p - y[None, :]
        dW += x[:, None] @ d
        db += d
    for gradient in [dW, db]:
        np.clip(gradient, -0.5, 0.5, out=gradient)
    W -= 0.1 * dW
    b -= 0.1 * db
"""


def test_a_gradient_that_many_steps_add_to_and_that_is_then_clipped_in_place_is_right():
    _, proof = proved(CLIPPED)
    assert proof.all_right


XOR = """\
import numpy as np
np.random.seed(1)
X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
Y = np.array([[0], [1], [1], [0]])
W1, b1 = np.random.randn(4, 2), np.random.randn(4, 1)
W2, b2 = np.random.randn(1, 4), np.random.randn(1, 1)
def forward(x):
    z = np.tanh(W1.dot(x) + b1)
    return z, 1 / (1 + np.exp(-(W2.dot(z) + b2)))
for epoch in range(500):
    for i in range(len(X)):
        x, y = X[i].reshape((-1, 1)), Y[i].reshape((-1, 1))
        z, p = forward(x)
        d2 = p - y
        d1 = W2.T.dot(d2) * (1 - z ** 2)
        W2 -= 0.5 * d2.dot(z.T)
        b2 -= 0.5 * d2
        W1 -= 0.5 * d1.dot(x.T)
        b1 -= 0.5 * d1
"""


def test_where_the_first_example_is_of_zeros_the_next_step_tells_where_the_examples_stand():
    found, _ = proved(XOR)
    assert found.built is None or found.built.next_too


MANY_EXAMPLES = """\
import numpy as np
np.random.seed(0)
X = np.random.rand(1, 30000)
Y = np.sin(X)
W1, b1 = np.random.randn(4, 1), np.zeros((4, 1))
W2, b2 = np.random.randn(1, 4), np.zeros((1, 1))
for k in range(100):
    A1 = np.tanh(np.dot(W1, X) + b1)
    A2 = 1 / (1 + np.exp(-(np.dot(W2, A1) + b2)))
    D2 = (A2 - Y) / 30000
    D1 = W2.T * D2 * (1 - A1 ** 2)
    W2 = W2 - 0.1 * np.dot(D2, A2.T)
    b2 = b2 - 0.1 * D2.sum(axis=1, keepdims=True)
    W1 = W1 - 0.1 * np.dot(D1, X.T)
    b1 = b1 - 0.1 * D1.sum(axis=1, keepdims=True)
"""


def test_what_is_tried_to_put_a_gradient_right_does_not_fill_the_memory():
    tracemalloc.start()
    _, proof = proved(MANY_EXAMPLES)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [departure.site.line for departure in proof.departures] == [12]
    assert most < 1e9


ONE_BY_ONE = """\
import numpy as np
np.random.seed(0)
X = np.random.rand(60, 16)
Y = np.eye(5)[X[:, :5].argmax(axis=1)]
sizes = [16, 12, 8, 5]
w = [np.random.randn(n, m) * 0.1 for m, n in zip(sizes, sizes[1:])]
b = [np.zeros((n, 1)) for n in sizes[1:]]
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
def slope(a):
    return a * (1 - a)
def softmax(z):
    return np.exp(z) / np.exp(z).sum()
def gradients(x, y):
    a = {0: np.array(x).T}
    for i in (1, 2, 3):
        z = w[i - 1].dot(a[i - 1]) + b[i - 1]
        a[i] = softmax(z) if i == 3 else sigmoid(z)
    d, d_w, d_b = {3: a[3] - y.T}, {}, {}
    for i in (2, 1, 0):
        if i == 2:
            d[i] = w[i].T.dot(d[i + 1])
        elif i:
            d[i] = w[i].T.dot(d[i + 1]) * slope(a[i])
        d_w[i] = d[i + 1].dot(a[i].T)
        d_b[i] = np.sum(d[i + 1], axis=1, keepdims=True)
    return d_w, d_b
for k in range(600):
    d_w, d_b = gradients(X[k % 60:k % 60 + 1], Y[k % 60:k % 60 + 1])
    for i in range(3):
        w[i] = w[i] - 0.1 * d_w[i]
        b[i] = b[i] - 0.1 * d_b[i]
"""


def test_a_place_is_not_named_where_another_puts_right_all_that_it_does():
    _, proof = proved(ONE_BY_ONE)
    assert [departure.site.line for departure in proof.departures] == [22]
