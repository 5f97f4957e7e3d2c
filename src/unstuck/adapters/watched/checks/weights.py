"""The weights as learning starts."""

from __future__ import annotations

from collections.abc import Iterator

from unstuck.adapters.watched.check import Seen, check
from unstuck.adapters.watched.history import History
from unstuck.adapters.watched.values import Parameter
from unstuck.diagnosis.examination.evidence import PROVED

IN_A_ROW = 3  # updates of a matrix that is not random any more by accident


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
