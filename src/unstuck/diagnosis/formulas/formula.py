"""A formula that a training step may contain, with the code of the fault that it is, if any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Formula:
    """One formula for one link of the training step.

    name      as it would be said aloud
    compute   a pure function; its arguments depend on the link
    fault     the code of the fault that this formula is; "" for a right one
    """

    name: str
    compute: Callable[..., Array] = field(repr=False, compare=False)
    fault: str = ""

    @property
    def faults(self) -> tuple[str, ...]:
        """The codes of the mistakes that it is made of: a fault may be two codes joined by a plus."""
        return tuple(self.fault.split("+")) if self.fault else ()

    @property
    def slips(self) -> int:
        """How many mistakes it is made of."""
        return len(self.faults)


@dataclass
class Pass:
    """One forward pass over a batch: all that a backward formula may look at.

    activations[0] is the input (n, n_0), activations[l + 1] the output of layer l (n, n_{l+1});
    sums[l] is the weighted sum of layer l; weights[l] has shape (n_l, n_{l+1}).
    """

    activations: list[Array]
    sums: list[Array]
    weights: list[Array]
    biases: list[Array | None]
    targets: Array
    hidden: tuple[str, ...]
    output: str
    weights_after: list[Array] | None = None
    biases_after: list[Array | None] | None = None
    first_delta: Array | None = None  # delta of the first layer, once the way back has been gone

    @property
    def depth(self) -> int:
        return len(self.weights)
