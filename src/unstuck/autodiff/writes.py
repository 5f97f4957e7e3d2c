"""Assignments in place in functional form: the old version goes in, the whole new version comes out.

`carried_out` runs any recorded operation without changing what it is given, so that a tape can be replayed.
"""

import operator
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray

AUGMENTED: dict[Callable[..., Any], Callable[..., Any]] = {
    operator.iadd: operator.add,
    operator.isub: operator.sub,
    operator.imul: operator.mul,
    operator.itruediv: operator.truediv,
    operator.ifloordiv: operator.floordiv,
    operator.imod: operator.mod,
    operator.ipow: operator.pow,
    operator.imatmul: operator.matmul,
}
"""`a += d` and its like, with the operation whose result is written over `a`."""

OVERWRITING: tuple[Callable[..., Any], ...] = (
    np.copyto,
    np.put,
    np.place,
    np.putmask,
    np.fill_diagonal,
    np.put_along_axis,
    np.ndarray.fill,
    np.ndarray.sort,
    np.ndarray.partition,
    np.ndarray.put,
)
"""Functions that change their first argument and return nothing."""

GENERATORS = (np.random.RandomState, np.random.Generator, random.Random)
"""The kinds of objects whose methods draw random numbers."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which entries of an array that owns its memory a view shows; in entries, not in bytes."""

    offset: int  # of the view's first entry, counted from the first entry of the base in memory
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    base_strides: tuple[int, ...]  # how the base itself lies in memory

    def positions(self, base_shape: tuple[int, ...]) -> Array:
        """For each entry of the view its flat position (C order) in the base; integers of the view's shape."""
        size = int(np.prod(base_shape, dtype=np.intp))
        in_memory = np.zeros(base_shape, np.intp)
        for axis, stride in enumerate(self.base_strides):
            in_memory += (np.arange(base_shape[axis]) * stride).reshape([-1] + [1] * (len(base_shape) - axis - 1))
        flat_of = np.empty(size, np.intp)
        flat_of[in_memory.reshape(-1)] = np.arange(size)
        places = np.full(self.shape, self.offset, np.intp)
        for axis, stride in enumerate(self.strides):
            steps = np.arange(self.shape[axis]) * stride
            places += steps.reshape([-1] + [1] * (len(self.shape) - axis - 1))
        return flat_of[places]


def window(view: Array, base: Array) -> Window | None:
    """Where a view lies in its base; None where their entries differ in size or the base does not own its memory."""
    size = base.itemsize
    if view.itemsize != size or not base.flags.owndata or any(s < 0 for s in base.strides):
        return None
    offset = view.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    strides = (*view.strides, *base.strides, offset)
    if any(s % size for s in strides):
        return None
    return Window(
        offset // size,
        view.shape,
        tuple(s // size for s in view.strides),
        tuple(s // size for s in base.strides),
    )


def assigned(old: Any, key: Any, value: Any) -> Any:
    """`old` after `old[key] = value`."""
    new = np.array(old, copy=True)
    new[key] = value
    return new


def overwritten(old: Array, value: Any) -> Array:
    """The array after `old[...] = value`: what `out=` does; broadcasts, keeps the dtype of `old`."""
    new = np.empty_like(old)
    new[...] = value
    return new


def read_window(base: Array, place: Window) -> Array:
    """What the view at `place` shows of this version of its base; a copy."""
    return base.reshape(-1)[place.positions(base.shape)]


def write_window(base: Array, place: Window, part: Array) -> Array:
    """This base with the view at `place` showing `part`."""
    new = np.array(base, copy=True, order="C")
    new.reshape(-1)[place.positions(base.shape)] = part
    return new


def changes_its_argument(op: Callable[..., Any]) -> bool:
    """Whether calling `op` may change its first argument: its recorded value is then the new version of it."""
    return op in AUGMENTED or op in OVERWRITING or _is_ufunc_at(op)


def draws(op: Callable[..., Any]) -> bool:
    """Whether calling `op` asks a generator for random numbers: again, they would be others."""
    return isinstance(getattr(op, "__self__", None), GENERATORS)


def carried_out(op: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The value of a recorded operation on these arguments (values, not nodes); none of them is changed."""
    if not changes_its_argument(op):
        return op(*args, **kwargs)
    old = args[0].copy() if isinstance(args[0], np.ndarray) else args[0]
    result = op(old, *args[1:], **kwargs)
    return result if op in AUGMENTED else old


def _is_ufunc_at(op: Callable[..., Any]) -> bool:
    return isinstance(getattr(op, "__self__", None), np.ufunc) and op.__name__ == "at"
