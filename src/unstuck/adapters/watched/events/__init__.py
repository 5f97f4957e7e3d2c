"""What a training script did, in order: one frozen value for each thing that was seen, whatever the framework.

Arrays are copies of the first rows, as NumPy; they are kept for the first updates only.
"""

from unstuck.adapters.watched.events.answers import (
    Broadcast,
    Compared,
    Divided,
    Held,
    LossTaken,
    ModelCalled,
    Normalised,
    Reshaped,
    Silenced,
    StateKept,
)
from unstuck.adapters.watched.events.data import Discarded, LoaderMade, ShuffledApart, Validated
from unstuck.adapters.watched.events.event import Event
from unstuck.adapters.watched.events.updates import (
    Cut,
    DrawnAnew,
    Frozen,
    ModeSet,
    NeverLearnt,
    OptimizerMade,
    OwnDerivative,
    Penalised,
    Raised,
    Scheduled,
    Stepped,
    StopsAtBetter,
    WentBackward,
)

__all__ = [
    "Broadcast",
    "Compared",
    "Cut",
    "Discarded",
    "Divided",
    "DrawnAnew",
    "Event",
    "Frozen",
    "Held",
    "LoaderMade",
    "LossTaken",
    "ModeSet",
    "ModelCalled",
    "NeverLearnt",
    "Normalised",
    "OptimizerMade",
    "OwnDerivative",
    "Penalised",
    "Raised",
    "Reshaped",
    "Scheduled",
    "ShuffledApart",
    "Silenced",
    "StateKept",
    "Stepped",
    "StopsAtBetter",
    "Validated",
    "WentBackward",
]
