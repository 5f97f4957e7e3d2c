"""The parameters of a twin, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass
class Parameters:
    """weights[l] (n_l, n_{l+1}), biases[l] (n_{l+1},) or None."""

    weights: list[Array]
    biases: list[Array | None]

    def copy(self, dtype: np.dtype | type | None = None) -> Parameters:
        kind = dtype or self.weights[0].dtype
        return Parameters(
            [w.astype(kind) for w in self.weights], [None if b is None else b.astype(kind) for b in self.biases]
        )

    def arrays(self) -> list[Array]:
        return [array for w, b in zip(self.weights, self.biases, strict=True) for array in (w, b) if array is not None]

    @property
    def finite(self) -> bool:
        return all(np.isfinite(array).all() for array in self.arrays())
