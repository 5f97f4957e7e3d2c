"""Where recorded arrays cease to be adjoints, and gradients that show their fault by themselves."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from unstuck.autodiff.families import ADDING
from unstuck.autodiff.kinds import LEFT_OUT, PATH_MISSING
from unstuck.autodiff.matching import Catalogue, Match, Numbers
from unstuck.autodiff.proof import Proof
from unstuck.autodiff.step import sources
from unstuck.autodiff.tape import LEAF, Node, Site
from unstuck.autodiff.verdicts import APPLIED, Verdict, rounded

Array = np.ndarray


@dataclass(frozen=True)
class Departure:
    """One expression that departs."""

    site: Site | None
    stack: tuple[Site, ...]
    kind: str
    node: Node
    given: Any  # what the expression gave
    expected: Any  # what it should have given; None where that is not known
    parameters: tuple[str, ...]  # whose gradients it makes wrong
    by_repair: bool  # whether a change of it makes them right
    repair: Any = None  # what that makes of its first node, where it is known


@dataclass
class Scope:
    """Where changes are tried; `work` grows with what was computed."""

    proof: Proof
    forward: set[int]
    errors: set[int]  # what depends on the outputs' error
    users: dict[int, list[int]]  # who takes a value as an argument, on the way to the gradients
    known: Catalogue  # the true adjoints
    work: float = 0.0
    put: dict[int, Any] = field(default_factory=dict)  # values that follow from places which were put right before
    matches: dict[int, tuple[Any, Match | None]] = field(default_factory=dict)  # found before: the value and its match
    slices: dict[int, set[int]] = field(default_factory=dict)  # what gradients are made of, by their verdicts' ids

    @cached_property
    def scale(self) -> float:
        """That of the adjoints on the way back, 0 where no gradient is right: that of the gradients, but for a rate
        that is multiplied in before they are there, as in `rate * x.T @ d`."""
        proof = self.proof
        right = [verdict for verdict in proof.verdicts if verdict.right] if proof.scale else []
        scales = [scale for verdict in right if (scale := self._last_scale(verdict)) is not None]
        counts = Counter(map(rounded, scales))
        most = max(scales, key=lambda scale: counts[rounded(scale)], default=proof.scale)
        return proof.scale if counts[rounded(proof.scale)] == counts[rounded(most)] else most

    def _last_scale(self, verdict: Verdict) -> float | None:
        """That of the last adjoint on the way to a gradient; None where there is none."""
        graph = self.proof.step.graph
        ends = {graph.same[node.number] for node in verdict.gradient.nodes} if verdict.gradient is not None else set()
        for number in sorted((made_of(self, verdict) & self.errors) - ends, reverse=True):
            value = graph.tape.nodes[number].value
            one = self.known.match(value.astype(float), self.proof.tolerance) if is_floating(value) else None
            if one is not None and one.whole and not one.turned:
                return one.scale
        return None

    @cached_property
    def numbers(self) -> Numbers:
        """The true adjoints of single numbers."""
        return Numbers.of(self.proof)

    def match(self, value: Array) -> Match | None:
        """The true adjoint that an array is at the scale of the way back; None where it is none."""
        return self.known.match(value.astype(float), self.proof.tolerance, self.scale)

    def value(self, number: int) -> Any:
        """What a node gave, or would give with the places before it put right."""
        return self.put.get(number, self.proof.step.graph.tape.nodes[number].value)


def made_of(scope: Scope, verdict: Verdict) -> set[int]:
    """What a gradient is computed from in the backward pass, its own node included."""
    found = scope.slices.get(id(verdict))
    if found is None:
        found = scope.slices[id(verdict)] = _made_of(scope, verdict)
    return found


def _made_of(scope: Scope, verdict: Verdict) -> set[int]:
    graph = scope.proof.step.graph
    ends = [graph.same[n.number] for n in (verdict.gradient.nodes if verdict.gradient else ())]
    if verdict.right is False and verdict.candidates:
        furthest = [c for c in verdict.candidates if c.nodes != verdict.parameter.after] or list(verdict.candidates)
        ends = [graph.same[n.number] for n in furthest[-1].nodes]
        ends += [graph.same[n.number] for n in (verdict.gradient.nodes if verdict.gradient else ())]
    ends = [n for end in ends for n in (sources(graph, graph.tape.nodes[end]) if end in graph.cut else [end])]
    found = graph.ancestors(ends) - scope.forward - scope.proof.step.roots
    return {n for n in found if graph.tape.nodes[n].op is not LEAF and n not in graph.cut}


def departures(scope: Scope, suspects: set[int]) -> tuple[list[int], set[int], dict[int, Match | None]]:
    """The suspected nodes that are no adjoints though what they are made of is; what is right; all matches."""
    graph = scope.proof.step.graph
    inside = sorted(n for n in suspects if n in scope.errors)
    matches: dict[int, Match | None] = {}
    for number in inside:
        value = scope.value(number)
        if is_floating(value):
            if number not in scope.matches or scope.matches[number][0] is not value:
                scope.matches[number] = value, scope.match(value)
            matches[number] = scope.matches[number][1]
        elif isinstance(value, float):
            matches[number] = scope.numbers.match(float(value))
    upright = [n for n, match in matches.items() if match is not None and not match.turned]
    right = graph.ancestors(upright)
    departing = []
    for number in inside:
        parents = [p for p in graph.parents(number) if p in suspects and p in scope.errors]
        if number not in right and all(p in right for p in parents):
            departing.append(number)
    return departing, right, matches


def is_floating(value: Any) -> bool:
    """Whether a value is an array of floating point numbers, as adjoints are."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def independent(scope: Scope, wrong: Sequence[Verdict]) -> Departure | None:
    """A gradient that does not depend on the error though it should, or is right and applied with the wrong sign."""
    graph = scope.proof.step.graph
    for verdict in wrong:
        if verdict.kind == APPLIED and any(one is verdict.gradient for one in verdict.candidates):
            place = next(i for i, one in enumerate(verdict.candidates) if one is verdict.gradient)
            return departure(verdict.candidates[max(place - 1, 0)].nodes[0], APPLIED, verdict)
        ends = {graph.same[n.number] for candidate in verdict.candidates for n in candidate.nodes}
        expected = verdict.expected is not None and verdict.expected.any()
        if ends and expected and ends.isdisjoint(scope.errors | graph.cut):
            earliest = min(made_of(scope, verdict) or ends)
            return departure(graph.tape.nodes[earliest], "it does not depend on the targets", verdict)
    return None


