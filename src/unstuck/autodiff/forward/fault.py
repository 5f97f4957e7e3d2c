"""What a law of the forward pass says of a recording that breaks it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from unstuck.autodiff.tape import Node, Site


class Law(Enum):
    """What must hold of a forward pass, whatever its architecture."""

    WEIGHTS_ADD_UP = "the weights of a weighted sum add up to one over what is summed"
    CLASSES_ADD_UP = "probabilities add up to one over the classes, as their targets do"
    MASK_HIDES = "a softmax gives no weight to what a mask hides"
    DATA_ARE_SHOWN = "a mask shows entries that differ from sequence to sequence"
    NEXT_IS_HIDDEN = "an answer does not depend on the input that it is to foretell"
    STATE_ENDS = "a state does not outlive the sequence that it belongs to"
    STATE_GOES_ON = "a state goes on from one step of a sequence to the next"
    EXAMPLES_APART = "a normalisation of layers takes every example by itself"
    FEATURES_APART = "a normalisation of batches takes every feature by itself"


@dataclass(frozen=True)
class ForwardFault:
    """A law that is broken, and where.

    site     the expression
    numbers  what was seen
    repair   the operations that were meant, by the number of the node that they replace; empty where not known
    """

    law: Law
    site: Site | None
    numbers: dict[str, Any]
    repair: Mapping[int, Node] = field(default_factory=dict)
