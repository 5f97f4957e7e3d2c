"""Right gradients are proved right also where an accumulator keeps a share, or networks are updated in turn; wrong ones
are not excused by it."""

import numpy as np
import pytest

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.proof.climbing import ascending
from unstuck.adapters.scripts.proof.proving import prove_recorded
from unstuck.adapters.scripts.study import study

KEPT = """\
import numpy as np
np.random.seed(0)
X = np.random.rand(200, 6)
Y = np.random.rand(200, 2)
W1, W2 = np.random.randn(6, 5), np.random.randn(5, 2)
G1, G2 = np.zeros((6, 5)), np.zeros((5, 2))
for k in range(200):
    x, y = X[k:k + 1], Y[k:k + 1]
    h = np.tanh(x @ W1)
    d2 = {error}
    G2 += h.T @ d2
    G1 += x.T @ (d2 @ W2.T * {slope})
    if k % 10 == 9:
        G1 *= 0.1
        G2 *= 0.1
        W1 -= G1
        W2 -= G2
"""


def proved(text):
    found = study(runner(text))
    return prove_recorded(found.recording.tape, found.chains)


def test_what_an_accumulator_keeps_is_no_wrong_derivative():
    found = proved(KEPT.format(error="h @ W2 - y", slope="(1 - h ** 2)"))
    assert found.wrong is None
    assert found.all_right


def test_a_wrong_derivative_in_an_accumulator_is_one():
    found = proved(KEPT.format(error="h @ W2 - y", slope="(1 - h)"))
    assert [verdict.parameter.before[0].value.shape for verdict in found.first.wrong] == [(6, 5)]
    assert np.isfinite(found.first.wrong[0].residual)


NEVER_CLEARED = """\
import numpy as np
np.random.seed(2)
X, Y = np.random.rand(60, 4), np.random.rand(60, 2)
W, V = np.random.randn(4, 5), np.random.randn(5, 2)
gW, gV = np.zeros_like(W), np.zeros_like(V)
for k in range(50):
    h = np.tanh(X @ W)
    error = (h @ V - Y) / 60
    gV += h.T @ error
    gW += X.T @ (error @ V.T * (1 - h ** 2))
    W -= 0.1 * gW
    V -= 0.1 * gV
"""


def test_gradients_that_are_never_cleared_come_back_in_full_where_they_are_added():
    found = proved(NEVER_CLEARED)
    assert found.wrong is None
    assert found.kept.share == pytest.approx(1.0)
    assert found.kept.site.text.startswith("gV +=")


@pytest.mark.parametrize(
    ("sign", "learns", "codes"), [("+", None, ["U01"]), ("+", False, ["U01"]), ("+", True, []), ("-", None, [])]
)
def test_updates_along_the_gradient_of_a_usual_loss_go_up_unless_the_script_learns(sign, learns, codes):
    text = NEVER_CLEARED.replace("gV +=", "gV =").replace("gW +=", "gW =")
    found = proved(text.replace("-= 0.1", f"{sign}= 0.1"))
    assert [finding.rule.code for finding in ascending(found, lambda: learns)] == codes


IN_TURN = """\
import numpy as np
np.random.seed(3)
class Net:
    def __init__(self, a, b, c):
        self.W, self.V, self.b = np.random.randn(a, b), np.random.randn(b, c), np.zeros(c)
    def forward(self, x):
        self.x, self.h = x, np.tanh(x @ self.W)
        return self.h @ self.V + self.b
    def backward(self, d):
        self.dV, self.db = self.h.T @ d, d.sum(axis=0)
        d = d @ self.V.T * {slope}
        self.dW = self.x.T @ d
        return d @ self.W.T
    def step(self, rate):
        self.W -= rate * self.dW
        self.V -= rate * self.dV
        self.b -= rate * self.db
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
G, D = Net(3, 7, 1), Net(1, 6, 1)
for k in range(100):
    noise = np.random.randn(20, 3)
    x = np.vstack([np.random.randn(20, 1) + 3, G.forward(noise)])
    t = np.repeat([[1.0], [0.0]], 20, axis=0)
    p = sigmoid(D.forward(x))
    loss = -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))
    D.backward((p - t) / 40)
    D.step(0.1)
    p = sigmoid(D.forward(G.forward(noise)))
    fooled = -np.mean(np.log(p))
    G.backward(D.backward((p - 1) / 20))
    G.step(0.1)
"""


