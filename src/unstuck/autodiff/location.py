"""Where a wrong gradient enters: the expression that departs although what it is made of is right.

Three things are known of every step: which gradients are right, which are wrong, and what the wrong ones should be.
First, what wrong gradients are made of and right ones are not is suspected. Then each suspected expression is changed
in one small way and the step is carried out again: the change that makes the gradients the true ones shows the place
and the kind. Where no change does, the place is where the recorded arrays cease to be adjoints.
"""

import linecache
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unstuck.autodiff.aliases import renaming
from unstuck.autodiff.call import Tie
from unstuck.autodiff.comparison import SAME_SCALE, fit
from unstuck.autodiff.matching import catalogue
from unstuck.autodiff.proof import Proof, Verdict, proved_apart
from unstuck.autodiff.replay import replayed, users_within
from unstuck.autodiff.reverse import adjoints
from unstuck.autodiff.seeds import forward_nodes, upstream
from unstuck.autodiff.suspicion import Departure, Scope, by_matching, independent, left_out, made_of
from unstuck.autodiff.trials import Trial, places_of, scaled, trials

Array = np.ndarray
Users = dict[int, list[int]]

MOST_WORK = 500_000_000  # entries computed by all trials together; an operation counts as 5,000
OPERATION = 5_000
LATER = 0.05  # of that work, for each place after the first
MOST_FAULTS = 3
MOST_PLACES = 6  # one expression may depart in several layers
MOST_ADJOINTS = 12  # that are tried in the place of a value
WANTING = ("missing", "left out", "factor", "another value", "zero")  # kinds where a statement may compute nothing
MOST_MOVES = 12  # later places at which a factor or a term is tried again
BROAD = ("sign", "transposed", "order reversed", "an exponent is missing")


@dataclass
class _Search:
    """What one search knows; `left` counts down the work that may still be done."""

    proof: Proof
    scope: Scope
    wrong: list[Verdict]
    edits: dict[int, Any]
    left: float = MOST_WORK

    @property
    def over(self) -> bool:
        """Whether as much was tried as may be."""
        return self.left - self.scope.work <= 0


def locate(proof: Proof) -> list[Departure]:
    """The expressions at which the wrong gradients of a proof enter, at most three, most certain first."""
    proof = proved_apart(proof)
    wrong = [v for v in proof.wrong if v.gradient is not None and v.expected is not None]
    graph = proof.step.graph
    if not wrong or proof.hypothesis is None:
        return []
    forward = forward_nodes(proof.step, proof.meetings) | graph.ancestors(proof.hypothesis.seeds)
    met = [graph.same[n.number] for meeting in upstream(proof.step, proof.meetings) for n in meeting.nodes]
    scope = Scope(
        proof, forward, graph.descendants(met), users_within(graph, proof.step.used), catalogue(proof.adjoints)
    )
    search = _Search(proof, scope, wrong, {})
    found: list[Departure] = []
    for _ in range(MOST_PLACES):
        if not search.wrong or len(found) >= MOST_FAULTS or search.over:
            break
        departure, edits, repaired = _one(search)
        if departure is None:
            break
        if all(departure.site != one.site for one in found):
            found.append(_renamed(departure))
        if not edits:
            edits, repaired = _continued(search, departure)
        if not edits:
            break
        search.edits.update(edits)
        search.left = min(search.left, search.scope.work + MOST_WORK * LATER)
        search.scope.put = _values(search, _every(search), {}) or {}
        search.wrong = [v for v in search.wrong if v not in repaired]
    return found


