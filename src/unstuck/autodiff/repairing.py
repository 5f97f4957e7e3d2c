"""The change of one expression that makes wrong gradients the true ones."""

from collections.abc import Iterator

import numpy as np

from unstuck.autodiff.calls import by_call
from unstuck.autodiff.kinds import EXPONENT_MISSING, OTHER_VALUE
from unstuck.autodiff.other_values import Trial
from unstuck.autodiff.replay import users_within
from unstuck.autodiff.search import Search, Users
from unstuck.autodiff.trials import places_of, scaled, trials
from unstuck.autodiff.verdicts import Verdict

MOST_MOVES = 12  # later places at which a factor or a term is tried again
BROAD = ("sign", "transposed", "order reversed", EXPONENT_MISSING)


def repair(
    search: Search, suspects: set[int], first: Verdict, slices: dict[int, set[int]]
) -> tuple[Trial, list[Verdict]] | None:
    """The first change of a suspect that makes most of the wrong gradients right, and those; None where there is none.

    first   the wrong gradient that each change must make right
    slices  what each wrong gradient is made of, by the verdict's id
    """
    graph = search.proof.step.graph
    short = users_within(graph, slices[id(first)])
    every = users_within(graph, set().union(*slices.values()) | search.right_slices())
    best: tuple[Trial, list[Verdict]] | None = None
    for trial in _all_trials(search, suspects, slices[id(first)]):
        if search.over:
            break
        if not search.repairs(short, trial.edits, [first]):
            continue
        fixed = search.repairs(every, trial.edits, search.wrong)
        if fixed and (best is None or len(fixed) > len(best[1])):
            best = trial, fixed
        if best is not None and len(best[1]) == len(search.wrong):
            break
    if best is None:
        return None
    return _of_a_call(search, *best, every) or _moved_on(search, *best, every, suspects, slices[id(first)])


def _of_a_call(search: Search, trial: Trial, fixed: list[Verdict], every: Users) -> tuple[Trial, list[Verdict]] | None:
    """The call that was given what another one was meant to take, where other values put a place in it right."""
    if trial.kind != OTHER_VALUE or trial.call is not None:
        return None
    here = {node.number for node in trial.place}
    for other in by_call(search.scope, here, {}):
        again = [] if search.over else search.repairs(every, other.edits, search.wrong)
        if len(again) >= len(fixed):
            return other, again
    return None


def _all_trials(search: Search, suspects: set[int], slice_: set[int]) -> Iterator[Trial]:
    """A constant factor where all wrong gradients lack the same one; then everything else."""
    ratios = {float(f"{v.scale / search.proof.scale:.4e}") for v in search.wrong if search.proof.scale}
    exact = all(v.kind in ("factor", "sign") for v in search.wrong)
    generated = trials(search.scope, suspects, slice_)
    if not (exact and len(ratios) == 1 and ratios != {0.0}):
        yield from generated
        return
    found = [trial for trial in generated if not trial.elsewhere and trial.kind not in BROAD]
    yield from found
    ratio = search.wrong[0].scale / search.proof.scale
    for place in places_of(search.scope, suspects, slice_):
        if place[0].number in search.scope.errors:
            yield scaled(place, 1 / ratio)


def _moved_on(
    search: Search, trial: Trial, fixed: list[Verdict], every: Users, suspects: set[int], slice_: set[int]
) -> tuple[Trial, list[Verdict]]:
    """The last place on the way at which the same factor or term makes the gradients right: before it is used."""
    if trial.elsewhere is None:
        return trial, fixed
    tried = 0
    for place in places_of(search.scope, suspects, slice_):
        alike = len(place) == len(trial.place) and np.shape(place[0].value) == np.shape(trial.place[0].value)
        if not alike or place[0].number <= trial.place[0].number or tried >= MOST_MOVES or search.over:
            continue
        tried += 1
        edits = trial.elsewhere(place)
        again = search.repairs(every, edits, search.wrong)
        if len(again) >= len(fixed):
            trial, fixed = Trial(trial.kind, place, edits, trial.elsewhere), again
    return trial, fixed