def test_networks_that_are_updated_in_turn_are_proved_each_of_its_own_loss():
    found = proved(IN_TURN.format(slope="(1 - self.h ** 2)"))
    assert found.turns == 2
    assert found.all_right
    assert {proof.hypothesis.site.line for proof in found.proofs} == {26, 30}


def test_a_wrong_slope_in_networks_that_are_updated_in_turn_is_found_on_its_line():
    found = proved(IN_TURN.format(slope="(1 - self.h)"))
    assert [departure.site.line for departure in found.departures] == [11]


def test_a_single_number_that_fits_any_scale_does_not_excuse_a_wrong_error():
    text = IN_TURN.format(slope="(1 - self.h ** 2)").replace("randn(a, b)", "randn(a, b) / 3")
    found = proved(text.replace("(p - 1) / 20", "p / 20"))
    assert [departure.site.line for departure in found.departures] == [31]
    assert found.consequence.matters


RESIDUAL = """\
import numpy as np
np.random.seed(0)
X = np.random.randn(80, 4)
Y = np.sin(X[:, :1])
blocks = [np.random.randn(4, 4) * 0.5 for _ in range(2)]
head = np.random.randn(4, 1) * 0.5
for k in range(100):
    rows = np.random.randint(0, 80, 20)
    h, kept = X[rows], []
    for W in blocks:
        a = np.tanh(h @ W)
        kept.append((h, a))
        h = h + a
    error = (h @ head - Y[rows]) / 20
    back = error @ head.T
    head -= 0.1 * h.T @ error
    for W, (x, a) in zip(blocks[::-1], kept[::-1]):
        d = back * (1 - a ** 2)
        back = back + d @ W.T
        W -= 0.1 * x.T @ d
"""

CELLS = """\
import numpy as np
np.random.seed(1)
X, Y = np.random.randn(25, 30, 3), np.random.randn(30, 2)
U, V, W, B = (np.random.randn(*shape) * 0.5 for shape in ((3, 4), (4, 4), (4, 2), (3, 4)))
for k in range(60):
    h, c, kept = np.zeros((30, 4)), np.zeros((30, 4)), []
    for x in X:
        f, g = 1 / (1 + np.exp(-x @ B)), np.tanh(x @ U + h @ V)
        kept.append((x, h, c, f, g))
        c = f * c + (1 - f) * g
        h = np.tanh(c)
        kept[-1] += (h,)
    error = (h @ W - Y) / 30
    dh, dc = error @ W.T, np.zeros((30, 4))
    dU, dV, dB = np.zeros_like(U), np.zeros_like(V), np.zeros_like(B)
    W -= 0.1 * h.T @ error
    for x, before, cell, f, g, after in kept[::-1]:
        dc = dc + dh * (1 - after ** 2)
        dB += x.T @ (dc * (cell - g) * f * (1 - f))
        dg = dc * (1 - f) * (1 - g ** 2)
        dU += x.T @ dg
        dV += before.T @ dg
        dh{keep} = dg @ V.T{also}
    U -= 0.1 * dU
    V -= 0.1 * dV
    B -= 0.1 * dB
"""


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        (RESIDUAL, {(4, 4), (4, 1)}),
        (CELLS.format(keep="", also=""), {(3, 4), (4, 4), (4, 2)}),
        (CELLS.format(keep=", dc", also=", dc * f"), {(3, 4), (4, 4), (4, 2)}),
    ],
)
def test_what_is_added_to_on_the_way_there_or_back_is_no_parameter(text, shapes):
    found = study(runner(text))
    assert {np.shape(chain.root.value) for chain in found.chains} == shapes


WITHOUT_A_LOSS = """\
import numpy as np
np.random.seed(0)
X, Y = np.random.randn(60, 4), np.random.randn(60, 3)
W, V = np.random.randn(4, 5), np.random.randn(5, 3)
for k in range(50):
    h = np.tanh(X @ W)
    error = np.sin(3 * (h @ V)) * np.exp(Y) + np.abs(h @ V - 1)
    dV = h.T @ error
    W -= 0.01 * X.T @ (error @ V.T * (1 - h ** 2))
    V -= 0.01 * dV
"""


def test_no_gradient_is_called_wrong_of_a_loss_that_nothing_shows():
    found = proved(WITHOUT_A_LOSS)
    assert found.wrong is None
    assert {verdict.right for verdict in found.first.verdicts} == {None}
