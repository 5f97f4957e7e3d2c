"""Small changes to try at suspected expressions: other constants and operations, other values, factors and terms."""

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from unstuck.autodiff.calls import by_call
from unstuck.autodiff.edits import at, broad_edits, local_edits
from unstuck.autodiff.kinds import FACTOR
from unstuck.autodiff.other_values import Pool, Trial, by_other_values, pool_of
from unstuck.autodiff.replay import Expression, evaluated, expression_of
from unstuck.autodiff.suspicion import Scope, departures, is_floating
from unstuck.autodiff.tape import Node

FAR = 3  # operations that are followed from a changed value to an adjoint
SCREENING = 3_000  # what a value that is only computed at one place counts as


def trials(scope: Scope, suspects: set[int], slice_: set[int]) -> Iterator[Trial]:
    """Changes to try, the most promising places and the most particular changes first."""
    places = places_of(scope, suspects, slice_)
    ranks = _ranks(scope, suspects, slice_)
    pool = pool_of(scope)
    together = [place for place in places if len(place) > 1 and suspects.issuperset(node.number for node in place)]
    shared = {node.number for place in together for node in place}
    later: list[Trial] = []
    for rank in (0, 1, 2):
        here = [place for place in places if _rank_of(place, ranks) == rank]
        for place in here:
            for edit in local_edits(place[0]):
                expressions = at(place, edit)
                if expressions:
                    yield Trial(edit.kind, place, expressions)
        for place in here if rank < 2 else []:
            if len(place) > 1 or place[0].number not in shared:
                first = next((node for node in place if ranks.get(node.number) == 0), place[0])
                yield from _screened(scope, place, first, pool, later)
    yield from by_call(scope, suspects, departures(scope, slice_)[2])
    for place in places:
        for edit in broad_edits(place[0]):
            expressions = at(place, edit)
            if expressions:
                yield Trial(edit.kind, place, expressions)
    yield from later


def _rank_of(place: list[Node], ranks: dict[int, int]) -> int:
    """That of its first node, but 0 where any departs: what is zero at first is right there, whatever it is made of."""
    return 0 if any(ranks.get(node.number) == 0 for node in place) else ranks.get(place[0].number, 1)


def _screened(scope: Scope, place: list[Node], first: Node, pool: Pool, later: list[Trial]) -> Iterator[Trial]:
    """The changes by other values that give an adjoint where the place departs at first; those of which that cannot be
    told go to `later`."""
    on_the_way = place[0].number in scope.errors
    for trial in by_other_values(scope, place, pool, on_the_way):
        if np.size(place[0].value) > 1 and _becomes_an_adjoint(scope, trial, first):
            yield trial
        elif not on_the_way or np.size(place[0].value) == 1:
            later.append(trial)


def _ranks(scope: Scope, suspects: set[int], slice_: set[int]) -> dict[int, int]:
    """0 for what departs and the factors it takes, 2 for what is right as it is, 1 for the rest."""
    graph = scope.proof.step.graph
    departing, right, _ = departures(scope, suspects)
    ranks = dict.fromkeys(right, 2)
    for number in departing:
        ranks.update(dict.fromkeys([p for p in graph.parents(number) if p in scope.errors], 1))
    for number in departing:
        waiting = [number]
        while waiting:
            one = waiting.pop()
            ranks[one] = 0
            waiting += [p for p in graph.parents(one) if p in slice_ and p not in scope.errors and ranks.get(p) != 0]
    return ranks


def scaled(place: list[Node], factor: float) -> Trial:
    """What stands there, times a number."""

    def elsewhere(other: list[Node]) -> dict[int, Any]:
        return {node.number: Expression(operator.mul, (expression_of(node), factor)) for node in other}

    return Trial(FACTOR, place, elsewhere(place), elsewhere)


def _becomes_an_adjoint(scope: Scope, trial: Trial, first: Node) -> bool:
    """Whether the changed expression, or what is next made of it, is an adjoint at one node of its place."""
    graph = scope.proof.step.graph
    changed: dict[int, Any] = {}
    number = first.number

    def value_of(node: Node) -> Any:
        own = graph.same[node.number]
        return changed[own] if own in changed else scope.value(own)

    expression = trial.edits[number]
    for _ in range(FAR):
        try:
            with np.errstate(all="ignore"):
                value = evaluated(expression, value_of)
        except Exception:
            return False
        scope.work += SCREENING + np.size(value)
        if not is_floating(value):
            return False
        match = scope.match(value)
        if match is not None:
            return not match.turned
        users = scope.users.get(number, [])
        if len(users) != 1 or np.shape(graph.tape.nodes[users[0]].value) != value.shape:
            return False
        changed[number], number = value, users[0]
        expression = expression_of(graph.tape.nodes[number])
    return False


def places_of(scope: Scope, suspects: set[int], slice_: set[int]) -> list[list[Node]]:
    """The suspected nodes by expression, first as they are, then with all that the same expression made."""
    nodes = scope.proof.step.graph.tape.nodes
    by_site: dict[Any, list[Node]] = {}
    for number in sorted(suspects):
        node = nodes[number]
        by_site.setdefault((node.site.key if node.site else number, node.op), []).append(node)
    found = list(by_site.values())
    for key, place in list(by_site.items()):
        wider = [n for n in map(nodes.__getitem__, sorted(slice_)) if n.site and (n.site.key, n.op) == key]
        if len(wider) > len(place):
            found.append(wider)
        if 1 < len(place) <= 6:
            found.extend([node] for node in place)
    return found
