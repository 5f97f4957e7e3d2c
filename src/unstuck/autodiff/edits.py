"""What a person may have meant instead of an expression: one small change of one operation.

Each edit turns a recorded operation into another expression. Whether it was meant is decided by carrying the step out
again: the right change makes every gradient the true one, to rounding.
"""

import itertools
import math
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.autodiff.families import (
    ADDING,
    DIVIDING,
    MATRIX_PRODUCTS,
    MULTIPLYING,
    NEGATING,
    POWERS,
    SUBTRACTING,
    SUMMING,
    TURNING,
)
from unstuck.autodiff.kinds import EXPONENT_MISSING, FACTOR_TOO_MANY, TERM_MISSING
from unstuck.autodiff.replay import Expression, expression_of
from unstuck.autodiff.tape import Node
from unstuck.autodiff.writes import assigned

COMPARES = {operator.gt: operator.lt, operator.lt: operator.gt, operator.ge: operator.le, operator.le: operator.ge}
TWINS: dict[Any, tuple[Any, ...]] = {
    **dict.fromkeys(ADDING, (operator.sub,)),
    **dict.fromkeys(SUBTRACTING, (operator.add,)),
    **dict.fromkeys(MULTIPLYING, (operator.truediv,)),
    **dict.fromkeys(DIVIDING, (operator.mul,)),
    **{op: (turned,) for op, turned in COMPARES.items()},
    **dict.fromkeys((np.sum, np.ndarray.sum), (np.mean,)),
    **dict.fromkeys((np.mean, np.ndarray.mean), (np.sum,)),
    np.sin: (np.cos,),
    np.cos: (np.sin,),
    np.maximum: (np.minimum,),
    np.minimum: (np.maximum,),
    np.sqrt: (np.square,),
    np.square: (np.sqrt,),
    np.tanh: (lambda x: 1 - np.square(np.tanh(x)),),
}
"""Operations that are taken for one another."""


@dataclass(frozen=True)
class Edit:
    """A change of an operation: what it is called, and the expression for each node at its place."""

    kind: str  # "sign", "factor missing", "transposed", …: what is wrong as it stands
    of: Callable[[Node], Any]  # the expression in the place of a node; None where it cannot be made there


def local_edits(node: Node) -> Iterator[Edit]:
    """Changes that need nothing but the operation itself, the most particular ones first."""
    yield from _other_constants(node)
    if node.op is operator.getitem and _whole_numbers(node.args[1]) > 1:
        yield Edit("the indices change places", _with_indices_swapped)
    for twin in TWINS.get(node.op, ()):
        yield Edit("another operation was meant", _with_op(twin))
    if node.op in SUBTRACTING or node.op in DIVIDING:
        yield Edit("the operands change places", _swapped)
    if node.op in MATRIX_PRODUCTS:
        yield from _other_products()
    if node.op in TURNING:
        yield Edit("transposed", lambda n: n.args[0])
    if len([a for a in node.args if _is_value(a)]) >= 2 and node.op not in (assigned,):
        for position in range(len(node.args)):
            kind = "a term too many" if node.op in ADDING or node.op in SUBTRACTING else FACTOR_TOO_MANY
            yield Edit(kind, _only(position))
    elif node.op in NEGATING:
        yield Edit("sign", lambda n: n.args[0])
    elif len(node.args) == 1 and isinstance(node.args[0], Node) and _same_shape(node, node.args[0]):
        yield Edit("a function too many", _only(0))


def _whole_numbers(key: Any) -> int:
    return sum(isinstance(part, int | np.integer) for part in key) if isinstance(key, tuple) else 0


def _with_indices_swapped(node: Node) -> Any:
    """With the first two whole numbers of its subscript the other way round."""
    key = list(node.args[1])
    first, second = [i for i, part in enumerate(key) if isinstance(part, int | np.integer)][:2]
    key[first], key[second] = key[second], key[first]
    return Expression(node.op, (node.args[0], tuple(key)), node.kwargs)


