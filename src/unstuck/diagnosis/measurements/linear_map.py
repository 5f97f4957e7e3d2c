"""Inputs that are one linear map of the raw images, as principal components and whitening make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from unstuck.diagnosis.measurements.once import once
from unstuck.diagnosis.measurements.plain_data import raw_test, raw_training, sample, test_classes, test_inputs

if TYPE_CHECKING:
    from unstuck.diagnosis.examination.examination import Examination

Array = np.ndarray

MOST_ROWS, MOST_PIXELS = 5000, 2000
ROWS_FOR_A_PIXEL = 2  # a map with as many unknowns as rows fits anything
EXACT = 1e-4  # of the range of the inputs
LEAST_TEST_ROWS = 20


def linear_map(e: Examination) -> tuple[Array, Array] | None:
    """Test inputs as given, and what the linear map of the training inputs makes of their raw images; both (m, f).

    Known where the training inputs are such a map of the raw images in the same order, and the test labels show that
    the test images are in their order too. Test images with ink where no training image has any are left out.
    """
    raw, raw_for_test, x, x_test = raw_training(e), raw_test(e), e.program.x, test_inputs(e)
    if raw is None or raw_for_test is None or x_test is None or raw_for_test.labels is None:
        return None
    if len(raw.images) < len(x) or len(raw_for_test.images) < len(x_test):
        return None
    y = test_classes(e)
    if y is None or not np.array_equal(y, raw_for_test.labels[: len(y)]):
        return None
    rows = sample(len(x), MOST_ROWS)
    images = raw.images[rows].astype(float)
    varied = np.ptp(images, axis=0) > 0
    if (
        not varied.any()
        or not np.ptp(x, axis=0).any()
        or varied.sum() > MOST_PIXELS
        or len(rows) < ROWS_FOR_A_PIXEL * varied.sum()
    ):
        return None
    fitted = _fitted(images[:, varied], x[rows].astype(float))
    if fitted is None:
        return None
    weights, offset = fitted
    test_images = raw_for_test.images[: len(x_test)].astype(float)
    known = np.all(test_images[:, ~varied] == images[0, ~varied], axis=1)
    given, expected = x_test[known], test_images[known][:, varied] @ weights + offset
    if len(given) < LEAST_TEST_ROWS or _in_another_order(given, expected):
        return None
    return given, expected


def _fitted(v: Array, x: Array) -> tuple[Array, Array] | None:
    """Weights (p, f) and offsets (f,) with v @ weights + offset equal to x to rounding; None where there are none."""
    mean, spread = v.mean(axis=0), v.std(axis=0)
    scaled = (v - mean) / spread
    gram = scaled.T @ scaled
    gram[np.diag_indices_from(gram)] += 1e-10 * len(v)
    weights = np.linalg.solve(gram, scaled.T @ (x - x.mean(axis=0))) / spread[:, None]
    offset = x.mean(axis=0) - mean @ weights
    return (weights, offset) if np.abs(v @ weights + offset - x).max() < EXACT * (np.ptp(x) or 1.0) else None


def _in_another_order(given: Array, expected: Array) -> bool:
    """Whether both hold the same rows."""
    direction = np.random.default_rng(0).standard_normal(given.shape[1])
    first, second = np.sort(given @ direction), np.sort(expected @ direction)
    return bool(np.abs(first - second).max() < EXACT * (np.ptp(second) or 1.0) and not np.allclose(given, expected))


@once
def rotation_would_not_show(e: Examination) -> bool:
    """Whether the columns of the training inputs are as good as uncorrelated: means and spreads of a rotated test set
    would look the same."""
    x = e.program.x[sample(len(e.program.x), MOST_ROWS)].astype(float)
    x = x[:, x.std(axis=0) > 0]
    if x.shape[1] < 2 or x.shape[1] > MOST_PIXELS:
        return False
    correlation = np.corrcoef(x.T)
    beside = correlation[~np.eye(len(correlation), dtype=bool)]
    return bool(np.sqrt(np.mean(beside**2)) < 2 / np.sqrt(len(x)))
