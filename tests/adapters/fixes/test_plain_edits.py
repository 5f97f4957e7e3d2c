"""Statements of plain scripts become what a person would write in their place."""

import pytest

from tests.adapters.fixes.test_edits import fixed
from tests.autodiff.bench import PROGRAMS
from unstuck.adapters.fixes.edit import Fault, alternatives, applied
from unstuck.adapters.fixes.syntax import Syntax

KEPT = """dw = np.zeros_like(w)
for epoch in range(5):
    for x, d in pairs:
        dw += d @ x.T
    w -= 0.1 * dw
"""
RESET = """for epoch in range(5):
    dw = np.zeros_like(w)
    for x, d in pairs:
        dw += d @ x.T
    w -= 0.1 * dw
"""
KEPT_IN_AN_OBJECT = """def backward(self, d):
    self.dw += d
def step(self):
    self.w -= 0.1 * self.dw
"""


def updated_at(line):
    return {"parameters": [{"updated_at": line, "line": 1, "shape": [2, 3]}]}


def test_sums_are_made_anew_for_every_update():
    assert fixed(KEPT, "U02", 5, 5, reading=updated_at(5))[0] == RESET
    after = f"{KEPT_IN_AN_OBJECT}    self.dw = np.zeros_like(self.dw)\n"
    assert after in fixed(KEPT_IN_AN_OBJECT, "U02", 4, 5, reading=updated_at(4))
    assert not fixed("w -= 0.1 * dw\n", "U02", 1, 1, reading=updated_at(1))


INPUTS = {"inputs": {"name": "x_train", "range": [0.0, 1680.0]}}
SPLIT = "x_train, x_test, y = split(data)\n"


def test_inputs_are_standardised_with_those_of_the_test():
    (made,) = fixed(f"{SPLIT}w = start()\n", "D02", 2, 1, reading=INPUTS)
    scaled = "{} = ({} - x_train.mean(axis=0)) / (x_train.std(axis=0) + 1e-8)\n"
    assert made == SPLIT + scaled.format("x_test", "x_test") + scaled.format("x_train", "x_train") + "w = start()\n"
    assert not fixed("for x_train in rows:\n    w -= x_train\n", "D02", 2, 1, reading=INPUTS)


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        ("D06", "x_train = a\nx_test = x_train.reshape(9)\n", "x_train = a\nx_test = x_test.reshape(9)\n"),
        ("E01", "acc = np.mean(answers == y)\n", "acc = np.mean(answers.ravel() == y)\n"),
        ("D06", "x_train = x[:90]\nx_test = x[:90]\n", "x_train = x[:90]\nx_test = x[90:]\n"),
        ("D14", "x -= x.mean()\n", "x = x - x.mean()\n"),
        ("D09", "t = y.reshape(-1, 1) / 2\n", "t = np.eye(2)[y]\n"),
        (
            "F11",
            "def sigmoid(z):\n    return 1 / 1 + np.exp(-z)\n",
            "def sigmoid(z):\n    return 1 / (1 + np.exp(-z))\n",
        ),
        ("E03", "p = net(x, True)\n", "p = net(x, False)\n"),
        ("F09", "z[z < 0] = 0\n", "z = z.copy()\nz[z < 0] = 0\n"),
        ("F09", "a = np.maximum(z, 0, out=z)\n", "a = np.maximum(z, 0)\n"),
        ("L01", "p = softmax(softmax(z))\n", "p = softmax(z)\n"),
        ("B10", "w -= 0.1 * g\nv += 0.1 * h\n", "w += 0.1 * g\nv += 0.1 * h\n"),
        ("U13", "lr = 2.0\nw -= lr * g\n", "lr = 0.2\nw -= lr * g\n"),
        ("U05", "def update(w, g):\n    w = w - 0.1 * g\n", "def update(w, g):\n    w -= 0.1 * g\n"),
        ("U18", "b = b - 0.1 * d\n", "b = b - 0.1 * d.sum(axis=0)\n"),
    ],
)
def test_a_line_is_put_right(code, before, after):
    parameters = [{"updated_at": line, "line": 1, "shape": [2, 3]} for line in (1, 2)]
    reading = {"targets": {"name": "t"}, "parameters": parameters}
    assert after in fixed(before, code, 1, None, reading=reading)


@pytest.mark.parametrize(
    ("line", "before", "after"),
    [
        (
            2,
            "for i in range(0, n, 8):\n    xb, yb = x[:8], y[0:8]\n",
            "for i in range(0, n, 8):\n    xb, yb = x[i:i + 8], y[i:i + 8]\n",
        ),
        (
            2,
            "for k in range(n // b):\n    step(x[:, :b], t[:, :b])\n",
            "for k in range(n // b):\n    step(x[:, k * b:(k + 1) * b], t[:, k * b:(k + 1) * b])\n",
        ),
        (1, "for x in xs:\n    d = net(x)\nw -= d\nshow(w)\n", "for x in xs:\n    d = net(x)\n    w -= d\nshow(w)\n"),
        (2, "x = x[f(9)]\nt = t[f(9)]\n", "order = f(9)\nx = x[order]\nt = t[order]\n"),
        (2, "t = y\nx = x[rows]\n", "t = y\nx = x[rows]\nt = t[rows]\n"),
        (2, "t = y\nx = x[f(9)]\n", "t = y\norder = f(9)\nx = x[order]\nt = t[order]\n"),
        (
            2,
            "t = y\nrng.shuffle(x)\n",
            "t = y\norder = rng.permutation(len(x))\nx = x[order]\nt = t[order]\n",
        ),
        (2, "a, b = mixed(x, y, seed=1)\nt = coded(y[:9])\n", "a, b = mixed(x, y, seed=1)\nt = coded(b[:9])\n"),
    ],
)
def test_examples_and_targets_are_taken_together(line, before, after):
    parameters = [{"updated_at": 3, "line": 1, "shape": [2, 3]}]
    reading = {"targets": {"name": "t"}, "parameters": parameters}
    found = [one for code in ("D10", "D14") for one in fixed(before, code, line, None, reading=reading)]
    assert after in found


