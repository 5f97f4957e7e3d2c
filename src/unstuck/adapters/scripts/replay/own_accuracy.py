"""The script's own accuracy as a function of examples and labels: the function that it calls with its data, or its test
data, and that compares and counts."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unstuck.adapters.scripts.replay.beside import counting
from unstuck.adapters.scripts.replay.counted import counted
from unstuck.adapters.scripts.replay.data_sets import DataSet
from unstuck.adapters.scripts.replay.forms import labels_of, like
from unstuck.adapters.scripts.text.names_in_source import last_name

Array = np.ndarray
ROWS = 50  # that are looked at


@dataclass(frozen=True)
class OwnAccuracy:
    """One call of it, with other examples in the place of its own.

    function   what is called
    arguments  those of the call
    inputs     the place of the examples among them, and whether they stand in columns
    labels     the same of the labels
    values     what the targets are made of, in ascending order: of each class where they are one column
    line       the file and the line in which it counts; None where that is none of a script
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    inputs: tuple[int, bool]
    labels: tuple[int, bool]
    values: Array
    line: tuple[str, int] | None = None

    def __call__(self, x: Array, labels: Array) -> Any:
        """What the script counts for these rows and labels: class numbers, or rows of targets."""
        arguments = list(self.arguments)
        given = np.asarray(labels)
        classes = given if given.ndim == 1 else labels_of(given)
        if classes is None:
            raise ValueError("rows of several classes")
        arguments[self.inputs[0]] = _shaped(np.asarray(x), self.arguments[self.inputs[0]], self.inputs[1])
        arguments[self.labels[0]] = self._labels(classes.astype(int))
        return self.function(*arguments)

    def _labels(self, classes: Array) -> Any:
        example = self.arguments[self.labels[0]]
        array = np.asarray(example)
        width = array.shape[0 if self.labels[1] else 1] if array.ndim == 2 else 1
        if width == 1:
            return _shaped(self.values[classes], example, self.labels[1])
        rows = np.full((len(classes), width), self.values[0])
        rows[np.arange(len(classes)), classes] = self.values[-1]
        return _shaped(rows, example, self.labels[1])


def counted_accuracy(
    file: str, text: str, loop_line: int, live: Callable[[], Mapping[str, Any]], sets: list[DataSet]
) -> OwnAccuracy | None:
    """The first count in a script, where it stands, of right answers on one of its sets of examples; None without."""
    scope = live()
    for count in counted(file, text, loop_line, live):
        for each in sets:
            held = [name for name in count.read if name in scope and _is_held(scope[name], each)]
            found = _call_on(count.of(held), tuple(scope[name] for name in held), each)
            if found is not None:
                return replace(found, line=count.place)
    return None


def _is_held(value: Any, data: DataSet) -> bool:
    """Whether a value is the inputs or the targets of these examples, or the numbers of their classes."""
    classes = labels_of(data.t)
    held = [data.x, data.t, *([] if classes is None else [classes[:, None]])]
    return any(next(_places((value,), rows, data.total, None), None) is not None for rows in held)


def own_accuracy(text: str, scope: Mapping[str, Any], sets: list[DataSet]) -> OwnAccuracy | None:
    """The first call in a script that counts right answers on one of its sets of examples; None where none does."""
    tree = ast.parse(text)
    counts = counting(tree)
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and last_name(call.func) in counts and len(call.args) > 1 and not call.keywords:
            try:
                function = _value(call.func, scope)
                arguments = tuple(_value(argument, scope) for argument in call.args)
            except (LookupError, AttributeError, TypeError):
                continue
            for each in sets:
                found = _call_on(function, arguments, each)
                if found is not None:
                    return replace(found, line=_line_of_return(function))
    return None


def _line_of_return(function: Any) -> tuple[str, int] | None:
    """The file and the line in which a function of a script returns; None for others."""
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None:
        return None
    for node in ast.walk(ast.parse("".join(linecache.getlines(code.co_filename)))):
        if isinstance(node, ast.FunctionDef) and node.lineno == code.co_firstlineno:
            returns = [part.lineno for part in ast.walk(node) if isinstance(part, ast.Return)]
            return (code.co_filename, max(returns)) if returns else None
    return None


def _call_on(function: Any, arguments: tuple[Any, ...], data: DataSet) -> OwnAccuracy | None:
    if not callable(function) or getattr(function, "__module__", None) == "numpy":
        return None
    inputs = next(_places(arguments, data.x, data.total, None), None)
    if inputs is None:
        return None
    values = np.unique(data.t[:2000])
    labels = next(_places(arguments, data.t, data.total, inputs[0]), None)
    if labels is None and (classes := labels_of(data.t)) is not None:
        labels = next(_places(arguments, classes[:, None], data.total, inputs[0]), None)
        values = np.unique(classes[:2000])
    return None if labels is None else OwnAccuracy(function, arguments, inputs, labels, values)


def _places(arguments: tuple[Any, ...], rows: Array, total: int, other: int | None) -> Iterator[tuple[int, bool]]:
    """The arguments that hold these rows, and whether in columns."""
    few = rows[:ROWS]
    for place, argument in enumerate(arguments):
        array = _array(argument)
        if array is None or array.ndim == 0 or place == other:
            continue
        if len(array) == total and _equal(array[: len(few)].reshape(len(few), -1), few):
            yield place, False
        elif array.ndim == 2 and array.shape[1] == total and _equal(array[:, : len(few)].T, few):
            yield place, True


def _equal(a: Array, b: Array) -> bool:
    return a.shape == b.shape and np.array_equal(a, b)


def _shaped(rows: Array, example: Any, columns: bool) -> Any:
    """Rows in the shape and of the type of an example that holds others."""
    array = np.asarray(example)
    if columns:
        return like(rows.reshape(len(rows), -1).T, example)
    return like(rows.reshape(len(rows), *array.shape[1:]), example)


def _array(value: Any) -> Array | None:
    if not isinstance(value, (np.ndarray, list, tuple)):
        return None
    try:
        array = np.asarray(value)
    except ValueError:
        return None
    return array if array.dtype.kind in "biuf" else None


def _value(node: ast.expr, scope: Mapping[str, Any]) -> Any:
    """What a name, an attribute or a constant stands for. Raises LookupError, AttributeError or TypeError."""
    if isinstance(node, ast.Name):
        return scope[node.id]
    if isinstance(node, ast.Attribute):
        return getattr(_value(node.value, scope), node.attr)
    if isinstance(node, ast.Constant):
        return node.value
    raise TypeError("no name")
