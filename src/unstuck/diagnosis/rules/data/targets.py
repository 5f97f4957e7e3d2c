"""Faults of the training targets: collapsed, malformed, out of reach, of other examples, of one class mostly."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.examination.evidence import MEASURED, PROVED, SUSPECTED, Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.measurements.plain_data import classes, labels, raw_training, test_classes, test_inputs
from unstuck.diagnosis.measurements.preparation import cut_across_images, raw_labels
from unstuck.diagnosis.measurements.probes import (
    FEW,
    Reading,
    consistency,
    fit_and_hold_out,
    of_answers,
    training_probe,
)
from unstuck.diagnosis.measurements.proof import proved
from unstuck.diagnosis.measurements.target_coding import coded_targets, numeric_targets, other_columns, strange_rows
from unstuck.diagnosis.rules.rule import rule

Array = np.ndarray

OTHER_SHARES = 0.3  # of the test examples: at most so much of the accuracy is lost by other shares of the classes
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


@rule("D10", look_alikes=("D09", "D14"))
def labels_unrelated_to_inputs(e: Examination) -> Evidence | None:
    """The training labels do not belong to their inputs.

    What it detects: Inputs whose raw image has another label than the target says, or targets that contradict `labels`;
    rows cut across the raw images by `images.reshape(n_pixels, -1).T`; without these, targets that neither a linear
    probe nor the nearest neighbour reads off held-out training examples, although the test examples can be read.

    Why it hurts: Nothing can be learnt but the share of each class; a large network learns the examples by heart.

    Cure: Shuffle inputs and labels with the same permutation: `order = rng.permutation(n); x, y = x[order], y[order]`.
    Make columns of images by `images.reshape(n, -1).T`.

    Evidence: The share of examples with another label, or what the probes read.

    Look-alikes: D09 targets-malformed, where rows are put together wrongly; D14 examples-altered-by-training, where
    the loop parts them.
    """
    if cut_across_images(e.program.x, raw_training(e)):
        return Evidence(
            PROVED,
            "each row of the inputs holds one number of every stretch of the raw data, and so parts of many images: "
            "they were reshaped to columns without being transposed",
            {"pixels": e.n_features, "images": len(e.program.x)},
        )
    y, training = classes(e), training_probe(e)
    if y is None or len(y) < 2 * FEW or len(np.unique(y)) < 2 or strange_rows(e) is not None:
        return None
    unread = training is None or training.reading.at_chance
    for truth, rows, where in _truths(e):
        reading = consistency(truth, y[rows])
        same_names = np.isin(y, truth).all()
        wrong = float(np.mean(truth != y[rows]))
        numbers = {"share_with_another_label": wrong, "probe": training.reading.accuracy if training else None}
        if same_names and reading.at_chance and unread:
            return Evidence(PROVED, f"{wrong:.0%} of the training examples have another label {where}", numbers)
        identity = of_answers(truth, y[rows])
        if same_names and identity.score >= reading.score - 1e-9 and wrong > 0.03:
            return Evidence(PROVED, f"{wrong:.0%} of the training examples have another label {where}", numbers)
        if not reading.at_chance:
            return None
    if training is None or not training.reading.at_chance or np.all(np.ptp(e.program.x, axis=0) == 0):
        return None
    elsewhere = _readable_elsewhere(e)
    if elsewhere is None:
        if e.case.raw is None and e.case.x_test is None:
            e.leave_unchecked(
                "whether the labels belong to their inputs", "raw=(images, labels) before the preparation"
            )
        return None
    return Evidence(
        SUSPECTED,
        f"probes read {training.reading.accuracy:.0%} of held-out training examples (chance "
        f"{training.reading.chance:.0%}), but {elsewhere.accuracy:.0%} of held-out test examples",
        {
            "probe": training.reading.accuracy,
            "chance": training.reading.chance,
            "probe_within_test": elsewhere.accuracy,
        },
    )


def _truths(e: Examination) -> list[tuple[Array, Array, str]]:
    """(true classes, of which rows, where they stand), from the raw data and from `labels`."""
    found = []
    of_images = raw_labels(e)
    if of_images is not None:
        found.append((*of_images, "in the raw data"))
    given = labels(e)
    if e.case.labels is not None and given is not None:
        x_says = fit_and_hold_out(e.program.x, given)
        if x_says is not None and not x_says.reading.at_chance:
            found.append((given, np.arange(len(given)), "in `labels`"))
    return found


def _readable_elsewhere(e: Examination) -> Reading | None:
    """How a probe reads one part of the test set after learning the other, if better than chance."""
    x, y = test_inputs(e), test_classes(e)
    if x is None or y is None:
        return None
    within = fit_and_hold_out(x, y)
    return (
        within.reading if within is not None and within.reading.score > 0.3 and not within.reading.at_chance else None
    )


@rule("D13", setting=True)
def classes_imbalanced(e: Examination) -> Evidence | None:
    """Some classes are far more frequent than others.

    What it detects: One class with more than five times its even share, or more than ten times as many examples as
    the rarest, or classes of the test set that no training example has.

    Why it hurts: Answering the commonest class is a good answer for most examples, and the gradient of the others
    drowns in theirs.

    Cure: Weight the classes, draw batches with equal shares, or read the accuracy of each class.

    Evidence: The shares of the commonest and the rarest class. Where the test set has the classes in other shares,
    it is a finding: no experiment with training examples sees what is lost there. Otherwise it is a note.

    Look-alikes: None known: the counts are facts.
    """
    y, y_test = classes(e), test_classes(e)
    if y is None or len(y) < 50 or strange_rows(e) is not None:
        return None
    names, counts = np.unique(y, return_counts=True)
    if len(names) < 2 or (e.n_outputs == 1 and len(names) > 2):
        return None  # whole numbers with one output for them are counts, not classes
    shares = counts / len(y)
    numbers = {"largest_share": float(shares.max()), "smallest_share": float(shares.min()), "classes": len(names)}
    absent = [] if y_test is None else [int(c) for c in np.unique(y_test) if c not in names]
    if (
        absent
        and y_test is not None
        and np.mean(np.isin(y_test, absent)) > 0.05
        and len(absent) < len(np.unique(y_test))
    ):
        said = ", ".join(map(str, absent[:10]))
        return Evidence(
            MEASURED,
            f"no training example has class {said}, which test examples have",
            {**numbers, "absent": absent[:10]},
            falsifies=_shares_apart(y, y_test) >= OTHER_SHARES,
        )
    if shares.max() > 10 * shares.min() or shares.max() > 5 / len(names):
        return Evidence(
            MEASURED,
            f"class {int(names[shares.argmax()])} has {shares.max():.1%} of the training examples, class "
            f"{int(names[shares.argmin()])} has {shares.min():.1%}",
            numbers,
            falsifies=y_test is not None and _shares_apart(y, y_test) >= OTHER_SHARES,
        )
    return None


def _shares_apart(y: Array, y_test: Array) -> float:
    """The share of the test examples that would need another class for the classes to be as frequent as in training."""
    names = np.union1d(y, y_test)
    return float(sum(max(np.mean(y_test == name) - np.mean(y == name), 0) for name in names))
