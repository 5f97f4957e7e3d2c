"""Softmaxes over the wrong axis: of the weights of an attention, and of probabilities that meet their targets."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from unstuck.autodiff.families import CONTRACTIONS
from unstuck.autodiff.forward.fault import ForwardFault, Law
from unstuck.autodiff.forward.softmaxes import Softmax, moved, over_axis, way_back, where_the_axis_stands
from unstuck.autodiff.meetings import Meeting
from unstuck.autodiff.movement import DATA
from unstuck.autodiff.replay import users_within
from unstuck.autodiff.step import Step, shows_parameter
from unstuck.autodiff.tape import Node, filled
from unstuck.autodiff.writes import carried_out

Array = np.ndarray
FAR = 10  # operations between a softmax and what it is made of, or used for
CLOSE = 1e-4


def weights_that_do_not_add_up(step: Step, found: Sequence[Softmax], forward: set[int]) -> Iterator[ForwardFault]:
    """Attentions whose weights are normalised over another axis than the one that is summed over.

    The probe: a weighted mean of ones is one. Where every value is replaced by one, the weighted sum must be one; if it
    is not, and would be with the same scores normalised over one other axis, that axis was meant. Only where scores
    are products of two values that the network computes: a softmax that assigns places to a parameter's rows (as
    clusters are) is normalised over those on purpose.
    """
    users = users_within(step.graph, forward)
    for softmax in found:
        if len(softmax.axes) != 1 or not _scores_are_computed(step, softmax):
            continue
        for path, product in _weighted_sums(step, softmax, users):
            right = [axis for axis in range(np.ndim(softmax.node.value)) if _adds_up(softmax, axis, path, product)]
            if len(right) == 1 and right[0] not in softmax.axes:
                numbers = {"axis": softmax.axes[0], "summed_over": right[0]}
                repair = moved(step, softmax, right[0])
                yield ForwardFault(Law.WEIGHTS_ADD_UP, where_the_axis_stands(softmax), numbers, repair)
                break


def probabilities_that_do_not_add_up(
    step: Step, found: Sequence[Softmax], met: Sequence[Meeting]
) -> Iterator[ForwardFault]:
    """Outputs that a softmax normalises over another axis than the one along which their one-hot targets add up."""
    by_number = {step.graph.same[softmax.node.number]: softmax for softmax in found}
    for meeting in met:
        for output, target in zip(meeting.outputs, meeting.targets):
            softmax = _softmax_of(step, output, by_number)
            axis = _axis_of_classes(target)
            if softmax is None or axis is None or np.shape(softmax.node.value) != target.shape:
                continue
            if softmax.axes != (axis,) and not np.allclose(np.sum(softmax.node.value, axis=axis), 1, atol=CLOSE):
                numbers = {"axes": list(softmax.axes), "classes_along": axis}
                site = where_the_axis_stands(softmax)
                yield ForwardFault(Law.CLASSES_ADD_UP, site, numbers, moved(step, softmax, axis))
                return


def _scores_are_computed(step: Step, softmax: Softmax) -> bool:
    """Whether the scores are products of two values that depend on parameters and are none."""
    for node in islice(way_back(step, softmax.exponentials), FAR):
        if node.op in CONTRACTIONS:
            moving = [n for n in step.graph.parents(node.number) if n in step.moving]
            return len(moving) > 1 and not any(shows_parameter(step, n) for n in moving)
    return False


def _weighted_sums(
    step: Step, softmax: Softmax, users: Mapping[int, Sequence[int]]
) -> Iterator[tuple[list[Node], Node]]:
    """The products that take the weights, with the operations that turn the weights before."""
    graph = step.graph
    pending: list[tuple[int, list[Node]]] = [(graph.same[softmax.node.number], [])]
    while pending:
        number, path = pending.pop()
        for user in users.get(number, ()):
            node = graph.tape.nodes[user]
            if node.op in CONTRACTIONS:
                others = [n for n in graph.parents(user) if n != number]
                if len(others) == 1 and others[0] in step.moving:
                    yield path, node
            elif node.op in DATA and len(path) < FAR and np.size(node.value) == np.size(softmax.node.value):
                pending.append((user, [*path, node]))


def _adds_up(softmax: Softmax, axis: int, path: Sequence[Node], product: Node) -> bool:
    """Whether the weighted sum of ones is one, with the weights normalised over this axis."""
    weights: Array = over_axis(softmax, axis)
    last = softmax.node
    for node in path:
        weights = _with(node, last, weights)
        last = node
    given = [argument for argument in product.args if isinstance(argument, Node) and not _is(argument, last)]
    args = tuple(
        weights if isinstance(a, Node) and _is(a, last) else np.ones(np.shape(given[0].value)) if a is given[0] else a
        for a in product.args
    )
    total = carried_out(product.op, args, dict(product.kwargs))
    return bool(np.allclose(total, 1, atol=CLOSE))


def _with(node: Node, changed: Node, value: Array) -> Any:
    args = tuple(filled(argument, lambda n: value if _is(n, changed) else n.value) for argument in node.args)
    return carried_out(node.op, args, filled(node.kwargs, lambda n: n.value))


def _is(node: Node, other: Node) -> bool:
    """Whether two nodes hold the same value: one, or one that equals it."""
    return node is other or (node.op is other.op and node.value is other.value) or _equal(node.value, other.value)


def _equal(a: Any, b: Any) -> bool:
    return np.shape(a) == np.shape(b) and bool(np.array_equal(a, b))


def _softmax_of(step: Step, output: Node, known: Mapping[int, Softmax]) -> Softmax | None:
    """The softmax that an output is, through logarithms, clips and copies."""
    for node in islice(way_back(step, output), FAR):
        if np.shape(node.value) != np.shape(output.value):
            return None
        if node.number in known:
            return known[node.number]
    return None


def _axis_of_classes(target: Array) -> int | None:
    """The one axis along which targets of 0 and 1 add up to one everywhere."""
    if target.ndim < 2 or not np.isin(target, (0.0, 1.0)).all():
        return None
    axes = [axis for axis in range(target.ndim) if target.shape[axis] > 1 and (target.sum(axis=axis) == 1).all()]
    return axes[0] if len(axes) == 1 else None
