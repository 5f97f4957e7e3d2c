"""Faults of the training targets: collapsed, malformed, not finite, out of reach."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.examination.evidence import MEASURED, PROVED, SUSPECTED, Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.measurements.plain_data import classes, labels, test_classes, test_inputs
from unstuck.diagnosis.measurements.proof import proved
from unstuck.diagnosis.measurements.target_coding import (
    coded_targets,
    may_be_a_point,
    numeric_targets,
    other_columns,
    strange_rows,
)
from unstuck.diagnosis.rules.rule import rule

Array = np.ndarray

REACH = {
    "sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "relu": (0.0, np.inf),
    "softplus": (0.0, np.inf),
}


@rule("D07", look_alikes=("D09",))
def targets_collapsed(e: Examination) -> Evidence | None:
    """Every example has the same target.

    What it detects: Targets that are the same for all training examples, as given, or as the training step is shown to
    read them; test labels that are all the same where the training labels are not.

    Why it hurts: The network learns that one answer, quickly and perfectly, and is right as often as it happens to be.

    Cure: Keep the labels out of the preparation of the pixels: a label divided by 255 and cut to an integer is 0.

    Evidence: The target that all have; where the step shows it, the residual with collapsed targets.

    Look-alikes: D09 targets-malformed, where all numbers of all targets are the same.
    """
    shown = proved(e, "D07")
    if shown is not None:
        return shown
    targets = numeric_targets(e)
    if targets is not None and len(targets) >= 10:
        rows = targets.reshape(len(targets), -1)
        if np.all(rows == rows[0]) and (rows.shape[1] == 1 or np.ptp(rows[0]) > 0):
            if may_be_a_point(e, rows[0]):
                return Evidence(SUSPECTED, f"all {len(rows)} training examples have one and the same target", {})
            value = f"{rows[0, 0]:g}" if rows.shape[1] == 1 else f"class {int(rows[0].argmax())}"
            return Evidence(
                PROVED,
                f"the target of all {len(rows)} training examples is {value}",
                {"target": value, "examples": len(rows)},
            )
        given = labels(e) if e.case.labels is not None else None
        if given is not None and rows.shape[1] == 1 and given.max() > 1 and np.allclose(rows[:, 0] * 255, given):
            return Evidence(
                PROVED,
                f"the targets are the labels divided by 255: the largest is {rows.max():.3f}",
                {"largest_target": float(rows.max()), "largest_label": int(given.max())},
            )
    y, y_test, x_test = classes(e), test_classes(e), test_inputs(e)
    if y is None or y_test is None or x_test is None or len(y_test) < 50 or len(np.unique(y_test)) > 1:
        return None
    if len(np.unique(y)) < 2 or np.mean(y == y_test[0]) > 0.7:
        return None
    return Evidence(
        MEASURED,
        f"the label of all {len(y_test)} test examples is {int(y_test[0])}, that of {np.mean(y == y_test[0]):.0%} of "
        "the training examples",
        {"label": int(y_test[0]), "test_examples": len(y_test)},
        falsifies=True,
    )


@rule("D15", look_alikes=("U13",))
def targets_not_finite(e: Examination) -> Evidence | None:
    """Some targets are NaN or infinite.

    What it detects: NaN or infinity among the training targets.

    Why it hurts: The error of such an example is NaN, its gradient too, and after the one update that sees it all
    weights are.

    Cure: Find where it arises, most often a missing value in a file or a division by zero, and leave those examples
    out.

    Evidence: How many targets, and the first of them.

    Look-alikes: U13 training-diverged, where inputs and targets are finite and the parameters are not.
    """
    try:
        targets = np.asarray(e.program.targets, dtype=float)
    except (TypeError, ValueError):
        return None
    bad = ~np.isfinite(targets.reshape(len(targets), -1))
    if not bad.any():
        return None
    rows = np.flatnonzero(bad.any(axis=1))
    return Evidence(
        PROVED,
        f"{int(bad.sum())} targets are NaN or infinite, in {len(rows)} of {len(targets)} examples; the first is row "
        f"{rows[0]}",
        {"count": int(bad.sum()), "examples": len(rows), "first": int(rows[0])},
        falsifies=True,
    )


@rule("D08", look_alikes=("L02",))
def targets_outside_output_range(e: Examination) -> Evidence | None:
    """The output function cannot reach the targets.

    What it detects: Targets below or above what the identified output function can give: 0 to 1 for sigmoid and
    softmax, -1 to 1 for tanh, 0 and more for ReLU.

    Why it hurts: The error never becomes small: units are driven into saturation, where they stop learning, and the
    cross-entropy of such a target has no lowest point.

    Cure: Give the targets in the range of the outputs (one-hot rows of 0 and 1; -1 and 1 for tanh), or leave the output
    linear.

    Evidence: The smallest and the largest target and the reach of the output function.

    Look-alikes: L02 loss-output-mismatch: another output function would fit the same targets.
    """
    targets = coded_targets(e)
    if targets is None or e.outputs is None:
        return None
    reach, grade = None, PROVED
    if e.forward_proved and e.forward is not None:
        reach, name = REACH.get(e.forward.output), e.forward.output
    elif len(e.outputs) >= 20 and np.isfinite(e.outputs).all() and e.outputs.min() > 0 and e.outputs.max() < 1:
        reach, grade, name = (0.0, 1.0), SUSPECTED, "output function, by the outputs seen,"
    if reach is None:
        return None
    low, high = float(targets.min()), float(targets.max())
    if low >= reach[0] - 0.01 and high <= reach[1] + 0.01:
        return None
    return Evidence(
        grade,
        f"the targets run from {low:g} to {high:g}, the {name} gives {reach[0]:g} to {reach[1]:g}",
        {"smallest_target": low, "largest_target": high, "reach": [reach[0], reach[1]], "output": name},
    )


@rule("D09", look_alikes=("D07", "D10"))
def targets_malformed(e: Examination) -> Evidence | None:
    """The targets are not what one class for each example looks like.

    What it detects: Rows with several ones or none, the same number everywhere, another number of columns than outputs,
    rows and columns exchanged, ones in another column than the label says, labels that have no output; as given, or as
    the training step is shown to read them.

    Why it hurts: The network is taught something else than the classes: several answers at once, none, or the class
    beside the right one.

    Cure: `np.eye(n_classes)[labels]` makes one-hot rows; transpose with `.T`, never with `reshape`; count classes
    from 0.

    Evidence: How many rows are not one-hot, or which column each label has its one in.

    Look-alikes: D10 labels-unrelated-to-inputs, where each row is well formed and belongs to another example; D07
    targets-collapsed, where all rows are the same.
    """
    shown = proved(e, "D09")
    if shown is not None:
        return shown
    return strange_rows(e) or other_columns(e)
