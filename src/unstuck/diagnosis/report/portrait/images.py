"""Inputs that are pictures: as many numbers as a square has pixels."""

from __future__ import annotations

import numpy as np

Array = np.ndarray
SMALLEST_SIDE = 6


def as_pictures(x: Array) -> Array | None:
    """(n, side · side) -> (n, side, side); None where the inputs make no square, or too small a one."""
    side = round(x.shape[1] ** 0.5)
    return x.reshape(-1, side, side) if side**2 == x.shape[1] and side >= SMALLEST_SIDE else None
