"""Inputs as rows of a SciPy sparse matrix: only what is not zero is stored and multiplied."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse

from unstuck.nn.engine.examples import Batch, Examples
from unstuck.nn.layers import Dense
from unstuck.nn.network import Network

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


def as_examples(network: Network, x: Any, t: Array, weight: Array | None) -> Examples:
    """Checked inputs, encoded targets and weights as the engine's examples."""
    t = t.astype(network.dtype)
    weight = None if weight is None else np.asarray(weight, network.dtype)
    if issparse(x):
        return SparseExamples(network, x.astype(network.dtype), t, weight)
    return Examples(network, x, t, weight)


def subset(examples: Examples, rows: Array) -> Examples:
    """These rows of dense or sparse examples."""
    return type(examples)(examples.network, examples.x[rows], *examples.answers(rows))
