"""Ways of writing a script that once were read wrongly or not at all, each with a fault and without it."""

import json

import numpy as np
import pytest

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.proof.proving import prove_recorded
from unstuck.adapters.scripts.study import study

CIRCLE = """
import math
import random

random.seed(5)

def sigmoid(x):
    return 1.0 / (1.0 + math.exp(-x))

points = []
for _ in range(120):
    px, py = random.uniform(-1, 1), random.uniform(-1, 1)
    points.append(([px, py], 1.0 if px * px + py * py < 0.5 else 0.0))
w1 = [[random.uniform(-1, 1) for _ in range(2)] for _ in range(5)]
b1 = [random.uniform(-1, 1) for _ in range(5)]
w2 = [random.uniform(-1, 1) for _ in range(5)]
b2 = 0.0
for epoch in range(200):
    random.shuffle(points)
    for inp, want in points:
        hidden = []
        for j in range(5):
            s = b1[j]
            for k in range(2):
                s += w1[j][k] * inp[k]
            hidden.append(sigmoid(s))
        out = sigmoid(sum(w2[j] * hidden[j] for j in range(5)) + b2)
        d_out = (want - out) * out * (1 - out)
        for j in range(5):
            d_h = d_out * w2[j] * hidden[j] * (1 - hidden[j])
            w2[j] += 0.5 * d_out * hidden[j]
            b1[j] += 0.5 * d_h
            for k in range(2):
                w1[j][k] += 0.5 * d_h * inp[k]
        b2 += 0.5 * d_out
"""

CIRCLES = """
import numpy as np

rng = np.random.default_rng(1)
X = rng.uniform(-1, 1, (200, 2))
T = ((X ** 2).sum(axis=1, keepdims=True) < 0.5).astype(float)

def logistic(x):
    return 1 / (1 + np.exp(-x))

def slope(x):
    return logistic(x) * (1 - logistic(x))

f, fp = np.vectorize(logistic), np.vectorize(slope)
W1, b1 = rng.normal(0, 1, (2, 8)), rng.normal(0, 1, 8)
W2, b2 = rng.normal(0, 1, (8, 1)), np.zeros(1)
for epoch in range(1500):
    z1 = X @ W1 + b1
    h = f(z1)
    z2 = h @ W2 + b2
    o = f(z2)
    d2 = (o - T) * fp(z2)
    d1 = (d2 @ W2.T) * fp({at})
    W2 -= 2.0 * h.T @ d2 / len(X)
    b2 -= 2.0 * d2.mean(axis=0)
    W1 -= 2.0 * X.T @ d1 / len(X)
    b1 -= 2.0 * d1.mean(axis=0)
"""

LOGISTIC = """
import numpy as np

rng = np.random.default_rng(3)
X = rng.normal(size=(300, 4)).astype(np.{dtype})
y = (X @ np.array([1.0, -2.0, 0.5, 1.5]) + 0.7 > 0).astype(int)

class Model:
    def fit(self, X, y):
        self.w = np.zeros(X.shape[1], np.{dtype})
        self.b = 0
        for _ in range(400):
            p = 1 / (1 + np.exp(-(X @ self.w + self.b)))
            self.w = self.w - 0.5 * X.T @ (p - y).astype(np.{dtype}) / len(X)
            self.b = self.b {sign} 0.5 * np.mean(p - y)

Model().fit(X, y)
"""

BATCHES = """
import numpy as np

rng = np.random.default_rng(11)
x = rng.normal(size=(600, 6))
t = (x @ rng.normal(size=(6, 3))).argmax(axis=1)
W, b = rng.normal(size=(6, 12)) * 0.4, np.zeros(12)
V, c = rng.normal(size=(12, 3)) * 0.4, np.zeros(3)
for epoch in range(60):
    idx = rng.permutation(600)
    for s in range(0, 600, 40):
        j = idx[s:s + 40]
        h = 1 / (1 + np.exp(-(x[j] @ W + b)))
        z = h @ V + c
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        loss = -np.log(p[np.arange(40), t[j]]).mean()
        p[np.arange(40), t[j]] -= 1
        p /= 40
        gV, gc = h.T @ p, p.sum(axis=0)
        gh = p @ V.T * h * (1 - h)
        gW, gb = x[j].T @ gh, gh.sum(axis=0)
        W -= 0.5 * (gW {sign} 0.01 * W)
        V -= 0.5 * (gV {sign} 0.01 * V)
        b -= 0.5 * gb
        c -= 0.5 * gc
"""

