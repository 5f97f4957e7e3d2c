"""Where a script puts examples in another order: calls that shuffle them in place, and choices by row numbers."""

import random
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from unstuck.adapters.scripts.recording.hooks import Place

SMALL = 4 << 20  # bytes of an array that is kept as it was then
LARGE = 64 << 20  # bytes of an array that is kept at all where a choice of its rows leaves it as it is
FEWEST = 10  # examples of which two orders are no accident


@dataclass(frozen=True, eq=False)
class Shuffle:
    """One call that shuffles examples in place, or one choice of rows.

    what    the examples in the order after it
    state   of the generator before it, or the row numbers: what is in the same order has the same
    before  the examples in the order before it; None where they are many or stand alone
    beside  arrays of as many rows as before that the same function, or its object, held then, as they were
    """

    place: Place
    what: Any
    state: int
    before: Any = None
    beside: tuple[np.ndarray, ...] = ()
    of_rows: bool = False  # whether it is a choice of rows, which may stand for much else than an order


def chosen(place: Place, holder: np.ndarray, key: Any, value: np.ndarray, frame: FrameType) -> Shuffle | None:
    """The choice of examples by an array of row (or column) numbers, each once; None for any other subscript."""
    if type(key) is tuple:
        columns = len(key) == 2 == holder.ndim and isinstance(key[0], slice) and key[0] == slice(None)
        rows = np.asarray(key[1]) if columns else np.zeros(0)
    else:
        columns, rows = False, np.asarray(key)
    if rows.ndim != 1 or rows.dtype.kind not in "iu" or len(rows) < FEWEST or holder.nbytes > LARGE:
        return None
    if len(np.unique(rows)) < len(rows) or (np.diff(rows) > 0).all():
        return None
    before, what = (holder.T, value.T) if columns else (holder, value)
    return Shuffle(place, what, hash(rows.tobytes()), before, arrays_beside(frame, before), of_rows=True)


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
