"""What the first step of an optimiser, from no memory, says of what it divides the gradient by."""

from __future__ import annotations

import numpy as np

Array = np.ndarray
LEAST_ENTRIES, STRAIGHT = 20, 1e-3  # numbers in a first change, and the relative error of a line through them


def no_number_where_negative(gradient: Array, change: Array) -> bool:
    some = np.abs(gradient) > 1e-9 * np.abs(gradient).max(initial=0.0)
    negative, missing = gradient[some] < 0, np.isnan(change[some])
    return bool(negative.any() and not negative.all() and np.array_equal(negative, missing))


def share_against(gradient: Array, change: Array) -> float:
    """Share of the numbers, in hundredths, that a first step moves against this gradient."""
    some = np.abs(gradient) > 1e-3 * np.abs(gradient).max(initial=0.0)
    return round(float(np.mean(np.sign(gradient[some]) != np.sign(change[some]))), 2) if some.any() else 0.0


def is_line_in_squares(gradient: Array, change: Array) -> bool:
    """Whether gradient / change = a · gradient² + b, the rule that takes no root: a square and epsilon."""
    some = (change != 0) & (np.abs(gradient) > 1e-3 * np.abs(gradient).max(initial=0.0))
    if np.count_nonzero(some) < LEAST_ENTRIES or np.ptp(np.log(np.abs(gradient[some]))) < np.log(10):
        return False
    square, quotient = gradient[some] ** 2, gradient[some] / change[some]
    line = np.stack([square, np.ones_like(square)], axis=1) / quotient[:, None]  # relative errors count
    if not np.isfinite(line).all():
        return False
    settings = np.linalg.lstsq(line, np.ones(len(line)), rcond=None)[0]
    left_over = line @ settings - 1
    return bool(settings[0] < 0 and np.sqrt(np.mean(left_over**2)) < STRAIGHT)
