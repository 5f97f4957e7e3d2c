"""Random parameters for a program whose layers are not known yet, only the shapes of its arrays."""

from collections.abc import Sequence

import numpy as np

Array = np.ndarray
SIZE_OF_SUMS = 1.5  # of a layer: neither lost in rounding nor at the flat ends of an activation
ROWS = 200  # of inputs that are looked at for their size


def drawn_like(arrays: Sequence[Array], dtypes: Sequence[np.dtype], x: Array, seed: int, biases: float) -> list[Array]:
    """float64 arrays of these shapes, each number exact in its dtype: weights that make sums of about the same size
    of inputs x (m, n_in), biases of the size given."""
    generator = np.random.default_rng(seed)
    rows = x[:ROWS].astype(float)
    rows = rows[np.abs(rows).max(axis=1) < 1e100]
    norm = float(np.sqrt(np.mean(np.sum(rows**2, axis=1)))) if len(rows) else 1.0
    n_features = x.shape[1]
    drawn = []
    for array, dtype in zip(arrays, dtypes, strict=True):
        sizes = [n for n in array.shape if n > 1]
        if n_features > 1 and (n_features in array.shape or n_features + 1 in array.shape) and array.ndim >= 2:
            scale = SIZE_OF_SUMS / (norm or 1.0)
        elif len(sizes) >= 2:
            scale = SIZE_OF_SUMS / np.sqrt(max(sizes))
        else:
            scale = biases
        values = generator.standard_normal(array.shape) * scale
        values = np.rint(4 * values) if dtype.kind in "iu" else values
        drawn.append(values.astype(np.float32).astype(float))
    return drawn