def broad_edits(node: Node) -> Iterator[Edit]:
    """Changes of the whole result, which many expressions on the same way allow."""
    yield Edit("sign", lambda n: Expression(operator.neg, (expression_of(n),)))
    yield Edit(TERM_MISSING, lambda n: Expression(operator.sub, (1, expression_of(n))))
    if np.ndim(node.value) == 2:
        yield Edit("transposed", lambda n: _reshaped(Expression(np.transpose, (expression_of(n),)), n))
    for axis in range(np.ndim(node.value)):
        yield Edit("order reversed", _flipped(axis))
    for exponent in (2, 0.5):
        if node.op in MULTIPLYING | DIVIDING | SUBTRACTING | ADDING and len(node.args) == 2:
            yield Edit(EXPONENT_MISSING, _raised(exponent))


def slopes(value: Any) -> Iterator[tuple[str, Any]]:
    """What the slope of an activation may be, as an expression of its argument or its result."""
    yield "1 where it is positive", Expression(operator.gt, (value, 0))
    yield "a (1 - a)", Expression(operator.mul, (value, Expression(operator.sub, (1, value))))
    yield "1 - a²", Expression(operator.sub, (1, Expression(np.square, (value,))))
    yield "exp", Expression(np.exp, (value,))
    yield "1 / a", Expression(operator.truediv, (1, value))
    yield "2 a", Expression(operator.mul, (2, value))


def _is_value(argument: Any) -> bool:
    return isinstance(argument, Node | float | int) and not isinstance(argument, bool)


def _same_shape(a: Node, b: Node) -> bool:
    return np.shape(a.value) == np.shape(b.value)


def _with_op(op: Callable[..., Any]) -> Callable[[Node], Any]:
    def of(node: Node) -> Any:
        return Expression(op, node.args, node.kwargs)

    return of


def _swapped(node: Node) -> Any:
    return Expression(node.op, node.args[::-1], node.kwargs)


def _only(position: int) -> Callable[[Node], Any]:
    def of(node: Node) -> Any:
        if position >= len(node.args):
            return None
        argument = node.args[position]
        shape = np.shape(argument.value) if isinstance(argument, Node) else ()
        if shape != np.shape(node.value) and shape != ():
            return None
        return argument if shape == np.shape(node.value) else Expression(np.full, (np.shape(node.value), argument))

    return of


def _other_products() -> Iterator[Edit]:
    def turned(position: int) -> Callable[[Node], Any]:
        def of(node: Node) -> Any:
            args = list(node.args)
            args[position] = Expression(np.transpose, (args[position],))
            return Expression(node.op, tuple(args), node.kwargs)

        return of

    yield Edit("transposed", turned(0))
    yield Edit("transposed", turned(1))
    yield Edit("the operands change places", _swapped)
    yield Edit("a product of matrices was meant, not of entries", _with_op(operator.mul))


def _other_constants(node: Node) -> Iterator[Edit]:
    """Numbers, axes and subscripts next to those that stand there."""
    for position, argument in enumerate(node.args):
        for other in _near(argument, node, position):
            yield Edit(_kind_of_constant(node), _with_argument(position, other))
    for name, argument in node.kwargs.items():
        for other in _near(argument, node, -1):
            yield Edit(_kind_of_constant(node), _with_keyword(name, other))
    if node.op in SUMMING and not node.kwargs.get("axis") and len(node.args) == 1 and np.ndim(node.args[0].value) > 1:
        for axis in range(np.ndim(node.args[0].value)):
            yield Edit("one axis summed", _with_keyword("axis", axis))


def _kind_of_constant(node: Node) -> str:
    return "one axis summed" if node.op in SUMMING else "another number was meant"


