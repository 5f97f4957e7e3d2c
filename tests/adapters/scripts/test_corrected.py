"""What else is wrong with a script whose gradient is proved wrong is named too."""

import json

import pytest

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.proof.corrected import behind_wrong_gradients
from unstuck.adapters.scripts.study import study
from unstuck.diagnosis.examination.true_step import with_true_gradients

QUADRANTS = """
import numpy as np

np.random.seed(0)
X = np.random.uniform(-1, 1, (200, 2))
T = (X[:, :1] * X[:, 1:] > 0).astype(float)

def S(z):
    return 1 / (1 + np.exp(-z))

W1 = {first}
b1 = np.zeros(8)
W2 = np.ones((8, 1))
b2 = np.zeros(1)

for epoch in range(400):
    for i in range(0, 200, 20):
        x, t = X[i:i + 20], T[i:i + 20]
        h = S(x @ W1 + b1)
        o = S(h @ W2 + b2)
        loss = 0.5 * np.sum((o - t) ** 2) / 20
        d2 = (o - t) * o * (1 - o) / 20
        d1 = (d2 @ W2.T) * {slope}
        W2 -= 2.0 * h.T @ d2
        b2 -= 2.0 * d2.sum(axis=0)
        W1 -= 2.0 * x.T @ d1
        b1 -= 2.0 * d1.sum(axis=0)
"""
COLLAPSED = "np.sum(h * (1 - h), axis=1, keepdims=True)"
DRAWN = "np.random.randn(2, 8)"


def test_inputs_are_named_beside_a_gradient_that_no_table_explains(shell, tmp_path):
    text = QUADRANTS.format(first=DRAWN, slope=COLLAPSED).replace("np.ones((8, 1))", "np.random.randn(8, 1)")
    text = text.replace("uniform(-1, 1, (200, 2))", "uniform(0, 255, (200, 2))")
    text = text.replace("X[:, :1] * X[:, 1:]", "(X[:, :1] - 128) * (X[:, 1:] - 128)")
    file = tmp_path / "quadrants.py"
    file.write_text(text)
    report = json.loads(shell("diagnose", file, "--no-cures", "--json", "--budget", 120).stdout)
    places = {finding["code"]: finding["location"]["text"] for finding in report["findings"]}
    assert {"D02", "B14"} <= set(places)
    assert places["D02"].startswith("X = np.random.uniform(0, 255")
    assert places["B14"].startswith("d1 =")


@pytest.mark.parametrize("slope", [COLLAPSED, "h * (1 - h)"])
def test_the_corrected_step_moves_every_array_along_its_true_gradient(slope):
    after = []
    for text, corrected in ((slope, True), ("h * (1 - h)", False)):
        case = study(runner(QUADRANTS.format(first=DRAWN, slope=text))).case
        case = with_true_gradients(case) if corrected else case
        case.step(case.x[:20], case.targets[:20])
        after.append([array.copy() for array in case.parameters()])
    for made, wanted in zip(*after, strict=True):
        assert made == pytest.approx(wanted, rel=1e-9, abs=1e-12)


def test_nothing_is_diagnosed_again_where_nothing_of_these_stages_was_noted():
    case = study(runner(QUADRANTS.format(first=DRAWN, slope=COLLAPSED))).case
    case.predict = None  # a diagnosis would fail
    assert behind_wrong_gradients(case, ["B14", "U07"], 10.0) == []
