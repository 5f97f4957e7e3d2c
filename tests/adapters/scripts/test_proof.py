"""What the derivative of a script's own forward pass adds to its report."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.faults.falling import diverge, falls, own_losses
from unstuck.adapters.scripts.proof.proving import prove_recorded
from unstuck.adapters.scripts.reading.training_loop import find_loop
from unstuck.adapters.scripts.reading.update import read_update
from unstuck.adapters.scripts.study import study
from unstuck.diagnosis import schema

PROGRAMS = Path(__file__).parents[2] / "programs" / "backward"

ENGINE = """
import numpy as np

rng = np.random.default_rng(0)

class Tensor:
    def __init__(self, data, parents=()):
        self.data, self.parents, self.grad = np.asarray(data, float), parents, None
        self._backward = lambda: None
    def _add(self, g):
        self.grad = g if self.grad is None else self.grad + g
    def __matmul__(self, other):
        out = Tensor(self.data @ other.data, (self, other))
        def _backward():
            self._add(out.grad @ other.data.T)
            other._add(self.data.T @ out.grad)
        out._backward = _backward
        return out
    def tanh(self):
        t = np.tanh(self.data)
        out = Tensor(t, (self,))
        def _backward():
            self._add((1 - t ** 2) * out.grad)
        out._backward = _backward
        return out
    def backward(self, g):
        order, seen = [], set()
        def visit(v):
            if id(v) not in seen:
                seen.add(id(v))
                for p in v.parents:
                    visit(p)
                order.append(v)
        visit(self)
        self.grad = g
        for v in reversed(order):
            if v.grad is not None:
                v._backward()

def layer(n, m):
    return Tensor(rng.normal(size=(n, m)) / np.sqrt(n))

X = rng.normal(size=(200, 6))
Y = np.tanh(X @ rng.normal(size=(6, 2)))
params = [layer(6, 12), layer(12, 2)]
for step in range(1000):
    rows = rng.integers(0, 200, 32)
    out = (Tensor(X[rows]) @ params[0]).tanh() @ params[1]
    for p in params:
        p.grad = None
    error = out.data - Y[rows]
    loss = (error ** 2).mean()
    out.backward(2 * error / error.size)
    for p in params:
        if p.grad is not None:
            p.data = p.data - 0.3 * p.grad
"""

CUT_SHORT = """
import numpy as np

rng = np.random.default_rng(0)
T, D, H = 8, 3, 12
STEPS = 5
U, W, V = rng.normal(size=(D, H)) * 0.5, rng.normal(size=(H, H)) * 0.1, rng.normal(size=(H, 1)) * 0.5
for k in range(400):
    x = rng.normal(size=(16, T, D))
    y = x.sum(axis=(1, 2))[:, None] * 0.1
    h = [np.zeros((16, H))]
    for t in range(T):
        h.append(np.tanh(x[:, t] @ U + h[-1] @ W))
    error = h[-1] @ V - y
    loss = 0.5 * (error ** 2).mean()
    d = error / 16
    dV = h[-1].T @ d
    dU, dW, dh = np.zeros_like(U), np.zeros_like(W), d @ V.T
    for t in range(T - 1, T - 1 - STEPS, -1):
        da = dh * (1 - h[t + 1] ** 2)
        dU += x[:, t].T @ da
        dW += h[t].T @ da
        dh = da @ W.T
    U -= 0.05 * dU
    W -= 0.05 * dW
    V -= 0.05 * dV
