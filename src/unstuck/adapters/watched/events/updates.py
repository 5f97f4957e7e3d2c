"""What is done to the model: modes, optimisers, derivatives, updates, and what keeps parameters out of them."""

from __future__ import annotations

from dataclasses import dataclass

from unstuck.adapters.watched.events.event import Event
from unstuck.adapters.watched.values import Parameter, ParameterStep, Place


@dataclass(frozen=True)
class ModeSet(Event):
    """A model was set to training or to evaluation mode."""

    training: bool


@dataclass(frozen=True)
class OptimizerMade(Event):
    """holds: keys of the parameters. refused: it was given none at all."""

    number: int
    kind: str
    learning_rate: float
    weight_decay: float
    holds: tuple[int, ...]
    refused: bool = False


@dataclass(frozen=True)
class WentBackward(Event):
    """Derivatives were taken.

    losses   numbers of the LossTaken it came from
    reached  what it was differentiated by
    climbs   it is minus a loss
    refused  what the framework said where there was nothing to differentiate
    still    of what was reached, how many have the values that they had the first time, while nothing is updated
    """

    value: float | None
    losses: tuple[int, ...] = ()
    reached: tuple[Parameter, ...] = ()
    climbs: bool = False
    refused: str = ""
    still: int = 0
    read_place: Place | None = None  # the first line that read a gradient by hand since the last way back


@dataclass(frozen=True)
class Stepped(Event):
    """An optimiser's step, or an update by hand (`optimizer` None)."""

    optimizer: int | None
    parameters: tuple[ParameterStep, ...]
    backward_place: Place | None = None
    zero_place: Place | None = None


@dataclass(frozen=True)
class Cut(Event):
    """A tensor that was being differentiated was taken out of the graph."""

    by: str
    carries_loss: bool = False


@dataclass(frozen=True)
class OwnDerivative(Event):
    """An own function whose `backward` is not the derivative of its `forward`.

    kind     what stands in its place: "sign", "factor", "function", "missing", "twice", "another function", "other"
    apart    share by which both differ
    known    the framework can differentiate `forward` by itself
    """

    name: str
    kind: str
    apart: float
    factor: float | None
    known: bool


@dataclass(frozen=True)
class DrawnAnew(Event):
    """A parameter was given new random numbers."""


@dataclass(frozen=True)
class Frozen(Event):
    """A parameter or a layer was told to take no gradient."""


@dataclass(frozen=True)
class NeverLearnt(Event):
    """A layer of the script's multiplies by a plain tensor of its own that takes no gradient."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Penalised(Event):
    """A penalty on the size of weights was made, which is added to the loss."""

    by: str


@dataclass(frozen=True)
class Scheduled(Event):
    """A learning rate schedule moved on."""

    learning_rate: float


@dataclass(frozen=True)
class StopsAtBetter(Event):
    """Training is told to stop once a number gets better, as if it were getting worse."""

    monitor: str
    wanted: str  # "min" or "max"


@dataclass(frozen=True)
class Raised(Event):
    """The script raised."""

    kind: str
    message: str
