"""The examples of an update as rows, from the values that met the parameters and the outputs."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from unstuck.adapters.scripts.reading.update import Meeting

Array = np.ndarray


def input_rows(values: Sequence[Any], meeting: Meeting) -> Array | None:
    """(n, n_features): values that met the first weights in a product as those of `meeting` did."""
    position = meeting.position
    arrays = [_array(value) for value in values]
    if not arrays or any(array is None for array in arrays):
        return None
    if arrays[0].ndim == 0:  # type: ignore[union-attr]
        numbers = np.array([float(array) for array in arrays])  # type: ignore[arg-type]
        return numbers[: meeting.features or period(numbers)][None]
    rows = [_input_rows(array, position) for array in arrays]  # type: ignore[arg-type]
    if len({part.shape[1:] for part in rows}) != 1:
        return None
    return _joined(without_repeats(rows))


def _input_rows(array: Array, position: int | None) -> Array:
    if array.ndim == 1:
        return array[None]
    if array.ndim == 2:
        return array if position == 0 else array.T
    return array.reshape(len(array), -1)


def target_rows(values: Sequence[Any], examples: int, columns: bool) -> Array | None:
    """(n, k): what met the outputs of `examples` examples; `columns` where an example is a column."""
    arrays = [_array(value) for value in values]
    if not arrays or any(array is None for array in arrays):
        return None
    first = arrays[0]
    assert first is not None
    if first.ndim == 0:
        numbers = np.array([array.item() for array in arrays])  # type: ignore[union-attr]
        return numbers.reshape(examples, -1) if examples and len(numbers) % examples == 0 else None
    rows = [_target_rows(array, examples if len(arrays) == 1 else 1, columns) for array in arrays]  # type: ignore[arg-type]
    if len({part.shape[1:] for part in rows}) != 1:
        return None
    if len(rows) != examples and len(rows) > 1:
        rows = without_repeats(rows)
    return _joined(rows)


def _joined(rows: list[Array]) -> Array:
    """One below the other; a single array as it is, for it may be large."""
    return rows[0] if len(rows) == 1 else np.concatenate(rows)


def _target_rows(array: Array, n: int, columns: bool) -> Array:
    if array.ndim == 1:
        return array[:, None] if len(array) == n and n > 1 else array[None]
    if array.ndim == 2:
        if array.shape[0] == n and not (columns and array.shape[1] == n):
            return array
        return array.T if array.shape[1] == n else array
    return array.reshape(len(array), -1)


def without_repeats(rows: list[Array]) -> list[Array]:
    """Without those that are equal to the one before: a network may look at an example more than once."""
    kept = rows[:1]
    for part in rows[1:]:
        if not np.array_equal(part, kept[-1]):
            kept.append(part)
    return kept


def period(numbers: Array) -> int:
    """The shortest beginning that the whole sequence repeats."""
    count = len(numbers)
    for length in range(1, count + 1):
        if count % length == 0 and np.array_equal(numbers, np.tile(numbers[:length], count // length)):
            return length
    return count


def in_columns(meeting: Meeting) -> bool:
    """Whether an example is a column where the inputs meet the first weights."""
    return meeting.position == 1 and any(np.ndim(value) == 2 for value in meeting.values)


def _array(value: Any) -> Array | None:
    try:
        array = np.asarray(value)
    except ValueError:
        return None
    return array if array.dtype.kind in "biuf" else None
