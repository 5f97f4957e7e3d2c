"""Digits are read off photographs, and what is no digit is doubted: 25 made photographs of each of ten kinds."""

import numpy as np
import pytest

import unstuck
from tests.data.photos import KINDS, photograph
from unstuck.data.images import centre, doubt, ink_on_paper


@pytest.fixture(scope="module")
def reader():
    data = unstuck.load_mnist()
    network = unstuck.Network([784, 64, 10], hidden="relu", output="softmax", loss="cross_entropy", seed=0)
    optimizer = unstuck.SGD(learning_rate=0.2, momentum=0.9)
    unstuck.train(network, data, epochs=3, batch_size=100, optimizer=optimizer, schedule="one_cycle")
    return network, data


@pytest.mark.parametrize("kind", KINDS)
def test_digits_are_read_off_photographs(reader, kind):
    network, data = reader
    generator = np.random.default_rng(11)
    rows = generator.choice(np.flatnonzero(network.predict(data.x_test) == data.y_test), 25, replace=False)
    digits = data.images_test[rows].reshape(-1, 28, 28)
    inks = [ink_on_paper(photograph(kind, digit, generator), kind) for digit in digits]
    read = network.predict(np.stack([centre(ink).ravel() for ink in inks]))
    assert np.mean(read == data.y_test[rows]) >= (0.8 if kind == "frame and slope" else 0.92)
    assert np.mean([doubt(ink) == "" for ink in inks]) >= 0.92


def test_two_digits_and_a_frame_are_doubted():
    two, frame = np.zeros((60, 90)), np.zeros((60, 60))
    two[10:50, 10:20] = two[10:50, 60:70] = 1
    frame[[0, 1, -1, -2]] = frame[:, [0, 1, -1, -2]] = 1
    assert doubt(two) == "looks like two digits"
    assert doubt(frame) == "looks like a frame"
    assert doubt(np.zeros((60, 60))) == "looks like nothing drawn"
