import numpy as np
import pytest

from unstuck.autodiff.comparison import EXACT, is_short


@pytest.mark.parametrize("scale", [1.0, -0.1, 2.5, 2 / 3, 1 / 60, 600.0, 0.001])
def test_a_rate_or_a_mean_over_examples_is_a_short_scale(scale):
    assert is_short(scale, EXACT[8])
    assert is_short(1 / scale, EXACT[8])


@pytest.mark.parametrize("scale", [0.0, np.nan, np.inf, 0.7390851, 1 / np.pi, 0.1 * np.exp(1), 57.29578])
def test_what_one_number_happens_to_be_of_another_is_none(scale):
    assert not is_short(scale, EXACT[8])
    assert not is_short(scale, EXACT[4])
