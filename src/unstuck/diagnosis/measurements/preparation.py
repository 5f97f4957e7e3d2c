"""How the inputs were made from the raw images: which row came from which image, and what became of each raw value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from unstuck.diagnosis.measurements.once import once
from unstuck.diagnosis.measurements.plain_data import (
    Raw,
    labels,
    raw_test,
    raw_training,
    sample,
    test_classes,
    test_inputs,
)
from unstuck.diagnosis.program.handed_over import all_finite

if TYPE_CHECKING:
    from unstuck.diagnosis.examination.examination import Examination

Array = np.ndarray

ENOUGH = 0.9  # share of the rows that must find their image


@dataclass(frozen=True)
class Matching:
    """Inputs beside the raw images that they came from. rows[i] of the inputs is image images[i]; columns of the inputs
    are raw columns, in the order that `columns` gives."""

    rows: Array
    images: Array
    columns: Array


def match(x: Array, raw: Raw, y: Array | None) -> Matching | None:
    """Which image each row was made from, if each pixel was mapped by itself; None where it cannot be told.

    Tried in turn: the same order; the order of the labels; and any order. Pixels as given, or each image transposed.
    """
    n, n_pixels = len(x), raw.images.shape[1]
    if x.shape[1] != n_pixels or n_pixels < 10 or not all_finite(x):
        return None
    for columns in _pixel_orders(raw):
        for order in _row_orders(n, raw, y):
            rows = sample(n, 300)
            if _made_from(x[rows], raw.images[order[rows]][:, columns]):
                return Matching(np.arange(n), order, columns)
        for found in _in_any_order(x, raw.images[:, columns]):
            rows, images = found
            some = sample(len(rows), 300)
            if len(rows) >= ENOUGH * min(n, len(raw.images)) and _made_from(
                x[rows[some]], raw.images[images[some]][:, columns]
            ):
                return Matching(rows, images, columns)
    return None


def _pixel_orders(raw: Raw) -> Iterator[Array]:
    pixels = np.arange(raw.images.shape[1])
    yield pixels
    side = int(np.sqrt(len(pixels)))
    if side * side == len(pixels):
        yield pixels.reshape(side, side).T.ravel()


def _row_orders(n: int, raw: Raw, y: Array | None) -> Iterator[Array]:
    if len(raw.images) >= n:
        yield np.arange(n)
    if raw.labels is not None and len(raw.labels) == n:
        yield np.argsort(raw.labels, kind="stable")


def _made_from(x: Array, images: Array) -> bool:
    """Whether in every column one raw value always became the same input value."""
    varied = np.flatnonzero(images.std(axis=0) > 0)
    if len(varied) < 5:
        return False
    columns = varied[sample(len(varied), 40)]
    unit = float(np.abs(x).max()) or 1.0
    for j in columns:
        order = np.argsort(images[:, j], kind="stable")
        same = np.diff(images[order, j].astype(float)) == 0
        if np.any(np.abs(np.diff(x[order, j]))[same] > 1e-6 * unit):
            return False
    return bool(np.any(x[:, columns].std(axis=0) > 1e-9 * unit))


def _in_any_order(x: Array, images: Array) -> Iterator[tuple[Array, Array]]:
    """(rows, images) that may belong together."""
    if len(x) == len(images):
        for sign in (1.0, -1.0):
            yield _match_by_projection(x, images, sign)
    found = _match_by_pattern(x, images)
    if found is not None:
        yield found


def _match_by_projection(x: Array, images: Array, sign: float) -> tuple[Array, Array]:
    """(rows, images) that are equal where each column is a straight line in its raw value, with slopes of this sign.

    Columns standardised over all rows do not depend on the line; one random projection of them sorts both alike.
    """
    spreads = [a.std(axis=0) for a in (x, images)]
    varied = np.all([spread > 1e-9 * spread.max() for spread in spreads], axis=0)
    first, second = ((a - a.mean(axis=0))[:, varied] / spread[varied] for a, spread in zip((x, images), spreads))
    weights = np.random.default_rng(0).standard_normal(int(varied.sum()))
    rows, order = np.argsort(first @ weights), np.argsort(sign * (second @ weights))
    apart = np.abs(first[rows] - sign * second[order]).max(axis=1, initial=0.0)
    near = apart < 1e-2
    return rows[near], order[near]


def _match_by_pattern(x: Array, images: Array) -> tuple[Array, Array] | None:
    """(rows, images) of those whose pattern of commonest values is the same and belongs to one image only."""
    background = [_commonest(a) for a in (images, x)]
    columns = np.flatnonzero((background[0][1] > 0.3) & (background[0][1] < 0.97) & (background[1][1] > 0.3))
    if len(columns) < 8:
        return None
    weights = np.random.default_rng(0).integers(1, 1 << 40, len(columns)).astype(float)
    keys = [(a[:, columns] == b[0][columns]).astype(float) @ weights for a, b in zip((images, x), background)]
    known, first, counts = np.unique(keys[0], return_index=True, return_counts=True)
    place = np.clip(np.searchsorted(known, keys[1]), 0, len(known) - 1)
    rows = np.flatnonzero((known[place] == keys[1]) & (counts[place] == 1))
    return rows, first[place[rows]]


def _commonest(a: Array) -> tuple[Array, Array]:
    """The commonest value of each column (from a few rows), and its share."""
    ordered = np.sort(a[sample(len(a), 301)], axis=0)
    middle = ordered[
        [len(ordered) // 8, len(ordered) // 3, len(ordered) // 2, 2 * len(ordered) // 3, -len(ordered) // 8]
    ]
    shares = np.array([(ordered == row).mean(axis=0) for row in middle])
    best = shares.argmax(axis=0)
    return middle[best, np.arange(a.shape[1])], shares.max(axis=0)


@once
def training_matching(e: Examination) -> Matching | None:
    raw = raw_training(e)
    return None if raw is None else match(e.program.x, raw, labels(e))


@once
def images_in_order(e: Examination) -> Array | None:
    """The raw images where they are as many as the training examples, of the same classes in the same order."""
    raw, given = raw_training(e), labels(e)
    if raw is None or raw.labels is None or raw.images.shape != e.program.x.shape or given is None:
        return None
    return raw.images if np.array_equal(raw.labels, given) else None


@once
def raw_labels(e: Examination) -> tuple[Array, Array] | None:
    """The classes of the raw images that training examples were made from, and of which examples."""
    raw, matching = raw_training(e), training_matching(e)
    if raw is None or raw.labels is None or matching is None:
        return None
    return raw.labels[matching.images], matching.rows


def raw_classes(e: Examination) -> Array | None:
    """The class (n,) of the raw image that each training example was made from; None unless all of them are known."""
    found = raw_labels(e)
    if found is None or len(found[1]) < len(e.program.x):
        return None
    return found[0][np.argsort(found[1])]


def true_labels(e: Examination) -> tuple[Array, Array]:
    """Classes of training examples, and of which ones: as `labels` says, or the raw data that they were made from."""
    given = labels(e)
    if e.case.labels is not None and given is not None:
        return given, np.arange(len(given))
    return raw_labels(e) or (np.empty(0, int), np.empty(0, int))


@once
def test_matching(e: Examination) -> Matching | None:
    raw, x = raw_test(e), test_inputs(e)
    return None if raw is None or x is None else match(x, raw, test_classes(e))


def cut_across_images(x: Array, raw: Raw | None) -> bool:
    """Whether row i of x holds the i-th number of every stretch of the raw data, and so of many images: what comes of
    `images.reshape(n_pixels, -1).T`. Each column may have been scaled and shifted."""
    if raw is None or x.shape != raw.images.shape or len(x) < 2 or not all_finite(x):
        return False
    n, n_pixels = x.shape
    rows, columns = sample(n, 300), sample(n_pixels, 300)
    as_meant = raw.images[rows][:, columns]
    across = raw.images.reshape(n_pixels, n).T[rows][:, columns]
    given = x[rows][:, columns]
    return _column_by_column(given, across) and not _column_by_column(given, as_meant)


def _column_by_column(x: Array, images: Array) -> bool:
    """Whether every column of x is a straight line in that of the images, and some vary."""
    first, second = (a - a.mean(axis=0) for a in (x, images.astype(float)))
    lengths = np.linalg.norm(first, axis=0), np.linalg.norm(second, axis=0)
    varied = lengths[1] > 1e-9 * max(float(lengths[1].max()), 1e-300)
    if np.count_nonzero(varied) < 5 or np.any(lengths[0][varied] == 0):
        return False
    apart = first[:, varied] / lengths[0][varied] - second[:, varied] / lengths[1][varied]
    return bool(np.abs(apart).max() < 1e-5)


# -- arithmetic on unsigned bytes ------------------------------------------------------------------------------------


def images_of_examples(e: Examination) -> Array | None:
    """The raw image of every training example, (n, n_pixels) with columns as in the inputs; None where not known."""
    raw, found = raw_training(e), training_matching(e)
    if raw is None or found is None or len(np.unique(found.rows)) < len(e.program.x):
        return None
    images = np.zeros(e.program.x.shape)
    images[found.rows] = raw.images[found.images][:, found.columns]
    return images
