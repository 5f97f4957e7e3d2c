"""Where outputs meet targets, and which of a program's values are made on the way there: its forward pass.

A value that depends on most parameters meets one that depends on none, by subtraction, as an index, as a divisor.
"""

import ast
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.autodiff.families import ADDING, DIVIDING, SUBTRACTING
from unstuck.autodiff.graph import Graph
from unstuck.autodiff.step import Step, moves
from unstuck.autodiff.tape import Node, Site, value_in
from unstuck.autodiff.writes import assigned

Array = np.ndarray

MEETING = ADDING | SUBTRACTING
TWO_OPERANDS = MEETING | {operator.mul, np.multiply, operator.truediv, np.divide, operator.pow, operator.getitem}
COPIES = (np.copy, np.ndarray.copy, np.array)


@dataclass(frozen=True)
class Meeting:
    """Outputs and targets that meet at one expression; one for each example or time step."""

    site: Site | None
    nodes: tuple[Node, ...]  # the expressions' values: the program's own error where it is a difference
    outputs: tuple[Node, ...]
    targets: tuple[Array, ...]  # with the outputs' shapes; one-hot where the program has labels


def last_change(step: Step) -> int:
    """The number of the node that made the last change of a parameter."""
    return max((node.number for parameter in step.parameters for node in parameter.change), default=0)


def written_out(node: Node, position: int) -> bool:
    """Whether an operand is a number that stands in the source; also whether it is a setting such as an axis."""
    argument = node.args[position]
    if isinstance(argument, Node | np.ndarray | list):
        return False
    if node.op not in TWO_OPERANDS or node.site is None:
        return True
    expression = _written(node)
    if not isinstance(expression, ast.BinOp):
        return expression is None
    return _is_number((expression.left, expression.right)[position])


def _written(node: Node) -> ast.expr | None:
    """The expression of a node as it stands in the source; None where that is not known."""
    try:
        return None if node.site is None else ast.parse(node.site.text.strip(), mode="eval").body
    except SyntaxError:
        return None


def _is_number(expression: ast.expr | None) -> bool:
    """Whether an expression is a number that is written out, with a sign or without."""
    return isinstance(expression.operand if isinstance(expression, ast.UnaryOp) else expression, ast.Constant)


def meetings(step: Step) -> list[Meeting]:
    """Where outputs meet targets, the ones that depend on most parameters and come last first."""
    graph, tape = step.graph, step.graph.tape
    largest = max((step.counts[n] for n in step.moving if n not in step.roots), default=0)
    groups: dict[Any, list[tuple[Node, Node, Array]]] = {}
    last = last_change(step)
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
    if node.op in MEETING | DIVIDING and len(node.args) == 2:
        for output, target, place in ((*node.args, 1), (*node.args[::-1], 0))[node.op in DIVIDING :]:
            if np.size(node.value) == 1 and written_out(node, place):
                continue  # the 1 of a slope 1 - t ** 2
            if isinstance(output, Node) and moves(step, output, largest) and not moves(step, target):
                value = np.asarray(value_in(target))
                same = value.size == np.size(output.value) and np.shape(node.value) == np.shape(output.value)
                if value.dtype.kind in "fiub" and same:
                    return output, value.astype(float).reshape(np.shape(output.value))
    if node.op is assigned and isinstance(node.args[0], Node) and moves(step, node.args[0], largest):
        return _less_one(node)
    if node.op is operator.getitem and isinstance(node.args[0], Node) and moves(step, node.args[0], largest):
        output = node.args[0]
        labels = _has_labels(node.args[1]) and not _is_typed_in(node)
        if labels and graph.same[output.number] not in step.roots and isinstance(output.value, np.ndarray):
            target = np.zeros(np.shape(output.value))
            target[_plain(node.args[1])] = 1.0
            return output, target
    return None


def _less_one(node: Node) -> tuple[Node, Array] | None:
    """p[rows, labels] -= 1: the target is one-hot."""
    old, key, value = node.args
    if not isinstance(value, Node) or value.op not in SUBTRACTING:
        return None
    amount = value_in(value.args[1])
    if np.size(amount) != 1 or not isinstance(old.value, np.ndarray):
        return None
    target = np.zeros(old.value.shape)
    target[_plain(key)] = 1.0  # whatever is taken off: another number is a fault
    return old, target


def _has_labels(key: Any) -> bool:
    parts = key if isinstance(key, tuple) else (key,)
    values = [value_in(part) for part in parts]
    return any((isinstance(v, np.ndarray) and v.dtype.kind in "iu") or isinstance(v, int | np.integer) for v in values)


def _is_typed_in(node: Node) -> bool:
    """Whether an index stands in the source as a number: `p[0][0]` is no label, but the only output of an example."""
    written = _written(node)
    index = written.slice if isinstance(written, ast.Subscript) else None
    return all(map(_is_number, index.elts if isinstance(index, ast.Tuple) else [index]))


def _plain(key: Any) -> Any:
    if isinstance(key, tuple):
        return tuple(_plain(part) for part in key)
    if isinstance(key, slice):
        return slice(_plain(key.start), _plain(key.stop), _plain(key.step))
    return value_in(key)


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
