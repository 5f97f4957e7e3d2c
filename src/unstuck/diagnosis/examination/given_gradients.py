"""What gradients() says by itself: the formulas that give what it returns, as if that were a change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.identification.backward import SearchOptions, identify_backward
from unstuck.diagnosis.identification.results import PLAN, Backward, Plan
from unstuck.diagnosis.identification.stepping import SMALL_BATCH, batch
from unstuck.diagnosis.program import work
from unstuck.diagnosis.program.observations import Record

Array = np.ndarray


@dataclass(frozen=True)
class Given:
    """What gradients() returned, as changes of the parameters, and the formulas of it."""

    records: list[Record]
    backward: Backward


def read_gradients(e: Examination) -> Given | None:
    """None where nothing is given, or not what could be read, or not the same each time."""
    if e.case.gradients is None or e.forward is None:
        return None
    records = [_observe(e, seed) for seed in range(4)]
    again = _observe(e, 0, perturb=True)
    found = [record for record in records if record is not None]
    if again is None or len(found) < len(records):
        e.leave_unchecked("loss and gradients", "gradients(x, targets) in the order and shapes of parameters()")
        return None
    if not all(np.allclose(a, b, rtol=1e-6, equal_nan=True) for a, b in zip(found[0].after, again.after, strict=True)):
        e.leave_unchecked("loss and gradients", "gradients(x, targets) that are the same each time")
        return None
    allowed = work.BACKWARD if e.case.step is None else work.GIVEN_GRADIENTS
    return Given(found, identify_backward(found, e.forward, e.epsilon, e.n_outputs, SearchOptions(allowed=allowed)))


def guesses_like(given: Given | None) -> Plan:
    """The guesses by which the output layer of these gradients was explained, with every freedom of the fit."""
    top = None if given is None else given.backward.layers[-1]
    if top is None or not top.explained:
        return PLAN
    return tuple(entry for entry in PLAN if entry[:2] == top.found_at[:2])


def _observe(e: Examination, seed: int, perturb: bool = False) -> Record | None:
    program = e.program
    x, targets = batch(program, SMALL_BATCH, 20 + seed)
    drawn = program.draw_parameters(30 + seed % 2) if program.writable else None
    if perturb:
        program.perturb_randomness(101)
    gradients, before = program.user_gradients(x, targets, drawn), drawn or program.as_found
    if gradients is None or len(gradients) != len(before):
        return None
    try:
        after = [a + _shaped_like(a, g) for a, g in zip(before, gradients, strict=True)]
    except ValueError:
        return None
    return Record(x, targets, before, after)


def _shaped_like(parameters: Array, gradient: Array) -> Array:
    """The gradient as `parameters -= rate * gradient` takes it: one number is taken from all of them."""
    if gradient.size == parameters.size:
        return gradient.reshape(parameters.shape)
    return np.broadcast_to(gradient, parameters.shape)