BATCH_GENERATOR = """
import numpy as np

def batches(X, Y, size):
    while True:
        {shuffle}
        for i in range(0, len(X) - size + 1, size):
            yield X[i:i + size], Y[i:i + size]

np.random.seed(0)
X = np.random.randn(400, 5)
Y = np.eye(3)[(X @ np.random.randn(5, 3)).argmax(axis=1)]
W1, b1 = np.random.randn(5, 10) * 0.5, np.zeros(10)
W2, b2 = np.random.randn(10, 3) * 0.5, np.zeros(3)
gen = batches(X, Y, 20)
for step in range(3000):
    x, y = next(gen)
    h = 1 / (1 + np.exp(-(x @ W1 + b1)))
    o = 1 / (1 + np.exp(-(h @ W2 + b2)))
    d2 = (o - y) * o * (1 - o) / 20
    d1 = d2 @ W2.T * h * (1 - h)
    W2 -= 3.0 * h.T @ d2
    b2 -= 3.0 * d2.sum(axis=0)
    W1 -= 3.0 * x.T @ d1
    b1 -= 3.0 * d1.sum(axis=0)
"""

EXCLUSIVE_OR = """
import numpy as np

rng = np.random.default_rng(2)
X = np.array([[0., 0.], [0., 1.], [1., 0.], [1., 1.]])
y = {targets}
W1, b1 = rng.normal(size=(2, 4)), np.zeros(4)
W2, b2 = rng.normal(size=(4, 1)), np.zeros(1)
for k in range(4000):
    h = np.tanh(X @ W1 + b1)
    out = 1 / (1 + np.exp(-(h @ W2 + b2)))
    error = out - y
    d_out = (error * out * (1 - out)).sum(axis=1, keepdims=True)
    d_h = d_out @ W2.T * (1 - h ** 2)
    W2 -= 0.5 * h.T @ d_out
    b2 -= 0.5 * d_out.sum(axis=0)
    W1 -= 0.5 * X.T @ d_h
    b1 -= 0.5 * d_h.sum(axis=0)
"""

PASSES = """
import numpy as np

rng = np.random.RandomState(1)
x = rng.randn(120, 5)
y = (x @ rng.randn(5, 3)).argmax(axis=1)
t = np.eye(3)[y]

def init():
    return rng.randn(5, 8) * 0.3, np.zeros(8), rng.randn(8, 3) * 0.3, np.zeros(3)

{before}
for epoch in range(40):
    {inside}
    for i in range(0, 120, 20):
        xb, tb = x[i:i + 20], t[i:i + 20]
        h = np.tanh(xb @ w1 + b1)
        p = np.exp(h @ w2 + b2)
        p /= p.sum(axis=1, keepdims=True)
        d2 = (p - tb) / 20
        d1 = d2 @ w2.T * (1 - h ** 2)
        w2 = w2 - 0.5 * h.T @ d2
        b2 = b2 - 0.5 * d2.sum(axis=0)
        w1 = w1 - 0.5 * xb.T @ d1
        b1 = b1 - 0.5 * d1.sum(axis=0)
"""
MADE = "w1, b1, w2, b2 = init()"

