"""Faults of the forward pass in any architecture are seen in its recording; what looks like them is left alone."""

import pytest

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.evaluating import evaluated_as_in_training
from unstuck.adapters.scripts.examine import study
from unstuck.adapters.scripts.forward_report import of_forward_faults, with_forward_faults
from unstuck.adapters.scripts.proving import prove_recorded

ATTENTION = """\
import numpy as np
rng = np.random.default_rng(0)
B, T, V, D = 8, 6, 7, 12
table, places = rng.normal(size=(V, D)) * 0.3, rng.normal(size=(T, D)) * 0.3
Wq, Wk, Wv = (rng.normal(size=(D, D)) / np.sqrt(D) for _ in range(3))
Wo = rng.normal(size=(D, V)) / np.sqrt(D)
mask = np.triu(np.ones((T, T)), k=1)
for step in range(200):
    first = rng.integers(0, V, (B, 1))
    run = (first + np.arange(T + 1) * rng.integers(1, 3, (B, 1))) % V
    x, y = run[:, :-1], run[:, 1:]
    h = table[x] + places
    q, k, v = h @ Wq, h @ Wk, h @ Wv
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(D)
    scores = np.where(mask == 1, -1e9, scores)
    e = np.exp(scores - scores.max(axis=2, keepdims=True))
    a = e / e.sum(axis=2, keepdims=True)
    o = a @ v + h
    z = o @ Wo
    ez = np.exp(z - z.max(axis=2, keepdims=True))
    p = ez / ez.sum(axis=2, keepdims=True)
    t = np.eye(V)[y]
    loss = -(t * np.log(p)).sum(axis=2).mean()
    dz = (p - t) / (B * T)
    do = dz @ Wo.T
    da, dv = do @ v.transpose(0, 2, 1), a.transpose(0, 2, 1) @ do
    ds = a * (da - (da * a).sum(axis=2, keepdims=True)) / np.sqrt(D)
    dq, dk = ds @ k, ds.transpose(0, 2, 1) @ q
    dh = do + dq @ Wq.T + dk @ Wk.T + dv @ Wv.T
    Wo -= 0.3 * np.einsum('btd,btv->dv', o, dz)
    Wq -= 0.3 * np.einsum('btd,bte->de', h, dq)
    Wk -= 0.3 * np.einsum('btd,bte->de', h, dk)
    Wv -= 0.3 * np.einsum('btd,bte->de', h, dv)
    places -= 0.3 * dh.sum(axis=0)
    dtable = np.zeros_like(table)
    np.add.at(dtable, x, dh)
    table -= 0.3 * dtable
"""

RECURRENT = """\
import numpy as np
rng = np.random.default_rng(0)
T, H = 7, 10
U, W, V = rng.normal(size=(1, H)), rng.normal(size=(H, H)) * 0.2, rng.normal(size=(H, 1))
for step in range(300):
    x = rng.normal(size=(T, 12, 1))
    y = x.sum(axis=0)
    h = np.zeros((12, H))
    hs = [h]
    for t in range(T):
        h = np.tanh(x[t] @ U + h @ W)
        hs.append(h)
    out = h @ V
    d = (out - y) / 12
    dV, dU, dW, dh = h.T @ d, 0, 0, d @ V.T
    for t in reversed(range(T)):
        da = dh * (1 - hs[t + 1] ** 2)
        dU, dW = dU + x[t].T @ da, dW + hs[t].T @ da
        dh = da @ W.T
    U -= 0.01 * dU
    W -= 0.01 * dW
    V -= 0.01 * dV
"""

IN_PIECES = """\
import numpy as np
rng = np.random.default_rng(0)
T, H, K = 5, 10, 4
text = rng.integers(0, K, 200)
U, W, V = rng.normal(size=(K, H)), rng.normal(size=(H, H)) * 0.2, rng.normal(size=(H, K))
h = np.zeros(H)
for start in range(0, 150, T):
    xs, ys, hs, ds = np.eye(K)[text[start:start + T]], text[start + 1:start + T + 1], [h], []
    for t in range(T):
        h = np.tanh(xs[t] @ U + h @ W)
        hs.append(h)
        z = h @ V
        p = np.exp(z) / np.exp(z).sum()
        d = p.copy()
        d[ys[t]] -= 1
        ds.append(d)
    dU, dW, dV, dh = np.zeros_like(U), np.zeros_like(W), np.zeros_like(V), np.zeros(H)
    for t in reversed(range(T)):
        dV += np.outer(hs[t + 1], ds[t])
        da = (ds[t] @ V.T + dh) * (1 - hs[t + 1] ** 2)
        dU += np.outer(xs[t], da)
        dW += np.outer(hs[t], da)
        dh = da @ W.T
    U -= 0.05 * dU
    W -= 0.05 * dW
    V -= 0.05 * dV
"""

NORMALIZED = """\
import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(200, 5))
Y = np.sin(X[:, :2])
W1, g, W2 = rng.normal(size=(5, 9)), np.ones(9), rng.normal(size=(9, 2))
def layer_norm(z):
    centred = z - z.mean(axis=1, keepdims=True)
    s = np.sqrt(centred.var(axis=1, keepdims=True) + 1e-6)
    return centred / s, s
for step in range(200):
    rows = rng.integers(0, 200, 20)
    x, y = X[rows], Y[rows]
    n, s = layer_norm(x @ W1)
    out = (g * n) @ W2
    d = (out - y) / 20
    dgn = d @ W2.T
    W2 -= 0.1 * (g * n).T @ d
    dn = dgn * g
    g -= 0.1 * (dgn * n).sum(axis=0)
    dz = (dn - dn.mean(axis=1, keepdims=True) - n * (dn * n).mean(axis=1, keepdims=True)) / s
    W1 -= 0.1 * x.T @ dz
"""

