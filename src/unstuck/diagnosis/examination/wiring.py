"""Mistakes in how a program was handed over: they are said, what they spoil is left out, and no fault comes of them."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.identification.forward import Forward, propagate
from unstuck.diagnosis.identification.layout import find_chains, read_chain
from unstuck.diagnosis.identification.stepping import batch
from unstuck.diagnosis.program.program import Program

Array = np.ndarray
ASIDE = 0.01  # of what a step moves the outputs by: more is moved by arrays that are not shown
FEW = 20  # examples from which on outputs are seen to be whole numbers by more than chance
WATCHED = 50  # examples whose outputs are compared before and after a step


def labels_for_scores(program: Program, outputs: Array, integers: bool) -> bool:
    """Whether outputs (n, 1) are class numbers, of a network whose last layer has an output for each class."""
    n_classes = _n_classes(program.targets)
    whole = np.isfinite(outputs).all() and np.array_equal(outputs, np.round(outputs))
    if outputs.shape[1] != 1 or n_classes <= 2 or not whole or len(outputs) < FEW:
        return False
    shapes = [array.shape for array in program.as_found]
    if shapes:
        return bool(find_chains(shapes, program.x.shape[1], n_classes))
    return integers


def decisions_for_scores(program: Program, outputs: Array, integers: bool) -> bool:
    """Whether all rows of outputs (n, k) hold a single 1 and nothing else, under parameters that saturate nothing or as
    whole numbers."""
    if outputs.shape[1] < 2 or len(outputs) < 2 or not (integers or program.writable):
        return False
    return bool(np.all(np.isin(outputs, (0.0, 1.0))) and np.all(outputs.sum(axis=1) == 1))


def _n_classes(targets: Array) -> int:
    rows = np.asarray(targets).reshape(len(targets), -1)
    return rows.shape[1] if rows.shape[1] > 1 else len(np.unique(rows))


def hides_parameters(program: Program, forward: Forward) -> bool:
    """Whether a step moves the outputs elsewhere than the arrays shown do: others that predict reads move too."""
    if program.case.step is None:
        return False
    size = int(min(program.case.batch_size or 10, len(program.x)))
    x, targets = batch(program, size, 3)
    try:
        if program.writable:
            program.set_parameters(program.draw_parameters(1))
        before = program.predict(x[:WATCHED], restore=False)
        if program.call("step", program.typed(x), targets).failed:
            return False
        after, parameters = program.predict(x[:WATCHED], restore=False), program.parameters()
    finally:
        program.restore()
    if before is None or after is None or [a.shape for a in parameters] != [a.shape for a in program.as_found]:
        return False
    with np.errstate(all="ignore"):
        weights, biases = read_chain(forward.chain, parameters)
        shown = propagate(x[:WATCHED], weights, biases, forward.forms, forward.bias_modes)[1][-1]
        moved, aside = float(np.linalg.norm(after - before)), float(np.linalg.norm(after - shown))
    return bool(np.isfinite(aside) and moved > 0 and aside > ASIDE * moved and aside > 1e-4 * np.linalg.norm(after))
