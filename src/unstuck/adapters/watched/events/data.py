"""What is said of the data: loaders, orders, and what is prepared of them."""

from __future__ import annotations

from dataclasses import dataclass

from unstuck.adapters.watched.values import Array, Place


@dataclass(frozen=True)
class LoaderMade:
    """A DataLoader, or the data handed to fit."""

    update: int
    place: Place | None
    n_examples: int | None
    batch_size: int | None
    shuffles: bool
    labels: Array | None = None  # class numbers in the order of the data


@dataclass(frozen=True)
class ShuffledApart:
    """The source brings one array into another order by itself."""

    update: int
    place: Place | None


@dataclass(frozen=True)
class Validated:
    """Examples that a model is validated with were handed to its training: how many, and how many are learnt from."""

    update: int
    place: Place | None
    examples: int
    learnt: int


@dataclass(frozen=True)
class Discarded:
    """A prepared copy of data is computed and thrown away."""

    update: int
    place: Place | None
    by: str
