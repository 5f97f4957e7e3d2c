"""What was seen of the program for the identification."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class Sight:
    """What was observed of the program for the identification, kept as it was seen.

    outputs      (parameters, x, outputs) of one forward pass under controlled parameters
    steps        single steps from fresh states; or, where only gradients() was there, the gradients as changes
    runs         runs of steps in a row, each from a fresh state
    rate_unseen  whether the steps are gradients, so that their common factor means nothing
    """

    outputs: tuple[list[Array], Array, Array] | None = None
    steps: Sequence[Record] = ()
    runs: Sequence[Sequence[Record]] = ()
    rate_unseen: bool = False
