"""The user's examples as plain arrays: inputs as rows, classes as integers, raw images beside their labels."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from unstuck.diagnosis.measurements.once import once
from unstuck.diagnosis.program.handed_over import as_rows, as_targets, parts_of

if TYPE_CHECKING:
    from unstuck.diagnosis.examination.examination import Examination

Array = np.ndarray

MANY_CLASSES = 1000
MOST_UNITS, UNEVEN = 50, 100.0  # columns with units of their own, at most; spreads that far apart learn at no one rate
READ, MOST_LEVELS = 500, 3  # rows looked at; different values that codes of classes have at most
SEVERAL = 0.3  # share of rows without exactly one class, from which on these are several labels at once


@dataclass(frozen=True)
class Raw:
    """Data before the user's preparation: one image a row, as (n, n_pixels) of the type given, and its class."""

    images: Array
    labels: Array | None
    shape: tuple[int, ...]  # of one image


def as_classes(given: Any, n: int) -> Array | None:
    """(n,) integer classes from labels, one column or one-hot rows; None where the numbers are no classes.

    Two different values in one column are classes 0 and 1, whatever they are (-1 and 1, 0.1 and 0.9).
    """
    if given is None:
        return None
    try:
        values = np.asarray(as_targets(given, n), dtype=float)
    except (TypeError, ValueError):
        return None
    if n == 0 or not np.isfinite(values).all():
        return None
    values = values.reshape(n, -1)
    if values.shape[1] > 1:
        return None if are_real(values) or name_several(values) else values.argmax(axis=1)
    column = values[:, 0]
    levels = np.unique(column)
    if len(levels) == 2 and not (np.all(levels == np.round(levels)) and levels[0] >= 0):
        return (column == levels[1]).astype(int)
    if len(levels) > min(MANY_CLASSES, max(2, n // 2)) or np.any(column != np.round(column)):
        return None
    return column.astype(int)


def are_real(rows: Array) -> bool:
    """Whether rows (n, k) hold real values, as of a regression or an autoencoder, and no class for each example."""
    levels = np.unique(np.round(rows[:READ], 6))
    if len(levels) <= MOST_LEVELS:
        return False
    return bool(rows.min() < 0 or np.mean(np.abs(rows.sum(axis=1) - 1) > 0.01) > 0.1)  # no probabilities either


def name_several(rows: Array) -> bool:
    """Whether rows (n, k) of two levels name several classes at once, or none, in numbers that differ by example."""
    levels = np.unique(np.round(rows[:READ], 6))
    if len(levels) != 2:
        return False
    counts = np.count_nonzero(rows > levels.mean(), axis=1)
    return bool(np.mean(counts != 1) > SEVERAL and len(np.unique(counts)) > 2)


@once
def classes(e: Examination) -> Array | None:
    """Class of each training example as its target says, (n,); from `labels` where the targets do not tell."""
    n = len(e.program.x)
    targets = e.program.targets
    if (targets.ndim > 1 and targets.shape[-1] > 1) or e.case.labels is None:
        found = as_classes(targets, n)
        if found is not None:
            return found
    return labels(e)


@once
def labels(e: Examination) -> Array | None:
    """Class of each training example as `labels` says, or as the targets do where there are no labels."""
    n = len(e.program.x)
    return as_classes(e.case.targets if e.case.labels is None else e.case.labels, n)


@once
def test_inputs(e: Examination) -> Array | None:
    """(n_test, n_features), None without test inputs of the width of the training inputs."""
    if e.case.x_test is None:
        return None
    try:
        x = as_rows(e.case.x_test)
    except (TypeError, ValueError):
        return None
    if len(x) and x.shape[1] != e.n_features:
        wanted = f"x_test=… of {e.n_features} columns, as x has; found {x.shape[1]}"
        e.leave_unchecked("the test examples", wanted)
        return None
    return x if len(x) else None


@once
def test_classes(e: Examination) -> Array | None:
    """(n_test,) integer classes of the test examples."""
    x = test_inputs(e)
    if x is None:
        return None
    found = as_classes(e.case.labels_test, len(x))
    return found if found is not None else as_classes(e.case.targets_test, len(x))


@once
def raw_training(e: Examination) -> Raw | None:
    return _raw(e, 0)


@once
def raw_test(e: Examination) -> Raw | None:
    return _raw(e, 2)


def _raw(e: Examination, start: int) -> Raw | None:
    try:
        parts = list(e.case.raw or ())
        images = np.asarray(parts[start])
        rows = images.reshape(len(images), -1)
        labels = as_classes(parts[start + 1], len(rows)) if len(parts) > start + 1 else None
    except (TypeError, ValueError, IndexError):
        return None
    if rows.dtype.kind not in "iuf" or not rows.size:
        return None
    return Raw(rows, labels, images.shape[1:])


def row_keys(x: Array) -> list[bytes]:
    """Equal for rows that are equal number by number: digests of their numbers in 64 bits."""
    keys = []
    for part in parts_of(x):
        rows = np.ascontiguousarray(part + 0.0)  # turns -0.0 into 0.0
        keys += [blake2b(row.data, digest_size=16).digest() for row in rows]
    return keys


def mean_and_spread(x: Array) -> tuple[Array, Array]:
    """Means and standard deviations of the columns of x (n, f), in 64 bits."""
    mean = sum(part.sum(axis=0) for part in parts_of(x)) / len(x)
    variance = sum(((part - mean) ** 2).sum(axis=0) for part in parts_of(x)) / len(x)
    return mean, np.sqrt(variance)


def typical_spread(x: Array) -> Array | float:
    """What to divide the columns of x (n, f) by: few have units of their own, (f,); many, as pixels, share one and keep
    their part of the whole."""
    spread = x.std(axis=0)
    return np.where(spread > 0, spread, 1.0) if x.shape[1] < 50 else float(np.sqrt(np.mean(spread**2))) or 1.0


def unevenness(x: Array) -> float:
    """The largest spread of a column of x (n, f) beside that of the middle one; 1 for more than 50 columns, which share
    a unit."""
    spreads = x.std(axis=0) if 2 < x.shape[1] <= MOST_UNITS else np.ones(1)
    spreads = spreads[spreads > 1e-9 * float(np.abs(x).max())]
    return float(spreads.max() / np.median(spreads)) if len(spreads) > 2 else 1.0


def to_unit_scale(x: Array, like: Array) -> Array:
    """x moved by the straight line that brings `like` (n, f) to 0..1; column by column, to means of 0 and spreads of 1,
    where the columns of `like` have units far apart."""
    if unevenness(like) > UNEVEN:
        spread = like.std(axis=0)
        return (x - like.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    low, high = float(like.min()), float(like.max())
    return (x - low) * (1 / max(high - low, 1e-12))


def sample(n: int, size: int, seed: int = 0) -> Array:
    """Up to `size` different indices below n, in random order."""
    return np.random.default_rng(seed).permutation(n)[:size]
