"""What an examination of a program found, stage by stage; the rules read it, nobody else interprets it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from unstuck.diagnosis.case import Case
from unstuck.diagnosis.identification.forward import Forward
from unstuck.diagnosis.identification.layout import Chain
from unstuck.diagnosis.identification.results import Backward
from unstuck.diagnosis.identification.stepping import Stepping
from unstuck.diagnosis.identification.update import Update
from unstuck.diagnosis.program.observations import Sight
from unstuck.diagnosis.program.program import Program
from unstuck.diagnosis.twin.parameters import Parameters
from unstuck.diagnosis.twin.twin import Twin

Array = np.ndarray
WANT_OF_TIME = "a larger budget"  # missing where the budget's end left something out
FAITHFUL = 1e-3  # a twin that departs further in three steps cannot speak for the program


@dataclass(frozen=True)
class Missing:
    """Something that could not be examined, and what would allow it.

    `decides`: it may have found a fault, so that without it nothing is called healthy.
    """

    what: str
    missing: str
    decides: bool = False


@dataclass(frozen=True, eq=False)
class Examination:
    """The program under examination and everything identified so far; None where a stage did not get that far.

    A stage takes one and returns another. Only what was left out is noted down as it happens, and what was measured of
    this very state of things is kept with it.
    """

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
    departure: float = 0.0  # of the twin from the program over three steps, as a share of the way
    rounding: float = 0.0  # what rounding of the stored parameters makes of that way
    source: str = "step"  # whether changes came from step() or gradients()
    sight: Sight = field(default_factory=Sight)  # what was observed, for those who draw it
    unchecked: list[Missing] = field(default_factory=list)
    measured: dict[str, Any] = field(default_factory=dict, init=False)  # by measurement, for `once`

    def leave_unchecked(self, what: str, missing: str, decides: bool = False) -> None:
        """Notes what could not be examined; of one thing, what was missing first."""
        for place, known in enumerate(self.unchecked):
            if known.what == what:
                self.unchecked[place] = replace(known, decides=known.decides or decides)
                return
        self.unchecked.append(Missing(what, missing, decides))

    @property
    def undecided(self) -> bool:
        """Whether something was left out that may have found a fault."""
        return any(entry.decides for entry in self.unchecked)

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