def test_results_of_a_call_with_other_arguments_are_no_others_in_their_place():
    assert not fixed("a, b = split(x, y, 1)\nt = coded(y)\n", "D10", 2, 1)


def test_a_weight_that_an_error_passes_is_written_where_it_was_left_out():
    text = "w = [draw() for _ in range(4)]\nd = [e * h[j] * (1 - h[j]) for j in range(4)]\nw[j] -= e * h[j]\n"
    found = fixed(text, "B14", 2, 6, reading={"parameters": [{"line": 1, "updated_at": 3, "shape": []}]})
    assert text.replace("[e * h[j] *", "[e * w[j] * h[j] *") in found


def test_a_bias_is_added_to_a_product_that_is_written_as_a_method():
    text = "W, b = start()\nz = x.dot(W)\n"
    named = {"parameters": [{"name": name, "line": 1, "updated_at": 3, "shape": [2] * len(name)} for name in "Wb"]}
    named["parameters"][0]["shape"] = [2, 3]
    assert "W, b = start()\nz = x.dot(W) + b\n" in fixed(text, "F07", 2, 5, reading=named)


def test_a_test_without_data_of_its_own_is_left_alone():
    assert not fixed("x_train = a\nleft = x_train\n", "D06", 2, 1)


ENGINE = (PROGRAMS / "engine_scalars.py").read_text().partition("    def backward")[0]  # its operations


@pytest.mark.parametrize(
    ("whole", "broken"),
    [
        ("        out._backward = _backward\n        return out\n\n    def tanh", "        return out\n\n    def tanh"),
        ("(t, (self,))", "(t)"),
        ("self.data + other.data, (self, other))", "self.data + other.data)"),
    ],
)
def test_a_result_is_told_where_it_comes_from(whole, broken):
    text = ENGINE.replace(whole, broken)
    assert text != ENGINE
    assert ENGINE in fixed(text, "B13", 1, None)


def test_an_engine_that_tells_all_is_left_alone():
    assert not fixed(ENGINE, "B13", 1, None)


PATCHED_FOR_BOTH = """class Tanh:
    pass
class Sigmoid:
    pass
class SigmoidBackward(Function):
    def apply(self, d):
        return d * self.output * (1 - self.output)


class TanhBackward(Function):
    def apply(self, d):
        return d * (1 - self.output ** 2)
def enable():
    plain_sigmoid = Sigmoid.forward
    plain_tanh = Tanh.forward

    def tracked_sigmoid(self, x):
        return record(plain_sigmoid(self, x), SigmoidBackward)

    def tracked_tanh(self, x):
        return record(plain_tanh(self, x), TanhBackward)

    Sigmoid.forward = tracked_sigmoid
    Tanh.forward = tracked_tanh
net = Sequential(Linear(2, 3), Tanh(), Linear(3, 1), Sigmoid())
"""
FOR_THE_TANH = (
    """

class TanhBackward(Function):
    def apply(self, d):
        return d * (1 - self.output ** 2)
""",
    "    plain_tanh = Tanh.forward\n",
    """
    def tracked_tanh(self, x):
        return record(plain_tanh(self, x), TanhBackward)
""",
    "    Tanh.forward = tracked_tanh\n",
)


def test_what_is_there_for_a_sigmoid_is_written_for_the_tanh_too():
    text = PATCHED_FOR_BOTH
    for part in FOR_THE_TANH:
        assert text.count(part) == 1
        text = text.replace(part, "")
    assert fixed(text, "B13", 2, None) == [PATCHED_FOR_BOTH]
    assert not fixed(PATCHED_FOR_BOTH, "B13", 2, None)


@pytest.mark.parametrize(
    ("text", "part", "meant", "after"),
    [
        ("d = e @ w.T * (1 - a)\n", "1 - a", "1 - a ** 2", "d = e @ w.T * (1 - a ** 2)\n"),
        ("d = e.dot(w)\n", "e.dot(w)", "e.dot(w) * a", "d = e.dot(w) * a\n"),
        ("d = e @ w.T\n", "w.T", "v.T", "d = e @ v.T\n"),
        ("g = d.dot(w) / n\n", "d.dot(w)", "d.dot(w) * a", "g = (d.dot(w) * a) / n\n"),
    ],
)
def test_what_the_proof_found_comes_first(text, part, meant, after):
    place = {"line": 1, "column": text.index(part) + 1, "text": part}
    report = {"proof": {"departures": [{"kind": "", "place": place, "meant": meant}]}, "network": {"hidden": []}}
    fault = Fault({"code": "B14", "location": {"line": 1, "column": 5}}, report, Syntax(text))
    assert applied(text, next(iter(alternatives(fault)))) == after
