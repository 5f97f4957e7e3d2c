"""Tensors as NumPy arrays for those who examine them, and arrays as tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

ROWS, NUMBERS = 2048, 400_000  # at most, of an array that is kept


def as_array(value: Any, rows: int = ROWS) -> np.ndarray | None:
    """The first rows of a tensor, copied; None for what is none."""
    if not isinstance(value, torch.Tensor):
        return None
    tensor = value.detach()
    if tensor.ndim:
        per_row = max(1, tensor[0].numel()) if len(tensor) else 1
        tensor = tensor[: max(1, min(rows, NUMBERS // per_row))]
    if tensor.is_sparse:
        tensor = tensor.to_dense()
    if tensor.dtype in (torch.bfloat16, torch.float16):
        tensor = tensor.float()
    return np.array(tensor.cpu().resolve_conj().numpy(), copy=True)


def tensors_in(value: Any) -> list[torch.Tensor]:
    """The tensors of an argument, also of lists, tuples and dicts of them."""
    if isinstance(value, torch.Tensor):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return [tensor for part in parts for tensor in tensors_in(part)]


def side_by_side(inputs: list[torch.Tensor]) -> torch.Tensor:
    """Inputs of the same examples as one table, (n, features); the first where they are too large or no such thing."""
    first = inputs[0]
    alike = all(one.ndim > 1 and one.is_floating_point() and len(one) == len(first) for one in inputs)
    if len(inputs) == 1 or not alike or sum(one.numel() for one in inputs) > NUMBERS:
        return first
    return torch.cat([one.detach().reshape(len(one), -1).float() for one in inputs], dim=1)


def as_tensor(value: Any) -> torch.Tensor:
    """A tensor of what NumPy takes for an array; a tensor itself."""
    return value if isinstance(value, torch.Tensor) else torch.as_tensor(np.asarray(value))


def single(value: Any) -> float | None:
    """The number in a tensor of one number."""
    if isinstance(value, torch.Tensor) and value.numel() == 1 and not value.is_complex():
        return float(value.detach())
    return None
