"""Which arrays may be the gradient of a parameter: those on the way from its new value back to the forward pass."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unstuck.autodiff.families import SUBTRACTING
from unstuck.autodiff.step import Parameter, Step, gradient_chain
from unstuck.autodiff.tape import Node

Array = np.ndarray

SUBTRACTS = SUBTRACTING | {np.subtract.at}
USELESS = 1e-2  # the relative error of a difference from which on it proves nothing


@dataclass(frozen=True)
class Candidate:
    """One array on the way from the new parameter to the forward pass: the gradient, or it with a rate before it."""

    nodes: tuple[Node, ...]
    value: Array  # float64, in the parameter's shape
    floor: float = 0.0  # the relative error that it has by the way it was found


def candidates_of(step: Step, parameter: Parameter, forward: set[int]) -> list[Candidate]:
    """The arrays that may be the gradient, nearest to the new parameter first."""
    chains = [gradient_chain(step, change) for change in parameter.change]
    shape = _shape(parameter)
    found = []
    for position in range(min(map(len, chains), default=0)):
        nodes = tuple(chain[position] for chain in chains)
        values = [np.asarray(node.value) for node in nodes]
        if any(node.number in forward for node in nodes):
            break
        if all(v.dtype.kind == "f" for v in values) and sum(v.size for v in values) == np.prod(shape, dtype=int):
            value = values[0] if len(values) == 1 else np.array([v.reshape(()) for v in values])
            found.append(Candidate(nodes, _in_shape(value.astype(float), shape)))
    if found:
        return found
    down = -1.0 if all(node.op in SUBTRACTS for node in parameter.change) else 1.0
    change = [
        down * (np.asarray(a.value, float) - np.asarray(b.value, float))
        for a, b in zip(parameter.after, parameter.before)
    ]
    if all(c.size == np.size(b.value) for c, b in zip(change, parameter.before)):
        whole = change[0] if len(change) == 1 else np.array([c.reshape(()) for c in change])
        floor = _cancellation(value_of(parameter), whole, parameter)
        if floor < USELESS:
            for sign in (1.0, -1.0):  # what is added may hold the sign of a rate
                found.append(Candidate(parameter.after, sign * whole.reshape(shape), floor))
    return found


def _cancellation(before: Array, change: Array, parameter: Parameter) -> float:
    """The relative error of a difference of two rounded numbers that hardly differ."""
    dtype = getattr(parameter.after[0].value, "dtype", np.dtype(float))
    eps = float(np.finfo(dtype).eps) if dtype.kind == "f" else 2.2e-16
    size = float(np.linalg.norm(change))
    return 30 * eps * float(np.linalg.norm(before)) / size if size else 0.0


def _shape(parameter: Parameter) -> tuple[int, ...]:
    if len(parameter.before) > 1:
        return (len(parameter.before),)
    return np.shape(parameter.before[0].value)


def _in_shape(value: Array, shape: tuple[int, ...]) -> Array:
    """An array in the parameter's shape where only axes of length 1 differ; else as it is."""
    if value.shape == shape or [s for s in value.shape if s != 1] != [s for s in shape if s != 1]:
        return value
    return value.reshape(shape)


def coarsest(step: Step, candidates: Sequence[Sequence[Candidate]]) -> int:
    """The bytes of the coarsest float on the way to the gradients."""
    ends = [step.graph.same[n.number] for found in candidates for c in found[:-1] for n in c.nodes]
    sizes = {8}
    for number in step.graph.ancestors(ends):
        dtype = getattr(step.graph.tape.nodes[number].value, "dtype", None)
        if dtype is not None and dtype.kind == "f":
            sizes.add(min(dtype.itemsize, 8))
    return min(sizes)


def value_of(parameter: Parameter) -> Array:
    """The parameter before the update, in float64."""
    return _together(parameter.before)


def value_after(parameter: Parameter) -> Array:
    """The parameter after the update, in float64."""
    return _together(parameter.after)


def along(parameter: Parameter, array: Array) -> float:
    """How far the update goes along an array: negative where it descends; 0 where the sizes differ."""
    change = value_after(parameter) - value_of(parameter)
    return float(change.reshape(-1) @ array.reshape(-1)) if change.size == array.size else 0.0


def _together(nodes: Sequence[Node]) -> Array:
    values = [np.asarray(node.value, float) for node in nodes]
    return values[0] if len(values) == 1 else np.array([v.reshape(()) for v in values])
