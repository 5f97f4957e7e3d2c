"""What a script's own code takes, counted from its recording: how often it is run depends on that, not on the clock.

The unit is one multiplication, as in the diagnosis.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from unstuck.adapters.scripts.reading.training_loop import TrainingLoop
from unstuck.adapters.scripts.recording.recording import Recording
from unstuck.autodiff.families import MATRIX_PRODUCTS
from unstuck.autodiff.tape import LEAF, Node, value_in

SECOND = 2e10  # about what one core does: allowances are easier to picture in seconds
OPERATION = 2e4  # an operation of the script's own Python, whatever it computes
CONTRACTING = MATRIX_PRODUCTS | {np.inner, np.tensordot}


def of_nodes(nodes: Iterable[Node]) -> float:
    """The work of these operations: an operation of Python each, and the multiplications."""
    return sum(OPERATION + multiplications(node) for node in nodes if node.op is not LEAF)


def multiplications(node: Node) -> float:
    """About how many an operation makes: one for each number of its result, or of the products summed up in it."""
    size = float(np.size(node.value)) if isinstance(node.value, np.ndarray) else 1.0
    if node.op not in CONTRACTING or not node.args:
        return size
    first = value_in(node.args[0])
    return size * (np.shape(first)[-1] if np.ndim(first) else 1)


def of_turn(recording: Recording, loop: TrainingLoop) -> float:
    """The work of one turn of a training loop."""
    return of_nodes(recording.tape.nodes[loop.start : loop.end])


def affordable_turns(recording: Recording, loop: TrainingLoop, allowance: float) -> int:
    """How many turns of a loop this much work allows, one at least."""
    return max(1, int(allowance / max(of_turn(recording, loop), 1.0)))
