"""Processes that train one network together, and all that the engine knows of them: they add up vectors."""

from typing import Protocol

import numpy as np

Array = np.ndarray


class Ranks(Protocol):
    """The processes, as one of them sees them."""

    @property
    def rank(self) -> int:
        """Which of them this one is, counted from 0."""

    @property
    def size(self) -> int:
        """How many there are."""

    def add_up(self, vector: Array) -> None:
        """Put the sum over all ranks in the place of the numbers; the same bits on each. All ranks call it alike."""


class Alone:
    """One process."""

    rank, size = 0, 1

    def add_up(self, vector: Array) -> None:
        """The sum is there already."""


ALONE = Alone()


def own_part(ranks: Ranks, n: int) -> range:
    """Which of n neighbours, rows of a file or places in a batch, are this rank's: as many as every other's, or one
    more."""
    return range(n * ranks.rank // ranks.size, n * (ranks.rank + 1) // ranks.size)


def from_the_first(ranks: Ranks, content: bytes | None) -> bytes | None:
    """What the first rank gave, on every rank."""
    first = ranks.rank == 0
    length = np.array([-1 if content is None else len(content)] if first else [0])
    ranks.add_up(length)
    if length[0] < 0:
        return None
    letters = np.zeros(length[0], np.uint8)
    if first and content is not None:
        letters[...] = np.frombuffer(content, np.uint8)
    ranks.add_up(letters)
    return letters.tobytes()