HOUSES = """
import numpy as np

rng = np.random.RandomState(0)
X = rng.randn(200, 3)
y = X @ np.array([[1.0], [-2.0], [0.5]])
W1, b1 = rng.randn(3, 8) * 0.5, np.zeros((1, 8))
W2, b2 = rng.randn(8, 1) * 0.5, np.zeros((1, 1))

def sigmoid(a):
    return 1 / (1 + np.exp(-a))

for epoch in range(400):
    h = sigmoid(X.dot(W1) + b1)
    pred = {output}
    d2 = 2 * (pred - y) / len(y) {slope}
    d1 = d2.dot(W2.T) * h * (1 - h)
    W2 -= 0.2 * h.T.dot(d2)
    b2 -= 0.2 * d2.sum(axis=0, keepdims=True)
    W1 -= 0.2 * X.T.dot(d1)
    b1 -= 0.2 * d1.sum(axis=0, keepdims=True)
"""

PERCEPTRON = """
import numpy as np

rng = np.random.RandomState(4)
X = rng.randn(60, 2)
y = np.where(X @ np.array([1.0, -2.0]) + 0.3 > 0, 1, -1)

class Perceptron:
    def fit(self, X, y):
        self.w = np.zeros(3)
        for _ in range(10):
            for xi, target in zip(X, y):
                update = 0.1 * ({error})
                self.w[1:] += update * xi
                self.w[0] += update

    def predict(self, x):
        return np.where(np.dot(x, self.w[1:]) + self.w[0] >= 0.0, 1, -1)

Perceptron().fit(X, y)
"""

PRICES = """
import random

random.seed(3)
data = []
for _ in range(60):
    size, rooms = random.uniform(0.5, 1.5), random.uniform(0.5, 1.5)
    data.append((size, rooms, 1.5 * size + 0.8 * rooms + 0.3))
w = [0.0, 0.0]
b = 0.0
for epoch in range(100):
    loss = 0
    for size, rooms, price in data:
        pred = w[0] * size + w[1] * rooms + b
        err = pred - price
        loss += err ** 2
        w[0] -= 0.01 * 2 * err * size
        w[1] {sign}= 0.01 * 2 * err * rooms
        b -= 0.01 * 2 * err
    print(loss)
"""

WORDS = """
import math
import random

random.seed(7)
words = ["good", "bad", "fine", "awful", "movie", "plot"]
docs = []
for _ in range(80):
    picked = random.sample(words, 3)
    score = sum({"good": 1, "fine": 1, "bad": -1, "awful": -1}.get(w, 0) for w in picked)
    docs.append(({w: 1.0 for w in picked}, 1 if score > 0 else 0))
weights = {w: 0.0 for w in words}
bias = 0.0
for epoch in range(30):
    for feats, label in docs:
        z = bias + sum(weights[w] * v for w, v in feats.items())
        p = 1 / (1 + math.exp(-z))
        for w, v in feats.items():
            weights[w] -= 0.1 * (p - label) * v
        bias -= 0.1 * (p - label)
"""


@pytest.fixture
def report(shell, tmp_path):
    """The report on a text as a script, as data."""

    def diagnosed(text):
        (tmp_path / "script.py").write_text(text)
        return json.loads(shell("diagnose", "script.py", "--json", "--no-cures", "--budget", 120).stdout)

    return diagnosed


def findings(found):
    """Codes and the texts of their lines."""
    return {one["code"]: one["location"] and one["location"]["text"] for one in found["findings"]}


def test_numbers_that_a_generator_adds_up_are_followed(report):
    found = report(CIRCLE)
    assert found["verdict"] == "healthy"
    assert found["network"]["sizes"] == [2, 5, 1]
    assert found["network"]["loss"] == "squared_error"


@pytest.mark.parametrize(("at", "verdict"), [("z1", "healthy"), ("h", "faulty")])
def test_functions_that_are_vectorised_have_slopes(report, at, verdict):
    found = report(CIRCLES.format(at=at))
    assert found["verdict"] == verdict
    assert set(findings(found)) <= {"B03"}
    right = {entry["name"]: entry["verdict"] for entry in found["proof"]["parameters"]}
    assert right["W2"] == right["b2"] == "proved right"
    assert right["W1"] == ("proved right" if at == "z1" else "proved wrong")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_first_bias_that_is_written_as_a_whole_number_is_a_parameter(report, dtype):
    found = report(LOGISTIC.format(dtype=dtype, sign="-"))
    assert {entry["name"] for entry in found["reading"]["parameters"]} == {"self.w", "self.b"}
    assert found["verdict"] == "healthy"
    assert "B10" in findings(report(LOGISTIC.format(dtype=dtype, sign="+")))


