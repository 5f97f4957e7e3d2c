"""Units that a step leaves out at random (dropout): are the same left out on the way back?

Shown alone, an example changes the weights that lead away from a unit by the unit's output times an error. Where none
of them changes, the unit put out 0, and so nothing flows back through it: the weights that lead to it must not change
either (N. Srivastava et al., "Dropout", 2014, section 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from unstuck.diagnosis.identification.guesses import View
from unstuck.diagnosis.identification.stepping import observe
from unstuck.diagnosis.measurements.once import once

if TYPE_CHECKING:
    from unstuck.diagnosis.examination.examination import Examination

EXAMPLES, FEWEST = 8, 3  # shown alone; units astray below which nothing is said


@dataclass(frozen=True)
class Astray:
    """Units of one hidden layer (counted from 1) that learn although they were left out, and those left out on the way
    back although they were not, of all examples shown."""

    layer: int
    learning: int
    silenced: int


@once
def units_astray(e: Examination) -> Astray | None:
    """Of the first hidden layer, from the inputs, with such units; None where there are none or steps do not tell."""
    stepping, forward = e.stepping, e.forward
    if stepping is None or not stepping.random or not e.forward_proved or forward is None or not e.program.writable:
        return None
    views = [View.of(record, forward) for record in observe(e.program, 1, EXAMPLES)]
    if len(views) < EXAMPLES or any(not np.isfinite(c).all() for view in views for c in view.weight_changes):
        return None
    for layer in range(len(forward.chain) - 1):
        learning = silenced = 0
        for view in views:
            on = np.any(view.weight_changes[layer + 1], axis=1)
            moved = np.any(view.weight_changes[layer], axis=0)
            if on.any() and not on.all():
                learning += int(np.count_nonzero(moved & ~on))
                silenced += int(np.count_nonzero(on & ~moved)) if moved.any() else 0
        if max(learning, silenced) >= FEWEST:
            return Astray(layer + 1, learning, silenced)
    return None
