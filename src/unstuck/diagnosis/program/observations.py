"""What was seen of the program for the identification."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

Array = np.ndarray


@dataclass
class Record:
    """One update seen from outside: the batch, and the parameter arrays before and after, as the user keeps them."""

    x: Array  # (n, n_features)
    targets: Array  # (n,) or (n, k), as the user's loop takes them
    before: list[Array]
    after: list[Array]

    @property
    def changes(self) -> list[Array]:
        with np.errstate(invalid="ignore", over="ignore"):
            return [after - before for before, after in zip(self.before, self.after, strict=True)]


@dataclass
class Sight:
    """What was observed of the program for the identification, kept as it was seen.

    outputs      (parameters, x, outputs) of one forward pass under controlled parameters
    steps        single steps from fresh states; or, where only gradients() was there, the gradients as changes
    runs         runs of steps in a row, each from a fresh state
    rate_unseen  whether the steps are gradients, so that their common factor means nothing
    """

    outputs: tuple[list[Array], Array, Array] | None = None
    steps: list[Record] = field(default_factory=list)
    runs: list[list[Record]] = field(default_factory=list)
    rate_unseen: bool = False