def _near(argument: Any, node: Node, position: int) -> list[Any]:
    if isinstance(argument, bool) or argument is None:
        return []
    if isinstance(argument, int):
        if node.op in SUMMING:
            return [a for a in range(np.ndim(node.args[0].value)) if a != argument % np.ndim(node.args[0].value)]
        if node.op in POWERS:
            return [argument + 1, argument - 1, argument / 2, -argument]
        if node.op is operator.getitem:
            return [argument + 1, argument - 1]
        return [0, argument + 1, argument - 1, -argument, 2 * argument, argument / 2]
    if isinstance(argument, float) and position >= 0:
        if node.op in POWERS:
            return [argument + 1, argument - 1, argument + 0.5, argument - 0.5, -argument, argument / 2]
        return [-argument, 1.0, 1 - argument, 2 * argument, argument / 2, argument**2, math.sqrt(abs(argument)), 0.0]
    if isinstance(argument, tuple) and node.op in SUMMING:
        ndim = np.ndim(node.args[0].value)
        return [tuple(sorted({*argument, a})) for a in range(ndim)] + [
            tuple(b for b in argument if b != a) for a in argument if len(argument) > 1
        ]
    if isinstance(argument, tuple) and node.op in TURNING and len(argument) <= 4:
        return [p for p in itertools.permutations(range(len(argument))) if p != argument]
    if isinstance(argument, tuple | slice) and node.op in (operator.getitem, assigned) and position == 1:
        return list(_near_subscripts(argument))
    return []


def _near_subscripts(key: Any) -> Iterator[Any]:
    parts = key if isinstance(key, tuple) else (key,)
    for i, part in enumerate(parts):
        others: list[Any] = []
        if isinstance(part, int) and not isinstance(part, bool):
            others = [part + 1, part - 1]
        elif isinstance(part, slice) and part.step == -1 and part.start is None and part.stop is None:
            others = [slice(None)]
        elif isinstance(part, slice) and all(x is None or isinstance(x, int) for x in (part.start, part.stop)):
            others = [slice(None, None, -1)] if part == slice(None) else list(_moved(part))
        for other in others:
            changed = (*parts[:i], other, *parts[i + 1 :])
            yield changed if isinstance(key, tuple) else changed[0]


def _moved(part: slice) -> Iterator[slice]:
    for by in (1, -1):
        start = None if part.start is None else part.start + by
        stop = None if part.stop is None else part.stop + by
        yield slice(start, stop, part.step)


def _with_argument(position: int, other: Any) -> Callable[[Node], Any]:
    def of(node: Node) -> Any:
        if position >= len(node.args):
            return None
        return Expression(node.op, (*node.args[:position], other, *node.args[position + 1 :]), node.kwargs)

    return of


def _with_keyword(name: str, other: Any) -> Callable[[Node], Any]:
    def of(node: Node) -> Any:
        return Expression(node.op, node.args, {**node.kwargs, name: other})

    return of


def _reshaped(expression: Expression, node: Node) -> Expression:
    return Expression(np.reshape, (expression, np.shape(node.value)))


def _flipped(axis: int) -> Callable[[Node], Any]:
    def of(node: Node) -> Any:
        return Expression(np.flip, (expression_of(node), axis)) if axis < np.ndim(node.value) else None

    return of


def _raised(exponent: float) -> Callable[[Node], Any]:
    def of(node: Node) -> Any:
        args = (node.args[0], Expression(operator.pow, (node.args[-1], exponent)))
        return Expression(node.op, args, node.kwargs)

    return of


def at(place: Sequence[Node], edit: Edit) -> dict[int, Any] | None:
    """The edit made at every node of a place; None where it cannot be made at one of them."""
    found = {node.number: edit.of(node) for node in place}
    return None if any(expression is None for expression in found.values()) else found


def with_others(place: Sequence[Node], position: int, others: Sequence[Any]) -> dict[int, Any]:
    """Other values in the place of one argument, node by node."""
    return {
        node.number: Expression(node.op, (*node.args[:position], other, *node.args[position + 1 :]), node.kwargs)
        for node, other in zip(place, others)
    }


def combined(place: Sequence[Node], op: Callable[..., Any], others: Sequence[Node | None]) -> dict[int, Any]:
    """What stands there, times or plus another value, node by node; unchanged where there is none."""
    return {
        node.number: expression_of(node) if other is None else Expression(op, (expression_of(node), other))
        for node, other in zip(place, others)
    }
