"""Other values of a step tried in the place of one, as a factor or as a term: of those that have its shape."""

import operator
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.autodiff.edits import combined, slopes, with_others
from unstuck.autodiff.families import ADDING, MATRIX_PRODUCTS, SUMMING
from unstuck.autodiff.kinds import FACTOR_MISSING, OTHER_VALUE, PATH_MISSING, TERM_MISSING
from unstuck.autodiff.replay import Expression, expression_of
from unstuck.autodiff.suspicion import Scope
from unstuck.autodiff.tape import LEAF, Node, Site, filled

NEAREST = 8  # values that one expression made before a place
EARLIER, FOLLOWING = 6, 30  # operations, one on another and in all, of later statements that are tried earlier
MOST_VALUES = 120  # other values tried in the place of one

Pool = dict[tuple[int, ...], list[list[Node]]]
Way = tuple[Any, ...]


@dataclass(frozen=True)
class Trial:
    """One change: what would be wrong as it stands, the nodes at the place, and their other expressions."""

    kind: str
    place: list[Node]
    edits: dict[int, Any]
    elsewhere: Callable[[list[Node]], dict[int, Any]] | None = None  # the same factor or term at another place
    call: Site | None = None  # of the function that is given another value


def by_other_values(scope: Scope, place: list[Node], pool: Pool, on_the_way: bool) -> Iterator[Trial]:
    yield from _substituted(place, pool)
    yield from _completed(place, pool)
    yield from _operands_completed(place, pool)
    if on_the_way:
        yield from _with_slopes(scope, place, pool)


def pool_of(scope: Scope) -> Pool:
    """All values of the step by shape, those of one expression together, and those of each way to call it."""
    graph, step = scope.proof.step.graph, scope.proof.step
    by_site: dict[Any, list[Node]] = {}
    last = max((n.number for p in step.parameters for n in p.after), default=0)
    low = min(step.moving, default=0)
    for node in graph.tape.nodes[: last + 1]:
        number = node.number
        if graph.same[number] != number:
            continue
        if number not in step.moving and number not in step.used and number < low and number not in step.roots:
            continue
        if isinstance(node.value, np.ndarray | float | np.floating):
            made_by = None if node.op is LEAF else node.op
            key = (node.site.key if node.site else number, made_by, np.shape(node.value))
            by_site.setdefault(key, []).append(node)
    pool: Pool = {}
    for key, nodes in by_site.items():
        ways = list(by_way(nodes).values())
        pool.setdefault(key[2], []).extend([nodes, *(ways if len(ways) > 1 else [])])
    return pool


def by_way(nodes: Sequence[Node]) -> dict[Way, list[Node]]:
    """What one expression made by the calls on the way there: a sigmoid of several gates."""
    ways: dict[Way, list[Node]] = {}
    for node in nodes:
        ways.setdefault(way_to(node), []).append(node)
    return ways


def way_to(node: Node) -> Way:
    """The calls in which a value was made, outermost first."""
    return tuple(site.key for site in node.stack)


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
        for node in group[: _before(group, place[0])][-NEAREST:]:
            yield [node]
    elif len(group) == k + 1:
        for ordered in (list(group), list(group[::-1])):
            yield ordered[1:]
            yield ordered[:-1]
            yield [ordered[0], *ordered[: k - 1]]
    elif len(group) > k and all(_before(group, node) for node in place):  # other calls have made some of them
        yield [group[_before(group, node) - 1] for node in place]


def _before(group: Sequence[Node], node: Node) -> int:
    """How many of a group, which is in order, were made before a node."""
    return bisect_left(group, node.number, key=lambda one: one.number)


def _as_early(other: Node, number: int, depth: int = EARLIER) -> Any:
    """A value as it could be computed before a node of this number, where the next statements compute it; else None."""
    if other.number < number:
        return other
    if depth == 0 or other.op is LEAF or other.number - number > FOLLOWING:
        return None
    parts = {parent.number: _as_early(parent, number, depth - 1) for parent in other.parents()}
    if any(part is None for part in parts.values()):
        return None
    return Expression(
        other.op,
        filled(other.args, lambda node: parts[node.number]),
        filled(other.kwargs, lambda node: parts[node.number]),
    )


def _usable(place: Sequence[Node], others: Sequence[Node]) -> bool:
    """Whether the others were made before the places that would use them."""
    return all(other.number < node.number for node, other in zip(place, others))


