"""A recorded operation with the values of its arguments, as the derivative rules take it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

Array = np.ndarray


class Tie(Enum):
    """Which slope to take where two are possible: ReLU at 0, equal maxima. All of them are used in programs."""

    SPLIT = "split"  # shared equally among the equal ones: autograd's convention
    FIRST = "first"  # all of it to the first of the equal ones
    LAST = "last"  # all of it to the last of the equal ones: ReLU with slope 0 at 0 where it is written max(0, x)
    ALL = "all"  # to each of the equal ones


@dataclass(frozen=True, slots=True)
class Call:
    """One operation: what was called, with values in the place of nodes, and the recorded result."""

    op: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    value: Any
    tie: Tie = Tie.SPLIT

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """An argument that may be given by position or by name."""
        if len(self.args) > position:
            return self.args[position]
        return self.kwargs.get(name, default)


class NoDerivative(Exception):
    """The operation has no derivative rule here; the message names it."""


Rule = Callable[[Call, Any, int], Any]
"""(call, adjoint of the result, position of an argument) -> adjoint of that argument, a list where it is a list."""


def is_real(value: Any) -> bool:
    """Whether a value can have a derivative: a float, an array of floats, or a tuple or list with one in it."""
    if isinstance(value, float):
        return True
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind == "f"
    return isinstance(value, tuple | list) and any(is_real(part) for part in value)


def unbroadcast(adjoint: Array, shape: tuple[int, ...]) -> Array:
    """Sum an adjoint over the axes along which its argument, of this shape, was repeated by broadcasting."""
    adjoint = np.asarray(adjoint)
    if adjoint.shape == shape:
        return adjoint
    if adjoint.ndim > len(shape):
        adjoint = adjoint.sum(axis=tuple(range(adjoint.ndim - len(shape))))
    axes = tuple(axis for axis, size in enumerate(shape) if size == 1 and adjoint.shape[axis] != 1)
    return adjoint.sum(axis=axes, keepdims=True) if axes else adjoint