def test_following_a_whole_number_leaves_the_types_of_results_alone():
    text = LOGISTIC.format(dtype="float32", sign="-").replace("Model().fit", "model = Model()\nmodel.fit")
    chains = study(runner(text)).chains
    (watched,) = [chain.versions[1].value for chain in chains if np.ndim(chain.root.value)]
    plain = {}
    exec(text.replace("range(400)", "range(1)"), plain)
    assert watched.dtype == plain["model"].w.dtype
    assert np.array_equal(watched, plain["model"].w)


@pytest.mark.parametrize(("sign", "expected"), [("+", {}), ("-", {"U15": "W -= 0.5 * (gW - 0.01 * W)"})])
def test_a_step_of_one_batch_size_only_is_examined(report, sign, expected):
    found = report(BATCHES.format(sign=sign))
    assert findings(found) == expected
    assert found["network"]["sizes"] == [6, 12, 3]


def test_inputs_that_are_shuffled_without_their_targets_are_named(report):
    assert findings(report(BATCH_GENERATOR.format(shuffle="np.random.shuffle(X)"))) == {"D14": "np.random.shuffle(X)"}
    together = "p = np.random.permutation(len(X)); X, Y = X[p], Y[p]"
    assert report(BATCH_GENERATOR.format(shuffle=together))["verdict"] == "healthy"


def test_outputs_that_are_held_against_every_target_are_named(report):
    found = findings(report(EXCLUSIVE_OR.format(targets="np.array([0., 1., 1., 0.])")))
    assert found == {"L04": "error = out - y"}
    assert report(EXCLUSIVE_OR.format(targets="np.array([[0.], [1.], [1.], [0.]])"))["verdict"] == "healthy"


def test_parameters_that_are_made_anew_in_each_pass_are_named(report):
    assert findings(report(PASSES.format(before="", inside=MADE))) == {"U16": MADE}
    assert report(PASSES.format(before=MADE, inside="pass"))["verdict"] == "healthy"


def test_they_are_named_whatever_the_loop_over_the_passes_is_called(report):
    text = PASSES.format(before="", inside=MADE).replace("epoch in range(40)", "k in range(40)")
    assert findings(report(text)) == {"U16": MADE}


def test_networks_that_are_trained_one_after_another_are_no_network_made_anew(report):
    text = PASSES.format(before="", inside=MADE).replace("epoch in range(40)", "rate in (0.5, 0.1)")
    assert "U16" not in findings(report(text))


def test_an_output_that_cannot_reach_real_targets_is_named(report):
    found = findings(report(HOUSES.format(output="sigmoid(h.dot(W2) + b2)", slope="* pred * (1 - pred)")))
    assert set(found) == {"D08"}
    assert report(HOUSES.format(output="h.dot(W2) + b2", slope=""))["verdict"] == "healthy"


def test_a_perceptron_is_no_useless_script_and_its_corrections_have_a_direction(report):
    right = report(PERCEPTRON.format(error="target - self.predict(xi)"))
    assert right["verdict"] == "inconclusive"
    assert not right["findings"]
    wrong = report(PERCEPTRON.format(error="self.predict(xi) - target"))
    assert list(findings(wrong)) == ["U01"]
    assert findings(wrong)["U01"].startswith("self.w[")


def test_the_sign_of_a_number_in_a_list_is_told(report):
    wrong = report(PRICES.format(sign="+"))
    assert findings(wrong)["B10"].startswith("w[1] +=")
    right = report(PRICES.format(sign="-"))
    assert right["verdict"] == "healthy"
    assert {entry["verdict"] for entry in right["proof"]["parameters"]} == {"proved right"}


def test_words_that_meet_other_weights_each_time_are_no_row_of_inputs(report):
    found = report(WORDS)
    assert not found["findings"]
    assert [entry["what"] for entry in found["reading"]["unread"]] == ["inputs"]