def _substituted(place: list[Node], pool: Pool) -> Iterator[Trial]:
    """With another value in the place of one argument."""
    first = place[0]
    for position, argument in enumerate(first.args):
        if isinstance(argument, Node):
            shapes = {np.shape(argument.value)}
            if np.ndim(argument.value) == 2:
                shapes.add(np.shape(argument.value)[::-1])
        elif isinstance(argument, int | float) and first.op is not operator.getitem:
            shapes = {np.shape(first.value)}
        else:
            continue
        for shape in shapes:
            for group in pool.get(shape, [])[-MOST_VALUES:]:
                for others in _aligned(place, group):
                    same = all(o is n.args[position] for o, n in zip(others, place) if len(n.args) > position)
                    early = None if same else [_as_early(other, node.number) for other, node in zip(others, place)]
                    if early is not None and all(other is not None for other in early):
                        yield Trial(OTHER_VALUE, place, with_others(place, position, early))


def _completed(place: list[Node], pool: Pool) -> Iterator[Trial]:
    """With a factor or a term added."""
    shape = np.shape(place[0].value)
    for group in [*pool.get(shape, [])[-MOST_VALUES:], *pool.get((), [])[-8:]]:
        for others in _aligned(place, group):
            if _usable(place, others):
                for kind, op in (
                    (FACTOR_MISSING, operator.mul),
                    (PATH_MISSING, operator.add),
                    (TERM_MISSING, operator.sub),
                    (FACTOR_MISSING, operator.truediv),
                ):
                    yield _inserted(kind, place, op, others)


def _operands_completed(place: list[Node], pool: Pool) -> Iterator[Trial]:
    """With a factor or a term added to one operand of a product of matrices, a sum or a concatenation; of an addition,
    where a term more is one of the whole, a factor."""
    for path in _operand_paths(place[0]):
        operands = [_at_path(node, path) for node in place]
        if any(operand is None for operand in operands):
            continue
        for group in pool.get(np.shape(operands[0].value), [])[-MOST_VALUES:]:
            for others in _aligned(place, group):
                if _usable(place, others):
                    if place[0].op not in ADDING:
                        yield _with_operands(OTHER_VALUE, place, path, others)
                    for op in (operator.mul,) if place[0].op in ADDING else (operator.mul, operator.add):
                        kind = FACTOR_MISSING if op is operator.mul else PATH_MISSING
                        expressions = [Expression(op, (a, b)) for a, b in zip(operands, others)]
                        yield _with_operands(kind, place, path, expressions)


def _operand_paths(node: Node) -> list[tuple[int, ...]]:
    """Where the operands stand among the arguments, for operations that are not entry by entry."""
    if node.op in MATRIX_PRODUCTS | SUMMING | ADDING or node.op in (np.outer, np.einsum):
        return [(i,) for i, argument in enumerate(node.args) if isinstance(argument, Node)]
    if node.args and isinstance(node.args[0], list | tuple):
        return [(0, j) for j, part in enumerate(node.args[0]) if isinstance(part, Node)]
    return []


def _at_path(node: Node, path: tuple[int, ...]) -> Any:
    argument: Any = node.args
    for index in path:
        argument = argument[index] if len(argument) > index else None
        if argument is None:
            return None
    return argument if isinstance(argument, Node) else None


def _with_operands(kind: str, place: list[Node], path: tuple[int, ...], others: Sequence[Any]) -> Trial:
    edits = {}
    for node, other in zip(place, others):
        args = list(node.args)
        if len(path) == 1:
            args[path[0]] = other
        else:
            parts = list(args[path[0]])
            parts[path[1]] = other
            args[path[0]] = parts
        edits[node.number] = Expression(node.op, tuple(args), node.kwargs)
    return Trial(kind, place, edits)


def _inserted(kind: str, place: list[Node], op: Callable[..., Any], others: list[Node]) -> Trial:
    def elsewhere(other_place: list[Node]) -> dict[int, Any]:
        return combined(other_place, op, others)

    return Trial(kind, place, elsewhere(place), elsewhere)


def _with_slopes(scope: Scope, place: list[Node], pool: Pool) -> Iterator[Trial]:
    """Times the slope of an activation that the forward pass takes."""
    graph = scope.proof.step.graph
    for group in pool.get(np.shape(place[0].value), [])[-MOST_VALUES:]:
        if graph.same[group[0].number] not in scope.forward:
            continue
        for others in _aligned(place, group):
            for forms in zip(*[[form for _, form in slopes(other)] for other in others]):
                yield _sloped(place, forms)


def _sloped(place: list[Node], forms: Sequence[Any]) -> Trial:
    def elsewhere(other_place: list[Node]) -> dict[int, Any]:
        return {
            node.number: Expression(operator.mul, (expression_of(node), form)) for node, form in zip(other_place, forms)
        }

    return Trial(FACTOR_MISSING, place, elsewhere(place), elsewhere)
