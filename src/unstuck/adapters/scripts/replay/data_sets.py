"""The whole training data behind the examples of one turn, and the test data beside them: found among what the program
holds, by the values themselves."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.adapters.scripts.recording.paths import reachable_paths, spelled
from unstuck.adapters.scripts.replay.forms import Batch

Array = np.ndarray
CHUNK = 1000  # rows that are looked at together, so that a large table is not copied
MOST_EXAMPLES = 6000  # that are handed on: what is measured of more says the same


@dataclass(frozen=True)
class DataSet:
    """Inputs and targets as rows, and what the program calls them."""

    x: Array  # (n, n_features)
    t: Array  # (n, k)
    names: tuple[str, str]
    total: int  # examples that the program has


def training_data(scope: dict[str, Any], batch: Batch, all_at_once: bool = False) -> DataSet | None:
    """The data that this batch was taken from; None where no array or list holds it with its targets.

    all_at_once: whether every update takes this batch, which then is the data, whatever array they were cut out of
    """
    found: list[tuple[int, DataSet]] = []
    tables = list(_tables(scope, batch))
    for name, x, pairs in tables:
        places = places_of(x, batch.x)
        if places is None:
            continue
        for other, t in sorted(_targets(tables, scope, pairs, len(x), batch, name), key=_coded_anew):
            if len(t) == len(x) and _agree(t, places, batch.t):
                found.append((len(x), DataSet(x[:MOST_EXAMPLES], t[:MOST_EXAMPLES], (name, other), len(x))))
                break
    larger = [item for item in found if item[0] > len(batch) and not all_at_once]
    return min(larger or found, key=lambda item: item[0])[1] if found else None


def test_data(scope: dict[str, Any], training: DataSet, batch: Batch, text: str) -> DataSet | None:
    """Examples that are called test (or validation) data, of the shape of the training data, with their labels.

    text: of the program, which may prepare them only where it uses them
    """
    tables = [table for table in _tables(scope, batch) if table[1].shape[1] == training.x.shape[1]]
    for word in ("test", "val", "valid", "dev", "eval", "te"):
        for name, x, pairs in tables:
            if not _is_called(name, word) or name in training.names:
                continue
            counterpart = training.names[0].lower().replace("train", word) == name.lower()
            counterpart |= _bare(training.names[0]) == _bare(name) != "" and not _is_computed_with(name, text)
            if not counterpart and not _alike(x, training.x):
                continue  # perhaps not prepared yet
            for other, t in _targets(tables, scope, pairs, len(x), batch, name):
                if len(t) == len(x) and (pairs is not None or _is_called(other, word)):
                    return DataSet(x[:MOST_EXAMPLES], t[:MOST_EXAMPLES], (name, other), len(x))
    return None


def _is_called(name: str, word: str) -> bool:
    """Whether a name has this word in it; two letters behind one other, as in Xte, or behind a line."""
    return word in name.lower() if len(word) > 2 else re.search(rf"(?:\b\w|_){word}\b", name.lower()) is not None


def _bare(name: str) -> str:
    """What a name says beyond which part of the data it is: `images` of test_images."""
    return re.sub(r"train(ing)?|test|valid(ation)?|val|dev|eval|_|t[re]$", "", name.lower())


def _is_computed_with(name: str, text: str) -> bool:
    """Whether a program computes with its test inputs: it may divide them by 255 where they are used."""
    operations = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.BinOp | ast.AugAssign)]
    scaled = [node for node in operations if isinstance(node.op, ast.Div | ast.Sub | ast.Mult | ast.Add)]
    return any(name in _owners(getattr(node, "left", getattr(node, "target", None))) for node in scaled)


def _owners(operand: ast.AST | None) -> Iterator[str]:
    """What an operand is a part or a form of: `x[i].astype(float)`, `x[i]` and `x`."""
    while operand is not None:
        yield ast.unparse(operand)
        operand = getattr(operand, "func", None) or getattr(operand, "value", None)
        operand = operand if isinstance(operand, ast.AST) else None


def _alike(x: Array, other: Array) -> bool:
    """Whether two arrays of inputs have about the same range."""
    spans = [(float(np.min(part)), float(np.max(part))) for part in (x[:500], other[:500])]
    (low, high), (other_low, other_high) = spans
    size = max(other_high - other_low, 1e-12)
    return abs(low - other_low) < 0.25 * size and abs(high - other_high) < 0.25 * size


def _tables(scope: dict[str, Any], batch: Batch) -> Iterator[tuple[str, Array, Any]]:
    """(name, rows, pairs) of everything that could be inputs; `pairs` where each element is a tuple with the target."""
    features = batch.x.shape[1]
    seen: set[int] = set()
    for path, value in reachable_paths(scope, depth=3):
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and value.ndim >= 2:
            if int(np.prod(value.shape[1:])) == features and len(value) >= 2:
                yield spelled(path), value.reshape(len(value), -1), None
            elif value.ndim == 2 and len(value) == features:
                yield spelled(path), value.T, None
        elif isinstance(value, (list, tuple)) and len(value) >= 2:
            rows = _rows_of_list(value, features)
            if rows is not None:
                yield spelled(path), rows, None
            elif all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in value[:MOST_EXAMPLES]):
                firsts = _rows_of_list([pair[0] for pair in value[:MOST_EXAMPLES]], features)
                if firsts is not None:
                    yield spelled(path), firsts, [pair[1] for pair in value[:MOST_EXAMPLES]]


def _coded_anew(item: tuple[str, Array]) -> bool:
    """Whether targets were made of class numbers, where the program may hold them as its loop takes them."""
    return item[1].base is None


def _rows_of_list(values: Any, features: int) -> Array | None:
    """A list of examples as rows; of long ones the first."""
    first = values[0]
    if not isinstance(first, (list, tuple, np.ndarray)) or np.size(_safe(first)) != features:
        return None
    try:
        rows = np.array([np.asarray(value, dtype=float).reshape(-1) for value in values[:MOST_EXAMPLES]])
    except (ValueError, TypeError):
        return None
    return rows if rows.ndim == 2 and rows.shape[1] == features else None


def _safe(value: Any) -> Array:
    try:
        return np.asarray(value, dtype=float)
    except (ValueError, TypeError):
        return np.zeros(0)


def _targets(
    tables: list[Any], scope: dict[str, Any], pairs: Any, n: int, batch: Batch, inputs: str
) -> Iterator[tuple[str, Array]]:
    """(name, rows) of everything that could be the targets of n examples, coded as the loop takes them."""
    k = batch.t.shape[1]
    if pairs is not None:
        rows = coded(pairs, k)
        if rows is not None:
            yield inputs, rows
        return
    for path, value in reachable_paths(scope, depth=3):
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and value.ndim:
            if value.shape[0] == n or (value.ndim == 2 and value.shape == (k, n)):
                rows = coded(value if value.shape[0] == n else value.T, k)
                if rows is not None:
                    yield spelled(path), rows
        elif isinstance(value, (list, tuple)) and len(value) >= n == min(len(value), MOST_EXAMPLES):
            rows = coded(value[:n], k)
            if rows is not None:
                yield spelled(path), rows


def coded(values: Any, k: int) -> Array | None:
    """(n, k): targets as they are, or class numbers as one-hot rows."""
    try:
        array = np.asarray(values)
        array = array.reshape(len(array), -1)
    except (ValueError, TypeError):
        return None
    if array.dtype.kind not in "biuf" or (array.dtype.kind == "f" and not np.isfinite(array).all()):
        return None
    if array.shape[1] == k:
        return array
    whole = array.shape[1] == 1 and np.array_equal(array, np.rint(array))
    if whole and k > 1 and array.min() >= 0 and array.max() < k:
        return np.eye(k)[array[:, 0].astype(int)]
    return None


def _agree(t: Array, places: Array, wanted: Array) -> bool:
    """Whether the targets at these places are the wanted ones; a repeated example may have had another copy's."""
    return float(np.mean((t[places] == wanted).all(axis=1))) > 0.9


def places_of(x: Array, rows: Array) -> Array | None:
    """The row numbers in x at which these rows stand, the first of each; None where one is missing."""
    if x.shape == rows.shape and np.array_equal(x, rows):
        return np.arange(len(rows))
    if len(rows) > len(x):
        return None
    wanted = {hash(row.tobytes()) for row in np.ascontiguousarray(rows, float)}
    first: dict[int, int] = {}
    for start in range(0, len(x), CHUNK):
        for place, row in enumerate(np.ascontiguousarray(x[start : start + CHUNK], float), start):
            if (key := hash(row.tobytes())) in wanted:
                first.setdefault(key, place)
    found = [first.get(hash(row.tobytes())) for row in np.ascontiguousarray(rows, float)]
    if None in found:
        return None
    places = np.array(found)
    return places if np.array_equal(np.asarray(x[places], float), np.asarray(rows, float)) else None
