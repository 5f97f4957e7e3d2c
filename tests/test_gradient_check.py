"""`unstuck.check_gradients` on losses written in NumPy, and `unstuck.testing.assert_gradients`."""

import numpy as np
import pytest

import unstuck
from unstuck.testing import assert_gradients

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 4))
Y = RNG.integers(0, 3, 12)
PARAMETERS = [RNG.normal(size=(4, 6)), RNG.normal(size=6), RNG.normal(size=(6, 3))]


def forward(w, b, v):
    h = np.tanh(X @ w + b)
    s = h @ v
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return h, e / e.sum(axis=1, keepdims=True)


def loss(w, b, v):
    _, p = forward(w, b, v)
    return -np.mean(np.log(p[np.arange(12), Y]))


def gradients(w, b, v):
    h, p = forward(w, b, v)
    d = (p - np.eye(3)[Y]) / 12
    dh = d @ v.T * (1 - h**2)
    return X.T @ dh, dh.sum(axis=0), h.T @ d


def without_square(w, b, v):
    h, p = forward(w, b, v)
    d = (p - np.eye(3)[Y]) / 12
    dh = d @ v.T * (1 - h)
    return X.T @ dh, dh.sum(axis=0), h.T @ d


def test_right_gradients_are_equal_to_rounding():
    differences = unstuck.check_gradients(loss, PARAMETERS, gradients)
    assert [d.kind for d in differences] == ["equal"] * 3
    assert max(d.error for d in differences) < 1e-12


def test_arrays_do_as_well_as_a_function():
    assert all(d.is_equal for d in unstuck.check_gradients(loss, PARAMETERS, gradients(*PARAMETERS)))


def test_the_line_of_a_wrong_slope_is_named():
    differences = unstuck.check_gradients(loss, PARAMETERS, without_square)
    assert [d.is_equal for d in differences] == [False, False, True]
    assert "1 - h" in differences[0].place
    assert "instead of" in str(differences[0])


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda g: [-g[0], *g[1:]], "sign"),
        (lambda g: [g[0] * 2, *g[1:]], "factor"),
        (lambda g: [g[0].T, *g[1:]], "transposed"),
        (lambda g: [g[0] * 0, *g[1:]], "zero"),
        (lambda g: [g[0][::-1], *g[1:]], "order reversed"),
        (lambda g: [np.repeat(g[0].mean(0, keepdims=True), 4, 0), *g[1:]], "one axis summed"),
    ],
)
def test_the_kind_is_named(change, kind):
    assert unstuck.check_gradients(loss, PARAMETERS, change(list(gradients(*PARAMETERS))))[0].kind == kind


def test_float32_is_judged_by_its_rounding():
    small = [p.astype(np.float32) for p in PARAMETERS]
    assert all(d.is_equal for d in unstuck.check_gradients(loss, small, gradients))


def test_an_operation_without_derivative_is_named():
    with pytest.raises(unstuck.TrainingError, match=r"numpy\.interp"):
        unstuck.check_gradients(lambda w: np.sum(np.interp(w, [0.0, 1.0], [0.0, 2.0])), [np.ones(3)], [np.ones(3)])


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ((loss, PARAMETERS, [np.zeros(2)]), "1 gradients for 3"),
        ((loss, PARAMETERS, [np.zeros(2)] * 3), "gradient 0 has shape"),
        ((lambda w: w * 2, [np.ones(3)], [np.ones(3)]), "one number"),
        ((lambda w: w.sum(), [np.ones(3, int)], [np.ones(3)]), "only floats"),
    ],
)
def test_what_cannot_be_compared_is_said(arguments, match):
    with pytest.raises(unstuck.TrainingError, match=match):
        unstuck.check_gradients(*arguments)


def test_networks_are_checked_as_before():
    network = unstuck.Network([4, 5, 3], seed=0)
    assert all(d.is_equal for d in unstuck.check_gradients(network, X, Y))


def test_assert_gradients_fails_with_the_line():
    assert_gradients(loss, PARAMETERS, gradients)
    with pytest.raises(AssertionError, match=r"parameter 0.*line \d+"):
        assert_gradients(loss, PARAMETERS, without_square)
