"""The parameters of a living script as arrays that can be read and written, whatever holds them.

What the units of one layer keep apart (a row of weights, a bias) is one array, and so are the numbers of a list, or of
a list of lists; any other single number is an array of its own. All these are copies: what is written into one as a
whole is put where the program keeps it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.adapters.scripts.recording.paths import follow

Path = tuple[Any, ...]
Scope = dict[str, Any]


class WrittenThrough(np.ndarray):
    """A copy of numbers that lie elsewhere; assigning all of it (`array[...] = values`) changes them there as well."""

    hand_on: Callable[[np.ndarray], None] | None = None

    def __setitem__(self, key: Any, values: Any) -> None:
        super().__setitem__(key, values)
        if self.hand_on is not None:
            self.hand_on(np.asarray(self))


def layers(scope: Scope, paths: list[Path]) -> list[Any]:
    """What lies at these paths: live arrays and lists, and copies that are written through of all else."""
    numbers = {path for path in paths if _is_number(follow(scope, path))}
    deepest = max((_trailing(path) for path in numbers), default=0)
    found: dict[Any, list[Path]] = {}
    units = {path[:-3] for path in numbers if _trailing(path) == 1 and _trailing(path[:-2])}  # units[j].weights[k]
    for path in paths:
        if path in numbers and _trailing(path):
            key: Any = _of_list(path, deepest)
        elif path in numbers and path[:-2] in units and _trailing(path[:-1]):
            key = _Units(path[:-2], path[-1:])  # units[j].bias
        else:
            key = _of_layer(path)
        found.setdefault(key, []).append(path)
    return [layer for key, together in found.items() for layer in _layers_of(scope, key, together)]


def _layers_of(scope: Scope, key: Any, paths: list[Path]) -> list[Any]:
    if not isinstance(key, _Grid):
        return [_layer(scope, key, paths)]
    indices = [tuple(path[place][1] for place in key.places) for path in paths]
    sizes = tuple(len(set(column)) for column in zip(*indices, strict=True))
    if int(np.prod(sizes)) != len(paths):  # lists of different lengths: no matrix
        groups: dict[Path, list[Path]] = {}
        for path in paths:
            groups.setdefault(path[:-1], []).append(path)
        return [_numbers(scope, group, (len(group),)) for group in groups.values()]
    return [_numbers(scope, [path for _, path in sorted(zip(indices, paths, strict=True))], sizes)]


def _numbers(scope: Scope, paths: list[Path], shape: tuple[int, ...]) -> Any:
    """Single numbers as one array of a shape."""

    def put(array: np.ndarray) -> None:
        for path, value in zip(paths, array.reshape(-1), strict=True):
            _put(scope, path, value)

    return written_through(np.array([follow(scope, path) for path in paths]).reshape(shape), put)


def _layer(scope: Scope, key: Any, paths: list[Path]) -> Any:
    values = [follow(scope, path) for path in paths]
    if not isinstance(key, _Units):
        if isinstance(values[0], (np.ndarray, list)):
            return values[0]
        return written_through(np.array(values[0]), lambda array: _put(scope, paths[0], array))

    def put(array: np.ndarray) -> None:
        for path, row in zip(paths, array, strict=True):
            _put(scope, path, row)

    return written_through(np.array(values), put)


def written_through(array: np.ndarray, put: Callable[[np.ndarray], None]) -> np.ndarray:
    """The array, which hands what is assigned to it on to `put`."""
    copy = array.view(WrittenThrough)
    copy.hand_on = put
    return copy


def _put(scope: Scope, path: Path, values: Any) -> None:
    """Writes numbers where a path leads: into an array or a list, or in the place of a number."""
    value = follow(scope, path)
    if isinstance(value, np.ndarray) and value.ndim:
        value[...] = values
    elif isinstance(value, list):
        value[:] = np.asarray(values).tolist()
    else:
        (kind, name), holder = path[-1], follow(scope, path[:-1])
        number = np.asarray(values).astype(np.asarray(value).dtype)
        new = type(value)(number) if isinstance(value, (float, np.floating)) else number
        if kind == "key":
            holder[name] = new
        else:
            setattr(holder, name, new)


@dataclass(frozen=True)
class _Units:
    """Where the parts of one layer lie: a path without the number of the unit."""

    before: Path
    after: Path


def _of_layer(path: Path) -> Any:
    """The path itself, or that of a layer where it ends in an attribute of a numbered unit: layers[1].neurons[7].w."""
    numbered = [index for index, (kind, name) in enumerate(path) if kind == "key" and isinstance(name, int)]
    if len(numbered) >= 2 and numbered[-1] == len(path) - 2:
        return _Units(path[: numbered[-1]], path[numbered[-1] + 1 :])
    return path


@dataclass(frozen=True)
class _Grid:
    """Where the numbers of one layer lie: a path without the one or two numbers at `places` that tell them apart."""

    rest: Path
    places: tuple[int, ...]


def _is_number(value: Any) -> bool:
    return isinstance(value, (float, int, np.number))


def _trailing(path: Path) -> int:
    """How many places in lists a path ends with."""
    count = 0
    while count < len(path) and path[-1 - count][0] == "key" and isinstance(path[-1 - count][1], int):
        count += 1
    return count


def _of_list(path: Path, deepest: int) -> _Grid:
    """The layer of a number in a list: weights[2][j][k], units[j].weights[k] or units[j]["weights"][k], biases[2][j].

    deepest: how many lists the numbers of the program lie in at most, one within the other
    """
    last, trailing = len(path) - 1, _trailing(path)
    if trailing >= 2 and trailing == deepest:
        places: tuple[int, ...] = (last - 1, last)
    elif trailing == 1 and last >= 2 and _trailing(path[:-2]):
        places = (last - 2, last)
    else:
        places = (last,)
    return _Grid(tuple(step for index, step in enumerate(path) if index not in places), places)
