"""Quick probes: can the classes be read off the inputs, in the training data and carried over to the test data?

Two readers that fail on different data: ridge regression on the classes (T. Hastie, R. Tibshirani, J. Friedman, "The
Elements of Statistical Learning", 2nd ed., sections 3.4.1 and 4.2) and the nearest neighbour (section 13.3). What
either of them reads is there to be read; XOR and spirals are read by the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from unstuck.diagnosis.measurements.once import once
from unstuck.diagnosis.measurements.plain_data import classes, sample, test_classes, test_inputs, typical_spread
from unstuck.diagnosis.measurements.preparation import true_labels

if TYPE_CHECKING:
    from unstuck.diagnosis.examination.examination import Examination

Array = np.ndarray

FITTED, HELD_OUT, NEIGHBOURS = 1500, 500, 200
WIDE = 800  # more features than this are projected at random
FEW, MANY = 20, 160  # examples below which a probe says nothing: of classes, of numbers
FEW_NEIGHBOURS = 8  # whose mean stands for a number: noise of one would hide it


@dataclass(frozen=True)
class Reading:
    """Accuracy of a probe on n examples, and that of the answer that is always the commonest class."""

    accuracy: float
    chance: float
    n: int

    @property
    def score(self) -> float:
        """0 at chance, 1 where all is read."""
        return (self.accuracy - self.chance) / (1 - self.chance) if self.chance < 1 else 0.0

    @property
    def at_chance(self) -> bool:
        """No better than chance, within three standard errors and two points."""
        return self.accuracy <= self.chance + 3 * float(np.sqrt(self.chance * (1 - self.chance) / self.n)) + 0.02


class Reader:
    """Both readers of numbers desired (n, k), fitted to inputs x (n, f)."""

    def __init__(self, x: Array, desired: Array) -> None:
        x = _narrow(x)
        self.centre = x.mean(axis=0)
        self.scale = typical_spread(x)
        self.x = self._prepared(x)
        self.mean = desired.mean(axis=0)
        gram = self.x.T @ self.x  # (f, f)
        gram[np.diag_indices_from(gram)] += 0.03 * len(x) * float(np.mean(self.x**2)) + 1e-6
        self.weights = np.linalg.solve(gram, self.x.T @ (desired - self.mean))

    def _prepared(self, x: Array) -> Array:
        return ((x - self.centre) / self.scale).astype(np.float32)

    def by_regression(self, x: Array) -> Array:
        """(m, k) numbers for inputs x (m, f)."""
        return self._prepared(_narrow(x)) @ self.weights + self.mean

    def distances(self, x: Array) -> Array:
        """(m, n) squared distances from the inputs it was fitted to, up to a constant for each row of x."""
        return (self.x**2).sum(axis=1) - 2 * self._prepared(_narrow(x)) @ self.x.T


class Probe:
    """Both readers of classes y (n,), fitted to some examples."""

    def __init__(self, x: Array, y: Array) -> None:
        self.levels, self.y = np.unique(y), y
        self.reader = Reader(x, (y[:, None] == self.levels).astype(np.float32))

    def read(self, x: Array) -> tuple[Array, Array]:
        """Classes of x by ridge regression, (n,), and of its first rows by the nearest neighbour."""
        nearest = self.reader.distances(x[:NEIGHBOURS]).argmin(axis=1)
        return self.levels[self.reader.by_regression(x).argmax(axis=1)], self.y[nearest]

    def reading(self, x: Array, y: Array) -> Reading:
        """The better of both readers on these examples."""
        return max((of_answers(answers, y[: len(answers)]) for answers in self.read(x)), key=lambda r: r.score)


def of_answers(answers: Array, y: Array) -> Reading:
    commonest = float(np.unique(y, return_counts=True)[1].max()) / len(y)
    return Reading(float(np.mean(answers == y)), commonest, len(y))


def best_table(truth: Array, y: Array) -> dict[int, int]:
    """For each value of `truth`, the commonest y beside it."""
    return {int(c): int(np.bincount(y[truth == c] - y.min()).argmax() + y.min()) for c in np.unique(truth)}


def consistency(truth: Array, y: Array) -> Reading:
    """How well y is read off the true class by the best table from one to the other."""
    table = best_table(truth, y)
    return of_answers(np.array([table[int(c)] for c in truth]), y)


def _narrow(x: Array) -> Array:
    x = np.clip(np.nan_to_num(x, nan=0.0, posinf=0.0, neginf=0.0), -1e15, 1e15)
    if x.shape[1] <= WIDE:
        return x
    return x @ np.random.default_rng(0).standard_normal((x.shape[1], WIDE)) / np.sqrt(WIDE)


@dataclass(frozen=True)
class Training:
    """A probe fitted to a part of the training examples, and how it reads another part."""

    probe: Probe
    reading: Reading


def fit_and_hold_out(x: Array, y: Array | None) -> Training | None:
    """None where there are too few examples or only one class."""
    if y is None or len(y) < 2 * FEW:
        return None
    order = sample(len(y), FITTED + HELD_OUT)
    held = min(HELD_OUT, len(order) // 4)
    fitted, rest = order[held:], order[:held]
    if len(np.unique(y[fitted])) < 2 or len(np.unique(y[rest])) < 2:
        return None
    try:
        probe = Probe(x[fitted].astype(float), y[fitted])
    except np.linalg.LinAlgError:
        return None
    return Training(probe, probe.reading(x[rest].astype(float), y[rest]))


def share_of_numbers_read(x: Array, wanted: Array) -> float | None:
    """The share of the variance of held-out numbers wanted (n, k) that the better reader explains: ridge regression, or
    the mean of a few nearest neighbours. None where there are too few examples."""
    if len(x) < MANY:
        return None
    order = sample(len(x), FITTED + HELD_OUT)
    rest, fitted = order[: len(order) // 4], order[len(order) // 4 :]
    x_rest, known, truth = x[rest].astype(float), wanted[fitted].astype(float), wanted[rest].astype(float)
    try:
        reader = Reader(x[fitted].astype(float), known)
    except np.linalg.LinAlgError:
        return None
    nearest = np.argpartition(reader.distances(x_rest), FEW_NEIGHBOURS, axis=1)[:, :FEW_NEIGHBOURS]
    whole = max(float(np.sum((truth - truth.mean(axis=0)) ** 2)), 1e-300)
    readings = (reader.by_regression(x_rest), known[nearest].mean(axis=1))
    return max(0.0, *(1 - float(np.sum((reading - truth) ** 2)) / whole for reading in readings))


@once
def training_probe(e: Examination) -> Training | None:
    return fit_and_hold_out(e.program.x, classes(e))


def read_test(e: Examination, x_test: Array | None = None, y_test: Array | None = None) -> Reading | None:
    """How the probe of the training data reads the test set, or what may stand for its inputs or classes."""
    training = training_probe(e)
    x = test_inputs(e) if x_test is None else x_test
    y = test_classes(e) if y_test is None else y_test
    if training is None or x is None or y is None or len(y) < FEW:
        return None
    rows, y = sample(len(y), HELD_OUT), _as_in_targets(e, y)
    return training.probe.reading(x[rows].astype(float), y[rows])


def _as_in_targets(e: Examination, y: Array) -> Array:
    """Test labels as the training targets name them: class 4 for label 3, where most of the targets say so."""
    (trained, rows), targets = true_labels(e), classes(e)
    if e.case.labels_test is None or targets is None or not len(rows):
        return y
    table = best_table(trained, targets[rows])
    return np.array([table.get(int(label), int(label)) for label in y])
