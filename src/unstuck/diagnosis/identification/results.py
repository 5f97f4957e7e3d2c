"""What explaining the changes of each layer finds, and in which order guesses are tried."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from unstuck.diagnosis.formulas.formula import Formula
from unstuck.diagnosis.identification.fit import NO_FIT, Fit
from unstuck.diagnosis.identification.guesses import Guess

Entry = tuple[int, bool, str]
Plan = tuple[Entry, ...]
# Which guesses are tried when: (level of slips in the delta, slips in the weight gradient as well, freedom of the fit).
PLAN: Plan = (
    (0, False, "plain"),
    (0, False, "decay"),
    (1, False, "plain"),
    (1, False, "decay"),
    (0, True, "plain"),
    (0, False, "each"),
    (0, False, "clipped"),
    (1, False, "clipped"),
    (2, False, "plain"),
    (3, False, "plain"),
    (0, True, "decay"),
    (1, True, "plain"),
    (2, False, "decay"),
    (3, False, "decay"),
    (1, False, "each"),
    (2, True, "plain"),
    (4, False, "plain"),
    (5, False, "plain"),
)
QUICK = 4  # so many of them are tried first where there are many update rules to try
BY_STEP: Plan = ((0, False, "each step"), (1, False, "each step"))
EACH = ("each", "each step")  # a factor for every record, or for every step of an adaptive rule


@dataclass
class LayerResult:
    """What was found for one layer. `weights` and `bias` are None where nothing fits (or nothing changed)."""

    layer: int
    guess: Guess | None
    weights: Formula | None = None
    bias: Formula | None = None
    weight_fit: Fit = NO_FIT
    bias_fit: Fit = NO_FIT
    weights_frozen: bool = False
    bias_frozen: bool = False
    hidden: bool = False  # the right change would be lost in rounding: taken for right, and nothing said of it
    own_factors: bool = False  # every record needed a factor of its own
    stopped: bool = False  # the work allowed was done before every formula had been tried
    found_at: tuple[int, bool, str] = PLAN[0]
    allowed: float = 1e-9
    rival: str = ""
    rival_residual: float = np.inf
    bias_rival_residual: float = np.inf  # of the sum of the deltas
    look_alikes: list[tuple[tuple[str, int, str], ...]] = field(default_factory=list)

    @property
    def explained(self) -> bool:
        return self.weights is not None

    @property
    def delta_fit(self) -> Fit:
        """The fit that the guess of the delta rests on."""
        return self.bias_fit if self.weights is None else self.weight_fit

    @property
    def slips(self) -> int:
        return len(self.guess.faults) if self.guess else 0


@dataclass
class Backward:
    layers: list[LayerResult]  # first layer first
    work: float = 0.0  # of the search

    @property
    def output(self) -> str:
        return next((r.guess.output for r in self.layers if r.guess), "")

    @property
    def explained(self) -> bool:
        return all(r.explained or r.weights_frozen for r in self.layers)
