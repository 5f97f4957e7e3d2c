"""Calls of a script that shuffle examples in place."""

import random
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from unstuck.adapters.scripts.rewriting import Place

SMALL = 4 << 20  # bytes of an array that is kept as it was then


@dataclass(frozen=True, eq=False)
class Shuffle:
    """One call that shuffles examples in place.

    what    the examples in the order after it
    state   of the generator before it
    before  the examples in the order before it; None where they are many or stand alone
    beside  arrays of as many rows that the same function, or its object, held then, as they were
    """

    place: Place
    what: Any
    state: int
    before: Any = None
    beside: tuple[np.ndarray, ...] = ()


def arrays_beside(frame: FrameType, what: Any) -> tuple[np.ndarray, ...]:
    """Copies of the arrays of as many rows as `what` that a function, or the object that it belongs to, holds."""
    held = [*frame.f_locals.values(), *getattr(frame.f_locals.get("self"), "__dict__", {}).values()]
    return tuple(
        value.copy()
        for value in held
        if isinstance(value, np.ndarray) and value is not what and value.ndim and len(value) == len(what)
        if value.nbytes <= SMALL
    )


def state_of(generator: Any) -> int | None:
    """A number for the state of a generator of random numbers, of NumPy or of Python; None for anything else."""
    if isinstance(generator, np.random.RandomState):
        _, key, position, *_ = generator.get_state(legacy=True)
        return hash((np.asarray(key).tobytes(), position))
    if isinstance(generator, np.random.Generator):
        return hash(repr(generator.bit_generator.state))
    return hash(generator.getstate()) if isinstance(generator, random.Random) else None