"""


@pytest.fixture
def report(shell, tmp_path):
    """The report on a text as a script, as data."""

    def diagnosed(text):
        (tmp_path / "script.py").write_text(text)
        result = shell("diagnose", "script.py", "--json", "--no-cures", "--budget", 120)
        assert result.exit_code in (0, 1, 2), result.output
        return json.loads(result.stdout)

    return diagnosed


def line_of(text, part):
    """The number of the only line that contains a text."""
    (number,) = [number for number, line in enumerate(text.splitlines(), start=1) if part in line]
    return number


def gradients(found):
    """The findings about gradients, with their lines."""
    return [(one["code"], one["location"]["line"]) for one in found["findings"] if one["code"][0] == "B"]


def test_a_right_engine_is_proved_right(report):
    found = report(ENGINE)
    assert not gradients(found)
    assert {entry["verdict"] for entry in found["proof"]["parameters"]} == {"proved right"}
    assert found["proof"]["of"]["line"] == line_of(ENGINE, "(error ** 2).mean()")


def test_an_operation_of_an_engine_that_hands_on_something_else_is_named(report):
    text = ENGINE.replace("(1 - t ** 2)", "(1 + t ** 2)")
    found = report(text)
    assert found["verdict"] == "faulty"
    assert [line for _, line in gradients(found)] == [line_of(text, "(1 + t ** 2)")]
    words = {entry["name"]: entry["verdict"] for entry in found["proof"]["parameters"]}
    assert sorted(words.values()) == ["proved right", "proved wrong"]


def test_an_operation_of_an_engine_that_hands_nothing_on_is_named(report):
    text = ENGINE.replace("self._add((1 - t ** 2) * out.grad)", "pass")
    found = report(text)
    assert gradients(found) == [("B13", line_of(text, "t = np.tanh(self.data)"))]


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("batchnorm_compact", "- dzhat.sum(axis=0)", "+ dzhat.sum(axis=0)"),
        ("gru_sequence", "dh * (h_old - n)", "dh * (h_old + n)"),
    ],
)
def test_a_fault_in_another_architecture_is_named_on_its_line(report, name, right, wrong):
    text = (PROGRAMS / f"{name}.py").read_text()
    assert text.count(right) >= 1
    text = text.replace(right, wrong, 1)
    ((code, line),) = gradients(report(text))
    assert code == "B14"
    assert wrong in text.splitlines()[line - 1]


def test_the_proof_is_described_in_the_schema(report):
    jsonschema.validate(report(ENGINE), schema())


def test_the_listing_marks_what_is_right_and_where_it_departs(report):
    text = ENGINE.replace("(1 - t ** 2)", "(1 + t ** 2)")
    marks = {entry["line"]: entry["mark"] for entry in report(text)["listing"]}
    assert marks[line_of(text, "(1 + t ** 2)")] == "departs"
    assert marks[line_of(text, "2 * error / error.size")] == "right"
    assert "departs" not in {entry["mark"] for entry in report(ENGINE)["listing"]}


def test_a_way_back_through_time_that_is_cut_late_does_no_harm(report):
    found = report(CUT_SHORT)
    assert {entry["verdict"] for entry in found["proof"]["parameters"]} == {"proved right", "proved wrong"}
    assert found["proof"]["consequence"]["matters"] is False
    assert not gradients(found)


def test_a_script_in_no_known_architecture_is_healthy_where_its_gradients_are_right_and_its_loss_falls(report):
    found = report(CUT_SHORT.replace("STEPS = 5", "STEPS = 8"))
    assert {entry["verdict"] for entry in found["proof"]["parameters"]} == {"proved right"}
    assert found["verdict"] == "healthy"


@pytest.mark.parametrize(
    ("losses", "answer"),
    [([1.0] * 11, None), ([1.0] * 12, False), ([1.0] * 6 + [0.5] * 6, True), ([1, *[np.nan] * 11], False)],
)
def test_a_loss_falls_where_its_last_quarter_is_a_tenth_below_the_first(losses, answer):
    assert falls(losses) is answer


def test_a_loss_that_is_soon_near_its_floor_is_learnt_where_it_lies_below_that_of_constant_answers():
    losses = [9.0, *[3.1] * 11]
    assert falls(losses, of_constants=4.0) is True
    assert falls([3.1] * 12, of_constants=3.2) is False


@pytest.mark.parametrize(
    ("losses", "number"),
    [
        ([3.0, 9.0, np.inf, np.nan], 2),
        ([3.0, np.nan, 2.0, 1.0], None),
        ([3.0, 2.0], None),
        ([], None),
        ([np.nan], None),
    ],
)
def test_losses_diverge_from_the_first_on_after_which_none_is_finite(losses, number):
    assert diverge(losses) == number


CHARACTERS = """
import numpy as np

