"""What the derivative is taken of: a loss that the program computes, a usual loss, or the program's own error.

A hypothesis is a set of seeds: adjoints given at some nodes, from which all other adjoints follow. Where a program
states no loss, its outputs and targets are found by how they meet: a value that depends on most parameters against one
that depends on none, by subtraction, as an index, as a divisor. A wrong guess does no harm: it explains no gradient.
"""

import ast
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.autodiff.families import DIVIDING
from unstuck.autodiff.graph import Graph
from unstuck.autodiff.step import Step
from unstuck.autodiff.tape import Node, Site
from unstuck.autodiff.writes import assigned

Array = np.ndarray

MEETING = (operator.sub, np.subtract, operator.isub, operator.add, operator.iadd, np.add)
TWO_OPERANDS = (*MEETING, operator.mul, np.multiply, operator.truediv, np.divide, operator.pow, operator.getitem)
COPIES = (np.copy, np.ndarray.copy, np.array)
LARGEST_ERROR = 200_000  # entries of an output beyond which its ancestors are not all tried as places
PLACES = 14  # ancestors of an output at which an error is tried
CLOSE = 1e-5


@dataclass(frozen=True)
class Hypothesis:
    """Of what a gradient is taken to be the derivative."""

    name: str  # "the loss as written", "the squared error", …
    site: Site | None  # where it stands in the program
    seeds: dict[int, Any]  # adjoints by the number of the representative
    rank: int  # 0 the loss as written, 1 a usual loss, 2 the program's own error


@dataclass(frozen=True)
class Meeting:
    """Outputs and targets that meet at one expression; one for each example or time step."""

    site: Site | None
    nodes: tuple[Node, ...]  # the expressions' values: the program's own error where it is a difference
    outputs: tuple[Node, ...]
    targets: tuple[Array, ...]  # with the outputs' shapes; one-hot where the program has labels


def written_losses(step: Step, most: int = 6) -> Iterator[Hypothesis]:
    """The numbers that the program computes from most of its parameters and uses for nothing but other numbers."""
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
    last = _last(step)
    losses = [[n for n in group if n <= last] or group for group in losses]  # what follows may be the next step's
    losses = [group for group in losses if _meets_data(step, group, largest)]
    for group in sorted(losses, key=lambda group: group[0])[:most]:
        node = graph.tape.nodes[group[0]]
        seeds = {n: np.ones(np.shape(graph.tape.nodes[n].value)) for n in group}
        yield Hypothesis("the loss as written", node.site, seeds, 0)


def _last(step: Step) -> int:
    """The number of the node that made the last change of a parameter."""
    return max((node.number for parameter in step.parameters for node in parameter.change), default=0)


def _meets_data(step: Step, group: Sequence[int], largest: int) -> bool:
    """Whether outputs meet anything from outside on the way to these numbers: else they are outputs, and no losses."""
    graph = step.graph
    for number in graph.ancestors(group) & step.moving - step.roots:
        node = graph.tape.nodes[number]
        if 2 * step.counts[number] < largest or not any(_moves(step, argument, largest) for argument in node.args):
            continue
        if any(not _moves(step, argument, 1) and not _written_out(node, i) for i, argument in enumerate(node.args)):
            return True
    return False


def _written_out(node: Node, position: int) -> bool:
    """Whether an operand is a number that stands in the source; also whether it is a setting such as an axis."""
    argument = node.args[position]
    if isinstance(argument, Node | np.ndarray | list):
        return False
    if node.op not in TWO_OPERANDS or node.site is None:
        return True
    try:
        expression = ast.parse(node.site.text.strip(), mode="eval").body
    except SyntaxError:
        return True
    if not isinstance(expression, ast.BinOp):
        return False
    operand = (expression.left, expression.right)[position]
    return isinstance(operand.operand if isinstance(operand, ast.UnaryOp) else operand, ast.Constant)


def meetings(step: Step) -> list[Meeting]:
    """Where outputs meet targets, the ones that depend on most parameters and come last first."""
    graph, tape = step.graph, step.graph.tape
    largest = max((step.counts[n] for n in step.moving if n not in step.roots), default=0)
    groups: dict[Any, list[tuple[Node, Node, Array]]] = {}
    last = _last(step)
    for number in sorted(step.moving):
        node = tape.nodes[number]
        if number > last and groups:
            break  # what follows may be the next step's
        if number in step.roots or 2 * step.counts[number] < largest:
            continue
        met = _meeting(step, node, largest)
        if met is not None:
            groups.setdefault(node.site.key if node.site else (node.op, np.shape(node.value)), []).append((node, *met))
    found = []
    for group in groups.values():
        nodes, outputs, targets = zip(*group)
        found.append(Meeting(nodes[0].site, nodes, outputs, targets))
    count = {id(m): max(step.counts[graph.same[o.number]] for o in m.outputs) for m in found}
    primary = upstream(step, found)
    rest = [m for m in found if m not in primary]
    return primary + sorted(rest, key=lambda m: (-count[id(m)], -m.nodes[-1].number))


