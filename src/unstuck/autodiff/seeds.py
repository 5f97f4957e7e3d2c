"""What the derivative is taken of: a loss that the program computes, a usual loss, or the program's own error.

A hypothesis is a set of seeds: adjoints given at some nodes, from which all other adjoints follow. Where a program
states no loss, its outputs and targets are found by how they meet: a value that depends on most parameters against one
that depends on none, by subtraction, as an index, as a divisor. A wrong guess does no harm: it explains no gradient.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unstuck.autodiff.families import CASTING, DIVIDING, MULTIPLYING
from unstuck.autodiff.meetings import Meeting, last_change, written_out
from unstuck.autodiff.replay import users_within
from unstuck.autodiff.step import Step, moves
from unstuck.autodiff.tape import Node, Site, value_in

Array = np.ndarray

LARGEST_ERROR = 200_000  # entries of an output beyond which its ancestors are not all tried as places
PLACES = 14  # ancestors of an output at which an error is tried
CLOSE = 1e-5
WEIGHTED = ", weighted"  # at the end of a hypothesis' name


@dataclass(frozen=True)
class Hypothesis:
    """Of what a gradient is taken to be the derivative."""

    name: str  # "the loss as written", "the squared error", …
    site: Site | None  # where it stands in the program
    seeds: dict[int, Any]  # adjoints by the number of the representative
    rank: int  # 0 the loss as written, 1 a usual loss, 2 the program's own error
    weights: tuple[Any, ...] = ()  # of the errors, one for each output, where the program has some


def written_losses(step: Step, most: int = 6) -> Iterator[Hypothesis]:
    """The numbers that the program computes from most of its parameters and uses for nothing but other numbers; first
    those that are made of the parameters of which the gradients are made."""
    graph = step.graph
    single = [n for n in step.moving if np.size(graph.tape.nodes[n].value) == 1 and n not in step.roots]
    largest = max((step.counts[n] for n in single), default=0)
    numbers = {n for n in single if step.counts[n] == largest}
    handed_on = {p for n in numbers for p in graph.parents(n) if p in numbers}
    sites: dict[Any, list[int]] = {}
    for n in sorted(numbers - handed_on):
        node = graph.tape.nodes[n]
        if _is_float(node.value):
            sites.setdefault(node.site.key if node.site else None, []).append(n)
    losses = [group for group in sites.values() if (step.used | step.news).isdisjoint(group)]
    last = last_change(step)
    losses = [[n for n in group if n <= last] or group for group in losses]  # what follows may be the next step's
    losses = [group for group in losses if _meets_data(step, group, largest)]
    held = step.used & graph.cut  # parameters that the gradients are made of, those of other networks too
    for group in sorted(losses, key=lambda group: (-len(graph.ancestors(group) & held), group[0]))[:most]:
        node = graph.tape.nodes[group[0]]
        seeds = {n: np.ones(np.shape(graph.tape.nodes[n].value)) for n in group}
        yield Hypothesis("the loss as written", uncast(node).site, seeds, 0)


def uncast(node: Node) -> Node:
    """A single number as it was computed: before an engine, say, made an array of it."""
    casts = CASTING | {np.array, np.asarray}
    while node.op in casts and isinstance(node.args[0], Node) and np.size(node.args[0].value) == 1:
        node = node.args[0]
    return node


def _meets_data(step: Step, group: Sequence[int], largest: int) -> bool:
    """Whether outputs meet anything from outside on the way to these numbers: else they are outputs, and no losses."""
    graph = step.graph
    for number in graph.ancestors(group) & step.moving - step.roots:
        node = graph.tape.nodes[number]
        if 2 * step.counts[number] < largest or not any(moves(step, argument, largest) for argument in node.args):
            continue
        if any(not moves(step, argument) and not written_out(node, i) for i, argument in enumerate(node.args)):
            return True
    return False


def _is_float(value: Any) -> bool:
    return isinstance(value, float) or (hasattr(value, "dtype") and value.dtype.kind == "f")


def weighted_losses(step: Step, meeting: Meeting) -> Iterator[Hypothesis]:
    """The same where the program weighs its errors before it sends them back: by what an action earned, by a mask."""
    users = users_within(step.graph, step.used)
    weights = tuple(_weight(step, error, users) for error in meeting.nodes)
    if len({np.asarray(weight).tobytes() for weight in weights}) > 1 or any(np.size(weight) > 1 for weight in weights):
        for hypothesis in usual_losses(step, meeting):
            if len(hypothesis.seeds) == len(weights):
                seeds = {end: seed * weight for (end, seed), weight in zip(hypothesis.seeds.items(), weights)}
                yield replace(hypothesis, name=hypothesis.name + WEIGHTED, seeds=seeds, weights=weights)


def usual_losses(step: Step, meeting: Meeting) -> Iterator[Hypothesis]:
    """The derivatives of the usual losses at these outputs and targets."""
    graph = step.graph
    outputs = [graph.representative(o) for o in meeting.outputs]
    values = [np.asarray(o.value, float) for o in outputs]
    errors = [v - t for v, t in zip(values, meeting.targets)]
    yield _at(meeting, outputs, errors, "the squared error", 1)
    with np.errstate(all="ignore"):
        if all((v > 0).all() for v in values):
            inverse = [-t / v for v, t in zip(values, meeting.targets)]
            yield _at(meeting, outputs, inverse, "the cross-entropy", 1)
            if all((v < 1).all() for v in values):
                binary = [e / (v * (1 - v)) for v, e in zip(values, errors)]
                yield _at(meeting, outputs, binary, "the cross-entropy of each output", 1)
        if all(np.isin(t, (-1.0, 1.0)).all() for t in meeting.targets):
            hinge = [-t * (t * v < 1) for v, t in zip(values, meeting.targets)]
            yield _at(meeting, outputs, hinge, "the hinge loss", 1)
        yield _at(meeting, outputs, [np.sign(e) for e in errors], "the absolute error", 1)
    for places in _same_shaped_ancestors(step, outputs):
        kind = _activation(values, [np.asarray(p.value, float) for p in places])
        if kind in ("sigmoid", "softmax"):
            yield _at(meeting, places, errors, f"the cross-entropy of the {kind}", 1)
        elif kind:
            yield _at(meeting, places, errors, f"output minus target before the {kind}", 2)


def own_errors(step: Step, meeting: Meeting) -> Iterator[Hypothesis]:
    """The program's own difference of output and target as the seed, at the output and before."""
    graph = step.graph
    outputs = [graph.representative(o) for o in meeting.outputs]
    seeds = [np.asarray(n.value, float) for n in meeting.nodes]
    if any(s.shape != np.shape(o.value) for s, o in zip(seeds, outputs)):
        return
    values = [np.asarray(o.value, float) for o in outputs]
    before = [
        places
        for places in _same_shaped_ancestors(step, outputs)
        if _activation(values, [np.asarray(p.value, float) for p in places])
    ]
    for places in [outputs, *before]:
        yield _at(meeting, places, seeds, "the program's own error at the output", 2)


