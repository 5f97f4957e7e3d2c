"""What Keras calls its losses, and what they take their arguments for."""

from __future__ import annotations

from typing import Any

import numpy as np

KINDS = {
    "categorical_crossentropy": ("categorical_crossentropy", "cross_entropy"),
    "sparse_categorical_crossentropy": ("sparse_categorical_crossentropy", "cross_entropy"),
    "binary_crossentropy": ("binary_cross_entropy", "binary_cross_entropy_with_logits"),
    "mean_squared_error": ("mse_loss", "mse_loss"),
    "mean_absolute_error": ("l1_loss", "l1_loss"),
    "huber": ("huber_loss", "huber_loss"),
    "log_cosh": ("huber_loss", "huber_loss"),
    "kl_divergence": ("other", "other"),
}


def kind_of(loss: Any) -> str:
    """The kind of a loss object, of the table in `unstuck.adapters.watched.losses`."""
    function = getattr(loss, "fn", None)
    name = getattr(function, "__name__", "")
    options = getattr(loss, "_fn_kwargs", {})
    of_probabilities, of_scores = KINDS.get(name, ("other", "other"))
    return of_scores if options.get("from_logits") else of_probabilities


def as_taken(kind: str, prediction: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Prediction and target as the loss takes them: classes on axis 1, and ranks made equal as Keras does."""
    if target.ndim == prediction.ndim + 1 and target.shape[-1] == 1:
        target = target[..., 0]
    if prediction.ndim == target.ndim + 1 and prediction.shape[-1] == 1 and "cross" not in kind:
        target = target[..., None]
    if "sparse" in kind and target.ndim == prediction.ndim and target.shape[-1] == 1:
        target = target[..., 0]
    if prediction.ndim > 2 and kind in ("categorical_crossentropy", "sparse_categorical_crossentropy", "cross_entropy"):
        if target.ndim == prediction.ndim:
            target = np.moveaxis(target, -1, 1)
        prediction = np.moveaxis(prediction, -1, 1)
    counts = kind in ("sparse_categorical_crossentropy", "cross_entropy") and target.shape != prediction.shape
    if counts and target.dtype.kind == "f" and _whole(target):
        target = target.astype(np.int64)
    return prediction, target


def _whole(values: np.ndarray) -> bool:
    return bool(np.array_equal(values, np.round(values)))
