"""Reshapes that exchange the lengths of axes, and what they should have been."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import combinations
from math import prod
from typing import Any

import numpy as np

from unstuck.adapters.pytorch.watching import Watching
from unstuck.adapters.watched.events import Reshaped
from unstuck.adapters.watched.places import innermost
from unstuck.adapters.watched.values import Place


def reshaped(watch: Watching, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """A call of a function named `reshape`: of an array, noted and put right like those of tensors."""
    result = function(*args, **kwargs)
    owner = getattr(function, "__self__", None)
    before = owner if isinstance(owner, np.ndarray) else args[0] if args else None
    if watch.quiet or not isinstance(before, np.ndarray) or not isinstance(result, np.ndarray):
        return result
    place = innermost(sys._getframe(1))
    order = exchange(before.shape, result.shape) if place and place.line in watch.repairs.get("exchange", ()) else None
    if order:
        return np.ascontiguousarray(before.transpose(order)).reshape(result.shape)
    if not watch.updates and not watch.exact:
        note_reshape(watch, before, result, place)
    return result


def note_reshape(watch: Watching, before: Any, result: Any, place: Place | None) -> None:
    """Notes a reshape whose shape is the old one with axes exchanged, and maybe put together then.

    Axes of one number may go anywhere, and neighbours may be put together.
    """
    old, new = tuple(before.shape), tuple(result.shape)
    if sum(n > 1 for n in old) >= 3 and not _puts_neighbours_together(old, new) and exchange(old, new):
        watch.note(Reshaped(watch.updates, place, old, new))


def _puts_neighbours_together(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    sizes, left = [n for n in after if n > 1], 1
    for n in before:
        left *= n
        if sizes and left == sizes[0]:
            sizes, left = sizes[1:], 1
    return not sizes


def exchanged(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Repair: the axes exchanged together with their numbers; None where that gives another shape."""
    shape = tuple(func(*args, **kwargs).shape)
    order = exchange(tuple(args[0].shape), shape)
    return args[0].permute(order).reshape(shape) if order else None


def exchange(before: tuple[int, ...], after: tuple[int, ...]) -> list[int] | None:
    """The order of the old axes that gives the new shape, alone or several put together, the earliest first."""
    ones = [i for i, n in enumerate(before) if n == 1]
    order = _matched({i: n for i, n in enumerate(before) if n > 1}, [n for n in after if n > 1])
    return [*order, *ones] if order is not None else None


def _matched(axes: dict[int, int], sizes: list[int]) -> list[int] | None:
    """The axes, by number and length, in an order in which they give these sizes; None where they give others."""
    if not sizes or not axes:
        return [] if not sizes and not axes else None
    for several in range(1, len(axes) + 1):
        for taken in combinations(axes, several):
            rest = {i: n for i, n in axes.items() if i not in taken}
            if prod(axes[i] for i in taken) == sizes[0] and (order := _matched(rest, sizes[1:])) is not None:
                return [*taken, *order]
    return None
