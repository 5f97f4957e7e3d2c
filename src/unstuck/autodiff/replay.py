"""Part of a recording carried out again with some operations replaced by others."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np

from unstuck.autodiff.call import is_real
from unstuck.autodiff.families import ADDING, DIVIDING, MATRIX_PRODUCTS, MULTIPLYING, POWERS, SUBTRACTING
from unstuck.autodiff.graph import Graph
from unstuck.autodiff.tape import LEAF, Node, filled
from unstuck.autodiff.writes import carried_out, draws

Array = np.ndarray
LARGEST, GROWN = 10_000_000, 8  # numbers of a result that is tried in any case; how much larger than an operand
NUMBER_BY_NUMBER = ADDING | SUBTRACTING | MULTIPLYING | DIVIDING | POWERS


class TooLarge(Exception):
    """The result of an operation that is only tried would fill the memory."""


@dataclass(frozen=True, slots=True)
class Expression:
    """An operation that was not recorded; its arguments may be nodes and expressions."""

    op: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)


def expression_of(node: Node) -> Expression:
    """The recorded operation as it stands."""
    return Expression(node.op, node.args, node.kwargs)


def evaluated(expression: Any, value_of: Callable[[Node], Any]) -> Any:
    """The value of an expression, an argument or a constant."""
    if isinstance(expression, Expression):
        args = tuple(evaluated(argument, value_of) for argument in expression.args)
        kwargs = {key: evaluated(argument, value_of) for key, argument in expression.kwargs.items()}
        return _carried_out(expression.op, args, kwargs)
    if type(expression) in (tuple, list):
        return type(expression)([evaluated(part, value_of) for part in expression])
    return filled(expression, value_of)


def _carried_out(op: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The result of an operation. Raises TooLarge where a row met a column, and every number every other."""
    shapes = [argument.shape for argument in args if isinstance(argument, np.ndarray)]
    if len(shapes) == 2 and size_of(op, *shapes) > max(LARGEST, GROWN * max(map(math.prod, shapes))):
        raise TooLarge
    return carried_out(op, args, kwargs)


def size_of(op: Callable[..., Any], a: tuple[int, ...], b: tuple[int, ...]) -> int:
    """How many numbers a product or an operation number by number gives of arrays of these shapes; 0 for others."""
    if op in MATRIX_PRODUCTS and a and b:
        return math.prod(a[:-1]) * math.prod(b) // max(a[-1], 1)
    if op is np.outer:
        return math.prod(a) * math.prod(b)
    if op in NUMBER_BY_NUMBER:
        return math.prod(np.broadcast_shapes(a, b))
    return 0


def users_within(graph: Graph, numbers: Iterable[int]) -> dict[int, list[int]]:
    """For the arguments of these nodes, which of the nodes take them, ascending."""
    users: dict[int, list[int]] = {}
    for number in sorted(numbers):
        for parent in set(graph.parents(number)):
            users.setdefault(parent, []).append(number)
    return users


def replayed(graph: Graph, users: Mapping[int, Sequence[int]], edits: Mapping[int, Any]) -> dict[int, Any]:
    """The values that change when some nodes become other expressions; the rest keeps its recorded values.

    `users` are those of `users_within`, for the nodes that may be carried out again; `edits` maps some of them to
    expressions. Raises whatever the operations raise on values that do not fit.
    """
    changed: dict[int, Any] = {}
    nodes, same = graph.tape.nodes, graph.same

    def value_of(node: Node) -> Any:
        number = same[node.number]
        return changed[number] if number in changed else nodes[number].value

    waiting = list(edits)
    heapify(waiting)
    entered = set(edits)
    with np.errstate(all="ignore"):
        while waiting:
            number = heappop(waiting)
            node = nodes[number]
            if number in edits:
                value = evaluated(edits[number], value_of)
            else:
                args = tuple([filled(argument, value_of) for argument in node.args])
                kwargs = {key: filled(argument, value_of) for key, argument in node.kwargs.items()}
                value = _carried_out(node.op, args, kwargs)
            if _equal(value, node.value):
                continue
            changed[number] = value
            for user in users.get(number, ()):
                if user not in entered:
                    entered.add(user)
                    heappush(waiting, user)
    return changed


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return a == b
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.shape == b.shape and bool((a == b).all())
    return False


def with_rounding(
    graph: Graph, ends: Iterable[int], start: frozenset[int], through: frozenset[int] = frozenset(), seed: int = 0
) -> dict[int, Any]:
    """The values of nodes as rounding alone may move them (Monte Carlo arithmetic, Parker 1997).

    All that the ends are made of is carried out again, down to leaves and cuts, and every result is changed by a random
    relative error of the size of its own rounding. `start`: nodes that keep their recorded values; `through`: cuts that
    are none here.
    """
    generator = np.random.default_rng(seed)
    changed: dict[int, Any] = {}

    def value_of(node: Node) -> Any:
        number = graph.same[node.number]
        return changed.get(number, graph.tape.nodes[number].value)

    with np.errstate(all="ignore"):
        for number in sorted(_made_of(graph, ends, through)):
            node = graph.tape.nodes[number]
            if node.op is LEAF or draws(node.op) or (number in graph.cut and number not in through) or number in start:
                continue
            if not is_real(node.value) or isinstance(node.value, tuple | list):
                continue  # masks and choices stay as they were taken
            value = evaluated(expression_of(node), value_of)
            if isinstance(value, float | np.floating) or (isinstance(value, np.ndarray) and value.dtype.kind == "f"):
                recorded = getattr(node.value, "dtype", np.dtype(float))
                eps = float(np.finfo(recorded).eps) if recorded.kind == "f" else 2.2e-16
                value = value * (1 + eps * generator.uniform(-1, 1, np.shape(value)))
            changed[number] = value
    return changed


def _made_of(graph: Graph, ends: Iterable[int], through: frozenset[int]) -> set[int]:
    """The ends and all that they are made of, across the cuts in `through`."""
    found: set[int] = set()
    pending = list(ends)
    while pending:
        number = pending.pop()
        if number not in found:
            found.add(number)
            parents = graph.tape.nodes[number].parents() if number in through else ()
            pending += [graph.same[parent.number] for parent in parents] or graph.parents(number)
    return found


def rounding_floor(graph: Graph, moved: Mapping[int, Any], ends: Sequence[int], norm: float) -> float:
    """How far rounding moved the values of these nodes, relative to a norm."""
    nodes = graph.tape.nodes
    away = [np.asarray(moved.get(n, nodes[n].value), float) - np.asarray(nodes[n].value, float) for n in ends]
    return float(np.sqrt(sum(float(np.sum(part**2)) for part in away))) / norm if norm else 0.0
