"""Where a wrong gradient enters: the expression that departs although what it is made of is right.

Three things are known of every step: which gradients are right, which are wrong, and what the wrong ones should be.
First, what wrong gradients are made of and right ones are not is suspected. Then each suspected expression is changed
in one small way and the step is carried out again: the change that makes the gradients the true ones shows the place
and the kind. Where no change does, the place is where the recorded arrays cease to be adjoints.
"""

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.autodiff.comparison import SAME_SCALE, fit
from unstuck.autodiff.edits import at, broad_edits, combined, local_edits, slopes, with_others
from unstuck.autodiff.matching import Catalogue, Match, catalogue
from unstuck.autodiff.proof import Proof, Verdict
from unstuck.autodiff.replay import Expression, evaluated, expression_of, replayed, users_within
from unstuck.autodiff.seeds import forward_nodes
from unstuck.autodiff.tape import LEAF, Node, Site, nodes_in

Array = np.ndarray
Users = dict[int, list[int]]

MOST_WORK = 500_000_000  # entries computed by all trials together; an operation counts as 5,000
OPERATION = 5_000
MOST_FAULTS = 3
MOST_VALUES = 120  # other values tried in the place of one


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


@dataclass
class _Search:
    """What one search knows; `left` counts down the work that may still be done."""

    proof: Proof
    forward: set[int]
    wrong: list[Verdict]
    edits: dict[int, Any]
    left: float = MOST_WORK

    def nodes(self, verdict: Verdict) -> list[int]:
        same = self.proof.step.graph.same
        return [same[node.number] for candidate in verdict.candidates for node in candidate.nodes[:1]]


def locate(proof: Proof) -> list[Departure]:
    """The expressions at which the wrong gradients of a proof enter, at most three, most certain first."""
    wrong = [v for v in proof.wrong if v.gradient is not None and v.expected is not None]
    graph = proof.step.graph
    if not wrong or proof.hypothesis is None:
        return []
    forward = forward_nodes(proof.step, proof.meetings) | graph.ancestors(proof.hypothesis.seeds)
    search = _Search(proof, forward, wrong, {})
    found: list[Departure] = []
    while search.wrong and len(found) < MOST_FAULTS:
        departure, edits, repaired = _one(search)
        if departure is None:
            break
        found.append(departure)
        if not edits:
            break
        search.edits.update(edits)
        search.wrong = [v for v in search.wrong if v not in repaired]
    return found


def _one(search: _Search) -> tuple[Departure | None, dict[int, Any], list[Verdict]]:
    """The next departure, the edit that repairs it and the verdicts it repairs."""
    slices = {id(v): _made_of(search, v) for v in search.wrong}
    right: set[int] = set()
    for verdict in search.proof.verdicts:
        if verdict.right and verdict.gradient is not None and verdict.gradient.value.any():
            right |= _made_of(search, verdict)
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
    return _by_matching(search, suspects, first), {}, []


def _made_of(search: _Search, verdict: Verdict) -> set[int]:
    """What a gradient is computed from in the backward pass, its own node included."""
    graph = search.proof.step.graph
    ends = [graph.same[n.number] for n in (verdict.gradient.nodes if verdict.gradient else ())]
    if verdict.right is False and verdict.candidates:
        furthest = [c for c in verdict.candidates if c.nodes != verdict.parameter.after] or list(verdict.candidates)
        ends = [graph.same[n.number] for n in furthest[-1].nodes]
        ends += [graph.same[n.number] for n in (verdict.gradient.nodes if verdict.gradient else ())]
    found = graph.ancestors(ends) - search.forward - search.proof.step.roots
    return {n for n in found if graph.tape.nodes[n].op is not LEAF and n not in graph.cut}


def _by_repair(
    search: _Search, suspects: set[int], first: Verdict, slices: dict[int, set[int]]
) -> tuple[Departure, dict[int, Any], list[Verdict]] | None:
    graph = search.proof.step.graph
    short = users_within(graph, slices[id(first)])
    every = users_within(graph, set().union(*slices.values()) | _right_slices(search))
    best: tuple[int, Departure, dict[int, Any], list[Verdict]] | None = None
    for kind, place, edits in _trials(search, suspects, slices[id(first)]):
        if search.left <= 0:
            break
        if not _repairs(search, short, edits, [first]):
            continue
        fixed = _repairs(search, every, edits, search.wrong)
        if not fixed:
            continue
        if best is None or len(fixed) > best[0]:
            node = place[0]
            changed = _values(search, every, edits)
            names = tuple(v.parameter.name for v in fixed)
            expected = changed.get(graph.same[node.number]) if changed else None
            departure = Departure(node.site, node.stack, kind, node, node.value, expected, names, True)
            best = (len(fixed), departure, edits, fixed)
        if best[0] == len(search.wrong):
            break
    return None if best is None else best[1:]