def _weight(step: Step, error: Node, users: dict[int, list[int]]) -> Any:
    """What an error is multiplied by next, of what does not depend on a parameter."""
    weight: Any = 1.0
    following: Node | None = error
    while following is not None:
        own, following = step.graph.same[following.number], None
        for user in (step.graph.tape.nodes[number] for number in users.get(own, ())):
            factor = _factor(step, user, own)
            if factor is not None and np.shape(user.value) == np.shape(error.value):
                weight, following = weight * factor, user
    return weight


def _factor(step: Step, node: Node, number: int) -> Any:
    """What an operation multiplies this value by, where that does not depend on a parameter; else None."""
    if node.op not in MULTIPLYING | DIVIDING or len(node.args) != 2:
        return None
    numbers = [step.graph.same[a.number] if isinstance(a, Node) else None for a in node.args]
    other = node.args[1 - numbers.index(number)] if number in numbers else None
    if other is None or moves(step, other) or (node.op in DIVIDING and numbers[0] != number):
        return None
    value = np.asarray(value_in(other), float)
    return 1 / value if node.op in DIVIDING else value


def _at(meeting: Meeting, places: list[Node], seeds: list[Array], name: str, rank: int) -> Hypothesis:
    totals: dict[int, Any] = {}
    for place, seed in zip(places, seeds):
        totals[place.number] = totals[place.number] + seed if place.number in totals else seed
    return Hypothesis(name, meeting.site, totals, rank)


def _same_shaped_ancestors(step: Step, outputs: list[Node]) -> Iterator[list[Node]]:
    """For each output a value of its shape that it was made of: activations undone one after another."""
    graph = step.graph
    if sum(np.size(o.value) for o in outputs) > LARGEST_ERROR:
        return
    chains = []
    for output in outputs:
        shape, queue = np.shape(output.value), [output.number]
        chain: list[Node] = []
        seen: set[int] = set()
        while queue and len(chain) < PLACES:
            number = max(queue)
            queue.remove(number)
            for parent in graph.parents(number):
                node = graph.tape.nodes[parent]
                if parent in step.moving and parent not in seen and parent not in step.roots:
                    seen.add(parent)
                    if np.shape(node.value) == shape or np.size(node.value) * 40 < max(np.size(output.value), 41):
                        queue.append(parent)
                    if np.shape(node.value) == shape:
                        chain.append(node)
        chains.append(sorted(chain, key=lambda n: -n.number))
    for i in range(min((len(chain) for chain in chains), default=0)):
        yield [chain[i] for chain in chains]


def _activation(outputs: list[Array], before: list[Array]) -> str:
    """Which activation of these values the outputs are: sigmoid, softmax, tanh or ReLU; empty for none of them."""
    with np.errstate(all="ignore"):
        if all(np.allclose(o, np.tanh(z), rtol=CLOSE, atol=1e-12) for o, z in zip(outputs, before)):
            return "tanh"
        if all(np.array_equal(o, np.maximum(z, 0)) and (z < 0).any() for o, z in zip(outputs, before)):
            return "ReLU"
        if all(np.allclose(o, 1 / (1 + np.exp(-z)), rtol=CLOSE, atol=1e-12) for o, z in zip(outputs, before)):
            return "sigmoid"
        for axis in range(-1, max((-o.ndim for o in outputs), default=0) - 1, -1):
            exps = [np.exp(z - z.max(axis=axis, keepdims=True)) if z.ndim >= -axis else z for z in before]
            if all(
                o.ndim >= -axis and np.allclose(o, e / e.sum(axis=axis, keepdims=True), rtol=CLOSE, atol=1e-12)
                for o, e in zip(outputs, exps)
            ):
                return "softmax"
    return ""
