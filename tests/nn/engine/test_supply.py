"""Examples that come window by window."""

import threading
from pathlib import Path

import numpy as np
import pytest

from unstuck.errors import TrainingError
from unstuck.nn.engine.examples import Examples
from unstuck.nn.engine.supply import Supply
from unstuck.nn.network import Network
from unstuck.nn.training import train

GENERATOR = np.random.default_rng(0)
X = GENERATOR.integers(0, 256, (1000, 6), dtype=np.uint8)
Y = (X[:, 0] > X[:, 1]).astype(int)
MEMORY = 2 * 100 * 6  # two windows of 100 rows


def build() -> Network:
    return Network([6, 8, 2], seed=0)


def supply_of(memory: int | None, augmentation=None) -> Supply:
    network = build()
    return Supply(Examples(network, X, network.encode(Y), None), augmentation, memory, 10, "state")


@pytest.fixture
def mapped(tmp_path: Path) -> np.ndarray:
    np.save(tmp_path / "x.npy", X)
    return np.load(tmp_path / "x.npy", mmap_mode="r")


def shown_in(supply: Supply, order: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """All inputs in the order in which an epoch shows them, and how many each window holds."""
    inputs, sizes, position = [], [], 0
    while position < len(order):
        start, end, rows = supply.show(0, order, position, True)
        assert start == position
        inputs.append(supply.shown.x[rows])
        sizes.append(len(supply.shown))
        position = end
    return np.concatenate(inputs), sizes


def test_windows_show_every_example_once_in_order() -> None:
    with supply_of(MEMORY) as supply:
        order = supply.shuffle(np.arange(995), np.random.default_rng(1))
        inputs, sizes = shown_in(supply, order)
    assert np.array_equal(np.sort(order), np.arange(995))
    assert np.array_equal(inputs, X[order])
    assert sizes == [100] * 9 + [95]


def test_a_window_mixes_blocks_from_all_over() -> None:
    with supply_of(2 * 500 * 6) as supply:
        order = supply.shuffle(np.arange(1000), np.random.default_rng(1))
    first = order[:500]
    assert set(first // 100) == set(range(10))
    assert np.corrcoef(first[:-1], first[1:])[0, 1] < 0.2


def test_without_a_limit_any_order_is_possible() -> None:
    with supply_of(None) as supply:
        assert np.array_equal(
            supply.shuffle(np.arange(50), np.random.default_rng(1)), np.random.default_rng(1).permutation(50)
        )


def test_too_little_memory_is_refused() -> None:
    with pytest.raises(TrainingError, match="memory is 100 bytes: expected at least 120, two batches"):
        supply_of(100)


def test_unshuffled_windows_train_to_the_same_bits_as_all_at_once(mapped: np.ndarray) -> None:
    whole, windowed = build(), build()
    train(whole, (X, Y), 2, 30, shuffle=False)
    train(windowed, (mapped, Y), 2, 30, shuffle=False, memory=2 * 120 * 6)
    assert all(np.array_equal(p, q) for p, q in zip(whole.parameters, windowed.parameters))


def test_it_learns_from_a_mapped_file_whose_labels_are_in_order(tmp_path: Path) -> None:
    order = np.argsort(Y, kind="stable")
    np.save(tmp_path / "sorted.npy", X[order])
    network = build()
    train(network, (np.load(tmp_path / "sorted.npy", mmap_mode="r"), Y[order]), 20, 10, memory=2 * 500 * 6)
    assert network.accuracy(X, Y) > 0.95


def test_weights_and_held_out_examples_keep_their_rows(mapped: np.ndarray) -> None:
    weight = np.where(Y == 1, 1.0, 0.0)
    network = build()
    history = train(network, (mapped, Y), 5, 10, memory=MEMORY, sample_weight=weight, validation=100, seed=1)
    assert history.examples_seen == 5 * 900
    assert network.predict(X).mean() > 0.99  # the others count for nothing


def test_an_interrupted_run_resumes_to_the_same_bits(tmp_path: Path, mapped: np.ndarray) -> None:
    def roll(x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        return np.roll(x, generator.integers(2), axis=0)

    settings = {"epochs": 2, "batch_size": 10, "memory": MEMORY, "augmentation": roll, "seed": 3}
    whole, resumed = build(), build()
    train(whole, (mapped, Y), **settings)

    class Interrupted(Exception):
        pass

    def interrupt(progress) -> None:
        raise Interrupted

    file = tmp_path / "run.checkpoint"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("unstuck.nn.engine.training_run.SECONDS_BETWEEN_CALLBACKS", -1)
        with pytest.raises(Interrupted):
            train(
                resumed, (mapped, Y), checkpoint=file, checkpoint_every=37, callbacks=[Late(interrupt, 60)], **settings
            )
    resumed = build()
    train(resumed, (mapped, Y), checkpoint=file, checkpoint_every=37, resume=True, **settings)
    assert all(np.array_equal(p, q) for p, q in zip(whole.parameters, resumed.parameters))


class Late:
    """A callback that is heard from some update on."""

    def __init__(self, callback, update: int) -> None:
        self.callback, self.update = callback, update

    def __call__(self, progress) -> None:
        if progress.update >= self.update:
            self.callback(progress)


def test_errors_of_an_augmentation_are_raised() -> None:
    def fail(x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        raise ZeroDivisionError("in the background")

    with pytest.raises(ZeroDivisionError, match="in the background"):
        train(build(), (X, Y), 2, augmentation=fail)


def test_it_says_while_the_next_examples_are_augmented() -> None:
    go_on, order = threading.Event(), np.arange(len(X))
    calls = []

    def augment(x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        calls.append(len(x))
        assert len(calls) == 1 or go_on.wait(60)
        return x

    with supply_of(None, augment) as supply:
        assert not supply.is_augmenting()
        supply.show(0, order, 0, is_last=False)
        assert supply.is_augmenting()
        go_on.set()
        supply.show(1, order, 0, is_last=True)
        assert not supply.is_augmenting()
