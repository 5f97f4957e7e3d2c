"""Which adaptive rule turns gradients into changes: Adam, RMSProp, AdaGrad and their kind, right or with a slip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from unstuck.diagnosis.formulas.updates import ada_grad
from unstuck.diagnosis.identification.adaptive_search import EPSILON_UNKNOWN, MOMENTS_ALLOWED, Adaptive, Search
from unstuck.diagnosis.identification.first_steps import is_line_in_squares, no_number_where_negative
from unstuck.diagnosis.identification.following import finite_part
from unstuck.diagnosis.identification.forward import Forward
from unstuck.diagnosis.identification.results import BY_STEP, PLAN, QUICK, Plan
from unstuck.diagnosis.program.observations import Record

Array = np.ndarray
LEAST_RUN = 3  # finite steps in a row
UNROOTED = replace(ada_grad(), rooted=False)


def looks_adaptive(records: Sequence[Record]) -> bool:
    """Whether all entries that changed did so by nearly the same amount, up or down, as in the first step of Adam."""
    shares, upward = [], []
    for record in records:
        for change in record.changes:
            sizes = np.abs(change[change != 0])
            if sizes.size >= 20 and np.isfinite(sizes).all():
                shares.append(np.quantile(sizes, 0.25) / max(np.quantile(sizes, 0.9), 1e-300))
                upward.append(float(np.mean(change[change != 0] > 0)))
    return bool(shares) and float(np.median(shares)) > 0.9 and any(0.02 < share < 0.98 for share in upward)


def identify_adaptive(
    runs: list[list[Record]],
    forward: Forward,
    epsilon: float,
    n_outputs: int,
    plan: Plan = PLAN,
    longer: Callable[[], list[list[Record]]] = list,
) -> Adaptive:
    """The rule is sought by the output layer alone, with the guesses of `plan`; `longer` makes longer runs.

    The factor hardly shows (only against epsilon), so the rule is found first and factor and epsilon after it.
    """
    search = Search(runs, forward, epsilon, n_outputs)
    if not search.records:
        return Adaptive()
    found = next((found for found in search.attempts(plan[:1]) if found), [])
    nearest = search.nearest(found) if found else None
    if nearest is None or nearest[2] > max(search.allowed, MOMENTS_ALLOWED):
        by_moments = identify_moments(longer(), forward, epsilon, n_outputs)
        if by_moments.backward is not None:
            return by_moments
    if nearest is None:
        found = next((found for found in search.attempts(plan[1:QUICK]) if found), [])
        nearest = search.nearest(found) if found else None
    if nearest is None:
        found = next((found for found in search.rarer_attempts(plan) if found), [])
        nearest = search.nearest(found) if found else None
    if nearest is None:
        return search.with_other_corrections(stopped=search.left < 0)
    return search.finished(*nearest)


def identify_moments(runs: list[list[Record]], forward: Forward, epsilon: float, n_outputs: int) -> Adaptive:
    """Any rule of one or two moments of right gradients, by the output layer; nothing where none fits."""
    runs = [part for part in map(finite_part, runs) if len(part) >= LEAST_RUN]
    length = min(map(len, runs), default=0)
    search = Search([run[:length] for run in runs], forward, epsilon, n_outputs)
    found = search.moments() if search.records else None
    if found is None:
        return Adaptive()
    if found.rule.unknown_corrections:
        factor = 1 / len(search.records[0].x)
        return Adaptive(found.rule, search.backward(found.rule, factor, BY_STEP, EPSILON_UNKNOWN), factor)
    search.law = found.law
    return search.finished(*search.nearest_form(found.rule, PLAN[1] if found.decays else PLAN[0]))


def identify_unrooted(records: list[Record], forward: Forward, epsilon: float, n_outputs: int) -> Adaptive:
    """A rule that takes no root, by first steps from fresh states alone: they are the gradient over its own square, so
    large where it is small that the steps after them say nothing. Nothing where they are not."""
    search = Search([[record] for record in finite_part(records)], forward, epsilon, n_outputs)
    if not search.records or not search.always(is_line_in_squares):
        return Adaptive()
    found = search.finished(*search.nearest_form(UNROOTED, PLAN[0]))
    return found if found.backward is not None and found.backward.layers[-1].explained else Adaptive()


def takes_root_of_gradients(records: list[Record], forward: Forward, epsilon: float, n_outputs: int) -> bool:
    """Whether first steps leave no number exactly where some right gradient of the output weights is negative."""
    search = Search([[record] for record in records], forward, epsilon, n_outputs)
    return bool(records) and search.always(no_number_where_negative)
