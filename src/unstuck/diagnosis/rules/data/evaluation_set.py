"""Faults of the test set: inputs prepared otherwise, inputs that were trained on, labels that belong to others."""

from __future__ import annotations

from collections import Counter

import numpy as np

from unstuck.diagnosis.examination.evidence import MEASURED, PROVED, SUSPECTED, Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.measurements.linear_map import rotation_would_not_show
from unstuck.diagnosis.measurements.once import once
from unstuck.diagnosis.measurements.plain_data import (
    labels,
    raw_test,
    raw_training,
    row_keys,
    test_classes,
    test_inputs,
)
from unstuck.diagnosis.measurements.preparation import cut_across_images, test_matching
from unstuck.diagnosis.measurements.probes import consistency, read_test, training_probe
from unstuck.diagnosis.measurements.test_preparation import (
    DEVIATES,
    Columns,
    compare_preparation,
    deviation_of_test_inputs,
    inputs_differ,
    test_of_standardised,
)
from unstuck.diagnosis.program.handed_over import all_finite
from unstuck.diagnosis.rules.rule import rule

Array = np.ndarray

READABLE = 0.5  # chance-corrected; below it a probe that fails on the test set says little
TRAINED_ON = 0.2  # share of the test inputs, beyond the share of repeated inputs among the training inputs
TOY = 50  # with fewer different test inputs, training and test set may be the same on purpose


@rule("D05", look_alikes=("D11",))
def test_inputs_prepared_differently(e: Examination) -> Evidence | None:
    """The test inputs were prepared otherwise than the training inputs.

    What it detects: Another scale or offset, inverted or transposed images, reversed columns. With the raw images of
    both parts the two preparations are compared directly; without, means and spreads of the columns are, and a probe
    that learnt the training examples reads the test set before and after the change that would put it right. Training
    inputs that are standardised to rounding tell by themselves whether the test inputs were by the same numbers, by
    numbers of their own (a note), or not at all.

    Why it hurts: The network answers about inputs of a kind it never saw; the accuracy that is read says nothing about
    what was learnt.

    Cure: Send both parts through the same function, with means and spreads taken from the training examples.

    Evidence: The change that makes the test inputs look like the training inputs, the distance of their column means in
    standard errors before and after it, and what the probe reads before and after.

    Look-alikes: D11 test-labels-misaligned also leaves the test set at chance, with inputs that look alike.
    """
    x = test_inputs(e)
    if x is None or not all_finite(x):
        return None
    if cut_across_images(x, raw_test(e)) and not cut_across_images(e.program.x, raw_training(e)):
        return Evidence(
            PROVED,
            "each row of the test inputs holds one number of every stretch of the raw test data, and so parts of many "
            "images: they were reshaped to columns without being transposed, the training inputs were not",
            {"pixels": e.n_features, "images": len(x)},
            falsifies=True,
        )
    deviation = deviation_of_test_inputs(e)
    if deviation is not None:
        if deviation < DEVIATES:
            return None
        return Evidence(
            PROVED,
            "the preparation that gives the training inputs from their raw images does not give the test inputs from "
            f"theirs: they differ by {deviation:.3g} times the spread of the inputs",
            {"deviation": deviation, "largest_training": float(e.program.x.max()), "largest_test": float(x.max())},
            falsifies=True,
        )
    found = compare_preparation(e)
    if found is None or not found.change:
        by_numbers = _by_their_own_numbers(e)
        if by_numbers is not None:
            return by_numbers
    if found is None:
        return None
    if not found.change:
        sizes = [Columns.of(inputs).size for inputs in (x, e.program.x)]
        return Evidence(
            SUSPECTED,
            f"the test inputs vary by {sizes[0]:.3g}, the training inputs by {sizes[1]:.3g}, and no other scale and "
            "offset makes them alike",
            {"spread_of_test_inputs": sizes[0], "spread_of_training_inputs": sizes[1]},
            falsifies=True,
        )
    read = (
        ""
        if found.before is None or found.after is None
        else (
            f"; a probe of the training data reads {found.before.accuracy:.0%} of the test set as given and "
            f"{found.after.accuracy:.0%} after that"
        )
    )
    return Evidence(
        PROVED if found.certain else MEASURED,
        f"the test inputs look like the training inputs only when {found.change}{read}",
        {
            "change": found.change,
            "distance_as_given": found.distance,
            "distance_after": found.distance_after,
            "probe_as_given": found.before.accuracy if found.before else None,
            "probe_after": found.after.accuracy if found.after else None,
        },
        falsifies=True,
    )


def _by_their_own_numbers(e: Examination) -> Evidence | None:
    """Test inputs beside training inputs that are standardised to rounding."""
    found = test_of_standardised(e)
    if found is None:
        return None
    numbers: dict[str, object] = {"largest_mean": found.mean, "furthest_spread": found.spread}
    if found.by_their_own:
        said = (
            "training inputs and test inputs both have means of 0 and spreads of 1 to rounding: the test inputs were "
            "standardised by their own means and spreads"
        )
        return Evidence(PROVED, said, numbers, asleep=True)
    return Evidence(
        MEASURED,
        "the training inputs were standardised (means of 0 and spreads of 1 to rounding), the test inputs were not: "
        f"means of up to {found.mean:.3g} and spreads such as {found.spread:.3g}, which sampling does not explain",
        numbers,
        falsifies=True,
    )


@once
def trained_on(e: Examination) -> dict[int, int]:
    """For each test row that is also a training row: that training row."""
    x = test_inputs(e)
    if x is None:
        return {}
    rows = {key: i for i, key in reversed(list(enumerate(training_keys(e))))}
    return {i: rows[key] for i, key in enumerate(row_keys(x)) if key in rows}


