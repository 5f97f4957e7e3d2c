"""Label smoothing: which two levels a training loop puts in the places of the targets 0 and 1."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.formulas.formula import Array, Formula, Pass
from unstuck.diagnosis.formulas.functions import Form
from unstuck.diagnosis.formulas.gradients import RIGHT_WEIGHTS
from unstuck.diagnosis.identification.fit import stack

Levels = tuple[float, float]
LEAST_APART = 0.5  # a target more smoothed than that is none
USUAL = (0.1, 0.05, 0.2)


def find_levels(
    delta: Formula, output: Form, passes: list[Pass], changes: list[Array], weights: list[Array]
) -> list[Levels]:
    """The levels for which `delta` gives these changes of the output weights, up to a factor and a decay: one or none.

    A delta that is affine in the targets makes changes that are so, too. With s the factor, they are
    s · (change at targets 0) + s · (high - low) · (what the targets add) + s · low · (what targets of 1 add).
    """

    def gradient(targets: list[Array]) -> Array:
        rows = [delta.compute(p.sums[-1], p.activations[-1], t) for p, t in zip(passes, targets, strict=True)]
        return stack([RIGHT_WEIGHTS.compute(p, p.depth - 1, d) for p, d in zip(passes, rows, strict=True)])

    given = [p.targets for p in passes]
    at_zero = gradient([np.zeros_like(t, dtype=float) for t in given])
    of_targets, of_ones = gradient(given) - at_zero, gradient([np.ones_like(t, dtype=float) for t in given]) - at_zero
    columns = np.stack([at_zero, of_targets, of_ones, stack(weights)], axis=1)
    flat, sizes = stack(changes), np.linalg.norm(columns, axis=0)
    if not (np.isfinite(columns).all() and np.isfinite(flat).all()):
        return []
    scaled = np.divide(columns, sizes, out=np.zeros_like(columns), where=sizes > 1e-9 * sizes.max())
    factors = np.linalg.lstsq(scaled, flat, rcond=1e-10)[0] / np.maximum(sizes, 1e-300)
    if factors[0] == 0:
        return []
    apart, n_outputs = float(factors[1] / factors[0]), given[0].shape[1]
    low = (1 - apart) / n_outputs if output.family == "softmax" else float(factors[2] / factors[0])
    return [(low, low + apart)] if _smoothed(output, low, low + apart) else []


def _smoothed(output: Form, low: float, high: float) -> bool:
    """Whether these are smoothed levels of 0 and 1 that this output can reach."""
    least = 0 if output.family in ("sigmoid", "softmax") else -1
    return LEAST_APART <= high - low < 1 - 1e-4 and least <= low and high <= 1


def usual_levels(output: Form, n_outputs: int) -> list[Levels]:
    """The levels of the usual shares, for updates that are not proportional to their gradients."""
    if output.family != "softmax":
        return [(share / 2, 1 - share / 2) for share in USUAL]
    over_all = [(share / n_outputs, 1 - share + share / n_outputs) for share in USUAL]
    return over_all + [(share / (n_outputs - 1), 1 - share) for share in USUAL]
