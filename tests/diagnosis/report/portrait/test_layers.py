"""What layers hold at the start, against numbers known beforehand."""

from dataclasses import replace

import numpy as np
import pytest

from tests.diagnosis.report.portrait.setups import digits_setup
from unstuck.diagnosis.report.portrait.layers import histogram, layers_at_start, powers_of_ten, sample


@pytest.fixture(scope="module")
def setup():
    return digits_setup(rate=0.5)


def test_every_layer_is_there_with_its_activation(setup):
    assert [layer.name for layer in layers_at_start(setup)] == ["layer 1, sigmoid", "output, softmax"]


def test_a_plain_update_is_the_gradient_times_the_rate(setup):
    for layer, weights in zip(layers_at_start(setup), setup.parameters.weights, strict=True):
        step = np.log10(0.5 / np.sqrt(np.mean(weights**2)))
        np.testing.assert_allclose(layer.updates, layer.gradients + step, atol=1e-9)


def test_saturated_units_show(setup):
    large = setup.parameters.copy()
    large.weights[0] *= 1000
    outputs = layers_at_start(replace(setup, parameters=large))[0].activations
    assert np.mean((outputs < 0.01) | (outputs > 0.99)) > 0.95


def test_a_layer_that_an_update_leaves_alone(setup):
    frozen = setup.twin.plant_link(0, weight_scale=0.0)
    first, second = layers_at_start(replace(setup, twin=frozen))
    assert first.untouched == 1
    assert len(first.updates) == 0
    assert second.untouched < 1


def test_nothing_is_trained(setup):
    before = setup.parameters.copy()
    layers_at_start(setup)
    assert all((a == b).all() for a, b in zip(before.arrays(), setup.parameters.arrays(), strict=True))


def test_shares_add_up_to_one_in_common_bins():
    made = histogram(np.array([0.0, 1.0, 1.0]), np.array([4.0]), n_bins=4)
    assert (made.low, made.high) == (0, 4)
    np.testing.assert_allclose(made.shares, [[1 / 3, 2 / 3, 0, 0], [0, 0, 0, 1]])


def test_a_tail_is_counted_in_the_first_bin():
    values = np.concatenate([[-1000.0], np.linspace(0, 1, 99)])
    made = histogram(values, tail=0.02)
    assert made.low >= 0
    assert made.shares[0].sum() == pytest.approx(1)


def test_powers_of_ten_have_bins_from_one_to_another():
    made = histogram(np.array([-3.4, -2.6]), whole=True)
    assert (made.low, made.high) == (-4, -2)


def test_equal_values_have_a_histogram_and_no_values_have_none():
    assert histogram(np.ones(5)).shares[0].sum() == pytest.approx(1)
    assert histogram(np.array([]), np.array([])) is None


def test_a_sample_is_finite_and_not_too_long():
    values = np.arange(10**6, dtype=float)
    values[::2] = np.nan
    assert len(sample(values)) <= 20_000
    assert np.isfinite(sample(values)).all()


def test_zeros_have_no_power_of_ten():
    np.testing.assert_allclose(powers_of_ten(np.array([0, -100, 0.01])), [2, -2])
