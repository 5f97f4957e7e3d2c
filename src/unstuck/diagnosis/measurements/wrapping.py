"""What became of each raw value of the images, and whether unsigned integers wrapped around on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Wrapping:
    """The inputs are an affine function of `formula`, computed in bytes; of the raw values they are not."""

    formula: str
    residual: float  # of the wrapped form, largest deviation as a share of the range of the inputs
    right_residual: float  # of the best affine function of the raw values themselves
    example: tuple[float, float, float, float]  # raw value, its input; raw value one above, its input


def find_wrapping(x: Array, images: Array, tolerance: float) -> Wrapping | None:
    """x (n, f) beside the raw images (n, f) that it was made from, whole numbers in 0..255."""
    if not _are_bytes(images):
        return None
    table = value_table(x, images, tolerance)
    if table is not None:
        return _wrapping_of_table(*table, tolerance=tolerance)
    return _wrapping_by_column(x, images, tolerance)


def _are_bytes(images: Array) -> bool:
    return images.min() >= 0 and images.max() <= 255 and not np.any(images[:50] != np.round(images[:50]))


def value_table(x: Array, images: Array, tolerance: float) -> tuple[Array, Array] | None:
    """(raw values that occur, what they became) if they are bytes and became the same in all columns."""
    if not _are_bytes(images):
        return None
    flat, values = images.astype(np.int64).ravel(), x.ravel()
    counts = np.bincount(flat, minlength=256)
    means = np.bincount(flat, values, minlength=256) / np.maximum(counts, 1)
    if np.abs(values - means[flat]).max() > tolerance * (np.ptp(values) or 1.0):
        return None
    occurring = np.flatnonzero(counts)
    return occurring, means[occurring]


def _in_bytes(v: Array) -> Iterator[tuple[str, Array]]:
    for c in range(1, 256):
        yield f"raw - {c}", (v - c) % 256
    for c in range(255):
        yield f"{c} - raw", (c - v) % 256
    for factor in (2, 3, 4):
        for c in (0, 1, 127, 128, 255):
            yield f"{factor} * raw - {c}" if c else f"{factor} * raw", (factor * v - c) % 256
    yield "raw * raw", (v * v) % 256


def _affine_residual(v: Array, g: Array) -> float:
    """Largest deviation of g from the best straight line in v, as a share of the range of g."""
    design = np.column_stack([v, np.ones(len(v))]).astype(float)
    fitted = design @ np.linalg.lstsq(design, g, rcond=None)[0]
    return float(np.abs(fitted - g).max() / (np.ptp(g) or 1.0))


def _wrapping_of_table(v: Array, g: Array, tolerance: float) -> Wrapping | None:
    if len(v) < 12:
        return None
    right = _affine_residual(v, g)
    if right < max(0.02, 100 * tolerance):
        return None
    formula, wrapped = min(_in_bytes(v), key=lambda form: _affine_residual(form[1], g))
    residual = _affine_residual(wrapped, g)
    if residual > tolerance:
        return None
    if formula == "raw - 128":
        formula = "raw - 128 (or the raw values as signed bytes)"
    jump = int(np.abs(np.diff(g)).argmax())
    return Wrapping(formula, residual, right, (float(v[jump]), float(g[jump]), float(v[jump + 1]), float(g[jump + 1])))


def _wrapping_by_column(x: Array, images: Array, tolerance: float) -> Wrapping | None:
    """Another number subtracted in every column (its mean, say), or divided by: enough columns must agree."""
    columns = np.argsort(-images.std(axis=0), kind="stable")[:12]
    found = []
    for j in columns:
        table = value_table(x[:, [j]], images[:, [j]], tolerance)
        if table is None:
            return None
        found.append(_wrapping_of_table(*table, tolerance=tolerance))
    wrapped = [w for w in found if w is not None]
    if len(wrapped) < 0.7 * len(columns):
        return None
    worst = max(wrapped, key=lambda w: w.residual)
    return Wrapping(
        "raw - a number of each column", worst.residual, min(w.right_residual for w in wrapped), worst.example
    )
