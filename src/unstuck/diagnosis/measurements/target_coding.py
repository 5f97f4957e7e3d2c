"""How targets say classes: one-hot rows, integers, codes; and where they fail to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from unstuck.diagnosis.examination.evidence import MEASURED, PROVED, SUSPECTED, Evidence
from unstuck.diagnosis.measurements.once import once
from unstuck.diagnosis.measurements.plain_data import are_real, labels, name_several
from unstuck.diagnosis.measurements.preparation import raw_classes, true_labels
from unstuck.diagnosis.measurements.probes import best_table, consistency

if TYPE_CHECKING:
    from unstuck.diagnosis.examination.examination import Examination

Array = np.ndarray


@once
def numeric_targets(e: Examination) -> Array | None:
    """The targets as given, as finite float64, one entry or row for each example; None where they are not."""
    try:
        targets = np.asarray(e.program.targets, dtype=float)
    except (TypeError, ValueError):
        return None
    return targets if targets.ndim and len(targets) == len(e.program.x) and np.isfinite(targets).all() else None


@once
def coded_targets(e: Examination) -> Array | None:
    """(n, n_outputs) targets as the training step is shown to use them, or as given where they are that wide."""
    targets = numeric_targets(e)
    if targets is None:
        return None
    if e.twin is not None and e.twin.coding is not None and not e.twin.coding.fault:
        return np.asarray(e.twin.coding.compute(e.program.targets), dtype=float)
    rows = targets.reshape(len(targets), -1)
    return rows if rows.shape[1] == e.n_outputs else None


def _identified(e: Examination) -> bool:
    return e.twin is not None and not e.twin.coding.fault


@once
def strange_rows(e: Examination) -> Evidence | None:
    """Targets that do not say one class for each example."""
    n = len(e.program.x)
    targets = numeric_targets(e)
    if targets is None:
        return None
    rows = targets.reshape(n, -1)
    return _strange_integers(e, rows[:, 0]) if rows.shape[1] == 1 else _strange_codes(e, rows)


def _strange_integers(e: Examination, column: Array) -> Evidence | None:
    """Integer labels without an output of their own."""
    if e.n_outputs < 2 or np.any(column != np.round(column)) or _identified(e):
        return None
    low, high = int(column.min()), int(column.max())
    if (low >= 0 and high < e.n_outputs) or len(np.unique(column)) > 2 * e.n_outputs or len(np.unique(column)) <= 2:
        return None
    embeds = e.backward is not None and e.forward_proved and e.forward is not None and e.forward.output == "linear"
    return Evidence(
        SUSPECTED if embeds else MEASURED,  # a step that takes them may learn a place for each example, no class
        f"the labels run from {low} to {high}, the {e.n_outputs} outputs stand for 0 to {e.n_outputs - 1}",
        {"smallest_label": low, "largest_label": high, "outputs": e.n_outputs},
    )


def _strange_codes(e: Examination, rows: Array) -> Evidence | None:
    n, k = rows.shape
    if e.n_outputs and k != e.n_outputs:
        if are_real(rows):
            return None  # a time and whether it was cut off, a value and its weight: a loss may take what it likes
        return Evidence(
            PROVED,
            f"the targets have {k} columns, the network {e.n_outputs} outputs",
            {"columns": k, "outputs": e.n_outputs},
        )
    levels = np.unique(rows[: min(n, 2000)])
    if n >= 4 and len(levels) == 1 and np.all(rows == levels[0]):
        said = f"all {n} x {k} targets are {levels[0]:g}"
        grade = SUSPECTED if may_be_a_point(e, rows[0]) else PROVED
        return Evidence(grade, said, {"value": float(levels[0])})
    given = labels(e) if e.case.labels is not None else None
    if len(levels) != 2 or not np.isin(rows, levels).all():
        return _sums(e, rows)
    ones = (rows == levels[1]).sum(axis=1)
    if np.all(ones == 1):
        return None
    numbers = {"rows_with_one": int(np.sum(ones == 1)), "rows_with_none": int(np.sum(ones == 0)), "rows": n}
    found = f"{int(ones.min())} to {int(ones.max())}"
    said = f"{np.mean(ones != 1):.0%} of the target rows have not one {levels[1]:g} but {found}"
    if np.all(ones == k - 1) and k > 2:
        return Evidence(PROVED, f"every target row has its {levels[0]:g} where one {levels[1]:g} was meant", numbers)
    if given is not None:
        return None if _is_code(rows, given) else Evidence(PROVED, said, numbers)
    impossible = _sums(e, rows)
    if impossible is None and ones.sum() == n:
        return Evidence(MEASURED, said + ", as many in all as there are rows", numbers)
    return impossible


def may_be_a_point(e: Examination, row: Array) -> bool:
    """Whether a target that all examples share may be a place that they are drawn to, and no code of a class."""
    linear = e.forward_proved and e.forward is not None and e.forward.output == "linear"
    return linear and len(row) > 1 and not np.isin(row, (-1, 0, 1)).any()


def _sums(e: Examination, rows: Array) -> Evidence | None:
    """Rows that no softmax can give, as they do not sum to 1."""
    if not e.forward_proved or e.forward is None or e.forward.output != "softmax" or rows.min() < 0 or rows.max() > 1:
        return None
    total = rows.sum(axis=1)
    off = float(np.mean((total < 0.5) | (total > 1.5)))
    if off < 0.05:
        return None
    return Evidence(
        PROVED,
        f"{off:.0%} of the target rows do not sum to 1, as the softmax outputs do: the sums run from {total.min():.3g} "
        f"to {total.max():.3g}",
        {"share_of_rows": off},
    )


def _is_code(rows: Array, y: Array) -> bool:
    """Whether each class has one row of its own (binary codes, say)."""
    codes = [np.unique(rows[y == c], axis=0) for c in np.unique(y)]
    return all(len(code) == 1 for code in codes) and len({code.tobytes() for code in codes}) == len(codes)


@once
def other_columns(e: Examination) -> Evidence | None:
    """Well-formed rows whose one stands, for every label, in a column that is not the label's."""
    targets, (given, of_rows) = numeric_targets(e), true_labels(e)
    if targets is None or len(given) < 20:
        return None
    rows = targets.reshape(len(targets), -1)[of_rows]
    columns = rows.argmax(axis=1) if rows.shape[1] > 1 else None
    if columns is None:
        if e.n_outputs < 2 or np.any(rows != np.round(rows)):
            return None
        columns = rows[:, 0].astype(int)
    names, k = np.unique(given), max(rows.shape[1], e.n_outputs)
    if len(np.unique(columns)) < 2 or names[0] < 0 or names[-1] >= k or np.mean(columns == given) > 0.97:
        return None
    if consistency(given, columns).accuracy < 0.97:
        return None
    table = best_table(given, columns)
    moved = [label for label, column in table.items() if label != column]
    if rows.shape[1] == len(names) < k:
        return None
    return Evidence(
        PROVED,
        f"the target of label {moved[0]} stands for class {table[moved[0]]}; {len(moved)} of {len(names)} labels are "
        "moved",
        {"labels": moved[:10], "columns": [table[label] for label in moved[:10]]},
    )


def labels_of(e: Examination) -> Array | None:
    """Integer training labels: as given, of the raw images where the targets are shown to name others, or read off the
    targets; None where these are real values."""
    case, targets = e.case, np.asarray(e.program.targets)
    if case.labels is not None:
        return np.asarray(case.labels).reshape(-1).astype(int)
    of_images = raw_classes(e)
    if of_images is not None and other_columns(e) is not None:
        return of_images
    rows = targets.reshape(len(targets), -1)
    if rows.shape[1] > 1:
        levels = np.unique(np.round(rows[:500].astype(float), 6))
        return rows.argmax(1) if len(levels) <= 3 and not name_several(rows.astype(float)) else None
    values = np.unique(rows)
    if e.n_outputs > 1 and np.array_equal(values, values.astype(int)):
        return rows[:, 0].astype(int)
    if len(values) == 2:
        return (rows[:, 0] > values.mean()).astype(int)
    if targets.dtype.kind in "iub" and 3 <= len(values) <= 100:
        return rows[:, 0].astype(int)
    return None