def _continued(search: _Search, departure: Departure) -> tuple[dict[int, Any], list[Verdict]]:
    """The true value in the place of one that departs, and the verdicts that are right with it.

    Of which value it should be the adjoint is not known: of all that have its shape, the one with which most of what
    is computed from it becomes an adjoint too. Nothing is put in where slopes can be chosen: which the program takes is
    not known as long as its gradients are wrong.
    """
    graph, scope = search.proof.step.graph, search.scope
    if _has_choices(search.proof):
        return {}, []
    number = graph.same[departure.node.number]
    shape, every = np.shape(departure.node.value), _every(search)
    best: tuple[int, dict[int, Any], list[Verdict]] = (0, {}, [])
    others = [
        total for total in scope.proof.adjoints.totals.values() if np.shape(total) == shape and np.size(total) > 1
    ]
    for total in others[:MOST_ADJOINTS]:
        edits = {number: np.asarray(total) * (search.proof.scale or 1.0)}
        changed = _values(search, every, edits) if not search.over else None
        if not changed:
            continue
        matches = [
            scope.known.match(np.asarray(value, float), search.proof.tolerance, search.proof.scale)
            for other, value in changed.items()
            if other != number and isinstance(value, np.ndarray) and value.dtype.kind == "f"
        ]
        score = sum(match is not None and match.whole and not match.turned for match in matches)
        if score > best[0]:
            best = (score, edits, _repairs(search, every, edits, search.wrong))
    return best[1], best[2]


def _has_choices(proof: Proof) -> bool:
    """Whether equal maxima, or ReLU at 0, leave several true gradients."""
    hypothesis, step = proof.hypothesis, proof.step
    if hypothesis is None:
        return True
    ends = [
        adjoints(step.graph, hypothesis.seeds, set(step.moving), tie, keep_parts=False) for tie in (Tie.SPLIT, Tie.ALL)
    ]
    numbers = [number for number, total in ends[0].totals.items() if isinstance(total, np.ndarray)]
    return any(not np.allclose(ends[0].totals[number], ends[1].totals.get(number, 0.0)) for number in numbers)


def _every(search: _Search) -> Users:
    """Who takes a value as an argument, on the way to any gradient."""
    wrong = [made_of(search.scope, verdict) for verdict in search.wrong]
    return users_within(search.proof.step.graph, set().union(*wrong) | _right_slices(search))


def _renamed(departure: Departure) -> Departure:
    """The same at the statement that only gives the value another name, where something is missing."""
    wanting = not departure.by_repair or any(word in departure.kind for word in WANTING)
    if departure.site is None or not wanting:
        return departure
    source = "".join(linecache.getlines(departure.site.file))
    place = renaming(source, departure.site, "left out" in departure.kind)
    return departure if place is None else replace(departure, site=place)


def _one(search: _Search) -> tuple[Departure | None, dict[int, Any], list[Verdict]]:
    """The next departure, the edit that repairs it and the verdicts it repairs."""
    evident = independent(search.scope, search.wrong)
    if evident is not None:
        return evident, {}, []
    slices = {id(v): made_of(search.scope, v) for v in search.wrong}
    right: set[int] = set()
    for verdict in search.proof.verdicts:
        if verdict.right and verdict.gradient is not None and verdict.gradient.value.any():
            right |= made_of(search.scope, verdict)
    common = set.intersection(*slices.values()) - right
    first = min(search.wrong, key=lambda v: len(slices[id(v)] - right) or 10**9)
    suspects = common or (slices[id(first)] - right) or slices[id(first)]
    if common:
        first = min(search.wrong, key=lambda v: len(slices[id(v)]))
    repaired = _by_repair(search, suspects, first, slices)
    if repaired is None or len(repaired[2]) < len(search.wrong):
        shared = set.intersection(*slices.values())
        for others in (shared, slices[id(first)] - right):
            if others and others != suspects:
                again = _by_repair(search, others, first, slices)
                if again is not None and (repaired is None or len(again[2]) > len(repaired[2])):
                    repaired = again
    if repaired is not None:
        return repaired
    return left_out(search.scope, search.wrong) or by_matching(search.scope, suspects, first), {}, []


