"""The derivative of a function of single numbers that `np.vectorize` takes entry by entry.

What is inside is written in Python, number by number, with branches: it is taken as it is. Its slope comes from central
differences with two steps, of which the error of second order is taken off (Richardson): about 1e-12 where the function
is smooth. Where the two disagree, as near the kink of a rectifier, the steps are made smaller; at the kink itself the
tie says which side is meant.
"""

from typing import Any

import numpy as np

from unstuck.autodiff.call import Call, Tie, unbroadcast

Array = np.ndarray
STEPS = (1e-3, 1e-5, 1e-7)  # of the size of an entry, or of 1
AGREE = 1e-8  # of the larger of the slope and 1; a step of h may differ by h squared
KINK = 1e-3  # of the same, between the slopes on both sides


def of_vectorized(call: Call, adjoint: Any, position: int) -> Any:
    """The adjoint of one argument of a call of an `np.vectorize` object."""
    x = np.asarray(call.args[position], float)
    slopes = np.full(x.shape, np.nan)
    for step in STEPS:
        if np.isnan(slopes).any():
            slopes = np.where(np.isnan(slopes), _smooth(call, position, x, step), slopes)
    behind, ahead = (_one_sided(call, position, x, sign * STEPS[-1]) for sign in (-1, 1))
    kinked = np.isnan(slopes) | (np.abs(ahead - behind) > KINK * np.maximum(np.abs(ahead), 1.0))
    at_kink = {Tie.SPLIT: (ahead + behind) / 2, Tie.LAST: behind}.get(call.tie, ahead)
    return unbroadcast(np.asarray(adjoint, float) * np.where(kinked, at_kink, slopes), x.shape)


def _smooth(call: Call, position: int, x: Array, step: float) -> Array:
    """The slopes; NaN where those of two steps disagree."""
    wide, narrow = _central(call, position, x, step), _central(call, position, x, step / 2)
    agree = np.abs(wide - narrow) <= np.maximum(AGREE, step**2) * np.maximum(np.abs(narrow), 1.0)
    return np.where(agree, (4 * narrow - wide) / 3, np.nan)


def _central(call: Call, position: int, x: Array, step: float) -> Array:
    width = step * np.maximum(np.abs(x), 1.0)
    ahead, behind = (_value(call, position, x + sign * width) for sign in (1, -1))
    return (ahead - behind) / (2 * width)


def _one_sided(call: Call, position: int, x: Array, step: float) -> Array:
    width = step * np.maximum(np.abs(x), 1.0)
    return (_value(call, position, x + width) - np.asarray(call.value, float)) / width


def _value(call: Call, position: int, x: Array) -> Array:
    return np.asarray(call.op(*call.args[:position], x, *call.args[position + 1 :], **call.kwargs), float)
