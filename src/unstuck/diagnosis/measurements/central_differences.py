"""Is what was observed the gradient of the user's own loss? Central differences tell, whatever the formulas are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from unstuck.diagnosis.identification.adaptive import looks_adaptive
from unstuck.diagnosis.identification.fit import fit
from unstuck.diagnosis.identification.stepping import observe
from unstuck.diagnosis.measurements.once import once
from unstuck.diagnosis.program.observations import Record

if TYPE_CHECKING:
    from unstuck.diagnosis.examination.examination import Examination

Array = np.ndarray

ENTRIES, STEP, EQUAL = 24, 1e-5, 1e-4
FEWEST, FEW, FAR = 3, 6, 0.3  # entries of either sign, and in all; what a change that is something else leaves over
LEVEL = 0.02  # of the largest change: what a decay of weights adds to changes that are all alike
CLEAR, NOTHING = 0.05, 1e-7  # of the largest derivative: a decay hides no sign; a derivative of 0, but for rounding
SURE = 1e-3  # of the largest derivative: the sign of a smaller one may be rounding


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
    sure = np.abs(derivatives) > SURE * np.abs(derivatives).max()
    signs = np.sign(changes[sure] * derivatives[sure])
    both = min(np.count_nonzero(signs > 0), np.count_nonzero(signs < 0)) >= FEWEST
    return bool(both and fit(np.abs(changes[sure]), np.abs(derivatives[sure])).residual < EQUAL)


@dataclass(frozen=True)
class Beside:
    """The arrays whose change in a step is the derivative of the loss, those where it is not, and those where it is but
    goes up; all counted from 0. by_signs: an adaptive rule leaves no more than the signs of a derivative to compare."""

    right: tuple[int, ...]
    wrong: tuple[int, ...]
    climbing: tuple[int, ...]
    by_signs: bool = False


@once
def beside_the_loss(e: Examination) -> Beside | None:
    """Each parameter array's change in one step beside the derivative of the user's own loss, whatever the network is;
    None where that cannot be seen. An adaptive rule (Adam, RMSProp and their kind) keeps the signs in its first step.
    """
    if e.case.loss is None or e.stepping is None or not e.steps_repeat:
        return None
    records = observe(e.program, e.stepping.batch_size, 1, seed=60)
    if not records:
        return None
    plain = None if looks_adaptive(records) else _sorted_by_kind(e, records[0], by_signs=False)
    return plain if plain is not None and plain.right else _sorted_by_kind(e, records[0], by_signs=True)


def _sorted_by_kind(e: Examination, record: Record, by_signs: bool) -> Beside:
    found: dict[str, list[int]] = {"right": [], "wrong": [], "climbing": []}
    for array in range(len(record.before)):
        compared = _compared(e, array, record, FEW, ties=by_signs)
        kind = None if compared is None else (_kind_by_signs if by_signs else _kind)(*compared)
        if kind is not None:
            found[kind].append(array)
    return Beside(**{name: tuple(arrays) for name, arrays in found.items()}, by_signs=by_signs)


def _kind(changes: Array, derivatives: Array, values: Array) -> str | None:
    terms = np.stack([derivatives, values, np.sign(values)], axis=1)  # either kind of decay aside
    factors = np.linalg.lstsq(terms, changes, rcond=None)[0]
    residual = np.linalg.norm(terms @ factors - changes) / np.linalg.norm(changes)
    if residual < EQUAL:
        return "right" if factors[0] < 0 else "climbing"
    return "wrong" if residual > FAR else None


def _kind_by_signs(changes: Array, derivatives: Array, values: Array) -> str | None:
    """The same where each entry moves by a function of its own derivative that falls, or by mistake rises: what Adam,
    RMSProp, AdaGrad and AdaDelta make of it in their first step. Where the derivative is 0 a decay of weights moves
    them towards 0, and nothing moves them away."""
    most = np.abs(derivatives).max()
    sure, without = np.abs(derivatives) > CLEAR * most, np.abs(derivatives) < NOTHING * most
    astray = np.count_nonzero(changes[without] * values[without] > 0)
    changes, derivatives = changes[sure], derivatives[sure]
    way = np.diff(changes[np.argsort(derivatives)]) / np.abs(changes).max()
    down = np.sign(changes) == -np.sign(derivatives)
    if max(astray, min(np.count_nonzero(~down), np.count_nonzero(down))) >= FEWEST:
        return "wrong"
    if astray or way.size == 0:
        return None
    if down.all() and way.max() < LEVEL:
        return "right"
    return "climbing" if not down.any() and way.min() > -LEVEL else None


def _compared(
    e: Examination, array: int, record: Record | None = None, least: int = ENTRIES // 2, ties: bool = False
) -> tuple[Array, Array, Array] | None:
    """Changes in some places of an array, the derivatives of the loss there, and the values before. `ties`: the largest
    changes may be equal without having been cut off."""
    if e.case.loss is None or not e.program.writable or e.program.dtypes[array].itemsize < 8:
        return None
    if record is None and not e.sight.steps:
        return None
    record = record or e.sight.steps[0]
    changes = record.changes[array].ravel()
    entries = _entries(changes, ties)
    if len(entries) < least:
        return None
    derivatives = [_derivative(e, array, int(entry), record) for entry in entries]
    if any(derivative is None for derivative in derivatives):
        return None
    return changes[entries], np.array(derivatives, dtype=float), record.before[array].ravel()[entries]


def _entries(changes: Array, ties: bool) -> Array:
    """Some of the entries that change, without the largest, which may have been cut off, but for `ties`."""
    size = np.abs(changes)
    found = np.flatnonzero((size > 0) & (ties | (size < 0.999 * size.max(initial=0.0))))
    return np.random.default_rng(0).permutation(found)[: 2 * ENTRIES if ties else ENTRIES]  # a sign tells less


def _derivative(e: Examination, array: int, entry: int, record: Record) -> float | None:
    """Of the loss on the batch of this record, at the parameters that it was observed with."""
    losses = []
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
