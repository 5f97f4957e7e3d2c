"""Distortions: nothing happens at strength zero, the definition is met, ink is moved and not made."""

import math

import numpy as np
import pytest

from unstuck.data import load_mnist
from unstuck.data.augmentation import GROUP, STEPS, Distortion
from unstuck.errors import DataError

NOTHING = dict.fromkeys(["elastic", "rotation", "scaling", "shear", "shift"], 0.0)


@pytest.fixture(scope="module")
def images():
    return load_mnist().images_train[:500]


def generator(seed=0):
    return np.random.default_rng(seed)


def test_zero_strength_is_the_identity(images):
    np.testing.assert_array_equal(Distortion(**NOTHING)(images, generator()), images)


@pytest.mark.parametrize("strength", [{}, *({name: value} for name, value in zip(NOTHING, (34, 15, 0.2, 0.2, 2)))])
def test_every_strength_alters_images_and_keeps_shape_type_and_most_ink(images, strength):
    before = images.copy()
    distorted = Distortion(**(NOTHING | strength if strength else {}))(images, generator())
    np.testing.assert_array_equal(images, before)
    assert distorted.shape == images.shape
    assert distorted.dtype == np.uint8
    assert np.mean(np.any(distorted != images, axis=1)) > 0.95
    assert distorted.mean() == pytest.approx(images.mean(), rel=0.1)


def test_the_same_seed_gives_the_same_images(images):
    first = Distortion()(images, generator(1))
    np.testing.assert_array_equal(Distortion()(images, generator(1)), first)
    assert not np.array_equal(Distortion()(images, generator(2)), first)


@pytest.mark.parametrize("n", [0, 1, GROUP, GROUP + 1, 70])
def test_any_number_of_images_is_distorted_in_place_of_its_own(n):
    images = np.zeros((n, 784), np.uint8)
    images[:, 406] = np.arange(n) + 100  # a grey level of its own in the middle of each
    distorted = Distortion(**NOTHING | {"rotation": 30.0})(images, generator())
    np.testing.assert_allclose(distorted.sum(axis=1), np.arange(n) + 100, rtol=0.1)


def test_applying_a_field_is_bilinear_interpolation(images):
    distortion = Distortion()
    y, x = distortion._fields(generator(), 1, 28)[0] / STEPS - 1  # in pixels of the image
    taps, weights = next(distortion._samplings(generator(), 1, 28))
    assert (weights.sum(axis=0) == STEPS**2).all()

    def pixel(row, column):
        inside = (row >= 0) & (row < 28) & (column >= 0) & (column < 28)
        return np.where(inside, images[0].reshape(28, 28)[row.clip(0, 27), column.clip(0, 27)], 0)

    row, column = np.floor(y).astype(int), np.floor(x).astype(int)
    below, right = y - row, x - column
    expected = (1 - below) * ((1 - right) * pixel(row, column) + right * pixel(row, column + 1)) + below * (
        (1 - right) * pixel(row + 1, column) + right * pixel(row + 1, column + 1)
    )
    padded = np.pad(images[0].reshape(28, 28), 1).ravel()
    np.testing.assert_allclose((padded[taps] * weights.astype(int)).sum(axis=0) / STEPS**2, expected, atol=1e-9)


def test_rotation_turns_about_the_centre():
    distortion = Distortion(**NOTHING | {"rotation": 90.0})
    matrices = distortion._matrices(generator(), 1000)
    np.testing.assert_allclose(
        matrices @ matrices.transpose(0, 2, 1), np.broadcast_to(np.eye(2), (1000, 2, 2)), atol=1e-6
    )
    y, x = (distortion._fields(generator(), 50, 28) / STEPS - 1 - 13.5).transpose(1, 0, 2)
    centred = np.indices((28, 28)).reshape(2, -1) - 13.5
    middle = np.hypot(*centred) < 13
    np.testing.assert_allclose(
        np.hypot(y, x)[:, middle], np.broadcast_to(np.hypot(*centred)[middle], (50, middle.sum())), atol=1.5 / STEPS
    )


def test_elastic_displacements_have_the_documented_size_and_no_direction():
    noise = 34 * Distortion(smoothness=4.0)._noise(generator(), 200, 28)
    assert noise.std() == pytest.approx(0.16 * 34 / 4, rel=0.1)
    assert abs(noise.mean()) < 0.1 * noise.std()
    assert noise.std(axis=0).min() > 0.8 * noise.std()  # as strong at the border as in the middle


def test_what_is_applied_is_what_the_fields_say(images):
    distorted = Distortion()(images[:1], generator(5))
    same = generator(5)
    same.permutation(1)
    taps, weights = next(Distortion()._samplings(same, 1, 28))
    padded = np.pad(images[0].reshape(28, 28), 1).ravel()
    exact = (padded[taps] * weights.astype(int)).sum(axis=0) / STEPS**2
    np.testing.assert_allclose(distorted[0], exact, atol=0.5)


def test_neighbouring_pixels_move_together():
    noise = Distortion(smoothness=4.0)._noise(generator(), 200, 28).reshape(200, 2, 28, 28)
    step = np.diff(noise, axis=3).std() / noise.std()
    assert step == pytest.approx(1 / (math.sqrt(2) * 4), rel=0.15)  # of a Gaussian correlation of twice the variance


@pytest.mark.parametrize(
    ("setting", "value"),
    [("elastic", -1), ("smoothness", 0), ("rotation", math.nan), ("scaling", 1), ("shear", math.inf)],
)
def test_impossible_settings_are_refused(setting, value):
    with pytest.raises(DataError, match=setting):
        Distortion(**{setting: value})


@pytest.mark.parametrize("images", [np.zeros((2, 784)), np.zeros((2, 783), np.uint8), np.zeros(784, np.uint8)])
def test_what_is_no_square_uint8_image_is_refused(images):
    with pytest.raises(DataError, match="expected uint8 images"):
        Distortion()(images, generator())
