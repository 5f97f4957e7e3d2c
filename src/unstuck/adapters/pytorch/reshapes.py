"""Reshapes that exchange the lengths of axes, and what they should have been."""

from __future__ import annotations

import sys
from collections.abc import Callable
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
        return np.ascontiguousarray(before.transpose(order))
    if not watch.updates and not watch.exact:
        note_reshape(watch, before, result, place)
    return result


def note_reshape(watch: Watching, before: Any, result: Any, place: Place | None) -> None:
    """Notes a reshape whose shape is the old one with axes exchanged; axes of one number may go anywhere."""
    old, new = tuple(before.shape), tuple(result.shape)
    alike = [n for n in old if n > 1] == [n for n in new if n > 1]
    if len(old) == len(new) >= 3 and not alike and sorted(old) == sorted(new):
        watch.note(Reshaped(watch.updates, place, old, new))


def exchanged(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Repair: the axes exchanged together with their numbers; None where that gives another shape."""
    order = exchange(tuple(args[0].shape), tuple(func(*args, **kwargs).shape))
    return args[0].permute(order).contiguous() if order else None


def exchange(before: tuple[int, ...], after: tuple[int, ...]) -> list[int] | None:
    """The order of the old axes that gives the new shape, each taken once and the earliest first."""
    left, order = list(range(len(before))), []
    for size in after:
        axis = next((i for i in left if before[i] == size), None)
        if axis is None:
            return None
        left.remove(axis)
        order.append(axis)
    return order
