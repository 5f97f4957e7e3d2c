"""Target codings: how the user's loop turns what it is given into rows (n, n_outputs) to compare the outputs with."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.formulas.formula import Array, Formula

LEVELS = (
    (0.0, 1.0),
    (-1.0, 1.0),
    (0.01, 0.99),
    (0.1, 0.9),
    (0.0, 0.99),
    (0.05, 0.95),
    (-0.8, 0.8),
    (-0.9, 0.9),
    (-1.7159, 1.7159),
)


def one_hot(labels: Array, n_classes: int, low: float = 0.0, high: float = 1.0) -> Array:
    """(n,) integers -> (n, n_classes) with `high` in the column of the label."""
    rows = np.full((len(labels), n_classes), low)
    inside = (labels >= 0) & (labels < n_classes)
    rows[np.flatnonzero(inside), labels[inside].astype(int)] = high
    return rows


def between(coding: Formula, low: float, high: float) -> Formula:
    """The same coding with `low` and `high` in the places of 0 and 1, as label smoothing has it."""
    name = f"{coding.name}, {low:.4g} and {high:.4g} for 0 and 1"
    return Formula(name, lambda g: low + (high - low) * coding.compute(g), coding.fault)


def codings(given: Array, n_outputs: int) -> list[Formula]:
    """Every reading of the targets as given, right ones first. compute(given) -> (n, n_outputs).

    `given` is (n,) integer labels or (n, k) rows.
    """
    found: list[Formula] = []
    rows = given.reshape(len(given), -1)
    if rows.shape[1] == n_outputs:
        found.append(Formula("as given", lambda g: np.asarray(g, float).reshape(len(g), -1)))
    if rows.shape[1] == 1 and n_outputs > 1:
        found += _codings_of_labels(n_outputs)
    if rows.shape[1] == n_outputs and n_outputs > 1:
        found += _codings_of_rows(n_outputs)
    if rows.shape[1] == n_outputs == 1:
        found.append(Formula("0 and 1 to -1 and 1", lambda g: 2 * np.asarray(g, float).reshape(len(g), -1) - 1))
        found.append(Formula("-1 and 1 to 0 and 1", lambda g: (np.asarray(g, float).reshape(len(g), -1) + 1) / 2))
    return found


def _labels(given: Array) -> Array:
    return np.asarray(given).reshape(-1).astype(int)


def _codings_of_labels(n: int) -> list[Formula]:
    found = [
        Formula(f"one-hot {low:g} and {high:g}", lambda g, low=low, high=high: one_hot(_labels(g), n, low, high))
        for low, high in LEVELS
    ]
    for low, high in LEVELS[:4]:
        for k in range(n):
            found.append(
                Formula(
                    f"every example is class {k} ({low:g} and {high:g})",
                    lambda g, k=k, low=low, high=high: one_hot(np.full(len(g), k), n, low, high),
                    "D07",
                )
            )
        for shift in (1, -1):
            found.append(
                Formula(
                    f"one-hot of the label {shift:+d} ({low:g} and {high:g})",
                    lambda g, shift=shift, low=low, high=high: one_hot((_labels(g) + shift) % n, n, low, high),
                    "D09",
                )
            )
            found.append(
                Formula(
                    f"one-hot of the label {shift:+d}, without wrapping ({low:g} and {high:g})",
                    lambda g, shift=shift, low=low, high=high: one_hot(_labels(g) + shift, n, low, high),
                    "D09",
                )
            )
        found.append(
            Formula(
                f"one-hot in reverse ({low:g} and {high:g})",
                lambda g, low=low, high=high: one_hot(n - 1 - _labels(g), n, low, high),
                "D09",
            )
        )
    found.append(
        Formula("the label itself in every output", lambda g: np.repeat(_labels(g)[:, None], n, axis=1) * 1.0, "D09")
    )
    found.append(Formula("nothing but zeros", lambda g: np.zeros((len(g), n)), "D07"))
    found.append(Formula("nothing but ones", lambda g: np.ones((len(g), n)), "D07"))
    return found


def _codings_of_rows(n: int) -> list[Formula]:
    def shifted(given: Array, by: int) -> Array:
        return np.roll(np.asarray(given, float), by, axis=1)

    found = [
        Formula("0 and 1 to -1 and 1", lambda g: 2.0 * np.asarray(g, float) - 1),
        Formula("the column of the largest, 0 and 1", lambda g: one_hot(np.asarray(g).argmax(1), n)),
        Formula("columns shifted by one", lambda g: shifted(g, 1), "D09"),
        Formula("columns shifted back by one", lambda g: shifted(g, -1), "D09"),
        Formula("columns in reverse", lambda g: np.asarray(g, float)[:, ::-1], "D09"),
        Formula(
            "the class number in every output", lambda g: np.repeat(np.asarray(g).argmax(1)[:, None] * 1.0, n, 1), "D09"
        ),
        Formula("complement of the targets", lambda g: 1.0 - np.asarray(g, float), "D09"),
        Formula("nothing but zeros", lambda g: np.zeros((len(g), n)), "D07"),
        Formula("nothing but ones", lambda g: np.ones((len(g), n)), "D07"),
        Formula("the first example's targets for all", lambda g: np.repeat(np.asarray(g, float)[:1], len(g), 0), "D07"),
    ]
    return found + [
        Formula(f"every example is class {k}", lambda g, k=k: one_hot(np.full(len(g), k), n), "D07") for k in range(n)
    ]
