"""Each loss beyond the engine's has the gradient of its value, and the same value and gradient on logits."""

import numpy as np
import pytest

from unstuck.nn.activations import find_activation
from unstuck.sklearn import losses

OUTPUTS = {"exp": losses.EXP, "softmax": find_activation("softmax"), "sigmoid": find_activation("sigmoid")}
LOSSES = [
    losses.POISSON,
    losses.GAMMA,
    losses.ABSOLUTE_ERROR,
    losses.huber(0.7),
    losses.quantile(0.2),
    losses.FOCAL,
    losses.BINARY_FOCAL,
]


def example(loss):
    """Logits (6, 4), the output function, and targets that suit the loss."""
    generator = np.random.default_rng(0)
    z = generator.standard_normal((6, 4))
    if loss.fused_with == "softmax":
        return z, OUTPUTS["softmax"], np.eye(4)[generator.integers(0, 4, 6)]
    if loss.fused_with == "sigmoid":
        return z, OUTPUTS["sigmoid"], generator.integers(0, 2, (6, 4)).astype(float)
    return z, OUTPUTS[loss.fused_with] if loss.fused_with else find_activation("linear"), generator.gamma(2, 1, (6, 4))


def differences(value, at):
    """Central differences (n, k) of values (n,) with respect to every number of `at` (n, k)."""
    slopes = np.empty_like(at)
    for j in range(at.shape[1]):
        step = np.zeros_like(at)
        step[:, j] = 1e-6
        slopes[:, j] = (value(at + step) - value(at - step)) / 2e-6
    return slopes


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_the_gradient_is_that_of_the_value(loss):
    z, output, t = example(loss)
    a = output.value(z)
    np.testing.assert_allclose(loss.gradient(a, t), differences(lambda a: loss.value(a, t), a), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss.fused_with], ids=lambda loss: loss.name)
def test_on_logits_it_is_the_same_loss(loss):
    z, output, t = example(loss)
    a = output.value(z)
    np.testing.assert_allclose(loss.logits_value(z, t), loss.value(a, t), rtol=1e-12)
    np.testing.assert_allclose(
        loss.logits_gradient(z, t), output.backward(loss.gradient(a, t), z, a), rtol=1e-10, atol=1e-12
    )


@pytest.mark.parametrize("loss", [losses.FOCAL, losses.BINARY_FOCAL], ids=lambda loss: loss.name)
def test_logits_in_the_thousands_stay_finite(loss):
    t = np.array([[1.0, 0.0], [0.0, 1.0]])
    z = np.array([[-5000.0, 5000.0], [-5000.0, 5000.0]])
    assert np.isfinite(loss.logits_value(z, t)).all()
    assert np.isfinite(loss.logits_gradient(z, t)).all()


def test_a_count_of_zero_is_no_logarithm_of_zero():
    assert losses.POISSON.value(np.array([[2.0]]), np.array([[0.0]])) == pytest.approx(2.0)


def test_least_where_the_name_says():
    t = np.random.default_rng(1).gamma(2, 1, 4001)[:, None]
    candidates = np.linspace(0.1, 6, 600)
    best = {
        loss.name: candidates[np.argmin([loss.value(np.full_like(t, c), t).mean() for c in candidates])]
        for loss in (losses.ABSOLUTE_ERROR, losses.quantile(0.9), losses.POISSON, losses.GAMMA)
    }
    expected = [np.median(t), np.quantile(t, 0.9), t.mean(), t.mean()]
    assert list(best.values()) == pytest.approx(expected, abs=0.02)
