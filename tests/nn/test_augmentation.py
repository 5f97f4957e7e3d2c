"""Training images changed anew in each epoch."""

from pathlib import Path

import numpy as np
import pytest

from unstuck.nn.network import Network
from unstuck.nn.training import train

X = np.random.default_rng(0).integers(0, 256, (30, 4), dtype=np.uint8)
Y = X[:, 0] // 128


class Rolling:
    """Rolls the columns by a random number; remembers what it was given and what it returned."""

    def __init__(self) -> None:
        self.given: list[np.ndarray] = []
        self.returned: list[np.ndarray] = []

    def __call__(self, x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        self.given.append(x.copy())
        self.returned.append(np.roll(x, generator.integers(4), axis=1))
        return self.returned[-1]

    def __repr__(self) -> str:
        return "Rolling()"


def test_every_epoch_starts_from_the_inputs_as_given():
    rolling = Rolling()
    train(Network([4, 3, 2]), (X, Y), epochs=8, augmentation=rolling)
    assert len(rolling.given) == 8
    assert all(np.array_equal(given, X) for given in rolling.given)
    assert any(not np.array_equal(returned, rolling.returned[0]) for returned in rolling.returned)


def test_what_it_returns_is_trained_on():
    plain, reversed_ = Network([4, 3, 2]), Network([4, 3, 2])
    train(plain, (np.ascontiguousarray(X[:, ::-1]), Y), epochs=2)
    train(reversed_, (X, Y), epochs=2, augmentation=lambda x, generator: x[:, ::-1])
    for expected, found in zip(plain.parameters, reversed_.parameters, strict=True):
        np.testing.assert_array_equal(expected, found)


def test_validation_examples_stay_as_they_are():
    network = Network([4, 3, 2])
    blank = train(network, (X, Y), epochs=1, validation=29, augmentation=lambda x, generator: np.zeros_like(x))
    assert blank.validation_loss[-1] == pytest.approx(float(np.mean(network.loss_values(X, Y))), rel=0.1)
    assert blank.validation_loss[-1] != pytest.approx(float(np.mean(network.loss_values(X * 0, Y))), rel=1e-3)


@pytest.mark.parametrize("update", [7, 15])  # in the middle and at the end of an epoch of 15 updates
def test_an_interrupted_run_resumes_to_the_same_bits(tmp_path: Path, update: int):
    def interrupt(progress):
        raise KeyboardInterrupt

    settings = {"epochs": 3, "batch_size": 2}
    whole = Network([4, 3, 2])
    train(whole, (X, Y), augmentation=Rolling(), **settings)
    checkpoint = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(
            Network([4, 3, 2]),
            (X, Y),
            augmentation=Rolling(),
            callbacks=[interrupt],
            checkpoint=checkpoint,
            checkpoint_every=update,
            **settings,
        )
    resumed = Network([4, 3, 2])
    train(resumed, (X, Y), augmentation=Rolling(), checkpoint=checkpoint, resume=True, **settings)
    for expected, found in zip(whole.parameters, resumed.parameters, strict=True):
        np.testing.assert_array_equal(expected, found)
