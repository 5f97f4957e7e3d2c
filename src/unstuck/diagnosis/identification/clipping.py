"""Gradients of which every entry is cut off at one size before the update."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.formulas.formula import Array
from unstuck.diagnosis.identification.fit import NO_FIT, Fit, fit

LEAST_CUT, LEAST_FREE = 3, 20
CLOSE = 1e-5  # the rounding of the stored parameters shows in changes that were equal


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