DRAWN_IN_THE_LOOP = """
import numpy as np
import random

np.random.seed(0)
random.seed(0)
questions = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
answers = np.array([[0], [1], [1], [0]])
W1, b1 = np.random.rand(3, 2), np.zeros([3, 1])
W2, b2 = np.random.rand(1, 3), np.zeros([1, 1])
for k in range(2000):
    r = random.sample([0, 1, 2, 3], 1)
    X = np.array(questions[r])
    X.shape = (2, 1)
    h = np.tanh(np.dot(W1, X) + b1)
    p = 1 / (1 + np.exp(-(np.dot(W2, h) + b2)))
    d2 = p - answers[r]
    d1 = np.dot(W2.T, d2) * (1 - h ** 2)
    W2 = W2 - 0.1 * d2 * np.transpose(h)
    b2 = b2 - 0.1 * d2
    W1 = W1 - 0.1 * np.dot(d1, np.transpose(X))
    b1 = b1 - 0.1 * d1
"""


def test_an_example_drawn_in_the_loop_is_replaced_wherever_it_stands():
    case = study(runner(DRAWN_IN_THE_LOOP)).case
    first, results = [array.copy() for array in case.parameters()], []
    for _ in range(3):
        for array, value in zip(case.parameters(), first, strict=True):
            array[...] = value
        case.step(np.array([[1.0, 0.0]]), np.array([[1]]))
        results.append([array.copy() for array in case.parameters()])
    assert all(np.array_equal(a, b) for again in results[1:] for a, b in zip(results[0], again, strict=True))


NEVER_SET = """
import numpy as np

def slope(a):
    return a * (1 - a)

class Net:
    def __init__(self, x, y):
        rng = np.random.default_rng(0)
        self.x, self.y = x, y
        self.w1, self.w2 = rng.random((3, 4)), rng.random((4, 1))
        self.predicted = np.zeros(y.shape)

    def forward(self):
        self.hidden = 1 / (1 + np.exp(-np.dot(self.x, self.w1)))
        return 1 / (1 + np.exp(-np.dot(self.hidden, self.w2)))

    def back(self):
        d2 = np.dot(self.hidden.T, 2 * (self.y - self.predicted) * slope(self.predicted))
        d1 = np.dot(
            self.x.T,
            np.dot(2 * (self.y - self.predicted) * slope(self.predicted), self.w2.T) * slope(self.hidden),
        )
        self.w1 += d1
        self.w2 += d2

net = Net(np.array([[0, 0, 1.0], [0, 1, 1], [1, 0, 1], [1, 1, 1]]), np.array([[0.0], [1], [1], [0]]))
for i in range(1000):
    net.output = net.forward()
    net.back()
    print(np.mean(np.square(net.y - net.forward())))
"""


def test_a_gradient_that_is_zero_throughout_is_traced_to_the_first_zero(report):
    found = report(NEVER_SET)
    assert found["verdict"] == "faulty"
    (only,) = found["findings"]
    assert only["code"] == "U05"
    assert "slope(self.predicted)" in only["location"]["text"]


LAYERS_THAT_ARE_CALLED = """
import numpy as np

rng = np.random.default_rng(0)

class Linear:
    def __init__(self, n_in, n_out):
        self.W, self.b = rng.normal(0, (2 / n_in) ** 0.5, (n_in, n_out)), np.zeros(n_out)

    def __call__(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, g):
        self.gW, self.gb = self.x.T @ g, g.sum(axis=0)
        return g @ self.W.T

class ReLU:
    def __call__(self, x):
        self.on = x > 0
        return x * self.on

    def backward(self, g):
        return g{slope}

X = rng.normal(size=(200, 2))
y = (np.hypot(*X.T) > 1.1).astype(int)
layers = [Linear(2, 16), ReLU(), Linear(16, 16), ReLU(), Linear(16, 2)]
for epoch in range(200):
    a = X
    for layer in layers:
        a = layer(a)
    p = np.exp(a - a.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    p /= len(y)
    for layer in reversed(layers):
        p = layer.backward(p)
    for layer in layers[::2]:
        layer.W -= 0.3 * layer.gW
        layer.b -= 0.3 * layer.gb
"""


