"""Targets as users hold them, and as rows that a loss can be compared with."""

import numpy as np

from unstuck.errors import DataError

Array = np.ndarray


def encode_targets(targets: Array, n_outputs: int, output: str, dtype: np.dtype) -> Array:
    """Targets as (n, n_outputs) rows of the given dtype.

    Rows are taken as they are. Integer labels (n,) become one-hot rows of 0 and 1, of -1 and 1 for tanh outputs. One
    column (n,) or (n, 1) is taken as it is by a single output, but labels 0 and 1 become -1 and 1 for tanh.
    Raises DataError for labels that are negative, too large or not whole, and for rows of another width.
    """
    targets = np.asarray(targets)
    if targets.dtype.kind not in "buif":
        raise DataError(f"targets are of type {targets.dtype}: expected numbers")
    if targets.ndim == 2 and targets.shape[1] == 1:
        targets = targets[:, 0]
    if targets.ndim == 2 and targets.shape[1] == n_outputs:
        return _finite(targets, dtype)
    if targets.ndim != 1:
        raise DataError(f"targets have shape {targets.shape}: expected (n,) or (n, {n_outputs})")
    if n_outputs == 1:
        column = _finite(targets[:, None], dtype)
        if output == "tanh" and targets.dtype.kind in "bui" and np.isin(targets, (0, 1)).all():
            return 2 * column - 1
        return column
    one_hot = np.eye(n_outputs, dtype=dtype)[encode_labels(targets, n_outputs)]
    return 2 * one_hot - 1 if output == "tanh" else one_hot


def encode_labels(labels: Array, n_classes: int) -> Array:
    """Labels (n,) as integers from 0 to n_classes - 1; DataError names the first that is none."""
    labels = np.asarray(labels)
    whole = labels.astype(np.int64) if labels.dtype.kind in "bui" else _as_whole(labels)
    outside = np.flatnonzero((whole < 0) | (whole >= n_classes))
    if len(outside):
        row = outside[0]
        raise DataError(f"the label of example {row} is {labels[row]}: expected 0 to {n_classes - 1}")
    return whole


def _as_whole(labels: Array) -> Array:
    fractional = np.flatnonzero(~(np.isfinite(labels) & (labels == np.floor(labels)) & (np.abs(labels) < 2**53)))
    if len(fractional):
        row = fractional[0]
        raise DataError(f"the label of example {row} is {labels[row]}: expected a whole number")
    return labels.astype(np.int64)


def _finite(targets: Array, dtype: np.dtype) -> Array:
    with np.errstate(over="ignore"):
        rows = targets.astype(dtype)
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(bad):
        raise DataError(f"the target of example {bad[0]} is not a finite {dtype}")
    return rows
