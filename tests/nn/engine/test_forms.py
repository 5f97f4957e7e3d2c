"""The form of a long training is timed once on a machine and remembered; nothing else depends on time."""

from pathlib import Path

import numpy as np
import pytest

from tests.nn.numerical import problem
from unstuck.nn.engine import forms, kernels
from unstuck.nn.engine.compiled import library
from unstuck.nn.engine.examples import as_examples
from unstuck.nn.network import Network
from unstuck.nn.optimizers import SGD, Adam, Optimizer
from unstuck.nn.training import train


class Clock:
    """Says how many times as fast NumPy is, and counts how often it is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ratio, self.asked = 2.0, 0
        monkeypatch.setattr(forms, "time_both", lambda *arguments: self.answer())

    def answer(self) -> float:
        self.asked += 1
        return self.ratio


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "cache" / "forms.json"
    monkeypatch.setattr(forms, "remembered_at", lambda: path)
    monkeypatch.delenv("UNSTUCK_COMPILED", raising=False)
    return path


def is_numpy_faster(sizes=(9, 4, 3), batch_size=10, optimizer: Optimizer | None = None, work=10**12) -> bool:
    network = Network(sizes, seed=0)
    examples = as_examples(network, problem(network, 40))

    def make(*arguments):
        raise AssertionError("the clock is asked instead")

    return forms.is_numpy_faster(make, examples, optimizer or SGD(0.1), batch_size, work)


def test_it_is_timed_once(clock: Clock) -> None:
    assert is_numpy_faster()
    clock.ratio = 0.5
    assert is_numpy_faster()
    assert clock.asked == 1


def test_each_network_batch_and_optimiser_is_timed(clock: Clock) -> None:
    is_numpy_faster()
    for settings in ({"sizes": (9, 5, 3)}, {"batch_size": 20}, {"optimizer": SGD(0.1, 0.9)}, {"optimizer": Adam()}):
        before = clock.asked
        is_numpy_faster(**settings)
        assert clock.asked == before + 1


def test_numpy_must_be_clearly_faster(clock: Clock) -> None:
    clock.ratio = 1.04
    assert not is_numpy_faster()


def test_short_trainings_are_not_timed(clock: Clock) -> None:
    assert is_numpy_faster()
    assert not is_numpy_faster(work=forms.WORTH_TIMING - 1)  # whatever a long one was found to be
    assert clock.asked == 1


def test_the_compiled_form_can_be_asked_for(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNSTUCK_COMPILED", "1")
    assert not is_numpy_faster()
    assert clock.asked == 0


def test_what_cannot_be_remembered_changes_nothing(clock: Clock, cache: Path) -> None:
    cache.parent.write_text("a file where the folder should be", encoding="ascii")
    assert not is_numpy_faster()


@pytest.mark.parametrize("content", ["", "{", "[1]", '"text"'])
def test_a_broken_file_is_made_anew(content: str, clock: Clock, cache: Path) -> None:
    cache.parent.mkdir()
    cache.write_text(content, encoding="ascii")
    assert is_numpy_faster()
    assert is_numpy_faster()
    assert clock.asked == 1
    assert [path.name for path in cache.parent.iterdir()] == ["forms.json"]


needs_library = pytest.mark.skipif(library.load_library("float64") is None, reason="there is no library")


@needs_library
@pytest.mark.parametrize("optimizer", [SGD(0.1, 0.9), Adam()], ids=repr)
def test_timing_changes_no_number(optimizer: Optimizer, monkeypatch: pytest.MonkeyPatch) -> None:
    ratios = []
    time_both = forms.time_both
    monkeypatch.setattr(forms, "time_both", lambda *arguments: (ratios.append(time_both(*arguments)), 0.0)[1])
    monkeypatch.setattr(kernels, "WORTH_COMPILED_FORM", 1)
    outcomes = []
    for worth in (1, 10**18):
        monkeypatch.setattr(forms, "WORTH_TIMING", worth)
        network = Network([9, 70, 3], seed=0, dtype="float64", dropout=0.5)
        train(network, problem(network, 100), 2, 10, optimizer, seed=1)
        outcomes.append(network.parameters)
    assert len(ratios) == 1
    assert 0 < ratios[0] < np.inf
    assert all(np.array_equal(p, q) for p, q in zip(*outcomes))


@needs_library
def test_training_takes_the_form_that_was_found_faster(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "WORTH_TIMING", 1)
    monkeypatch.setattr(kernels, "WORTH_COMPILED_FORM", 1)
    outcomes = {}
    for ratio, deterministic in ((2.0, False), (2.0, True), (0.5, False)):
        clock.ratio = ratio
        network = Network([9, 70, 3], seed=0, l2=0.01 * ratio)  # another network: timed anew
        train(network, problem(network, 100), 2, 10, SGD(0.1), seed=1, deterministic=deterministic)
        outcomes[ratio, deterministic] = network.parameters
    assert clock.asked == 2
    assert all(np.array_equal(p, q) for p, q in zip(outcomes[2.0, False], outcomes[2.0, True]))
    assert not all(np.array_equal(p, q) for p, q in zip(outcomes[2.0, False], outcomes[0.5, False]))