def _right_slices(search: _Search) -> set[int]:
    found: set[int] = set()
    for verdict in search.proof.verdicts:
        if verdict.right and verdict.gradient is not None:
            found |= _made_of(search, verdict)
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


def _trials(search: _Search, suspects: set[int], slice_: set[int]) -> Iterator[tuple[str, list[Node], dict[int, Any]]]:
    """Changes to try: (kind, the nodes at the place, their expressions), the most particular ones first."""
    places = _places(search, suspects, slice_)
    for place in places:
        for edit in local_edits(place[0]):
            expressions = at(place, edit)
            if expressions:
                yield edit.kind, place, expressions
    pool = _pool(search)
    errors = _errors(search)
    known = catalogue(search.proof.adjoints)
    later: list[tuple[str, list[Node], dict[int, Any]]] = []
    for place in [p for p in places if len(p) > 1 or not any(p[0] in wider and len(wider) > 1 for wider in places)]:
        on_the_way = place[0].number in errors
        for trial in _other_values(search, place, pool, on_the_way):
            if on_the_way and np.size(place[0].value) > 1:
                if _becomes_an_adjoint(search, known, trial):
                    yield trial
            else:
                later.append(trial)
    for place in places:
        for edit in broad_edits(place[0]):
            expressions = at(place, edit)
            if expressions:
                yield edit.kind, place, expressions
    yield from later


def _other_values(
    search: _Search, place: list[Node], pool: dict[tuple[int, ...], list[list[Node]]], on_the_way: bool
) -> Iterator[tuple[str, list[Node], dict[int, Any]]]:
    yield from _substituted(search, place, pool)
    yield from _completed(search, place, pool)
    if on_the_way:
        yield from _with_slopes(search, place, pool)


def _becomes_an_adjoint(search: _Search, known: Catalogue, trial: tuple[str, list[Node], dict[int, Any]]) -> bool:
    """Whether the changed expression gives an adjoint at the common scale where it is first carried out."""
    graph = search.proof.step.graph
    _, place, edits = trial
    try:
        with np.errstate(all="ignore"):
            value = np.asarray(evaluated(edits[place[0].number], lambda n: graph.representative(n).value))
    except Exception:
        return False
    search.left -= 3_000 + value.size
    if value.dtype.kind != "f":
        return False
    match = known.match(value.astype(float), search.proof.tolerance, search.proof.scale)
    return match is not None and not match.turned


def _places(search: _Search, suspects: set[int], slice_: set[int]) -> list[list[Node]]:
    """The suspected nodes by expression, first as they are, then with all that the same expression made."""
    nodes = search.proof.step.graph.tape.nodes
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


def _pool(search: _Search) -> dict[tuple[int, ...], list[list[Node]]]:
    """All values of the step by shape, those of one expression together."""
    graph = search.proof.step.graph
    step = search.proof.step
    by_site: dict[Any, list[Node]] = {}
    last = max((n.number for p in step.parameters for n in p.after), default=0)
    low = min((n for n in step.moving), default=0)
    for node in graph.tape.nodes:
        number = node.number
        if number > last or graph.same[number] != number:
            continue
        if number not in step.moving and number not in step.used and number < low and number not in step.roots:
            continue
        value = node.value
        if isinstance(value, np.ndarray | float | np.floating):
            key = (node.site.key if node.site else number, node.op if node.op is not LEAF else None, np.shape(value))
            by_site.setdefault(key, []).append(node)
    pool: dict[tuple[int, ...], list[list[Node]]] = {}
    for key, nodes in by_site.items():
        pool.setdefault(key[2], []).append(nodes)
    return pool


def _aligned(place: Sequence[Node], group: Sequence[Node]) -> Iterator[list[Node]]:
    """For each node of a place one of a group: in order, in reverse order, one step before or after."""
    k = len(place)
    if len(group) == k:
        yield list(group)
        if k > 1:
            yield list(group[::-1])
            for ordered in (list(group), list(group[::-1])):
                yield [*ordered[1:], ordered[-1]]
                yield [ordered[0], *ordered[:-1]]
    elif len(group) == 1:
        yield [group[0]] * k
    elif k == 1:
        for node in group[-8:]:
            yield [node]
    elif len(group) == k + 1:
        for ordered in (list(group), list(group[::-1])):
            yield ordered[1:]
            yield ordered[:-1]


