"""Gradients of a loss that is a function of arrays, against its exact derivative."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from unstuck.autodiff.comparison import EXACT, fit, kind_of
from unstuck.autodiff.graph import merged
from unstuck.autodiff.location import locate
from unstuck.autodiff.proof import prove
from unstuck.autodiff.reverse import adjoints
from unstuck.autodiff.seeds import Hypothesis
from unstuck.autodiff.step import Parameter, step_of
from unstuck.autodiff.tape import Node, Tape, value_in
from unstuck.autodiff.tracing import traced_on
from unstuck.errors import TrainingError

Array = np.ndarray


@dataclass(frozen=True)
class FunctionGradient:
    """How one gradient compares with the derivative."""

    given: Array
    expected: Array
    error: float  # norm of the difference over the larger norm
    ratio: float  # given over expected, best fit over the whole array
    kind: str  # "equal", or how it differs
    place: str  # where a gradient function departs; empty where that is not known


def function_gradients(
    function: Callable[..., Any],
    parameters: Sequence[ArrayLike],
    gradients: Sequence[ArrayLike] | Callable[..., Sequence[Any]],
) -> list[FunctionGradient]:
    """Each gradient beside the derivative of `function(*parameters)`; as `unstuck.check_gradients`, with its errors."""
    values = [np.array(parameter) for parameter in parameters]
    for i, value in enumerate(values):
        if value.dtype.kind != "f":
            raise TrainingError(f"parameter {i} has dtype {value.dtype}: only floats have derivatives")
    tape = Tape()
    leaves = [tape.leaf(value) for value in values]
    loss = traced_on(tape, function, leaves)
    if not isinstance(loss, Node) or np.size(loss.value) != 1:
        raise TrainingError("the function must return one number that depends on its parameters")
    expected = _derivatives(tape, leaves, loss)
    found = traced_on(tape, gradients, leaves) if callable(gradients) else list(gradients)
    if not isinstance(found, tuple | list) or len(found) != len(leaves):
        count = len(found) if isinstance(found, tuple | list) else 1
        raise TrainingError(f"{count} gradients for {len(leaves)} parameters")
    given = [np.asarray(value_in(g), float) for g in found]
    for i, (one, value) in enumerate(zip(given, values)):
        if one.shape not in (value.shape, value.shape[::-1]):
            raise TrainingError(f"gradient {i} has shape {one.shape}: expected {value.shape}")
    tolerance = EXACT[min(value.dtype.itemsize for value in values)] if values else EXACT[8]
    wrong = [_norm_of_difference(g, e) > tolerance for g, e in zip(given, expected)]
    place = _place(tape, leaves, loss, found) if any(wrong) and callable(gradients) else ""
    return [_compared(g, e, tolerance, place if bad else "") for g, e, bad in zip(given, expected, wrong)]


def _derivatives(tape: Tape, leaves: Sequence[Node], loss: Node) -> list[Array]:
    graph = merged(tape)
    true = adjoints(
        graph, {graph.same[loss.number]: np.ones(np.shape(loss.value))}, graph.descendants([*range(len(leaves))])
    )
    for leaf in leaves:
        if not true.known(leaf.number):
            raise TrainingError(f"no derivative is known of {true.missing[0][1]}")
    return [np.asarray(true.totals.get(leaf.number, np.zeros(leaf.value.shape)), float) for leaf in leaves]


def _norm_of_difference(given: Array, expected: Array) -> float:
    if given.shape != expected.shape:
        return 1.0
    larger = max(float(np.linalg.norm(given)), float(np.linalg.norm(expected)))
    return float(np.linalg.norm(given - expected)) / larger if larger else 0.0


def _compared(given: Array, expected: Array, tolerance: float, place: str) -> FunctionGradient:
    error = _norm_of_difference(given, expected)
    kind = "equal" if error <= tolerance else kind_of(given, expected, 1.0, tolerance)
    if given.shape != expected.shape:
        given = given.T
    return FunctionGradient(given, expected, error, fit(given, expected).scale, kind, place)


def _place(tape: Tape, leaves: Sequence[Node], loss: Node, found: Sequence[Any]) -> str:
    """The expression of the gradient function at which the first wrong gradient departs."""
    updated = []
    for i, (leaf, gradient) in enumerate(zip(leaves, found)):
        if isinstance(gradient, Node) and np.shape(gradient.value) == leaf.value.shape:
            after = tape.add(operator.sub, (leaf, gradient), {}, leaf.value - gradient.value)
            updated.append(Parameter(f"parameter {i}", (leaf,), (after,), (after,)))
    step = step_of(tape, updated, [])
    seed = {step.graph.same[loss.number]: np.ones(np.shape(loss.value))}
    proof = prove(step, [Hypothesis("the function", loss.site, seed, 0)])
    departures = locate(proof)
    if not departures or departures[0].site is None:
        return ""
    first = departures[0]
    return f"line {first.site.line}: {first.site.text}: {first.kind}" if first.site else ""
