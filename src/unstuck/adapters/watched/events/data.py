"""What is said of the data: loaders, orders, and what is prepared of them."""

from __future__ import annotations

from dataclasses import dataclass

from unstuck.adapters.watched.events.event import Event
from unstuck.adapters.watched.values import Array


@dataclass(frozen=True)
class LoaderMade(Event):
    """A DataLoader, or the data handed to fit."""

    n_examples: int | None
    batch_size: int | None
    shuffles: bool
    labels: Array | None = None  # class numbers in the order of the data
    held_back: Array | None = None  # those of the last examples, which the model is validated with


@dataclass(frozen=True)
class ShuffledApart(Event):
    """The source brings one array into another order by itself."""


@dataclass(frozen=True)
class Validated(Event):
    """Examples that a model is validated with were handed to its training: how many, and how many are learnt from."""

    examples: int
    learnt: int


@dataclass(frozen=True)
class Discarded(Event):
    """A prepared copy of data is computed and thrown away."""

    by: str