rng = np.random.default_rng(3)
text = "to be or not to be that is the question " * 40
letters = sorted(set(text))
number = {letter: i for i, letter in enumerate(letters)}
V, H, T = len(letters), 24, 10
U, W, O = rng.normal(size=(H, V)) * 0.1, rng.normal(size=(H, H)) * 0.1, rng.normal(size=(V, H)) * 0.1
at, state = 0, np.zeros((H, 1))
for step in range(600):
    if at + T + 1 >= len(text):
        at, state = 0, np.zeros((H, 1))
    inputs = [number[letter] for letter in text[at : at + T]]
    targets = [number[letter] for letter in text[at + 1 : at + T + 1]]
    xs, hs, ps, loss = {}, {-1: state}, {}, 0
    for t in range(T):
        xs[t] = np.zeros((V, 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(U @ xs[t] + W @ hs[t - 1])
        e = np.exp(O @ hs[t])
        ps[t] = e / e.sum()
        loss += -np.log(ps[t][targets[t], 0])
    gU, gW, gO, back = np.zeros_like(U), np.zeros_like(W), np.zeros_like(O), np.zeros((H, 1))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        gO += dy @ hs[t].T
        da = (1 - hs[t] ** 2) * (O.T @ dy + back)
        gU += da @ xs[t].T
        gW += da @ hs[t - 1].T
        back = W.T @ da
    for w, g in ((U, gU), (W, gW), (O, gO)):
        w -= 0.05 * np.clip(g, -5, 5)
    state, at = hs[T - 1], at + T
"""


def test_the_steps_of_a_sequence_are_not_judged_as_examples(report):
    found = report(CHARACTERS)
    assert [one["code"] for one in found["findings"]] == []
    assert found["verdict"] == "healthy"


def test_each_of_two_faults_of_a_recurrent_script_gets_its_line(report):
    text = CHARACTERS.replace("da @ hs[t - 1].T", "da @ hs[t].T").replace("O.T @ dy + back", "O.T @ dy")
    lines = {line for _, line in gradients(report(text))}
    assert lines == {line_of(text, "da @ hs[t].T"), line_of(text, "(O.T @ dy)")}


SUMS_OF_AN_ENGINE = """
class Number:
    def __init__(self, data, made=()):
        self.data, self.made, self.grad = data, made, 0.0
    def __add__(self, other):
        return Number(self.data + other.data, ((self, 1.0), (other, 1.0)))
    def __mul__(self, other):
        return Number(self.data * other.data, ((self, other.data), (other, self.data)))
    def backward(self, sent=1.0):
        self.grad += sent
        for one, slope in self.made:
            one.backward(sent * slope)

weights = [Number(0.5), Number(-0.3)]
for step in range(40):
    loss = Number(0.0)
    for x, y in ((1.0, 2.0), (2.0, 3.0)):
        error = weights[0] * Number(x) + weights[1] + Number(-y)
        loss = loss + error * error
    for w in weights:
        w.grad = 0.0
    loss.backward()
    for w in weights:
        w.data = w.data - 0.05 * w.grad
"""


def test_the_loss_of_an_engine_is_told_from_its_other_sums():
    run = runner(SUMS_OF_AN_ENGINE)
    studied = study(run)
    recording, chains = studied.recording, list(studied.chains)
    proved = prove_recorded(recording.tape, chains)
    loop = find_loop(recording, chains, read_update(recording, chains, 1))
    losses = own_losses(run, recording, loop, proved.first)
    assert len(losses) == 40
    assert losses[0] == pytest.approx((0.5 - 0.3 - 2) ** 2 + (1 - 0.3 - 3) ** 2)
    assert losses == sorted(losses, reverse=True)
