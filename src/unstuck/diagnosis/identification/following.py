"""Does the twin follow the user's program, step after step? And where it does not: does it look ahead (Nesterov)?"""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile

import numpy as np

from unstuck.diagnosis.identification.forward import Forward
from unstuck.diagnosis.identification.guesses import View
from unstuck.diagnosis.identification.stepping import batch
from unstuck.diagnosis.program.observations import Record
from unstuck.diagnosis.program.program import Program
from unstuck.diagnosis.twin.parameters import Parameters
from unstuck.diagnosis.twin.twin import Twin
from unstuck.diagnosis.twin.update_rule import State, UpdateRule

Array = np.ndarray


def departure(twin: Twin, runs: list[list[Record]], forward: Forward) -> float:
    """How far the twin's consecutive steps lead from the user's, as a share of the way: 0 is the same way. Each run is
    followed for as long as its parameters are finite."""
    apart, way = 0.0, 0.0
    with np.errstate(all="ignore"):
        for run in filter(None, map(finite_part, runs)):
            views = [View.of(record, forward) for record in run]
            parameters, state = Parameters(views[0].weights, views[0].biases).copy(float), State()
            start = parameters.copy()
            for view in views:
                twin.step(parameters, state, view.x, twin.coding.compute(view.targets))
            last = views[-1]
            ends = [w + c for w, c in zip(last.weights, last.weight_changes, strict=True)]
            ends += [
                b + c for b, c in zip(last.biases, last.bias_changes, strict=True) if b is not None and c is not None
            ]
            mine = [*parameters.weights, *(b for b in parameters.biases if b is not None)]
            begun = [*start.weights, *(b for b in start.biases if b is not None)]
            apart += sum(float(np.sum((a - b) ** 2)) for a, b in zip(mine, ends, strict=True))
            way += sum(float(np.sum((a - b) ** 2)) for a, b in zip(begun, ends, strict=True))
    return float(np.sqrt(apart / way)) if way > 0 and np.isfinite(apart) else np.inf


def finite_part(run: list[Record]) -> list[Record]:
    """The steps before the first that leads to parameters that are not finite."""
    return list(takewhile(lambda record: all(np.isfinite(array).all() for array in record.after), run))


def departures(twin: Twin, program: Program, forward: Forward, size: int, updates: int) -> list[float]:
    """How far the twin is from the program after each of the first updates from the user's own parameters, as a share
    of the way; as many as the program makes without failing, with parameters that are finite."""
    batches = [batch(program, size, 900 + k) for k in range(updates)]
    records = finite_part(program.run(batches) or [])
    return [departure(twin, [records[:n]], forward) for n in range(1, len(records) + 1)]


def find_look_ahead(twin: Twin, runs: list[list[Record]], forward: Forward) -> tuple[UpdateRule, float]:
    """The rule with which the twin, taking gradients where it is about to be (Nesterov 1983; Sutskever et al. 2013),
    follows best, and how far it departs then; the velocity kept, or the look ahead, with the wrong sign where only that
    follows."""
    found = [_best_look_ahead(twin, runs, forward, signs) for signs in ((1, 1), (-1, 1), (1, -1))]
    return min(found, key=lambda pair: pair[1])


def _best_look_ahead(
    twin: Twin, runs: list[list[Record]], forward: Forward, signs: tuple[int, int]
) -> tuple[UpdateRule, float]:
    """The same with these signs of what is kept of the velocity and of the look ahead."""
    kept, ahead = signs

    def rule(beta: float) -> UpdateRule:
        response = ("nesterov", kept * beta)
        return replace(twin.update, response=response, bias_response=response, ahead=ahead * beta)

    def depart(beta: float) -> float:
        return departure(twin.plant(update=rule(beta)), runs, forward)

    best = min(np.linspace(0.05, 0.99, 20), key=depart)
    low, high = best - 0.05, best + 0.05
    ratio = (np.sqrt(5) - 1) / 2
    for _ in range(40):  # golden section: the departure has one valley
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if depart(left) < depart(right) else (left, high)
    beta = float((low + high) / 2)
    return rule(beta), depart(beta)