def _by_repair(
    search: _Search, suspects: set[int], first: Verdict, slices: dict[int, set[int]]
) -> tuple[Departure, dict[int, Any], list[Verdict]] | None:
    graph = search.proof.step.graph
    short = users_within(graph, slices[id(first)])
    every = users_within(graph, set().union(*slices.values()) | _right_slices(search))
    best: tuple[int, Trial, list[Verdict]] | None = None
    for trial in _all_trials(search, suspects, slices[id(first)]):
        if search.over:
            break
        if not _repairs(search, short, trial.edits, [first]):
            continue
        fixed = _repairs(search, every, trial.edits, search.wrong)
        if fixed and (best is None or len(fixed) > len(best[2])):
            best = (len(fixed), trial, fixed)
        if best is not None and len(best[2]) == len(search.wrong):
            break
    if best is None:
        return None
    trial, fixed = _moved_on(search, best[1], best[2], every, suspects, slices[id(first)])
    node = trial.place[0]
    changed = _values(search, every, trial.edits) or {}
    names = tuple(v.parameter.name for v in fixed)
    expected = changed.get(graph.same[node.number])
    departure = Departure(node.site, node.stack, trial.kind, node, node.value, expected, names, True)
    return departure, trial.edits, fixed


def _all_trials(search: _Search, suspects: set[int], slice_: set[int]) -> Iterator[Trial]:
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
    search: _Search, trial: Trial, fixed: list[Verdict], every: Users, suspects: set[int], slice_: set[int]
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
        again = _repairs(search, every, edits, search.wrong)
        if len(again) >= len(fixed):
            trial, fixed = Trial(trial.kind, place, edits, trial.elsewhere), again
    return trial, fixed


def _right_slices(search: _Search) -> set[int]:
    found: set[int] = set()
    for verdict in search.proof.verdicts:
        if verdict.right and verdict.gradient is not None:
            found |= made_of(search.scope, verdict)
    return found


def _values(search: _Search, users: Users, edits: dict[int, Any]) -> dict[int, Any] | None:
    """What changes under all edits so far and these; None where an operation cannot be carried out."""
    nodes = search.proof.step.graph.tape.nodes
    try:
        changed = replayed(search.proof.step.graph, users, {**search.edits, **edits})
    except Exception:
        search.left -= OPERATION * 3
        return None
    search.left -= sum(OPERATION + np.size(nodes[n].value) for n in changed)
    return changed


def _repairs(search: _Search, users: Users, edits: dict[int, Any], wrong: Sequence[Verdict]) -> list[Verdict]:
    """Which wrong gradients become right, none that is right becoming wrong; empty where one does."""
    changed = _values(search, users, edits)
    if not changed:
        return []
    graph = search.proof.step.graph
    if len(wrong) == len(search.wrong):
        for verdict in search.proof.verdicts:
            if verdict.right and verdict.gradient is not None and verdict.expected is not None:
                own = [graph.same[n.number] for n in verdict.gradient.nodes]
                if any(n in changed for n in own) and not _is_right(search, verdict, changed):
                    return []
    return [verdict for verdict in wrong if _is_right(search, verdict, changed)]


def _is_right(search: _Search, verdict: Verdict, changed: dict[int, Any]) -> bool:
    """Whether one of the arrays that may be the gradient is now the true one at the common scale."""
    graph, scale = search.proof.step.graph, search.proof.scale
    assert verdict.expected is not None
    tolerance = search.proof.tolerance
    for candidate in verdict.candidates:
        numbers = [graph.same[n.number] for n in candidate.nodes]
        if not any(n in changed for n in numbers):
            continue
        values = [np.asarray(changed.get(n, graph.tape.nodes[n].value)) for n in numbers]
        if any(v.dtype.kind not in "fiu" for v in values):
            continue
        value = values[0].astype(float) if len(values) == 1 else np.array([np.sum(v) for v in values], float)
        if value.size != verdict.expected.size or not np.isfinite(value).all():
            continue
        if value.ndim != verdict.expected.ndim and value.size > 1:
            value = value.reshape(verdict.expected.shape)
        if value.shape != verdict.expected.shape:
            continue
        one = fit(value, verdict.expected)
        same = max(SAME_SCALE[8], min(tolerance * 10, 1e-2))
        if one.residual <= tolerance and (not scale or abs(one.scale - 1) <= same) and one.scale:
            return True
    return False