DROPPING = """\
import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(260, 6))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)
W1, W2 = rng.normal(size=(6, 16)) * 0.4, rng.normal(size=(16, 2)) * 0.3
def forward(x, training):
    h = np.maximum(0, x @ W1)
    mask = (rng.random(h.shape) < 0.8) / 0.8 if training else 1.0
    h = h * mask
    z = h @ W2
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True), h, mask
for epoch in range(20):
    for i in range(0, 200, 20):
        x, t = X[i:i + 20], np.eye(2)[Y[i:i + 20]]
        p, h, mask = forward(x, True)
        print((p.argmax(axis=1) == Y[i:i + 20]).mean())
        d = (p - t) / 20
        dh = (d @ W2.T) * mask * (h > 0)
        W2 -= 0.5 * h.T @ d
        W1 -= 0.5 * x.T @ dh
    p, _, _ = forward(X[200:], False)
    print((p.argmax(axis=1) == Y[200:]).mean())
"""

BATCH = """\
import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(260, 6))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)
W1, g, W2 = rng.normal(size=(6, 16)) * 0.4, np.ones(16), rng.normal(size=(16, 2)) * 0.3
kept = {"mean": np.zeros(16), "var": np.ones(16)}
def forward(x, training):
    z = x @ W1
    if training:
        mean, var = z.mean(axis=0), z.var(axis=0)
        kept["mean"] = 0.9 * kept["mean"] + 0.1 * mean
        kept["var"] = 0.9 * kept["var"] + 0.1 * var
    else:
        mean, var = kept["mean"], kept["var"]
    s = np.sqrt(var + 1e-5)
    n = (z - mean) / s
    h = np.tanh(g * n)
    z = h @ W2
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True), h, n, s
for epoch in range(20):
    for i in range(0, 200, 20):
        x, t = X[i:i + 20], np.eye(2)[Y[i:i + 20]]
        p, h, n, s = forward(x, True)
        d = (p - t) / 20
        da = (d @ W2.T) * (1 - h ** 2)
        W2 -= 0.5 * h.T @ d
        dn = da * g
        g -= 0.5 * (da * n).sum(axis=0)
        W1 -= 0.5 * x.T @ ((dn - dn.mean(axis=0) - n * (dn * n).mean(axis=0)) / s)
    answers = np.argmax(forward(X[200:], False)[0], axis=1)
    print((answers == Y[200:]).mean())
"""


def seen(text):
    """The codes and lines of what the forward pass and the evaluation of a script show, and of wrong gradients."""
    run = runner(text)
    studied = study(run)
    proved = with_forward_faults(
        prove_recorded(studied.recording.tape, studied.chains), studied.recording, studied.chains
    )
    found = [*of_forward_faults(proved.forward)]
    found += evaluated_as_in_training(run, studied.recording, list(studied.chains), proved.proofs[0], 30.0)
    return [(one.rule.code, one.location.line) for one in found], [v.parameter.name for v in proved.first.wrong]


@pytest.mark.parametrize("text", [ATTENTION, RECURRENT, IN_PIECES, NORMALIZED, DROPPING, BATCH])
def test_right_programs_break_no_law(text):
    assert seen(text) == ([], [])


@pytest.mark.parametrize(
    ("text", "right", "wrong", "code"),
    [
        (ATTENTION, "a = e / e.sum(axis=2", "a = e / e.sum(axis=1", "F02"),
        (ATTENTION, "p = ez / ez.sum(axis=2", "p = ez / ez.sum(axis=1", "F02"),
        (ATTENTION, "k=1)", "k=2)", "F16"),
        (ATTENTION, "np.where(mask == 1, -1e9, scores)", "np.where(mask == 1, 1e-9, scores)", "F16"),
        (
            RECURRENT,
            "    hs = [h]\n    for t in range(T):\n",
            "    hs = [h]\n    for t in range(T):\n        h = np.zeros((12, H))  # anew\n",
            "B13",
        ),
        (NORMALIZED, "z.mean(axis=1", "z.mean(axis=0", "F14"),
        (DROPPING, "forward(X[200:], False)", "forward(X[200:], True)", "E03"),
        (BATCH, "forward(X[200:], False)", "forward(X[200:], True)", "E03"),
    ],
)
def test_a_broken_law_is_seen_on_its_line(text, right, wrong, code):
    assert text.count(right) == 1
    broken = text.replace(right, wrong)
    (line,) = [n for n, (a, b) in enumerate(zip(text.splitlines(), broken.splitlines()), 1) if a != b][:1]
    found, _ = seen(broken)
    assert (code, line) in found


def test_a_state_that_is_kept_is_told_where_it_is_made():
    broken = RECURRENT.replace("    h = np.zeros((12, H))\n", "").replace(
        "for step in", "h = np.zeros((12, H))\nfor step in"
    )
    assert ("F14", 5) in seen(broken)[0]


def test_a_backward_pass_for_the_axis_that_was_meant_is_not_called_wrong():
    found, wrong = seen(ATTENTION.replace("e.sum(axis=2", "e.sum(axis=1"))
    assert {code for code, _ in found} == {"F02"}
    assert not wrong
