"""How well a formula explains what was observed: one free factor, nothing else, unless further terms are named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
Transform = Callable[[list[Array]], list[Array]]


@dataclass(frozen=True)
class Fit:
    """changes = scale · prediction + decay · parameters, with what is left over as a share of the changes."""

    residual: float
    scale: float
    decay: float = 0.0
    spared: tuple[int, ...] = ()  # rows of the weights that the decay leaves alone


NO_FIT = Fit(np.inf, 0.0)


def stack(arrays: Sequence[Array]) -> Array:
    return np.concatenate([np.ravel(array) for array in arrays])


def fit(changes: Array, prediction: Array, parameters: Array | None = None) -> Fit:
    """Least squares of the flattened changes on the prediction (and on the parameters: weight decay)."""
    size = np.linalg.norm(changes)
    if not np.isfinite(prediction).all():
        return Fit(np.inf, 0.0)
    square = prediction @ prediction
    if size == 0 or square == 0:
        return Fit(0.0 if size == 0 and square == 0 else np.inf, 0.0)
    if parameters is None:
        scale = float(prediction @ changes / square)
        return Fit(float(np.linalg.norm(changes - scale * prediction) / size), scale)
    unit = parameters / max(np.linalg.norm(parameters), 1e-300)
    across_prediction = prediction - (unit @ prediction) * unit  # what the parameters do not explain
    across_changes = changes - (unit @ changes) * unit
    left = across_prediction @ across_prediction
    if left <= 1e-12 * square:
        return Fit(np.inf, 0.0)
    scale = float(across_prediction @ across_changes / left)
    rest = changes - scale * prediction
    along = float(unit @ rest)
    residual = np.linalg.norm(rest - along * unit) / size
    return Fit(float(residual), scale, along / max(float(np.linalg.norm(parameters)), 1e-300))


def fit_each(changes: Sequence[Array], predictions: Sequence[Array], parameters: Sequence[Array] | None = None) -> Fit:
    """A factor of its own for every record: clipped or normalised gradients, a rate that changes. One decay for all."""
    decay = 0.0 if parameters is None else _decay_beside_own_factors(changes, predictions, parameters)
    rest = [c - decay * p for c, p in zip(changes, parameters or changes, strict=True)]
    fits = [fit(np.ravel(c), np.ravel(p)) for c, p in zip(rest, predictions, strict=True)]
    total = np.sqrt(sum((f.residual * np.linalg.norm(c)) ** 2 for f, c in zip(fits, rest, strict=True)))
    size = max(float(np.linalg.norm(stack(changes))), 1e-300)
    return Fit(float(total / size), float(np.median([f.scale for f in fits])), decay)


def _decay_beside_own_factors(
    changes: Sequence[Array], predictions: Sequence[Array], parameters: Sequence[Array]
) -> float:
    """The one factor of the parameters that leaves least of the changes beside a factor for every prediction."""

    def across(arrays: Sequence[Array]) -> Array:
        units = [np.ravel(p) / max(float(np.linalg.norm(p)), 1e-300) for p in predictions]
        return stack([np.ravel(a) - (unit @ np.ravel(a)) * unit for a, unit in zip(arrays, units, strict=True)])

    of_parameters = across(parameters)
    return float(of_parameters @ across(changes) / max(float(of_parameters @ of_parameters), 1e-300))


def rounding_floor(before: Sequence[Array], changes: Sequence[Array], epsilon: float) -> float:
    """The share of the changes that rounding of the stored parameters alone can make."""
    size = np.linalg.norm(stack(changes))
    return float(epsilon * (np.linalg.norm(stack(before)) + size) / max(float(size), 1e-300))


def tolerance(floor: float) -> float:
    """Exact means: no more left over than rounding can explain, and never more than a hundredth."""
    return min(max(1e-9, 100 * floor), 1e-2)
