"""Is what was observed the gradient of the user's own loss? Central differences tell, whatever the formulas are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from unstuck.diagnosis.identification.fit import fit

if TYPE_CHECKING:
    from unstuck.diagnosis.examination.examination import Examination

Array = np.ndarray

ENTRIES, STEP, EQUAL = 24, 1e-5, 1e-4
FEWEST = 3  # entries of either sign


def follows_loss(e: Examination, array: int) -> bool | None:
    """Whether the change of this parameter array is a multiple of the derivative of `loss`, a decay aside.

    None where that cannot be seen: no loss that is one number, single precision, nothing that changes.
    """
    compared = _compared(e, array)
    return None if compared is None else fit(*compared).residual < EQUAL


def is_turned_round_in_part(e: Examination, array: int) -> bool:
    """Whether the change of this array is a multiple of the derivative of `loss` but for the sign, which is another in
    some places than in others."""
    compared = _compared(e, array)
    if compared is None:
        return False
    changes, derivatives, _ = compared
    sure = np.abs(derivatives) > 1e-3 * np.abs(derivatives).max()
    signs = np.sign(changes[sure] * derivatives[sure])
    both = min(np.count_nonzero(signs > 0), np.count_nonzero(signs < 0)) >= FEWEST
    return bool(both and fit(np.abs(changes[sure]), np.abs(derivatives[sure])).residual < EQUAL)


def _compared(e: Examination, array: int) -> tuple[Array, Array, Array] | None:
    """Changes in some places of an array, the derivatives of the loss there, and the values before."""
    if e.case.loss is None or not e.sight.steps or not e.program.writable or e.program.dtypes[array].itemsize < 8:
        return None
    record = e.sight.steps[0]
    changes = record.changes[array].ravel()
    entries = _entries(changes)
    if len(entries) < ENTRIES // 2:
        return None
    derivatives = [_derivative(e, array, int(entry)) for entry in entries]
    if any(derivative is None for derivative in derivatives):
        return None
    return changes[entries], np.array(derivatives, dtype=float), record.before[array].ravel()[entries]


def _entries(changes: Array) -> Array:
    """Some of the entries that change, without the largest: these may have been cut off."""
    size = np.abs(changes)
    found = np.flatnonzero((size > 0) & (size < 0.999 * size.max(initial=0.0)))
    return np.random.default_rng(0).permutation(found)[:ENTRIES]


def _derivative(e: Examination, array: int, entry: int) -> float | None:
    """Of the loss on the first batch observed, at the parameters that it was observed with."""
    record, losses = e.sight.steps[0], []
    for sign in (1, -1):
        moved = [values.copy() for values in record.before]
        moved[array].flat[entry] += sign * STEP
        try:
            if not e.program.set_parameters(moved):
                return None
            call = e.program.call("loss", e.program.typed(record.x), record.targets)
        finally:
            e.program.restore()
        if call.failed or np.size(call.value) != 1:
            return None
        losses.append(float(np.asarray(call.value).item()))
    return (losses[0] - losses[1]) / (2 * STEP)
