"""Calls of a script that shuffle examples in place."""

import random
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.adapters.scripts.rewriting import Place


@dataclass(frozen=True, eq=False)
class Shuffle:
    """One call that shuffles examples in place, and in which state the generator was before it."""

    place: Place
    what: Any
    state: int


def state_of(generator: Any) -> int | None:
    """A number for the state of a generator of random numbers, of NumPy or of Python; None for anything else."""
    if isinstance(generator, np.random.RandomState):
        _, key, position, *_ = generator.get_state(legacy=True)
        return hash((np.asarray(key).tobytes(), position))
    if isinstance(generator, np.random.Generator):
        return hash(repr(generator.bit_generator.state))
    return hash(generator.getstate()) if isinstance(generator, random.Random) else None