def _usable(search: _Search, place: Sequence[Node], others: Sequence[Node]) -> bool:
    """Whether the others were made before the places that would use them."""
    return all(other.number < node.number for node, other in zip(place, others))


def _substituted(
    search: _Search, place: list[Node], pool: dict[tuple[int, ...], list[list[Node]]]
) -> Iterator[tuple[str, list[Node], dict[int, Any]]]:
    first = place[0]
    for position, argument in enumerate(first.args):
        if not isinstance(argument, Node):
            continue
        shapes = {np.shape(argument.value)}
        if np.ndim(argument.value) == 2:
            shapes.add(np.shape(argument.value)[::-1])
        for shape in shapes:
            for group in pool.get(shape, [])[-MOST_VALUES:]:
                for others in _aligned(place, group):
                    same = all(o is n.args[position] for o, n in zip(others, place) if len(n.args) > position)
                    if not same and _usable(search, place, others):
                        yield "another value was meant", place, with_others(place, position, others)


def _completed(
    search: _Search, place: list[Node], pool: dict[tuple[int, ...], list[list[Node]]]
) -> Iterator[tuple[str, list[Node], dict[int, Any]]]:
    """With a factor or a term added."""
    shape = np.shape(place[0].value)
    for group in [*pool.get(shape, [])[-MOST_VALUES:], *pool.get((), [])[-8:]]:
        for others in _aligned(place, group):
            if _usable(search, place, others):
                yield "a factor is missing", place, combined(place, operator.mul, others)
                yield "a path is missing", place, combined(place, operator.add, others)
                yield "a factor is missing", place, combined(place, operator.truediv, others)


def _with_slopes(
    search: _Search, place: list[Node], pool: dict[tuple[int, ...], list[list[Node]]]
) -> Iterator[tuple[str, list[Node], dict[int, Any]]]:
    """Times the slope of an activation that the forward pass takes."""
    graph = search.proof.step.graph
    for group in pool.get(np.shape(place[0].value), [])[-MOST_VALUES:]:
        if graph.same[group[0].number] not in search.forward:
            continue
        for others in _aligned(place, group):
            for forms in zip(*[slopes(other) for other in others]):
                yield (
                    "a factor is missing",
                    place,
                    {
                        node.number: Expression(operator.mul, (expression_of(node), form))
                        for node, (_, form) in zip(place, forms)
                    },
                )


def _by_matching(search: _Search, suspects: set[int], first: Verdict) -> Departure | None:
    """The earliest suspected array that is no adjoint, nor on the way to one, though what it is made of is."""
    graph, proof = search.proof.step.graph, search.proof
    known = catalogue(proof.adjoints)
    matches: dict[int, Match | None] = {}
    errors = _errors(search)
    inside = sorted(n for n in suspects if n in errors) or sorted(suspects)
    for number in inside:
        value = graph.tape.nodes[number].value
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            matches[number] = known.match(value.astype(float), proof.tolerance)
    on_the_way = {n for n, match in matches.items() if match is not None and match.whole and not match.turned}
    right = graph.ancestors(on_the_way)
    for number in inside:
        if number in right:
            continue
        parents = [p for p in graph.parents(number) if p in suspects and p in errors]
        if all(p in right for p in parents):
            node = graph.tape.nodes[number]
            for parent in parents:
                match = matches.get(parent)
                if match is not None and not match.whole:
                    node = graph.tape.nodes[parent]
                    return _departure(node, "a path is missing", first)
            match = matches.get(number)
            kind = first.kind
            if match is not None:
                kind = "transposed" if match.turned else "a path is missing"
            return _departure(node, kind, first)
    if not inside:
        return None
    return _departure(graph.tape.nodes[inside[-1]], first.kind, first)


def _errors(search: _Search) -> set[int]:
    """What depends on the outputs' error: on the seeds or on where outputs meet targets."""
    graph = search.proof.step.graph
    met = [graph.same[n.number] for meeting in search.proof.meetings for n in meeting.nodes]
    return graph.descendants(met)


def _departure(node: Node, kind: str, first: Verdict) -> Departure:
    return Departure(node.site, node.stack, kind, node, node.value, None, (first.parameter.name,), False)


__all__ = ["Departure", "locate", "nodes_in"]
