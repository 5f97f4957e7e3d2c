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
    if labels.ndim == 2 and labels.shape[1] > 1 and np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all():
        return labels.argmax(axis=1)
    if labels.size != len(labels) or labels.dtype.kind not in "iuf" or not np.array_equal(labels, np.round(labels)):
        return None
    return labels.reshape(-1).astype(np.int64)