def upstream(step: Step, met: Sequence[Meeting]) -> list[Meeting]:
    """The meetings whose outputs are not made of another meeting's error, of those with most parameters."""
    graph = step.graph
    most = max((step.counts[graph.same[o.number]] for m in met for o in m.outputs), default=0)
    kept: list[Meeting] = []
    errors: set[int] = set()
    for meeting in sorted(met, key=lambda m: m.nodes[0].number):
        outputs = [graph.same[o.number] for o in meeting.outputs]
        if errors.isdisjoint(outputs) and max(step.counts[o] for o in outputs) == most:
            kept.append(meeting)
            errors |= graph.descendants(graph.same[n.number] for n in meeting.nodes) & step.moving
    return kept


def forward_nodes(step: Step, met: Sequence[Meeting]) -> set[int]:
    """What the outputs are made of: outputs that are themselves made of another meeting's error are none."""
    graph = step.graph
    return graph.ancestors(graph.same[o.number] for meeting in upstream(step, met) for o in meeting.outputs)


def _meeting(step: Step, node: Node, largest: int) -> tuple[Node, Array] | None:
    """The output and the target that meet in one node."""
    graph = step.graph
    if node.op in (*MEETING, *DIVIDING) and len(node.args) == 2:
        for output, target, place in ((*node.args, 1), (*node.args[::-1], 0))[node.op in DIVIDING :]:
            if np.size(node.value) == 1 and _written_out(node, place):
                continue  # the 1 of a slope 1 - t ** 2
            if isinstance(output, Node) and _moves(step, output, largest) and not _moves(step, target, 1):
                value = np.asarray(target.value if isinstance(target, Node) else target)
                same = value.size == np.size(output.value) and np.shape(node.value) == np.shape(output.value)
                if value.dtype.kind in "fiub" and same:
                    return output, value.astype(float).reshape(np.shape(output.value))
    if node.op is assigned and isinstance(node.args[0], Node) and _moves(step, node.args[0], largest):
        return _less_one(node)
    if node.op is operator.getitem and isinstance(node.args[0], Node) and _moves(step, node.args[0], largest):
        output = node.args[0]
        labels = _has_labels(node.args[1])
        if labels and graph.same[output.number] not in step.roots and isinstance(output.value, np.ndarray):
            target = np.zeros(np.shape(output.value))
            target[_plain(node.args[1])] = 1.0
            return output, target
    return None


def _less_one(node: Node) -> tuple[Node, Array] | None:
    """p[rows, labels] -= 1: the target is one-hot."""
    old, key, value = node.args
    if not isinstance(value, Node) or value.op not in (operator.isub, operator.sub, np.subtract):
        return None
    amount = value.args[1].value if isinstance(value.args[1], Node) else value.args[1]
    if np.size(amount) != 1 or not isinstance(old.value, np.ndarray):
        return None
    target = np.zeros(old.value.shape)
    target[_plain(key)] = 1.0  # whatever is taken off: another number is a fault
    return old, target


def _has_labels(key: Any) -> bool:
    parts = key if isinstance(key, tuple) else (key,)
    values = [part.value if isinstance(part, Node) else part for part in parts]
    return any((isinstance(v, np.ndarray) and v.dtype.kind in "iu") or isinstance(v, int | np.integer) for v in values)


def _plain(key: Any) -> Any:
    if isinstance(key, tuple):
        return tuple(_plain(part) for part in key)
    if isinstance(key, slice):
        return slice(_plain(key.start), _plain(key.stop), _plain(key.step))
    return key.value if isinstance(key, Node) else key


def _moves(step: Step, argument: Any, largest: int) -> bool:
    """Whether an argument depends on at least half as many parameters as any."""
    if not isinstance(argument, Node):
        return False
    return 2 * step.counts.get(step.graph.same[argument.number], 0) >= largest


def _is_float(value: Any) -> bool:
    return isinstance(value, float) or (hasattr(value, "dtype") and value.dtype.kind == "f")


def is_contradicted(step: Step, meeting: Meeting, met: Sequence[Meeting]) -> bool:
    """Whether the same outputs meet other targets where no gradient is computed: in the loss, most likely."""
    graph = step.graph
    outputs = [_uncopied(graph, o) for o in meeting.outputs]
    if not any(graph.same[n.number] in step.used for n in meeting.nodes):
        return False
    for other in met:
        apart = not any(graph.same[n.number] in step.used for n in other.nodes)
        if apart and [_uncopied(graph, o) for o in other.outputs] == outputs:
            return not all(np.array_equal(a, b) for a, b in zip(meeting.targets, other.targets))
    return False


def _uncopied(graph: Graph, node: Node) -> int:
    """The representative of what a value is a copy of."""
    while node.op in COPIES and isinstance(node.args[0], Node):
        node = node.args[0]
    return graph.same[node.number]


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
