"""Is an array a multiple of another, up to rounding, and if not: how does it differ?"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

Array = np.ndarray

EXACT = {8: 1e-7, 4: 2e-3, 2: 5e-2}
"""Relative residual up to which two arrays are equal, by the bytes of the coarsest number in the computation. Right
gradients lie at 1e-16 to 1e-11 in float64 and 1e-7 to 1e-4 in float32, wrong ones from 1e-2 on."""

SAME_SCALE = {8: 1e-6, 4: 4e-3, 2: 5e-2}
"""Relative difference up to which two scales are the same."""

LARGEST_DENOMINATOR, CLOSE = 100, 1e-5  # of a short number, and how closely a scale must be one at least


@dataclass(frozen=True, slots=True)
class Fit:
    """given = scale · expected + decay · parameter + rest, by least squares."""

    scale: float
    decay: float
    residual: float  # norm of the rest over the norm of what was given


def fit(given: Array, expected: Array, parameter: Array | None = None) -> Fit:
    """The scale that brings `expected` closest to `given`, with a multiple of the parameter where one is handed in.

    All of one size, of any floating point type; long doubles, which are slow, are compared as float64. The residual is
    0 where both are 0, and 1 where only one of them is.
    """
    g, e = _flat(given), _flat(expected)
    norm, size = float(np.linalg.norm(g)), float(np.linalg.norm(e))
    if norm == 0 or size == 0 or not (np.isfinite(norm) and np.isfinite(size)):
        return Fit(0.0, 0.0, 0.0 if norm == size == 0 else 1.0)
    if parameter is None or g.size < 3:
        scale = float(g @ e) / size / size
        return Fit(scale, 0.0, float(np.linalg.norm(g - scale * e)) / norm)
    p = _flat(parameter)
    p_size = float(np.linalg.norm(p)) or 1.0
    e, p = e / size, p / p_size
    across = float(e @ p)
    if abs(across) > 0.999999:
        return fit(given, expected)
    along_e, along_p = float(g @ e), float(g @ p)
    a = (along_e - across * along_p) / (1 - across * across)
    b = (along_p - across * along_e) / (1 - across * across)
    return Fit(a / size, b / p_size, float(np.linalg.norm(g - a * e - b * p)) / norm)


def _flat(array: Array) -> Array:
    flat = array.reshape(-1)
    return flat.astype(np.float64) if flat.dtype.itemsize > 8 else flat


def is_short(scale: float, tolerance: float) -> bool:
    """Whether a scale may stand in a program or count something: it, or 1 / it, is a fraction of small numbers."""
    if not scale or not np.isfinite(scale):
        return False
    number = max(abs(scale), 1 / abs(scale))
    return is_fraction(number, max(1, int(LARGEST_DENOMINATOR / number)), min(tolerance, CLOSE))


def is_fraction(number: float, denominator: int, tolerance: float) -> bool:
    """Whether a finite number is a fraction with at most this denominator, up to a relative difference."""
    nearest = float(Fraction(number).limit_denominator(denominator))
    return abs(nearest - number) <= tolerance * abs(number)


def kind_of(given: Array, expected: Array, scale: float, tolerance: float) -> str:
    """How a wrong gradient differs: given ≈ …; `scale` is the one that the right gradients have.

    "zero", "sign", "factor", "transposed", "one column for all", "one row for all", "rows in reverse order",
    "entries missing" or "different".
    """
    if not given.any():
        return "zero"
    if fit(given, expected).residual <= tolerance:
        found = fit(given, expected).scale
        return "sign" if abs(found + scale) <= 1e-3 * abs(scale) else "factor"
    if expected.ndim == 2 and given.size == expected.size:
        turned = expected.T if given.shape == expected.T.shape else expected.T.reshape(given.shape)
        if fit(given, turned).residual <= tolerance:
            return "transposed"
    if given.shape == expected.shape and given.ndim:
        for axis in range(expected.ndim):
            mean = np.broadcast_to(expected.mean(axis=axis, keepdims=True), expected.shape)
            if fit(given, mean).residual <= tolerance:
                return "one axis summed"
            if fit(given, np.flip(expected, axis)).residual <= tolerance:
                return "order reversed"
        kept = given != 0
        rest = np.where(kept, given - scale * expected, 0.0)
        if not kept.all() and np.linalg.norm(rest) <= tolerance * np.linalg.norm(given):
            return "entries missing"
    return "different"
