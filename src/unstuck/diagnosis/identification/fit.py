"""How well a formula explains what was observed: one free factor, nothing else, unless further terms are named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from unstuck.diagnosis.twin.update_rule import without_rows

Array = np.ndarray
LEAST_CUT, LEAST_FREE = 3, 20  # entries of one largest size, and smaller ones, that show gradients cut off at a size
CLOSE = 1e-5  # the rounding of the stored parameters shows in changes that were equal
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


def is_clipped(changes: Array) -> bool:
    """Whether several changes are the largest one, and enough are smaller."""
    cut = _cut(changes)
    return bool(cut.sum() >= LEAST_CUT and np.count_nonzero(changes[~cut]) >= LEAST_FREE)


def _cut(changes: Array) -> Array:
    sizes = np.abs(changes)
    return sizes >= (1 - CLOSE) * sizes.max()


def fit_clipped(changes: Array, prediction: Array) -> Fit:
    """The factor by the changes that were not cut off, and what is left over by all of them."""
    free = ~_cut(changes)
    found = fit(changes[free], prediction[free])
    return compare_clipped(changes, prediction, found.scale) if np.isfinite(found.residual) else NO_FIT


def compare_clipped(changes: Array, prediction: Array, scale: float) -> Fit:
    """What is left over of the changes by this factor times the prediction, cut off at the largest change."""
    bound = np.abs(changes).max()
    rest = changes - np.clip(scale * prediction, -bound, bound)
    return Fit(float(np.linalg.norm(rest) / max(float(np.linalg.norm(changes)), 1e-300)), scale)


Decaying = tuple[tuple[int, ...], Array]  # the rows of the weights that are spared, and what the decay is a share of


def decaying(values: list[Array], inputs: list[Array]) -> list[Decaying]:
    """What a decay of these values may be a share of; inputs (n, n_features) where they are the first weights."""
    ones = [row for row in (0, -1) if inputs and _constant(np.concatenate([x[:, row] for x in inputs]))]
    folded = [((row,), stack([without_rows(weights, (row,)) for weights in values])) for row in ones]
    return [((), stack(values)), *folded]


def _constant(values: Array) -> bool:
    return bool(values[0] != 0 and np.ptp(values) == 0)


def fit_decaying(changes: Array, prediction: Array, candidates: list[Decaying]) -> Fit:
    """The best fit with one of the candidates as a further term, or without any."""
    if not candidates:
        return fit(changes, prediction)
    fits = [replace(fit(changes, prediction, values), spared=rows) for rows, values in candidates]
    return min(fits, key=lambda found: found.residual)
