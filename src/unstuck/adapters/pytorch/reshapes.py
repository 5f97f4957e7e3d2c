"""Reshapes that exchange the lengths of axes, and what they should have been."""

from __future__ import annotations

from typing import Any

import torch

from unstuck.adapters.pytorch.watching import Watching
from unstuck.adapters.watched.events import Reshaped
from unstuck.adapters.watched.values import Place


def note_reshape(watch: Watching, before: torch.Tensor, result: Any, place: Place | None) -> None:
    """Notes a reshape whose shape is the old one with axes exchanged."""
    old, new = tuple(before.shape), tuple(result.shape)
    if len(old) == len(new) >= 3 and old != new and sorted(old) == sorted(new):
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