def left_out(scope: Scope, wrong: Sequence[Verdict]) -> Departure | None:
    """A gradient that is some of the parts of the true one: of one example or time step, or without one."""
    graph = scope.proof.step.graph
    known = scope.known
    for verdict in wrong:
        if len(verdict.parameter.before) > 1:
            part = _part_of_numbers(scope, verdict)
            if part is not None:
                return departure(part, PATH_MISSING, verdict)
            continue
        root = graph.same[verdict.parameter.before[0].number]
        for candidate in verdict.candidates[::-1]:
            match = known.match(candidate.value, scope.proof.tolerance, of=root)
            if match is not None and not match.whole:
                node = candidate.nodes[0]
                return departure(node, LEFT_OUT, verdict)
    return None


def _part_of_numbers(scope: Scope, verdict: Verdict) -> Node | None:
    """The first of the gradients of single numbers that is a part of the true one, where all others are whole or parts:
    an assignment in the place of an addition."""
    for candidate in verdict.candidates[::-1]:
        matches = [scope.numbers.match(float(np.sum(node.value))) for node in candidate.nodes]
        parts = [node for node, match in zip(candidate.nodes, matches) if match is not None and not match.whole]
        if parts and None not in matches:
            return parts[0]
    return None


def by_matching(scope: Scope, suspects: set[int], first: Verdict) -> Departure:
    """The earliest suspected array that is no adjoint, nor on the way to one, though what it is made of is."""
    graph, errors = scope.proof.step.graph, scope.errors
    departing, _, matches = departures(scope, suspects)
    for number in departing:
        node = graph.tape.nodes[number]
        for parent in graph.parents(number):
            match = matches.get(parent)
            if match is not None and not match.whole and not match.turned and node.op not in ADDING:
                return departure(graph.tape.nodes[parent], PATH_MISSING, first)
        kind = "transposed" if matches.get(number) is not None else first.kind
        return departure(node, kind, first)
    inside = sorted(n for n in suspects if n in errors) or sorted(suspects)
    last = graph.tape.nodes[inside[-1]] if inside else first.parameter.change[-1]
    return departure(last, first.kind, first)


def departure(node: Node, kind: str, first: Verdict) -> Departure:
    """A departure of which only the place and the kind are known."""
    return Departure(node.site, node.stack, kind, node, node.value, None, (first.parameter.name,), False)
