"""The ways a batch of examples stands in a program: rows, columns, one vector, a list, labels, pairs, …

`match` finds the form in which some rows stand in a value; `Form.made` puts other rows into that form.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Batch:
    """Examples as a Case has them: inputs (n, n_features), targets (n, k)."""

    x: Array
    t: Array

    def __len__(self) -> int:
        return len(self.x)

    def first(self, count: int) -> "Batch":
        """A copy of the first few examples."""
        return Batch(self.x[:count].copy(), self.t[:count].copy())


@dataclass(frozen=True)
class Form:
    """How rows become the value that stands in the program."""

    name: str
    of: str  # x, t, both or count
    made: Callable[[Batch], Any]


def match(value: Any, batch: Batch, count: bool = False) -> Form | None:
    """The form in which this batch stands in the value; None where it does not.

    count: whether a plain integer equal to the number of examples is one of them.
    """
    if count and type(value) is int and value == len(batch):
        return Form("count", "count", len)
    if (
        isinstance(value, (list, tuple))
        and len(value) == len(batch)
        and len(value)
        and isinstance(value[0], (list, tuple))
    ):
        pairs = _pairs(value, batch)
        if pairs is not None:
            return pairs
    array = _numbers(value)
    if array is None:
        return None
    for of, rows in (("x", batch.x), ("t", batch.t)):
        for name, made in _ways(rows, array.shape):
            expected = made(rows)
            if expected.shape == array.shape and np.array_equal(expected, array):
                return Form(name, of, _Restored(made, of, value))
    return _beside_labels(value, array, batch)


def _beside_labels(value: Any, array: Array, batch: Batch) -> Form | None:
    """Rows, or the one row, in which the label stands behind the inputs or before them."""
    n, k = batch.x.shape
    if array.shape != (n, k + 1) and not (n == 1 and array.shape == (k + 1,)):
        return None
    for place in (k, 0):
        joined = _joined(batch, place)
        if joined is not None and np.array_equal(joined, array.reshape(n, -1)):
            return Form("rows beside labels", "both", partial(_rows_like, value, place))
    return None


def _joined(batch: Batch, place: int) -> Array | None:
    labels = labels_of(batch.t)
    return None if labels is None else np.insert(batch.x.astype(float), place, labels, axis=1)


def _rows_like(value: Any, place: int, batch: Batch) -> Any:
    """The examples as rows with their labels at a place, number by number of the type that stood there."""
    rows = _joined(batch, place)
    assert rows is not None  # the targets are coded as those were that the form was found with
    if np.ndim(value) == 2:
        return like(rows, value)
    if not isinstance(value, (list, tuple)):
        return like(rows[0], value)
    return type(value)(like(np.asarray(number), each) for number, each in zip(rows[0], value, strict=True))


def labels_of(targets: Array) -> Array | None:
    """(n,): the class numbers of one-hot rows, or the numbers of a single column."""
    if targets.shape[1] == 1:
        return targets[:, 0]
    return targets.argmax(axis=1) if _is_one_hot(targets) else None


@dataclass(frozen=True)
class _Restored:
    """A value of the kind that stood there: a list, an array of its type, a number."""

    made: Callable[[Array], Array]
    of: str
    like: Any

    def __call__(self, batch: Batch) -> Any:
        return like(self.made(batch.x if self.of == "x" else batch.t), self.like)


def like(array: Array, example: Any) -> Any:
    """The numbers of an array in the type of an example, where that loses nothing."""
    if isinstance(example, np.ndarray):
        dtype = example.dtype
        if dtype.kind in "iub" and not np.array_equal(array, np.rint(array)):
            dtype = np.dtype(float)
        order: Any = "F" if example.flags.f_contiguous and not example.flags.c_contiguous else "C"
        return np.array(array, dtype, order=order)  # a product of other strides may round otherwise
    if isinstance(example, (list, tuple)):
        parts = _lists(array, example)
        if parts is None:
            parts = [like(part, example[0]) for part in array]
        return type(example)(parts) if type(example) is tuple else parts
    if isinstance(example, np.generic):
        return like(np.asarray(array), np.asarray(example))[()]
    number = array.item() if isinstance(array, np.ndarray) else array
    return int(number) if isinstance(example, int) and float(number).is_integer() else float(number)


def _lists(array: Array, example: Any) -> list[Any] | None:
    """What `like` gives for lists of numbers, however deep, made at once; None where that is no plain conversion."""
    for _ in range(array.ndim):
        if type(example) is not list or not example:
            return None
        example = example[0]
    if array.dtype.kind not in "iuf":
        return None
    if type(example) is float:
        return np.asarray(array, float).tolist()
    whole = array.dtype.kind in "iu" or (np.array_equal(array, np.rint(array)) and bool((np.abs(array) < 2**53).all()))
    if type(example) is int and whole:
        return np.asarray(array, np.int64).tolist()
    if isinstance(example, np.generic) and (example.dtype.kind == "f" or whole):
        return _scalars(np.asarray(array, example.dtype))
    return None


def _scalars(array: Array) -> list[Any]:
    if array.ndim == 1:
        return list(array)
    if array.ndim == 2:
        flat, width = list(array.reshape(-1)), array.shape[1]
        return [flat[start : start + width] for start in range(0, len(flat), width)]
    return [_scalars(part) for part in array]


def _numbers(value: Any) -> Array | None:
    """The value as an array of numbers, or None."""
    if isinstance(value, np.ndarray):
        return value if value.dtype.kind in "biuf" else None
    if isinstance(value, (bool, str, bytes)) or not isinstance(value, (int, float, np.number, list, tuple)):
        return None
    if isinstance(value, (list, tuple)) and (
        not value or not isinstance(value[0], (int, float, np.number, np.ndarray, list, tuple))
    ):
        return None
    try:
        array = np.asarray(value)
    except (ValueError, TypeError):
        return None
    return array if array.dtype.kind in "biuf" else None


def _ways(rows: Array, shape: tuple[int, ...]) -> Iterator[tuple[str, Callable[[Array], Array]]]:
    """The forms that could give this shape."""
    n, k = rows.shape
    if len(shape) == 2:
        yield "rows", lambda rows: rows
        yield "columns", lambda rows: rows.T
        if shape == (n, k + 1):
            yield "rows after ones", _with_ones(True)
            yield "rows before ones", _with_ones(False)
        if shape == (k + 1, n):
            yield "columns below ones", lambda rows: _with_ones(True)(rows).T
            yield "columns above ones", lambda rows: _with_ones(False)(rows).T
    if n == 1 and len(shape) == 1:
        yield "one", lambda rows: rows[0]
        if shape == (k + 1,):
            yield "one after 1", lambda rows: _with_ones(True)(rows)[0]
            yield "one before 1", lambda rows: _with_ones(False)(rows)[0]
    if k == 1 and len(shape) == 1:
        yield "flat", lambda rows: rows[:, 0]
    if n == 1 and k == 1 and shape == ():
        yield "number", lambda rows: rows[0, 0]
    if len(shape) == 3 and shape == (n, k, 1):
        yield "stacked columns", lambda rows: rows[:, :, None]
    if len(shape) == 3 and shape == (n, 1, k):
        yield "stacked rows", lambda rows: rows[:, None, :]
    if len(shape) > 2 and shape[0] == n and int(np.prod(shape[1:])) == k:
        yield "images", lambda rows: rows.reshape(len(rows), *shape[1:])
    if k > 1 and (shape in ((n,), (n, 1)) or (n == 1 and shape == ())) and _is_one_hot(rows):
        if shape == (n,):
            yield "labels", lambda rows: rows.argmax(axis=1)
        elif shape == () and n == 1:
            yield "label", lambda rows: rows.argmax(axis=1)[0]
        elif shape == (n, 1):
            yield "column of labels", lambda rows: rows.argmax(axis=1)[:, None]


def _is_one_hot(rows: Array) -> bool:
    if not (rows[:1].sum(axis=1) == 1).all():  # seen at once of rows that may be many
        return False
    return bool((rows.sum(axis=1) == 1).all()) and rows.max(initial=0) == 1 and rows.min(initial=0) == 0


def _with_ones(first: bool) -> Callable[[Array], Array]:
    def made(rows: Array) -> Array:
        ones = np.ones((len(rows), 1))
        return np.hstack([ones, rows] if first else [rows, ones])

    return made


def _pairs(value: Any, batch: Batch) -> Form | None:
    """A list with one tuple for each example, in which its input and its target stand."""
    width = len(value[0])
    one = [Batch(batch.x[i : i + 1], batch.t[i : i + 1]) for i in range(len(batch))]
    forms: list[Form | None] = []
    for place in range(width):
        form = match(value[0][place], one[0])
        forms.append(form)
        if form is not None:
            last = match(value[-1][place], one[-1])
            if last is None or last.of != form.of:
                forms[-1] = None
    if {form.of for form in forms if form} != {"x", "t"}:
        return None

    def made(batch: Batch) -> Any:
        found = []
        for i in range(len(batch)):
            alone = Batch(batch.x[i : i + 1], batch.t[i : i + 1])
            parts = [form.made(alone) if form else value[0][place] for place, form in enumerate(forms)]
            found.append(type(value[0])(parts))
        return type(value)(found)

    return Form("pairs", "both", made)
