"""What a model's answers depend on, found by asking it again with other inputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

Ask = Callable[[list[torch.Tensor]], torch.Tensor | None]  # inputs to answers in evaluation mode; None where refused
FEWEST = 3  # examples, or entries of a sequence


def mixed(ask: Ask, tensors: list[torch.Tensor], outputs: torch.Tensor) -> float | None:
    """How far the answers to all examples but the first change as the first is replaced by another, as a share.

    None where the first axes of inputs and outputs do not both count examples, or it could not be tried.
    """
    first = tensors[0]
    n = first.shape[0] if first.ndim else 0
    if n < FEWEST or outputs.ndim == 0 or outputs.shape[0] != n or any(t.ndim and t.shape[0] != n for t in tensors):
        return None
    if first.ndim > 2 and first.shape[1] == n:
        return None
    other = first.detach().clone()
    other[0] = first[1]
    return None if torch.equal(other[0], first[0]) else _change(ask, tensors, other, (slice(1, None),))


def ahead(ask: Ask, tensors: list[torch.Tensor], outputs: torch.Tensor) -> float | None:
    """How far the answers at all entries of sequences of tokens but the last change with the last token, as a share.

    None where inputs are no (n, length) whole numbers with one answer each, or it could not be tried.
    """
    first = tensors[0]
    if first.ndim != 2 or first.is_floating_point() or first.shape[1] < FEWEST or outputs.shape[:2] != first.shape:
        return None
    other = first.detach().clone()
    other[:, -1] = first[:, 0]
    return None if torch.equal(other, first) else _change(ask, tensors, other, (slice(None), slice(-1)))


def _change(ask: Ask, tensors: list[torch.Tensor], other: torch.Tensor, where: tuple[slice, ...]) -> float | None:
    """The change of a part of the answers as the first input is replaced, as a share of the size of all."""
    before, after = ask(tensors), ask([other, *tensors[1:]])
    if before is None or after is None or before.shape != after.shape or not before.is_floating_point():
        return None
    size, change = float(before.norm()), float((before[where] - after[where]).norm())
    return change / size if size > 0 and np.isfinite(change) else None
