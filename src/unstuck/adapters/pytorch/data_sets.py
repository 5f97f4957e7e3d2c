"""What is known of a data set without loading anything of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


def size_of(dataset: Any) -> int | None:
    """How many examples there are, where that is known."""
    try:
        return len(dataset)
    except (TypeError, NotImplementedError):
        return None


def labels_of(dataset: Any) -> np.ndarray | None:
    """The class numbers of a data set in its order, where it keeps them as an array; nothing is loaded for it."""
    indices = None
    while isinstance(dataset, torch.utils.data.Subset):
        indices = list(dataset.indices) if indices is None else [dataset.indices[i] for i in indices]
        dataset = dataset.dataset
    found = dataset.tensors[-1] if isinstance(dataset, torch.utils.data.TensorDataset) else None
    for name in ("targets", "labels"):
        found = getattr(dataset, name, None) if found is None else found
    try:
        labels = np.asarray(found)
    except Exception:
        return None
    if labels.ndim == 2 and labels.shape[1] > 1 and np.isin(labels, (0, 1)).all():
        labels = labels.argmax(axis=1)
    labels = labels.reshape(-1)
    if labels.dtype.kind not in "iu" or not labels.size or labels.size > 10**7:
        return None
    return labels[indices] if indices is not None else labels.copy()