def test_layers_that_are_called_like_functions_hold_parameters():
    studied = study(runner(LAYERS_THAT_ARE_CALLED.format(slope=" * self.on")))
    assert studied.case is not None
    assert [np.shape(array) for array in studied.case.parameters()] == [(2, 16), (16,), (16, 16), (16,), (16, 2), (2,)]


def test_a_slope_that_such_a_layer_leaves_out_is_named(report):
    assert set(findings(report(LAYERS_THAT_ARE_CALLED.format(slope="")))) == {"B02"}


FACTORS = """
import numpy as np

np.random.seed(3)
true = np.random.rand(12, 2) @ np.random.rand(2, 10) * 4 + 1
ratings = [(u, i, true[u, i]) for u in range(12) for i in range(10) if np.random.rand() < 0.6]
P, Q = np.random.normal(scale=0.3, size=(12, 3)), np.random.normal(scale=0.3, size=(10, 3))
for epoch in range(30):
    np.random.shuffle(ratings)
    total = 0.0
    for u, i, r in ratings:
        u, i = int(u), int(i)
        e = r - P[u].dot(Q[i])
        total += e ** 2
        before = P[u].copy()
        P[u] += 0.02 * (e * Q[i] - 0.05 * P[u])
        Q[i] += 0.02 * (e * {other} - 0.05 * Q[i])
    print(total)
"""


@pytest.mark.parametrize(("other", "verdict"), [("before", "healthy"), ("before[::-1]", "faulty")])
def test_a_decay_of_the_one_row_that_an_update_takes_is_no_wrong_gradient(report, other, verdict):
    assert report(FACTORS.format(other=other))["verdict"] == verdict


ADDITION = """
import copy
import numpy as np

np.random.seed(0)
bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
W0, W1, Wh = (2 * np.random.random(size) - 1 for size in ((2, 8), (8, 1), (8, 8)))
D0, D1, Dh = np.zeros_like(W0), np.zeros_like(W1), np.zeros_like(Wh)

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

for j in range(2000):
    m, n = np.random.randint(128), np.random.randint(128)
    a, b, c = bits[m], bits[n], bits[m + n]
    guess, off, deltas, hidden = np.zeros_like(c), 0, [], [np.zeros(8)]
    for k in range(7, -1, -1):
        h = sigmoid(np.dot(np.array([[a[k], b[k]]]), W0) + np.dot(hidden[-1], Wh))
        p = sigmoid(np.dot(h, W1))
        error = np.array([[c[k]]]) - p
        deltas.append(error * p * (1 - p))
        off += np.abs(error[0])
        guess[k] = np.round(p[0][0])
        hidden.append(copy.deepcopy(h))
    future = np.zeros(8)
    for k in range(8):
        h, d = hidden[-k - 1], deltas[-k - 1]
        dh = ({later}d.dot(W1.T)) * h * (1 - h)
        D1 += h.T.dot(d)
        Dh += np.atleast_2d(hidden[-k - 2]).T.dot(dh)
        D0 += np.array([[a[k], b[k]]]).T.dot(dh)
        future = dh
    W0, W1, Wh = W0 + D0 * 0.1, W1 + D1 * 0.1, Wh + Dh * 0.1
    D0, D1, Dh = D0 * 0, D1 * 0, Dh * 0
    print(off, guess)
"""


@pytest.mark.parametrize(("later", "wrong"), [("future.dot(Wh.T) + ", set()), ("future.dot(Wh) + ", {"Wh", "W0"})])
def test_neither_a_rounded_output_nor_a_sum_of_deviations_is_the_loss_of_a_gradient_of_squares(later, wrong):
    studied = study(runner(ADDITION.format(later=later)))
    names = [
        "Wh" if np.shape(c.root.value) == (8, 8) else "W0" if len(c.root.value) == 2 else "W1" for c in studied.chains
    ]
    proved = prove_recorded(studied.recording.tape, studied.chains, names)
    assert proved.first.hypothesis.name == "the squared error"
    assert {verdict.parameter.name for verdict in proved.first.wrong} == wrong


