"""Fits with a weight decay: of all weights of a layer, or of all but those of a constant input, which are biases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unstuck.diagnosis.formulas.formula import Array
from unstuck.diagnosis.identification.fit import Fit, fit, stack
from unstuck.diagnosis.twin.update_rule import without_rows

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
