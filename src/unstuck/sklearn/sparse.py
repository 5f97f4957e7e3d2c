"""Inputs as rows of a SciPy sparse matrix: only what is not zero is stored and multiplied."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.nn.engine.examples import Batch, Examples
from unstuck.nn.layers import Dense

Array = np.ndarray


@dataclass
class SparseDense(Dense):
    """A first layer whose inputs are sparse; nobody asks for their gradient, which would not be."""

    def backward(self, x: Any, delta: Array) -> tuple[Array, Array, Array]:
        return x.T @ delta, delta.sum(axis=0), delta[:, :0]


@dataclass
class SparseExamples(Examples):
    """Examples whose x is a sparse matrix (n, n_inputs) in rows, of the network's dtype."""

    def __len__(self) -> int:
        return self.x.shape[0]

    def gather(self, rows: Array, batch: Batch) -> None:
        batch.x, batch.t, batch.weight = self.x[rows], *self.answers(rows)
