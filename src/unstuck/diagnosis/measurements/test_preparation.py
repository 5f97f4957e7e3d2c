"""Were training and test inputs prepared alike? Means and spreads of the columns are compared, and changes tried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from unstuck.diagnosis.measurements.linear_map import linear_map
from unstuck.diagnosis.measurements.once import once
from unstuck.diagnosis.measurements.plain_data import mean_and_spread, raw_test, raw_training, sample, test_inputs
from unstuck.diagnosis.measurements.preparation import test_matching, training_matching
from unstuck.diagnosis.measurements.probes import Reading, read_test, training_probe
from unstuck.diagnosis.measurements.wrapping import value_table
from unstuck.diagnosis.program.handed_over import all_finite

if TYPE_CHECKING:
    from unstuck.diagnosis.examination.examination import Examination

Array = np.ndarray

FEW_FEATURES, FEW_EXAMPLES = 10, 50  # with less, only another order of magnitude is evidence
FAR, NEAR = 10.0, 3.0  # squared distance of column means in squared standard errors; 1 for alike
WORSE = 0.8  # of what the probe read before: then the change is not what is missing
STANDARD = 1e-5  # of the spread: rounding of 32 bits
OTHER_UNITS = 1.5  # the typical spread of a column beside 1; by sampling it varies by less
EACH_IN_OTHER_UNITS = 2.0  # the same on the average of the columns, whatever their means
DEVIATES = 0.3  # of the spread of the inputs: by so much test inputs differ from what they should be


@dataclass(frozen=True)
class Difference:
    """change     what has to be done to the test inputs, in words; empty where nothing tried puts them right
    certain    the change is one of few and turns what the probe reads from bad to good"""

    change: str
    distance: float
    distance_after: float
    before: Reading | None
    after: Reading | None
    certain: bool


@dataclass(frozen=True)
class Columns:
    """Means, spreads and number of the rows of some inputs, column by column."""

    mean: Array
    spread: Array
    n: int

    @staticmethod
    def of(x: Array) -> Columns:
        return Columns(*mean_and_spread(x), len(x))

    @property
    def size(self) -> float:
        """Root mean square deviation of all numbers from their common mean."""
        return float(np.sqrt(np.mean(self.spread**2) + np.var(self.mean)))


@dataclass(frozen=True)
class OwnNumbers:
    """Training inputs that are standardised to rounding, column by column or as a whole, beside their test inputs.

    mean and spread of the test inputs: the largest deviations from 0 and from 1. by_their_own: they are 0 and 1 to
    rounding too
    """

    mean: float
    spread: float
    by_their_own: bool


def distance(a: Columns, b: Columns) -> float:
    """Mean over the columns of the squared distance of the means in squared standard errors; near 1 for one source.

    A twentieth of the typical spread is added to the errors, so that columns that hardly ever vary do not decide.
    """
    floor = 0.05 * float(np.sqrt(np.mean(a.spread**2) + np.mean(b.spread**2)))
    errors = (a.spread**2 + floor**2) / a.n + (b.spread**2 + floor**2) / b.n
    return float(np.mean((a.mean - b.mean) ** 2 / np.maximum(errors, 1e-300)))


@once
def inputs_differ(e: Examination) -> bool:
    """Whether training and test inputs look as if they had been prepared differently."""
    deviation = deviation_of_test_inputs(e)
    return compare_preparation(e) is not None if deviation is None else deviation >= DEVIATES


@once
def test_of_standardised(e: Examination) -> OwnNumbers | None:
    """The test inputs of a program whose training inputs have means 0 and spreads 1 to rounding: by their own numbers,
    or in other units than sampling explains. None where they were standardised alike, or where none of it applies."""
    x, x_test = e.program.x, test_inputs(e)
    if x_test is None or min(len(x), len(x_test)) < FEW_EXAMPLES or not all_finite(x_test):
        return None
    for whole in (False, True):
        a, b = (_numbers(part, whole) for part in (x, x_test))
        varied = (a[1] > 0) & (b[1] > 0)
        a, b = (a[0][varied], a[1][varied]), (b[0][varied], b[1][varied])
        if not varied.any() or not _standard(*a, len(x)):
            continue
        mean, spread = float(np.abs(b[0]).max()), float(b[1][np.argmax(np.abs(np.log(b[1])))])
        if _standard(*b, len(x_test)):
            return OwnNumbers(mean, spread, True)
        typical = float(np.exp(np.median(np.log(b[1]))))
        far = np.mean(b[0] ** 2 / (1 / len(x) + b[1] ** 2 / len(x_test)))
        factor = float(np.exp(np.mean(np.abs(np.log(b[1])))))  # of the columns' spreads, up or down
        if (far > FAR**2 and not 1 / OTHER_UNITS < typical < OTHER_UNITS) or factor > EACH_IN_OTHER_UNITS:
            return OwnNumbers(mean, spread, False)
        return None
    return None


def _numbers(x: Array, whole: bool) -> tuple[Array, Array]:
    mean, spread = mean_and_spread(x)
    if not whole:
        return mean, spread
    return np.array([mean.mean()]), np.array([np.sqrt(np.mean(spread**2) + np.var(mean))])


def _standard(mean: Array, spread: Array, n: int) -> bool:
    """Whether means are 0 and spreads 1 to rounding, dividing by n or by n - 1."""
    return bool(
        np.abs(mean).max() < STANDARD
        and any(np.abs(spread / wanted - 1).max() < STANDARD for wanted in (1.0, np.sqrt((n - 1) / n)))
    )


@once
def deviation_of_test_inputs(e: Examination) -> float | None:
    """How far the test inputs are from what the preparation of the training inputs makes of their raw images, as a
    share of their spread; None where that is not known."""
    known = _straight_lines(e) or _value_by_value(e) or linear_map(e)
    if known is None:
        return None
    given, expected = known
    spread = float(np.sqrt(np.mean(expected.var(axis=0)))) or 1.0
    return float(np.sqrt(np.mean((given - expected) ** 2))) / spread


def _straight_lines(e: Examination) -> tuple[Array, Array] | None:
    """Test inputs as given and as expected, both (m, f), where each column is a straight line in its raw value."""
    found = _both_beside_raw(e)
    if found is None:
        return None
    v, x, images, given = found
    centred = v - v.mean(axis=0)
    variance = np.mean(centred**2, axis=0)
    slope = np.mean(centred * x, axis=0) / np.maximum(variance, 1e-12)
    offset = x.mean(axis=0) - slope * v.mean(axis=0)
    if np.abs(v * slope + offset - x).max() > 1e-4 * (np.ptp(x) or 1.0):
        return None
    known = variance > 1e-12
    if known.sum() < FEW_FEATURES:
        return None
    slope[~known], offset[~known] = np.median(slope[known]), np.median(offset[known])
    return given[:, known], (images * slope + offset)[:, known]


def _value_by_value(e: Examination) -> tuple[Array, Array] | None:
    """Test inputs as given and as expected, both (m, f), where each raw value became the same in all columns; of test
    images whose values all occur in training images."""
    found = _both_beside_raw(e)
    table = None if found is None else value_table(found[1], found[0], 1e-4)
    if found is None or table is None:
        return None
    (values, became), images, given = table, found[2], found[3]
    known = np.isin(images, values).all(axis=1)
    if known.sum() < FEW_EXAMPLES:
        return None
    return given[known], became[np.searchsorted(values, images[known])]


def _both_beside_raw(e: Examination) -> tuple[Array, Array, Array, Array] | None:
    """Raw training images and the inputs made of them, raw test images, their columns in the same order, and the
    inputs made of those; some of each."""
    raw, raw_for_test, x_test = raw_training(e), raw_test(e), test_inputs(e)
    training, test = training_matching(e), test_matching(e)
    if raw is None or raw_for_test is None or training is None or test is None or x_test is None:
        return None
    rows, rows_for_test = sample(len(training.rows), 1000), sample(len(test.rows), 500)
    return (
        raw.images[training.images[rows]][:, training.columns].astype(float),
        e.program.x[training.rows[rows]].astype(float),
        raw_for_test.images[test.images[rows_for_test]][:, training.columns].astype(float),
        x_test[test.rows[rows_for_test]].astype(float),
    )


@once
def compare_preparation(e: Examination) -> Difference | None:
    """None where both look alike, or where nothing simple makes them so."""
    x, x_test = e.program.x, test_inputs(e)
    if x_test is None or min(len(x), len(x_test)) < 20 or not all_finite(x_test):
        return None
    x = x[sample(len(x), 2000)]
    a, b = Columns.of(x), Columns.of(x_test)
    if a.size == 0 or b.size == 0:
        return None
    ratio = b.size / a.size
    little = x.shape[1] < FEW_FEATURES or min(len(x), len(x_test)) < FEW_EXAMPLES
    far = 20.0 if little else 2.0
    given = distance(a, b)
    if ratio > far or ratio < 1 / far:
        return _other_scale(e, a, b, ratio, given)
    if little or given < FAR:
        return None
    training, before = training_probe(e), read_test(e)
    for change, changed in _changes(x_test, a, b):
        after_distance = distance(a, Columns.of(changed))
        if after_distance > NEAR or after_distance > given / 3:
            continue
        after = read_test(e, x_test=changed)
        if training is None or before is None or after is None:
            continue
        good = after.score > 0.8 * training.reading.score and training.reading.score > 0.3
        if good and before.score < 0.6 * after.score:
            return Difference(change, given, after_distance, before, after, True)
        if good and change.startswith("shifted") and given > 100:
            return Difference(change, given, after_distance, before, after, False)
    return None


def _other_scale(e: Examination, a: Columns, b: Columns, ratio: float, given: float) -> Difference:
    slope = a.size / b.size
    offset = float(np.mean(a.mean) - slope * np.mean(b.mean))
    x_test = test_inputs(e)
    assert x_test is not None
    changed = x_test * slope + offset
    said = f"divided by {ratio:.4g}" if ratio > 1 else f"multiplied by {1 / ratio:.4g}"
    if abs(offset) > 0.05 * a.size:
        said += f" and shifted by {offset:.3g}"
    after_distance, before, after = distance(a, Columns.of(changed)), read_test(e), read_test(e, x_test=changed)
    if before is not None and after is not None and after.score < WORSE * before.score:
        return Difference("", given, after_distance, before, after, False)
    return Difference(said, given, after_distance, before, after, False)


def _changes(x_test: Array, a: Columns, b: Columns) -> Iterator[tuple[str, Array]]:
    """Test inputs after each simple change that might put them right."""
    n_features = x_test.shape[1]
    slope = a.size / b.size
    yield "inverted", -slope * x_test + float(np.mean(a.mean) + slope * np.mean(b.mean))
    side = int(np.sqrt(n_features))
    orders: list[tuple[str, Array]] = [("taken with their columns in reverse", np.arange(n_features)[::-1])]
    if side * side == n_features and side > 2:
        grid = np.arange(n_features).reshape(side, side)
        orders += [
            ("transposed", grid.T.ravel()),
            ("mirrored left to right", grid[:, ::-1].ravel()),
            ("mirrored top to bottom", grid[::-1].ravel()),
            ("turned to the left", np.rot90(grid, 1).ravel()),
            ("turned to the right", np.rot90(grid, -1).ravel()),
        ]
    for said, order in orders:
        yield said, x_test[:, order]
    yield "shifted and scaled as a whole", slope * x_test + float(np.mean(a.mean) - slope * np.mean(b.mean))
    scale = a.spread / np.where(b.spread > 0, b.spread, 1.0)
    yield "standardised column by column as the training inputs", (x_test - b.mean) * scale + a.mean
