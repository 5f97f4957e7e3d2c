"""Examples told from each other by their numbers, answers by their classes."""

from __future__ import annotations

import sys
from functools import lru_cache
from types import FrameType
from typing import Any

import numpy as np
import torch

from unstuck.adapters.watched.places import innermost
from unstuck.adapters.watched.values import Array, Place

MOST = 4096  # examples of one call
LARGEST = 20_000_000  # numbers of one call that are looked at


def keys(inputs: torch.Tensor) -> Array | None:
    """(n,) a number for each row of the inputs, the same for the same numbers; None where there are no rows."""
    if inputs.ndim < 2 or not len(inputs) or inputs.numel() > LARGEST or inputs.is_sparse:
        return None
    rows = inputs.detach()[:MOST].contiguous().cpu().numpy()
    if rows.dtype.itemsize % 4:
        rows = rows.astype(np.float32)
    words = rows.reshape(len(rows), -1).view(np.uint32)
    return words.astype(np.uint64) @ _odd_numbers(words.shape[1])


@lru_cache(maxsize=4)
def _odd_numbers(n: int) -> Array:
    drawn = np.random.Generator(np.random.PCG64(0)).integers(0, 2**32, n, dtype=np.uint64)
    return drawn | np.uint64(1)


def answered(outputs: torch.Tensor, threshold: float) -> Array | None:
    """(n,) the class that each row of outputs answers; None where rows answer no class."""
    table = outputs.detach()
    if table.ndim == 2 and table.shape[1] > 1:
        return table.argmax(dim=1).cpu().numpy()
    if table.ndim in (1, 2) and table.numel() and table.is_floating_point():
        return (table.reshape(-1) > threshold).long().cpu().numpy()
    return None


def batch_of(inputs: torch.Tensor, batch: Any) -> torch.Tensor | None:
    """The labels that a loader's batch holds beside these inputs, one for each; None where it holds others."""
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        return None
    first, labels = batch
    if not isinstance(first, torch.Tensor) or not isinstance(labels, torch.Tensor):
        return None
    if first.numel() != inputs.numel() or labels.numel() != len(inputs) or first.dtype != inputs.dtype:
        return None
    if first.data_ptr() != inputs.data_ptr() and not torch.equal(first.reshape(-1), inputs.reshape(-1)):
        return None
    return labels


def as_classes(values: Any) -> Array | None:
    """(n,) whole numbers of a list, an array, or a tensor of one axis; None for what holds no classes."""
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu().numpy()
    if not isinstance(values, (list, tuple, np.ndarray)):
        return None
    try:
        array = np.asarray(values).squeeze()
    except ValueError:
        return None
    if array.ndim != 1 or array.dtype.kind not in "iufb":
        return None
    whole = array.astype(np.int64)
    return whole if np.array_equal(whole, array) else None


def callers(frame: FrameType | None = None) -> tuple[Place, ...]:
    """All of the user's lines that led here, innermost first."""
    found: list[Place] = []
    frame = frame or sys._getframe(1)
    while frame is not None:
        place = innermost(frame)
        if place is None:
            break
        if not found or found[-1] != place:
            found.append(place)
        frame = frame.f_back
    return tuple(found)
