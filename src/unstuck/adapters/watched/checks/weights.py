"""The weights as learning starts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from unstuck.adapters.watched.check import Seen, check
from unstuck.adapters.watched.history import History, is_poor
from unstuck.adapters.watched.values import Parameter
from unstuck.diagnosis.examination.evidence import MEASURED, PROVED

DEEP, VANISHED = 4, 1e-4  # layers; of the gradient of the last
IN_A_ROW = 3  # updates of a matrix that is not random any more by accident


@check("A06")
def signal_vanishes(h: History) -> Iterator[Seen]:
    """The gradient of the first layer is next to nothing beside that of the last: each sigmoid on the way takes three
    quarters of it, or more.

    Cure: `ReLU` in hidden layers, normalisation between them, or fewer layers.
    """
    sizes: dict[int, list[float]] = {}
    layers = {one.parameter.key: one.parameter for step in h.steps for one in step.parameters if one.trainable}
    for one in (one for step in h.steps for one in step.parameters if len(one.parameter.shape) > 1):
        sizes.setdefault(one.parameter.key, []).append(one.used / max(np.sqrt(np.prod(one.parameter.shape)), 1.0))
    reached = h.reached
    mean = {key: float(np.mean(values)) for key, values in sizes.items() if key in reached}
    if len(mean) < DEEP or len({step.optimizer for step in h.steps}) > 1:
        return
    (first, smallest), (_, largest) = next(iter(mean.items())), list(mean.items())[-1]
    if 0 < smallest < VANISHED * largest:
        said = f"the gradient of the first of {len(mean)} layers is {smallest / largest:.1g} times that of the last"
        numbers, place, poor = {"first_over_last": smallest / largest}, layers[first].place, is_poor(h)
        yield Seen("A06", MEASURED, said, numbers, place, certain=poor, asleep=not poor)


@check("A01")
def units_stay_copies(h: History) -> Iterator[Seen]:
    """All units of a layer start with the same weights (`nn.init.constant_`, `zeros_`, `torch.zeros`), get the same
    gradient and stay copies of each other: the layer acts as one unit.

    Cure: Random weights, such as `nn.init.kaiming_uniform_` gives and every layer has from the start; zeros for biases
    only.

    Cure in Keras: Leave `kernel_initializer` as it is (`"glorot_uniform"`); zeros for biases only.
    """
    seen: dict[int, list[bool]] = {}
    last: dict[int, Parameter] = {}
    for step in h.steps:
        for one in step.parameters:
            seen.setdefault(one.parameter.key, []).append(one.alike)
            last[one.parameter.key] = one.parameter
    copies = [last[key] for key, alike in seen.items() if len(alike) >= IN_A_ROW and all(alike) and key in h.reached]
    if copies:
        first = copies[0]
        said = f"after {len(seen[first.key])} updates the units of {first.name} are still copies of each other"
        numbers = {"updates_seen": len(seen[first.key]), "parameters": len(copies)}
        yield Seen("A01", PROVED, said, numbers, first.filled or first.place, ("weights", True))
