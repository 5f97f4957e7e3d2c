import numpy as np
import pytest

from unstuck.errors import TrainingError
from unstuck.nn.initializers import INITIALIZERS, find_initializer

STANDARD_DEVIATIONS = {
    "zeros": 0,
    "normal": 1,
    "uniform": 1 / 3**0.5,
    "glorot_uniform": (2 / 500) ** 0.5,
    "glorot_normal": (2 / 500) ** 0.5,
    "he_uniform": (2 / 300) ** 0.5,
    "he_normal": (2 / 300) ** 0.5,
    "lecun_uniform": (1 / 300) ** 0.5,
    "lecun_normal": (1 / 300) ** 0.5,
}


@pytest.mark.parametrize("name", sorted(INITIALIZERS))
def test_mean_and_standard_deviation(name: str) -> None:
    weights = INITIALIZERS[name](np.random.default_rng(0), 300, 200, np.float64)
    assert weights.shape == (300, 200)
    expected = STANDARD_DEVIATIONS[name]
    assert weights.std() == pytest.approx(expected, rel=0.02)
    assert abs(weights.mean()) <= 5 * expected / 60_000**0.5
    if name.endswith("uniform"):
        assert np.abs(weights).max() <= 3**0.5 * expected


@pytest.mark.parametrize("name", sorted(INITIALIZERS))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_and_reproducibility(name: str, dtype: str) -> None:
    first, second = (INITIALIZERS[name](np.random.default_rng(3), 4, 5, dtype) for _ in range(2))
    assert first.dtype == dtype
    assert np.array_equal(first, second)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(TrainingError, match="unknown initializer 'orthogonal'"):
        find_initializer("orthogonal")