NEURONS_IN_LAYERS = """
import math
import random

random.seed(8)

class Neuron:
    def __init__(self, n):
        self.weights = [random.gauss(0, 0.7) for _ in range(n)]
        self.bias = 0.0
        self.last = [0.0] * n

    def fire(self, inputs):
        self.inputs = inputs
        self.out = math.tanh(self.bias + sum(w * i for w, i in zip(self.weights, inputs)))
        return self.out

    def learn(self, err):
        self.delta = err * {slope}
        for k in range(len(self.weights)):
            change = 0.05 * self.delta * self.inputs[k] + 0.5 * self.last[k]
            self.weights[k] += change
            self.last[k] = change
        self.bias += 0.05 * self.delta

class Layer:
    def __init__(self, n_in, n_out):
        self.neurons = [Neuron(n_in) for _ in range(n_out)]

class Brain:
    def __init__(self, *sizes):
        self.layers = [Layer(a, b) for a, b in zip(sizes, sizes[1:])]

    def teach(self, inputs, wanted):
        for layer in self.layers:
            inputs = [n.fire(inputs) for n in layer.neurons]
        errors = [w - a for w, a in zip(wanted, inputs)]
        for layer in reversed(self.layers):
            before = [list(n.weights) for n in layer.neurons]
            for n, e in zip(layer.neurons, errors):
                n.learn(e)
            errors = [sum(w[k] * n.delta for w, n in zip(before, layer.neurons)) for k in range(len(before[0]))]

samples = []
for _ in range(100):
    a, b = random.uniform(-1, 1), random.uniform(-1, 1)
    samples.append(([a, b], [1.0 if a > 0 and b > 0 else -1.0, 1.0 if a + b > 0 else -1.0]))
brain = Brain(2, 6, 2)
for k in range(60):
    random.shuffle(samples)
    for inputs, wanted in samples:
        brain.teach(inputs, wanted)
"""


@pytest.mark.parametrize(
    ("slope", "expected"),
    [
        ("(1 - self.out ** 2)", {}),
        ("self.out * (1 - self.out)", {"B18": "self.delta = err * self.out * (1 - self.out)"}),
    ],
)
def test_weights_that_lie_deep_in_objects_are_layers_and_their_fault_has_its_line(report, slope, expected):
    assert findings(report(NEURONS_IN_LAYERS.format(slope=slope))) == expected


TEST_BESIDE = """
import numpy as np
rng = np.random.RandomState(0)
rows = rng.randint(0, 256, (240, 6))
kinds = np.eye(2)[(rows[:, 0] > 127).astype(int)]
pictures, labels = rows[:200] / 255, kinds[:200]
test_pictures, test_labels = rows[200:].reshape(40, 6), kinds[200:]
W1, W2 = rng.normal(0, 0.4, (6, 8)), rng.normal(0, 0.3, (8, 2))
for epoch in range(200):
    h = np.tanh(pictures @ W1)
    d = (h @ W2 - labels) / 200
    back = d @ W2.T * (1 - h ** 2)
    W2 -= 0.5 * h.T @ d
    W1 -= 0.5 * pictures.T @ back
guess = np.tanh({used} @ W1 + 0.0) @ W2
print(guess.argmax(axis=1), test_labels.argmax(axis=1))
"""


@pytest.mark.parametrize(
    ("used", "expected"),
    [("test_pictures", (40, 6)), ("test_pictures[:30]", (40, 6)), ("(test_pictures[:] / 255)", None)],
)
def test_test_data_in_other_units_are_read_unless_they_are_prepared_where_they_are_used(used, expected):
    case = study(runner(TEST_BESIDE.format(used=used))).case
    assert (None if case.x_test is None else case.x_test.shape) == expected
