"""What is known of the arrays that are handed to fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


def class_numbers(y: Any) -> np.ndarray | None:
    """The class numbers of targets in their order; None for what is none."""
    if y is None:
        return None
    try:
        labels = np.asarray(y.detach().cpu() if isinstance(y, torch.Tensor) else y)
    except Exception:
        return None
    if not labels.ndim:
        return None  # such as a dict of the targets of several outputs
    if labels.ndim == 2 and labels.shape[1] > 1 and np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all():
        return labels.argmax(axis=1)
    if labels.size != len(labels) or labels.dtype.kind not in "iuf" or not np.array_equal(labels, np.round(labels)):
        return None
    return labels.reshape(-1).astype(np.int64)


def count_learnt(validation: Any, x: Any) -> tuple[int, int] | None:
    """How many inputs a model is validated with, and how many of these are among the training inputs `x`, to the bit.

    validation  as `fit` takes it: a pair or triple whose first element holds the inputs. None where either is no array.
    """
    if not isinstance(validation, (tuple, list)) or not validation:
        return None
    shown, learnt = (_array(validation[0]), _array(x))
    if shown is None or learnt is None or shown.shape[1:] != learnt.shape[1:] or shown.dtype != learnt.dtype:
        return None
    known = {row.tobytes() for row in learnt}
    return len(shown), sum(row.tobytes() in known for row in shown)


def examples(x: Any) -> torch.Tensor | None:
    """Inputs as they reach the model, one example a row; None for what is no array of numbers."""
    found = _array(x)
    if found is None:
        return None
    return torch.as_tensor(found.astype(np.float32) if found.dtype.kind == "f" else found)


def _array(values: Any) -> np.ndarray | None:
    found = values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else values
    return found if isinstance(found, np.ndarray) and found.ndim > 1 and found.dtype.kind in "iufb" else None
