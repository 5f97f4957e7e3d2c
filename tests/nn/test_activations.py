import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.nn.numerical import relative_error
from unstuck.errors import TrainingError
from unstuck.nn.activations import ACTIVATIONS, find_activation

WIDE = st.floats(-1e4, 1e4, allow_subnormal=False)
NAMES = sorted(ACTIVATIONS)


def draw_z(shape: tuple[int, int]) -> np.ndarray:
    z = np.random.default_rng(0).normal(size=shape, scale=2)
    return np.where(np.abs(z) < 0.1, 0.1, z)  # away from the kinks


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (7, 3)])
def test_backward_is_the_derivative_of_value(name: str, shape: tuple[int, int]) -> None:
    activation = ACTIVATIONS[name]
    z = draw_z(shape)
    upstream = np.random.default_rng(1).normal(size=shape)
    expected = np.empty(shape)
    h = 1e-5
    for index in np.ndindex(shape):
        above, below = z.copy(), z.copy()
        above[index] += h
        below[index] -= h
        change = activation.value(above) - activation.value(below)
        expected[index] = (upstream * change).sum() / (above[index] - below[index])
    found = activation.backward(upstream, z, activation.value(z))
    if name == "softmax" and shape[1] == 1:
        assert not found.any()  # the only class always has probability 1
    else:
        assert relative_error(found, expected) <= 1e-7


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_is_kept(name: str, dtype: type) -> None:
    activation = ACTIVATIONS[name]
    z = draw_z((4, 3)).astype(dtype)
    a = activation.value(z)
    assert a.dtype == dtype
    assert activation.backward(np.ones_like(z), z, a).dtype == dtype


@given(z=arrays(np.float64, (3, 4), elements=WIDE))
def test_values_stay_in_their_range_without_a_warning(z: np.ndarray) -> None:
    for name, low, high in (("sigmoid", 0, 1), ("tanh", -1, 1), ("softmax", 0, 1)):
        a = ACTIVATIONS[name].value(z)
        assert (low <= a).all()
        assert (a <= high).all()
    assert np.allclose(ACTIVATIONS["softmax"].value(z).sum(axis=1), 1)


@given(z=arrays(np.float64, (2, 3), elements=WIDE), shift=WIDE)
def test_softmax_ignores_a_common_shift(z: np.ndarray, shift: float) -> None:
    softmax = ACTIVATIONS["softmax"].value
    assert np.allclose(softmax(z), softmax(z + shift), atol=1e-9)


@given(z=arrays(np.float64, (2, 3), elements=WIDE))
def test_sigmoid_is_symmetric(z: np.ndarray) -> None:
    sigmoid = ACTIVATIONS["sigmoid"].value
    assert np.allclose(sigmoid(z) + sigmoid(-z), 1, rtol=0, atol=1e-15)


def test_sigmoid_keeps_its_relative_precision_far_left() -> None:
    assert ACTIVATIONS["sigmoid"].value(np.array([[-700.0]]))[0, 0] == pytest.approx(np.exp(-700), rel=1e-12)


def test_softmax_normalises_each_example_on_its_own() -> None:
    z = draw_z((5, 3))
    softmax = ACTIVATIONS["softmax"].value
    assert np.array_equal(softmax(z)[2:3], softmax(z[2:3]))


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(TrainingError, match=r"'swish': expected one of linear, sigmoid"):
        find_activation("swish")
