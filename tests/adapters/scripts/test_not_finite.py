"""Numbers that stop being finite in the first update are told by the expression that makes them so."""

import numpy as np
import pytest

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.faults.not_finite import of_not_finite, with_size
from unstuck.adapters.scripts.study import study
from unstuck.diagnosis.report.contents import Finding
from unstuck.diagnosis.rules import RULES

PROGRAM = """\
import numpy as np
np.random.seed(0)
X = np.random.rand(60, 4) * {size}
T = np.eye(2)[(X[:, 0] > X.mean()).astype(int)]
W1, b1 = np.random.randn(4, 5), np.random.randn(5)
W2, b2 = np.random.randn(5, 2), np.random.randn(2)
for epoch in range(200):
    h = np.maximum(X @ W1 + b1, 0)
    z = h @ W2 + b2
    {stable}
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    loss = -np.sum(T * np.log(p){guard})
    d2 = (p - T) / len(X)
    d1 = d2 @ W2.T * (h > 0)
    W2 -= 0.1 * h.T @ d2
    b2 -= 0.1 * d2.sum(axis=0)
    W1 -= 0.1 * X.T @ d1
    b1 -= 0.1 * d1.sum(axis=0)
"""
STABLE = "z = z - z.max(axis=1, keepdims=True)"


def read(size=1, stable="pass", guard=""):
    studied = study(runner(PROGRAM.format(size=size, stable=stable, guard=guard)))
    assert studied.read is not None
    return studied


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ({"size": 1000}, [("F03", 11)]),
        ({"size": 1000, "stable": STABLE}, [("L03", 12)]),
        ({}, []),
        ({"size": 1000, "stable": STABLE, "guard": ".clip(-700)"}, []),
    ],
)
def test_the_first_expression_that_is_not_finite_is_named(program, expected):
    found = of_not_finite(read(**program).read)
    assert [(finding.rule.code, finding.location.line) for finding in found] == expected


def test_large_inputs_are_named_first_where_smaller_ones_would_do():
    studied = read(size=1000)
    found = list(of_not_finite(studied.read))
    note = Finding(RULES["D02"], "measured", "", {}, None)
    assert studied.case is not None
    assert np.isfinite(studied.case.predict(studied.case.x / 1000)).all()
    assert [one.rule.code for one in with_size(found, [note], studied.case)] == ["D02", "F03"]
    assert with_size(found, [], studied.case) == found
