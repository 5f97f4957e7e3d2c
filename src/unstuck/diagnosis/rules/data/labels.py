"""Faults of the classes that the targets name: those of other examples, or one of them mostly."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.examination.evidence import MEASURED, PROVED, SUSPECTED, Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.measurements.plain_data import (
    classes,
    labels,
    raw_training,
    sample,
    test_classes,
    test_inputs,
)
from unstuck.diagnosis.measurements.preparation import cut_across_images, raw_labels
from unstuck.diagnosis.measurements.probes import (
    FEW,
    Reading,
    consistency,
    fit_and_hold_out,
    of_answers,
    share_of_numbers_read,
    training_probe,
)
from unstuck.diagnosis.measurements.target_coding import numeric_targets, strange_rows
from unstuck.diagnosis.program.handed_over import all_finite
from unstuck.diagnosis.rules.rule import rule

Array = np.ndarray

UNREAD, READ_ELSEWHERE = 0.05, 0.35  # shares of the variance of numbers
OTHER_SHARES = 0.3  # of the test examples: at most so much of the accuracy is lost by other shares of the classes


@rule("D10", look_alikes=("D09", "D14"))
def labels_unrelated_to_inputs(e: Examination) -> Evidence | None:
    """The training labels do not belong to their inputs.

    What it detects: Inputs whose raw image has another label than the target says, or targets that contradict `labels`;
    rows cut across the raw images by `images.reshape(n_pixels, -1).T`; without these, targets that neither a linear
    probe nor the nearest neighbour reads off held-out training examples, although the test examples can be read. That
    last one also of targets that are numbers, or several tags.

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
    if y is None:
        return _numbers_unrelated(e)
    if len(y) < 2 * FEW or len(np.unique(y)) < 2 or strange_rows(e) is not None:
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


def _numbers_unrelated(e: Examination) -> Evidence | None:
    """Of targets that are numbers or several tags: readers that read them off the test inputs, and not off as many
    training inputs."""
    wanted, x_test, given = numeric_targets(e), test_inputs(e), e.case.targets_test
    if wanted is None or x_test is None or given is None or not all_finite(x_test):
        return None
    try:
        truth = np.asarray(given, dtype=float).reshape(len(x_test), -1)
    except (TypeError, ValueError):
        return None
    wanted = wanted.reshape(len(wanted), -1)
    rows, as_many = sample(len(wanted), len(truth)), sample(len(truth), len(wanted))
    if wanted.shape[1] != truth.shape[1] or not np.isfinite(truth).all():
        return None
    read = share_of_numbers_read(e.program.x[rows], wanted[rows])
    elsewhere = share_of_numbers_read(x_test[as_many], truth[as_many])
    if read is None or elsewhere is None or read > UNREAD or elsewhere < READ_ELSEWHERE:
        return None
    return Evidence(
        MEASURED,
        f"readers explain {read:.0%} of the variance of held-out training targets, but {elsewhere:.0%} of that of "
        "held-out test targets, from as many examples",
        {"explained": read, "explained_within_test": elsewhere},
        falsifies=True,
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
