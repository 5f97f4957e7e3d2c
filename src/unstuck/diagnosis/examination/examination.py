"""What an examination of a program found, stage by stage; the rules read it, nobody else interprets it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from unstuck.diagnosis.case import Case
from unstuck.diagnosis.identification.forward import Forward
from unstuck.diagnosis.identification.layout import Chain
from unstuck.diagnosis.identification.results import Backward
from unstuck.diagnosis.identification.stepping import Stepping
from unstuck.diagnosis.identification.update import (
    Update,
)
from unstuck.diagnosis.program.observations import Sight
from unstuck.diagnosis.program.program import Program
from unstuck.diagnosis.twin.parameters import Parameters
from unstuck.diagnosis.twin.twin import Twin

Array = np.ndarray
WANT_OF_TIME = "a larger budget"  # missing where the budget's end left something out
FAITHFUL = 1e-3  # a twin that departs further in three steps cannot speak for the program


@dataclass
class Missing:
    """Something that could not be examined, and what would allow it."""

    what: str
    missing: str


@dataclass
class Examination:
    """The program under examination and everything identified so far; None where a stage did not get that far."""

    case: Case
    program: Program
    epsilon: float = float(np.finfo(float).eps)
    chains: list[Chain] = field(default_factory=list)
    outputs: Array | None = None  # (n, n_outputs) of the parameters as found, first examples
    forward: Forward | None = None
    forward_tolerance: float = 1e-9
    stepping: Stepping | None = None
    backward: Backward | None = None
    update: Update | None = None
    twin: Twin | None = None
    initial: Parameters | None = None
    unchecked: list[Missing] = field(default_factory=list)
    departure: float = 0.0  # of the twin from the program over three steps, as a share of the way
    rounding: float = 0.0  # what rounding of the stored parameters makes of that way
    followed: list[float] = field(default_factory=list)  # the same after each of the first updates of the user's own
    source: str = "step"  # whether changes came from step() or gradients()
    sight: Sight = field(default_factory=Sight)  # what was observed, for those who draw it
    undecided: bool = False  # something was left out that may have found a fault

    def leave_unchecked(self, what: str, missing: str) -> None:
        if all(known.what != what for known in self.unchecked):
            self.unchecked.append(Missing(what, missing))

    @property
    def n_features(self) -> int:
        return self.program.x.shape[1]

    @property
    def n_outputs(self) -> int:
        return self.outputs.shape[1] if self.outputs is not None else 0

    @property
    def sizes(self) -> list[int]:
        if self.initial is None:
            return []
        return [self.initial.weights[0].shape[0], *(w.shape[1] for w in self.initial.weights)]

    @property
    def faithful(self) -> bool:
        """Whether the twin may stand in for the program in experiments."""
        return self.twin is not None and self.departure <= max(FAITHFUL, min(3 * self.rounding, 1.0))

    @property
    def steps_repeat(self) -> bool:
        """Whether step() acts on parameters that can be set, and does the same from the same state."""
        stepping = self.stepping
        acts = self.case.step is not None and stepping is not None and stepping.acts and not stepping.random
        return acts and self.program.writable

    @property
    def forward_proved(self) -> bool:
        return self.forward is not None and self.forward.residual <= self.forward_tolerance
