"""Principal components and the noise on them."""

import numpy as np
import pytest

from benchmarks.components import FadingNoise, PrincipalComponents, straight_down


def test_components_do_not_depend_on_where_a_pixel_lies() -> None:
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (200, 16), np.uint8) * np.linspace(0.1, 1, 16)
    moved = generator.permutation(16)
    found, other = (PrincipalComponents(x, 5)(x) for x in (images, images[:, moved]))
    assert np.abs(found) == pytest.approx(np.abs(other), abs=1e-5)


def test_components_are_in_the_order_of_their_spread_and_uncorrelated() -> None:
    images = np.random.default_rng(1).integers(0, 256, (300, 12), np.uint8) * np.linspace(0.2, 1, 12)
    spreads = np.cov(PrincipalComponents(images, 12)(images).T)
    assert np.all(np.diff(np.diag(spreads)) < 1e-6)
    assert spreads == pytest.approx(np.diag(np.diag(spreads)), abs=1e-5)
    assert np.trace(spreads) == pytest.approx(np.trace(np.cov(images.T / 255)), rel=1e-5)


def test_noise_fades_from_epoch_to_epoch() -> None:
    noise = FadingNoise(1.0, 0.2, epochs=3)
    x = np.zeros((4000, 5), np.float32)
    spreads = [noise(x, np.random.default_rng(seed)).std() for seed in range(3)]
    assert spreads == pytest.approx([1.0, 0.6, 0.2], rel=0.03)
    assert noise(x, np.random.default_rng(0)).dtype == np.float32


def test_the_rate_falls_straight_down() -> None:
    assert [straight_down(done) for done in (0.0, 0.25, 0.75)] == [1.0, 0.75, 0.25]
