"""Other values given to a call of one of a program's own functions: all that it computes from them changes at once."""

import operator
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from unstuck.autodiff.kinds import OTHER_VALUE
from unstuck.autodiff.matching import Match
from unstuck.autodiff.other_values import Trial, Way, by_way, way_to
from unstuck.autodiff.replay import Expression
from unstuck.autodiff.suspicion import Scope
from unstuck.autodiff.tape import Node, Site, filled

MOST_OTHERS = 20  # adjoints that are tried in the place of one that is given


def by_call(scope: Scope, suspects: set[int], matches: dict[int, Match | None]) -> Iterator[Trial]:
    """With the sign turned of an error that is given to a call, with another adjoint in its place, or with the values
    that another call of the forward pass kept."""
    graph = scope.proof.step.graph
    adjoints = [n for n, match in matches.items() if match is not None and match.whole and not match.turned]
    for call, inside in _calls(scope, suspects):
        own = {node.number for node in inside}
        earlier = [number for number in adjoints if number < inside[0].number]
        given = {parent for node in inside for parent in graph.parents(node.number) if parent not in own}
        for number in sorted(given & scope.errors):
            value = scope.value(number)
            if np.size(value) < 2:
                continue
            minus = Expression(operator.neg, (graph.tape.nodes[number],))
            yield _given("sign", call, inside, scope, {number: minus})
            alike = [n for n in earlier if n != number and np.shape(scope.value(n)) == np.shape(value)]
            for other in alike[-MOST_OTHERS:]:
                yield _given(OTHER_VALUE, call, inside, scope, {number: graph.tape.nodes[other]})
        for others in _kept_by_others(scope, sorted(given & scope.forward)):
            yield _given(OTHER_VALUE, call, inside, scope, others)


def _calls(scope: Scope, suspects: set[int]) -> Iterator[tuple[Site, list[Node]]]:
    """The calls in which more than one suspected value is made, with what is made in each."""
    nodes = scope.proof.step.graph.tape.nodes
    found: dict[Any, tuple[Site, list[Node]]] = {}
    for number in sorted((suspects | scope.errors) - scope.forward):
        for call in nodes[number].stack:
            found.setdefault(call.key, (call, []))[1].append(nodes[number])
    for call, inside in found.values():
        if len(inside) > 1 and any(node.number in suspects for node in inside):
            yield call, inside


def _kept_by_others(scope: Scope, given: Sequence[int]) -> Iterator[dict[int, Any]]:
    """For values of the forward pass those that the same expressions made at another time: before, or after, or by
    another way of calls."""
    nodes = scope.proof.step.graph.tape.nodes
    if not given or any(nodes[number].site is None for number in given):
        return
    forward = [nodes[number] for number in sorted(scope.forward)]
    made = {number: [other for other in forward if other.site is nodes[number].site] for number in given}
    for by in (1, -1):
        places = {number: made[number].index(nodes[number]) + by for number in given}
        if all(0 <= place < len(made[number]) for number, place in places.items()):
            yield {number: made[number][place] for number, place in places.items()}
    ways = {number: by_way(made[number]) for number in given}
    for way in dict.fromkeys(way for number in given for way in ways[number]):
        others = {number: _counterpart(ways[number], nodes[number], way) for number in given}
        if None not in others.values():
            yield others


def _counterpart(ways: dict[Way, list[Node]], node: Node, way: Way) -> Node | None:
    """What another way made as this one made a node; None for its own way, or where there is none."""
    own, others = ways[way_to(node)], ways.get(way, [])
    return others[own.index(node)] if own is not others and len(own) == len(others) else None


def _given(kind: str, call: Site, inside: list[Node], scope: Scope, others: dict[int, Any]) -> Trial:
    graph = scope.proof.step.graph

    def other(node: Node) -> Any:
        return others.get(graph.same[node.number], node)

    users = [node for node in inside if not others.keys().isdisjoint(graph.parents(node.number))]
    edits = {
        node.number: Expression(node.op, tuple(filled(a, other) for a in node.args), filled(node.kwargs, other))
        for node in users
    }
    return Trial(kind, users, edits, call=call)