@once
def training_keys(e: Examination) -> list[bytes]:
    return row_keys(e.program.x)


@rule("D06", look_alikes=("D11",))
def test_inputs_among_training_inputs(e: Examination) -> Evidence | None:
    """The test examples were trained on.

    What it detects: Test inputs that equal a training input in every number, in a share that exceeds that of repeated
    inputs within the training data by more than a fifth. Toy data with fewer than 50 different test inputs, and
    targets that are no classes, are left alone: there both parts may be the same on purpose.

    Why it hurts: The accuracy on examples that were trained on is what was memorised. Where labels of other examples
    stand beside them, it is chance.

    Cure: Look for the name of the training inputs where the test set is put together, and for a split that was made
    after copying; test on examples that were never trained on.

    Evidence: The share of the test inputs found among the training inputs.

    Look-alikes: D11 test-labels-misaligned: both are true where training inputs are paired with test labels.
    """
    x, found = test_inputs(e), trained_on(e)
    if x is None or not found or test_classes(e) is None:
        return None
    share = len(found) / len(x)
    if len(set(found.values())) < TOY:
        return None
    repeats = Counter(training_keys(e))
    natural = sum(count for count in repeats.values() if count > 1) / len(e.program.x)
    if share <= natural + TRAINED_ON:
        return None
    same_order = sum(1 for i, j in found.items() if i == j)
    return Evidence(
        PROVED,
        f"{len(found)} of {len(x)} test inputs are training inputs"
        + (", in the same order" if same_order > 0.9 * len(found) else ""),
        {"share": share, "repeated_among_training_inputs": natural, "in_the_same_place": same_order},
        falsifies=True,
    )


@rule("D11", look_alikes=("D05", "D06"))
def test_labels_misaligned(e: Examination) -> Evidence | None:
    """The test labels do not belong to the test inputs.

    What it detects: Test inputs whose raw image, or whose twin among the training examples, has another label; or a
    probe that reads held-out training examples well and the test set no better than chance, although its inputs look
    like the training inputs.

    Why it hurts: The network may have learnt everything and yet no more than chance is read.

    Cure: Take inputs and labels from the same part and in the same order: look for a zip of the images of one part with
    the labels of another, for one of the two sorted or shuffled alone.

    Evidence: The share of test inputs with another label where that is known, and what the probe reads of held-out
    training examples and of the test set.

    Look-alikes: D05 test-inputs-prepared-differently, where the inputs look otherwise; D06
    test-inputs-among-training-inputs, where training images were paired with test labels; E02 predictions-out-of-order,
    where the data are right and the counting is not.
    """
    y = test_classes(e)
    training, test = training_probe(e), read_test(e)
    numbers: dict[str, object] = {}
    if training is not None and test is not None:
        numbers = {"probe_on_training": training.reading.accuracy, "probe_on_test": test.accuracy}
    known = _known_test_classes(e)
    if y is not None and known is not None:
        rows, truth, source = known
        agreement = consistency(truth, y[rows])
        if agreement.at_chance and len(rows) >= 20 and len(np.unique(y)) > 1:
            wrong = float(np.mean(truth != y[rows]))
            return Evidence(
                PROVED,
                f"{wrong:.0%} of the {len(rows)} test inputs {source} have another label there",
                {"share_with_another_label": wrong, **numbers},
                falsifies=True,
            )
    if y is None or training is None or test is None or inputs_differ(e):
        return None
    if training.reading.score < READABLE or training.reading.at_chance or not test.at_chance:
        return None
    cause, certain = _cause(e, y)
    hidden = not cause and deviation_of_test_inputs(e) is None and rotation_would_not_show(e)
    if hidden:
        cause = "; or the test inputs were prepared by a map of their own (D05): raw=… with all four arrays would tell"
    return Evidence(
        PROVED if certain else SUSPECTED if hidden else MEASURED,
        f"a probe reads {training.reading.accuracy:.0%} of held-out training examples and {test.accuracy:.0%} of the "
        f"test set{cause}",
        numbers,
        falsifies=True,
        look_alikes=("D05",) if hidden else (),
    )


def _known_test_classes(e: Examination) -> tuple[Array, Array, str] | None:
    """(test rows, their true classes, how that is known) where equal inputs or raw images tell."""
    y = labels(e)
    if trained_on(e) and y is not None:
        repeats, keys = Counter(training_keys(e)), training_keys(e)
        found = {i: j for i, j in trained_on(e).items() if repeats[keys[j]] == 1}
        if len(set(found.values())) >= TOY:
            return np.array(list(found)), y[list(found.values())], "that are training inputs too"
    matching, raw = test_matching(e), raw_test(e)
    if matching is None or raw is None or raw.labels is None:
        return None
    return matching.rows, raw.labels[matching.images], "found among the raw test images"


def _cause(e: Examination, y: Array) -> tuple[str, bool]:
    """What the labels are instead, and whether that is certain."""
    trained = labels(e)
    n = len(y)
    changes = int(np.count_nonzero(np.diff(y)))
    if trained is not None and n >= 50 and len(trained) >= n and changes > n / 4 and np.array_equal(trained[:n], y):
        return "; the test labels are the labels of the first training examples", True
    for shift in (1, -1):
        moved = read_test(e, y_test=np.roll(y, shift))
        if moved is not None and moved.score > READABLE:
            return f"; with the labels moved by {abs(shift)} place it reads {moved.accuracy:.0%}", False
    for offset in (1, -1):
        renamed = read_test(e, y_test=y + offset)
        if renamed is not None and renamed.score > READABLE:
            return f"; with every label changed by {offset:+d} it reads {renamed.accuracy:.0%}", False
    if n >= 50 and changes < len(np.unique(y)) * 2:
        return "; the test labels are sorted", False
    return "", False
