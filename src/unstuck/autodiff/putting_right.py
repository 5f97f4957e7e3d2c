"""The true value in the place of one that departs, so that what departs behind it is seen as well.

Of which value a wrong array should be the adjoint is written nowhere. But what is computed from it tells: with the
right one in its place, the arrays behind it become adjoints too. Where slopes can be chosen, that also tells which the
program takes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.autodiff.matching import without_ones
from unstuck.autodiff.movement import DATA
from unstuck.autodiff.search import Search, Users, with_other_ties
from unstuck.autodiff.suspicion import departures, is_floating, made_of
from unstuck.autodiff.tape import Node
from unstuck.autodiff.verdicts import Verdict

MOST_WORK = 100_000_000  # entries computed for one value, as in `search`
MOST_ADJOINTS = 40  # that are tried in the place of a value
MOST_TURNS = 60  # of a loop, or units of a layer, at which one expression departs
NEAR = 40  # operations behind a value that are looked at
GRADIENT, WHOLE, PART = 5, 2, 1  # what counts a gradient that is right now, an array that has become an adjoint, a part
STEPS = 4  # operations of the forward pass, one behind another, of which one may have been left out
NOTHING = -1  # in the place of a node's number: nothing should come back here


@dataclass(frozen=True)
class PutRight:
    """What stands in the place of a value that departs, and what that makes right."""

    search: Search  # from here on: another one than before where the slopes are taken otherwise
    edits: dict[int, Any]
    of: int  # the number of the node whose adjoint it is; NOTHING for zeros
    repaired: list[Verdict]


def put_right(search: Search, node: Node, like: int | None = None) -> PutRight | None:
    """The adjoint that makes most of what is computed from this value right; None where none makes anything right.

    like  the number of a node whose adjoint stands at another value of the same expression
    """
    before_it = search.left
    search.left = search.scope.work + MOST_WORK
    best: tuple[int, Search, int, int, Any] | None = None
    for one in [search, *with_other_ties(search)] if like is None else [search]:
        every = one.every()
        for anchor in _moved_forward(one, node, every):
            users = _near(every, anchor)
            before = _score(one, one.values(users, {}) or {}, anchor)
            for of, value in _adjoints_like(one, anchor, like):
                if search.over:
                    break
                changed = one.values(users, {anchor: value})
                search.left = min(search.left, one.left)
                score = 0 if not changed else _score(one, changed, anchor) - before
                if score > 0:
                    score += GRADIENT * len(one.repairs(users, {anchor: value}, one.wrong))
                if score > 0 and (best is None or score > best[0]):
                    best = score, one, anchor, of, value
    search.left = before_it
    if best is None:
        return None
    _, chosen, anchor, of, value = best
    edits = {anchor: value}
    chosen.left = before_it
    return PutRight(chosen, edits, of, chosen.repairs(chosen.every(), edits, chosen.wrong))


def throughout(put: PutRight, node: Node) -> Search:
    """The search from where a value was put right, and with it those that depart at the same expression."""
    search = put.search
    search.keep(put.edits, put.repaired)
    for _ in range(MOST_TURNS):
        suspects = set().union(*[made_of(search.scope, verdict) for verdict in search.wrong])
        nodes = search.proof.step.graph.tape.nodes
        departing = [nodes[n] for n in departures(search.scope, suspects)[0]] if suspects else []
        near = [each for one in departing for each in (one, *one.parents())]
        alike = [one for one in near if one.site == node.site and one.op == node.op]
        following = next((one for one in alike if search.proof.step.graph.same[one.number] not in search.edits), None)
        again = None if following is None else put_right(search, following, put.of)
        if again is None:
            return search
        search = again.search
        search.keep(again.edits, again.repaired)
    return search


def stops_short(search: Search, suspects: set[int]) -> tuple[Node, dict[int, Any], list[Verdict]] | None:
    """A value that is a right adjoint, and taken for that of what the forward pass made it of: an operation before it
    has no way back. With the edit that puts the other adjoint in its place, and what that makes right."""
    graph = search.proof.step.graph
    departing, _, matches = departures(search.scope, suspects)
    users = search.every()
    for number in departing:
        for parent in graph.parents(number):
            match, value = matches.get(parent), search.scope.value(parent)
            if match is None or not match.whole or match.turned or np.size(value) < 2:
                continue
            for total in _adjoints_before(search, match.number, value):
                edits = {parent: (total * match.scale).reshape(np.shape(value)).astype(value.dtype)}
                fixed = search.repairs(users, edits, search.wrong)
                if fixed:
                    return graph.tape.nodes[parent], edits, fixed
    return None


def _adjoints_before(search: Search, number: int, value: Any) -> Iterator[Any]:
    """The adjoints of its shape of what the forward pass made a value of."""
    proof, ends = search.proof, [number]
    for _ in range(STEPS):
        ends = [p for end in ends for p in proof.step.graph.parents(end) if p in proof.step.moving]
        for end in ends:
            total = proof.adjoints.totals.get(end)
            if total is not None and without_ones(total) == without_ones(value):
                yield np.asarray(total)


def _moved_forward(search: Search, node: Node, users: Users) -> Iterator[int]:
    """This value, and those that only move its entries."""
    graph, number = search.proof.step.graph, search.proof.step.graph.same[node.number]
    yield number
    while len(users.get(number, [])) == 1:
        number = users[number][0]
        if graph.tape.nodes[number].op not in DATA or np.size(graph.tape.nodes[number].value) != np.size(node.value):
            return
        yield number


def _near(users: Users, number: int) -> Users:
    """Who takes what, for the first operations behind a value."""
    reached, pending = {number}, [number]
    while pending and len(reached) < NEAR:
        for user in users.get(pending.pop(0), ()):
            if user not in reached:
                reached.add(user)
                pending.append(user)
    return {one: [user for user in users.get(one, ()) if user in reached] for one in reached}


def _score(search: Search, changed: dict[int, Any], number: int) -> int:
    """How many of the changed arrays are adjoints; the one that was put in does not count."""
    return sum(
        0 if match is None or match.turned else WHOLE if match.whole else PART
        for other, value in changed.items()
        if other != number
        for match in [search.scope.match(value) if is_floating(value) else None]
    )


def _adjoints_like(search: Search, number: int, like: int | None) -> Iterator[tuple[int, Any]]:
    """Adjoints of the shape of a value, nearest to the output first, at the scale of the right gradients."""
    proof = search.proof
    nodes = proof.step.graph.tape.nodes
    value = nodes[number].value
    if np.size(value) < 2:
        return
    shape = without_ones(value)
    found = [n for n, total in proof.adjoints.totals.items() if total is not None and without_ones(total) == shape]
    if like is not None and like != NOTHING:
        site = nodes[like].site
        found = [n for n in found if nodes[n].site == site]
    for n in sorted(found, reverse=True)[:MOST_ADJOINTS]:
        total = np.asarray(proof.adjoints.totals[n]) * (search.scope.scale or _scale(search))
        yield n, total.reshape(np.shape(value)).astype(value.dtype)
    yield NOTHING, np.zeros_like(value)


def _scale(search: Search) -> float:
    """The scale of what is an adjoint though no gradient is right: 1 where nothing is."""
    graph = search.proof.step.graph
    scales = []
    for number in sorted(search.scope.errors):
        value = search.scope.value(number)
        if is_floating(value) and graph.same[number] == number:
            match = search.scope.known.match(value.astype(float), search.proof.tolerance)
            if match is not None and match.whole and not match.turned:
                scales.append(float(f"{match.scale:.4e}"))
    return max(set(scales), key=scales.count) if scales else 1.0
