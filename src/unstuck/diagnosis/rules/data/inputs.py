"""Faults of the training inputs."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.examination.evidence import MEASURED, PROVED, Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.measurements.once import once
from unstuck.diagnosis.measurements.plain_data import (
    UNEVEN,
    Raw,
    classes,
    raw_training,
    row_keys,
    sample,
    test_inputs,
    unevenness,
)
from unstuck.diagnosis.measurements.preparation import Matching, training_matching
from unstuck.diagnosis.measurements.probes import Reading, fit_and_hold_out
from unstuck.diagnosis.measurements.wrapping import find_wrapping, value_table
from unstuck.diagnosis.program.handed_over import all_finite
from unstuck.diagnosis.rules.rule import rule

Array = np.ndarray

LARGE, SMALL = 4.0, 0.01  # root mean square of all inputs
NEARLY_CONSTANT = 1e-4  # variance between examples as a share of the mean square
STILL_READABLE = 0.9  # of what a probe reads without wrapping: then the wrapping is harmless
SAME = 1e-6  # of the range of the inputs
LOST = 0.7  # of what a probe reads of the raw images: inputs of which it reads less have lost what told them apart


@once
def inputs_finite(e: Examination) -> bool:
    return all_finite(e.program.x_as_given)


@rule("D01", look_alikes=("U13",))
def inputs_not_finite(e: Examination) -> Evidence | None:
    """Some inputs are NaN or infinite.

    What it detects: NaN or infinity among the training or test inputs, as they reach the network.

    Why it hurts: One such number makes every sum it enters NaN, its gradient too, and after one update all weights.

    Cure: Find where it arises, most often a column divided by its standard deviation of zero or a missing value in a
    file, and divide by 1 there, fill the gap, or leave the column out.

    Evidence: How many numbers, in how many examples and columns, and the first of them. Everything else is examined
    with 0 in their place, and so is the network trained that shows what they cost.

    Look-alikes: U13 training-diverged, where the inputs are finite and the parameters are not.
    """
    for name, x in (("training", e.program.x_as_given), ("test", test_inputs(e))):
        if x is None or all_finite(x):
            continue
        bad = ~np.isfinite(x)
        row, column = np.argwhere(bad)[0]
        rows, columns = int(bad.any(axis=1).sum()), int(bad.any(axis=0).sum())
        return Evidence(
            PROVED,
            f"{int(bad.sum())} {name} inputs are NaN or infinite, in {rows} of {len(x)} examples and {columns} of "
            f"{x.shape[1]} columns; the first is row {row}, column {column}",
            {"count": int(bad.sum()), "examples": rows, "columns": columns, "first": [int(row), int(column)]},
            falsifies=name == "test",
        )
    return None


@rule("D02", setting=True, look_alikes=("U07", "A07"))
def inputs_unscaled(e: Examination) -> Evidence | None:
    """The inputs are far from unit scale.

    What it detects: A root mean square of the inputs above 4 or below 0.01, or columns (of at most 50)
    that vary a hundred times as much as the others.

    Why it hurts: Weights and rates are chosen for inputs of about unit size: with pixels of 0..255 the first sums are
    hundreds of times too large, units saturate or die, and the gradient of the first layer is as much too steep; with
    tiny inputs it hardly moves.

    Cure: Divide pixels by 255, or subtract the mean of each column and divide by its standard deviation, taken from
    the training examples and used for the test examples too.

    Evidence: The root mean square, the largest input, and the ratio of the column spreads.

    Look-alikes: U07 learning-rate-too-high and A07 signal-explodes make the same sums too large; dividing the inputs,
    or the weights and the rate, cures either.
    """
    if not inputs_finite(e):
        return None
    x = e.program.x[sample(len(e.program.x), 1000)].astype(float)
    size, largest = float(np.sqrt(np.mean(x**2))), float(np.abs(x).max())
    uneven = unevenness(x)
    numbers = {"root_mean_square": size, "largest": largest, "largest_to_median_column_spread": uneven}
    if size > LARGE:
        return Evidence(MEASURED, f"the inputs reach {largest:.4g}, with a root mean square of {size:.3g}", numbers)
    if 0 < size < SMALL and largest < 0.1:
        return Evidence(MEASURED, f"the largest input is {largest:.2g}, the root mean square {size:.2g}", numbers)
    if uneven > UNEVEN:
        return Evidence(
            MEASURED, f"one column of the inputs varies {uneven:.0f} times as much as the middle one", numbers
        )
    return None


@rule("D03", look_alikes=("D02",))
def inputs_wrapped_around(e: Examination) -> Evidence | None:
    """Arithmetic on unsigned bytes wrapped around while the inputs were prepared.

    What it detects: Inputs that are exactly a straight line in (raw - 128) mod 256, or another sum, difference or
    product taken in bytes, and not in the raw values themselves. The rows are matched to the raw images first, whatever
    their order.

    Why it hurts: 28 - 128 is 156 in bytes: dark and bright change places in part of the range, strokes get torn edges,
    and what was centred on 0 is not.

    Cure: Turn the images into floating point numbers before any arithmetic: `(x.astype(float) - 128) / 128`.

    Evidence: The formula in bytes, its largest deviation from the inputs, that of the best straight line without
    wrapping, two neighbouring raw values with what they became, and what a probe reads with and without wrapping: where
    that is nearly the same, the wrapping is real and harmless.

    Look-alikes: D02 inputs-unscaled often comes with it, as the inputs lie in 0..2 instead of -1..1.
    """
    raw, found = raw_training(e), training_matching(e)
    if raw is None:
        if e.case.raw is None:
            e.leave_unchecked(
                "whether the inputs were prepared as meant", "raw=(images, labels) before the preparation"
            )
        return None
    if found is None:
        return None
    wrapping = find_wrapping(*_beside_raw(e, raw, found))
    if wrapping is None:
        return None
    low, became_low, high, became_high = wrapping.example
    as_given, repaired = _readings(e, found.rows, raw.images[found.images][:, found.columns])
    harmless = as_given is not None and repaired is not None and as_given.score >= STILL_READABLE * repaired.score
    return Evidence(
        PROVED,
        f"the inputs follow {wrapping.formula}, taken in bytes: raw {low:.0f} became {became_low:.3g} and raw "
        f"{high:.0f} became {became_high:.3g}",
        {
            "formula": wrapping.formula,
            "residual": wrapping.residual,
            "residual_without_wrapping": wrapping.right_residual,
            "raw_values": [low, high],
            "inputs": [became_low, became_high],
            "probe": as_given.accuracy if as_given else None,
            "probe_without_wrapping": repaired.accuracy if repaired else None,
        },
        asleep=harmless and not e.faithful,  # a twin that follows the program tells better than a probe
    )


def _beside_raw(e: Examination, raw: Raw, found: Matching) -> tuple[Array, Array, float]:
    """Some inputs, the raw images that they came from, and by how much rounding may part them."""
    rows = sample(len(found.rows), 300)
    images = raw.images[found.images[rows]][:, found.columns]
    unit = np.finfo(np.float32).eps if np.asarray(e.case.x).dtype.itemsize <= 4 else np.finfo(float).eps
    return e.program.x[found.rows[rows]], images, 100 * float(unit)


def _readings(e: Examination, rows: Array, images: Array) -> tuple[Reading | None, Reading | None]:
    """What a probe reads of held-out examples with the inputs as they are, and with the raw values in their place."""
    y = classes(e)
    if y is None:
        return None, None
    as_given, repaired = (fit_and_hold_out(x, y[rows]) for x in (e.program.x[rows], images.astype(float)))
    return as_given.reading if as_given else None, repaired.reading if repaired else None


@rule("D04", look_alikes=("A04",))
def inputs_constant(e: Examination) -> Evidence | None:
    """The inputs hardly differ from example to example.

    What it detects: Fewer different inputs than classes, or a variance between examples below a ten-thousandth of the
    mean square. With the raw images: most of their values became one, and a probe reads far less of the inputs
    than of the images.

    Why it hurts: What is the same for all examples cannot tell them apart: the outputs become the shares of the
    classes, whatever is learnt.

    Cure: Look for a loop that fills every row from the same image or keeps one buffer for all, or for a constant added
    to everything; subtract the mean of each column. Divide pixels by `/`, not by `//`.

    Evidence: The number of different inputs, the share of the mean square that varies, or the raw values that became
    one with what the probe reads.

    Look-alikes: A04 outputs-identical, where the inputs differ and the network makes them the same.
    """
    x, y = e.program.x, classes(e)
    if len(x) < 10 or not inputs_finite(e):
        return None
    n_classes = 2 if y is None else len(np.unique(y))
    distinct = len(set(row_keys(x[: 4 * n_classes + 100])))
    if distinct < n_classes and distinct <= 50:
        distinct = len(set(row_keys(x)))
    if distinct < max(2, n_classes):
        return Evidence(
            PROVED,
            f"the {len(x)} training inputs are {distinct} different ones"
            if distinct > 1
            else f"all {len(x)} training inputs are the same",
            {"distinct_inputs": distinct, "examples": len(x)},
        )
    few = x[sample(len(x), 1000)]
    share = float(few.var(axis=0).mean() / (np.mean(few**2) or 1.0))
    if share < NEARLY_CONSTANT:
        return Evidence(
            MEASURED,
            f"the inputs of different examples differ by {np.sqrt(share):.2%} of their size",
            {"share_that_varies": share},
        )
    return _merged(e)


def _merged(e: Examination) -> Evidence | None:
    """Raw values that became one input, with what that costs a probe."""
    raw, found = raw_training(e), training_matching(e)
    table = None if raw is None or found is None else value_table(*_beside_raw(e, raw, found))
    if raw is None or found is None or table is None:
        return None
    values, became = table
    merged = values[np.abs(became - np.median(became)) <= SAME * np.ptp(became)]
    if len(merged) <= len(values) / 2:
        return None
    as_given, repaired = _readings(e, found.rows, raw.images[found.images][:, found.columns])
    if as_given is None or repaired is None or repaired.at_chance or as_given.score >= LOST * repaired.score:
        return None
    return Evidence(
        MEASURED,
        f"{len(merged)} of the {len(values)} raw values, from {merged[0]:.0f} to {merged[-1]:.0f}, became the same "
        f"number; a probe reads {as_given.accuracy:.0%} of the inputs and {repaired.accuracy:.0%} of the raw images",
        {"raw_values_merged": len(merged), "probe": as_given.accuracy, "probe_of_raw_images": repaired.accuracy},
    )
