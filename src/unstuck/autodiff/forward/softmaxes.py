"""The softmaxes of a recording, however they are written: exponentials that are divided by their own sum."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from unstuck.autodiff.families import ADDING, DIVIDING, MAXIMA, MULTIPLYING, TOTALS
from unstuck.autodiff.movement import DATA
from unstuck.autodiff.step import Step, moves
from unstuck.autodiff.tape import Node, Site, value_in

GIVEN = re.compile(r"axis\s*=\s*[A-Za-z_](?!one)")
FAR = 8  # operations between an exponential and what is divided


@dataclass(frozen=True)
class Softmax:
    """One softmax.

    node          the division
    exponentials  what is divided
    total         the sum that it is divided by
    axes          those that it is normalised over
    """

    node: Node
    exponentials: Node
    total: Node
    axes: tuple[int, ...]


def softmaxes(step: Step, forward: set[int]) -> Iterator[Softmax]:
    """All of more than one axis in the forward pass, in order."""
    graph = step.graph
    for number in sorted(forward & step.moving):
        node = graph.tape.nodes[number]
        if node.op not in DIVIDING or np.ndim(node.value) < 2 or not isinstance(node.args[0], Node):
            continue
        total = _total(step, node.args[1])
        if total is None or not isinstance(total.args[0], Node):
            continue
        over = graph.same[total.args[0].number]
        if over == graph.same[node.args[0].number] and _is_exponential(step, node.args[0]):
            axes = axes_of(total, np.ndim(total.args[0].value))
            if axes is not None:
                yield Softmax(node, graph.representative(node.args[0]), total, axes)


def axes_of(reduction: Node, ndim: int) -> tuple[int, ...] | None:
    """The axes that a sum, a mean or a maximum goes over, counted from 0; None where they are not plain numbers."""
    given = reduction.kwargs.get("axis", reduction.args[1] if len(reduction.args) > 1 else None)
    if given is None:
        return tuple(range(ndim)) if reduction.op is not np.add.reduce else (0,)
    axes = given if isinstance(given, tuple | list) else (given,)
    if not all(isinstance(axis, int | np.integer) and -ndim <= axis < ndim for axis in axes):
        return None
    return tuple(sorted(int(axis) % ndim for axis in axes))


def where_the_axis_stands(softmax: Softmax) -> Site | None:
    """The expression that says over which axis: the call, where it gives the axis to a function."""
    text = softmax.total.site.text if softmax.total.site is not None else ""
    given = GIVEN.search(text) is not None and bool(softmax.node.stack)
    return softmax.node.stack[-1] if given else softmax.node.site


def over_axis(softmax: Softmax, axis: int) -> np.ndarray:
    """The same exponentials divided by their sums over another axis."""
    values = np.asarray(softmax.exponentials.value, float)
    return values / values.sum(axis=axis, keepdims=True)


def moved(step: Step, softmax: Softmax, axis: int) -> dict[int, Node]:
    """The sum, and the maximum that was taken off before, over another axis; empty where they are written otherwise."""
    found = {}
    for reduction in (softmax.total, _maximum(step, softmax.exponentials)):
        if reduction is None:
            continue
        if np.ndim(reduction.value) != np.ndim(softmax.node.value):
            return {}
        number = step.graph.same[reduction.number]
        found[number] = replace(
            reduction, number=number, args=reduction.args[:1], kwargs={"axis": axis, "keepdims": True}
        )
    return found


def moving_argument(step: Step, node: Node) -> Node | None:
    """The first argument that depends on a parameter."""
    return next((argument for argument in node.args if moves(step, argument)), None)


def way_back(step: Step, node: Node | None) -> Iterator[Node]:
    """A value and what it is made of, one after another: each time the first argument that depends on a parameter."""
    while node is not None:
        representative = step.graph.representative(node)
        yield representative
        node = moving_argument(step, representative)


def _total(step: Step, divisor: Any) -> Node | None:
    """The sum in a divisor, through new axes, copies and a small number that is added."""
    node = divisor
    for _ in range(FAR):
        if not isinstance(node, Node):
            return None
        node = step.graph.representative(node)
        if node.op in TOTALS:
            return node
        if node.op in ADDING and np.size(value_in(node.args[1])) == 1:
            node = node.args[0]
        elif node.op in DATA:
            node = moving_argument(step, node)
        else:
            return None
    return None


def _is_exponential(step: Step, node: Node) -> bool:
    for found in islice(way_back(step, node), FAR):
        if found.op is np.exp:
            return True
        if found.op not in DATA and found.op not in MULTIPLYING and found.op is not np.where:
            return False
    return False


def _maximum(step: Step, exponentials: Node) -> Node | None:
    """The maximum that was subtracted before the exponential."""
    way = way_back(step, exponentials)
    if not any(node.op is np.exp for node in way):
        return None
    exponents = next(way, None)
    parts = exponents.args if exponents is not None else ()
    made_of = (step.graph.representative(part) for part in parts if isinstance(part, Node))
    return next((node for node in made_of if node.op in MAXIMA), None)
