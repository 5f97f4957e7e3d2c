"""What pixels and labels may be; every reader hands its arrays through here."""

from collections.abc import Callable

import numpy as np

from unstuck.errors import DataError

Array = np.ndarray


def as_pixels(values: Array, place: Callable[[int, int], str]) -> Array:
    """Turn the numbers of a file, (n, n_features), into pixels: uint8 in 0..255, or float32 in [0, 1].

    Whole numbers are taken as 0..255; if none is above 1, as black and white, so that 1 becomes 255. Numbers with a
    fraction are taken as they are and must all lie in [0, 1]. Raises DataError for the first number that is neither;
    `place(row, column)` says where it stands.
    """
    if values.dtype == np.uint8:
        return values * np.uint8(255) if values.max(initial=0) == 1 else values
    if values.dtype == bool:
        return values.astype(np.uint8) * np.uint8(255)
    bad = _first(~((values >= 0) & (values <= 255)))  # also NaN
    if bad:
        raise DataError(f"{place(*bad)}: {values[bad]} is no pixel, expected a number from 0 to 255")
    fraction = _first(values != np.floor(values)) if values.dtype.kind == "f" else None
    if fraction is None:
        return as_pixels(values.astype(np.uint8), place)
    above = _first(values > 1)
    if above:
        raise DataError(
            f"{place(*above)}: {values[above]} is above 1, but {place(*fraction)} holds {values[fraction]}: expected "
            "whole numbers from 0 to 255 or numbers in [0, 1], not both"
        )
    return values.astype(np.float32, copy=False)


def as_labels(values: Array, place: Callable[[int], str], n_classes: int | None = None) -> Array:
    """Turn the numbers of a file, (n,), into int64 labels counted from 0.

    A label must be below `n_classes`. Where that is unknown, ten classes are allowed anyway, and a higher label only
    if every class from 10 up to it occurs: a lone 77 is a slip, not a sign of 78 classes. Raises DataError for the
    first label that breaks this; `place(row)` says where it stands.
    """
    if values.dtype.kind not in "uif":
        raise DataError(f"{place(0)}: labels of type {values.dtype}, expected numbers")
    whole = (values >= 0) & (values == np.floor(values)) & (values < 2**31)
    if not whole.all():
        row = int(np.argmin(whole))
        raise DataError(f"{place(row)}: {values[row]} is no label, expected a whole number from 0")
    labels = values.astype(np.int64)
    limit = n_classes if n_classes is not None else _count_classes(labels)
    if (labels >= limit).any():
        row = int(np.argmax(labels >= limit))
        raise DataError(
            f"{place(row)}: the label {labels[row]} is out of range, expected 0 to {limit - 1}"
            + ("" if n_classes is not None else f", for no example has the label {limit}")
        )
    return labels


def _count_classes(labels: Array) -> int:
    """10, or as many as there are without a gap."""
    present = np.unique(labels[labels >= 10])
    return 10 + int(np.sum(present == 10 + np.arange(len(present))))


def _first(wrong: Array) -> tuple[int, int] | None:
    """Row and column of the first True of a matrix."""
    index = int(np.argmax(wrong)) if wrong.size else 0
    row, column = divmod(index, max(1, wrong.shape[1]))
    return (row, column) if wrong.size and wrong[row, column] else None
