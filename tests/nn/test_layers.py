import numpy as np
import pytest

from tests.nn.numerical import relative_error, slope
from unstuck.nn.activations import ACTIVATIONS
from unstuck.nn.layers import Dense, dropout_mask, limit_norms


@pytest.mark.parametrize(("n", "n_in", "n_out"), [(1, 1, 1), (1, 3, 2), (5, 2, 4)])
@pytest.mark.parametrize("biased", [True, False])
def test_backward_is_the_derivative_of_forward(n: int, n_in: int, n_out: int, biased: bool) -> None:
    generator = np.random.default_rng(0)
    x, delta = generator.normal(size=(n, n_in)), generator.normal(size=(n, n_out))
    biases = generator.normal(size=n_out) if biased else None
    layer = Dense(generator.normal(size=(n_in, n_out)), biases, ACTIVATIONS["tanh"])
    weights_gradient, biases_gradient, upstream = layer.backward(x, delta)

    def objective() -> float:
        return (layer.forward(x)[0] * delta).sum()

    assert relative_error(weights_gradient, slope(objective, layer.weights)) <= 1e-7
    assert relative_error(upstream, slope(objective, x)) <= 1e-7
    if layer.biases is not None:
        assert relative_error(biases_gradient, slope(objective, layer.biases)) <= 1e-7


def test_dropout_leaves_out_its_share_and_keeps_the_mean() -> None:
    mask = dropout_mask(np.random.default_rng(0), (400, 500), 0.2, np.dtype("float64"))
    assert set(np.unique(mask)) == {0, 1.25}
    assert (mask == 0).mean() == pytest.approx(0.2, abs=0.005)
    assert mask.mean() == pytest.approx(1, abs=0.005)


def test_only_norms_above_the_limit_shrink() -> None:
    weights = np.array([[3.0, 0.3, 0.0], [4.0, 0.4, 0.0]])
    limit_norms(weights, 2.0)
    assert np.allclose(weights, [[1.2, 0.3, 0.0], [1.6, 0.4, 0.0]])
