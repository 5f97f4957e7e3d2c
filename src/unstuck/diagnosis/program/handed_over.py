"""What a user hands over, as arrays: inputs, targets and outputs, whatever they come in; refused where exchanged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from unstuck.errors import CaseError

Array = np.ndarray
LARGE = 1 << 24  # bytes of inputs in 32 bits, from which on no copy in 64 bits is made of all of them
PART = 1 << 21  # numbers that are looked at together


def refuse_exchanged(x: Any, targets: Any) -> None:
    """Raises CaseError where x and targets stand in each other's place, or hold an example in each column."""
    try:
        inputs, wanted = (_floating(given) for given in (x, targets))
    except (TypeError, ValueError):
        return
    if inputs.ndim == 0 or wanted.ndim == 0:
        return
    narrower = wanted.ndim > 1 and len(inputs) == len(wanted) and inputs.size < wanted.size
    if narrower and _name_classes(inputs) and not _name_classes(wanted):
        raise CaseError(
            f"Case(x=…, targets=…): these look exchanged: x, of shape {inputs.shape}, names a class for each example"
        )
    if inputs.ndim == 2 and len(inputs) != len(wanted) and inputs.shape[1] in (len(wanted), wanted.shape[-1]):
        raise CaseError(
            f"Case(x=…): expected a row for each example, found a column for each: x has shape {inputs.shape}, "
            f"targets {wanted.shape}; give x.T"
        )


def _name_classes(values: Array) -> bool:
    """Whether they are one-hot rows, or one whole number for each example."""
    if not np.isfinite(values).all():
        return False
    if values.ndim == 1:
        return bool(np.array_equal(values, np.round(values)))
    return bool(
        values.ndim == 2 and values.shape[1] > 1 and np.isin(values, (0, 1)).all() and (values.sum(1) == 1).all()
    )


def as_rows(x: Any) -> Array:
    """Training inputs as (n, n_features) float64, or float32 where they are that and many; images are flattened.
    Raises CaseError."""
    try:
        rows = _floating(x)
    except (TypeError, ValueError) as error:
        raise CaseError(f"Case(x=…): expected training examples as rows of numbers: {error}") from error
    if rows.ndim < 2 or len(rows) == 0 or rows.size == 0:
        raise CaseError(f"Case(x=…): expected at least one row of numbers (n, n_features), found shape {rows.shape}")
    return rows.reshape(len(rows), -1)


def _floating(given: Any) -> Array:
    values = np.asarray(_numpy(given))
    kept = values.dtype == np.float32 and values.nbytes >= LARGE
    return values if kept else np.asarray(values, dtype=float)


def with_zeros(x: Array) -> Array:
    """x with 0 in the place of what is NaN or infinite."""
    return x if all_finite(x) else np.where(np.isfinite(x), x, x.dtype.type(0))


def all_finite(x: Array) -> bool:
    """Whether x (n, f) holds finite numbers alone."""
    return all(np.isfinite(part).all() for part in parts_of(x))


def parts_of(x: Array) -> Iterator[Array]:
    """The rows of x (n, f), one part after the other, each in 64 bits."""
    rows = max(1, PART // max(x.shape[1], 1))
    for first in range(0, len(x), rows):
        yield x[first : first + rows].astype(float, copy=False)


def as_targets(targets: Any, n: int) -> Array:
    """Targets as the user's loop takes them: an array of numbers, (n,) or (n, k). Raises CaseError."""
    values = np.asarray(_numpy(targets))
    try:
        if values.dtype == object:
            values = np.array([np.asarray(row, dtype=float) for row in values])
        values.astype(float)
    except (TypeError, ValueError) as error:
        raise CaseError(f"Case(targets=…): expected numbers, one row or label for each example: {error}") from error
    if values.ndim == 0 or len(values) != n:
        raise CaseError(f"Case(targets=…): expected one for each of {n} examples, found shape {values.shape}")
    return values


def as_output_rows(value: Any) -> Array:
    if np.iscomplexobj(_numpy(value)):
        raise TypeError("complex numbers")
    return np.asarray(_numpy(value), dtype=float)


def _numpy(value: Any) -> Any:
    if hasattr(value, "detach"):
        return value.detach().cpu().numpy()
    if isinstance(value, (list, tuple)) and value and hasattr(value[0], "detach"):
        return [item.detach().cpu().numpy() for item in value]
    return value
