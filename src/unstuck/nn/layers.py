"""Layers: forward and backward side by side."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from unstuck.nn.activations import Activation

Array = np.ndarray


@dataclass
class Dense:
    """Every unit sees every input: a = activation(x W + b)."""

    weights: Array  # (n_in, n_out)
    biases: Array | None  # (n_out,)
    activation: Activation

    def forward(self, x: Array) -> tuple[Array, Array]:
        """Pre-activations and activations, (n, n_out) each, of the inputs x (n, n_in)."""
        z = x @ self.weights
        if self.biases is not None:
            z += self.biases
        return z, self.activation.value(z)

    def backward(self, x: Array, delta: Array) -> tuple[Array, Array, Array]:
        """The gradients of weights (n_in, n_out), biases (n_out,) and inputs (n, n_in).

        `delta` (n, n_out) is the gradient of the loss with respect to the pre-activations of this layer.
        """
        return x.T @ delta, delta.sum(axis=0), delta @ self.weights.T


class Pass(NamedTuple):
    """What one layer saw and answered for a batch."""

    inputs: Array  # (n, n_in)
    z: Array  # (n, n_out)
    a: Array  # (n, n_out)
    mask: Array | None  # (n, n_out), multiplies a on its way to the next layer
    activation: Activation


def dropout_mask(generator: Generator, shape: tuple[int, int], rate: float, dtype: np.dtype) -> Array:
    """0 for a unit that is left out, 1 / (1 - rate) for one that stays (Srivastava et al. 2014, section 10).

    Forward multiplies the activations by the mask, backward their gradient; prediction leaves both alone.
    """
    kept = generator.random(shape, dtype=np.float32) >= rate
    return kept * dtype.type(1 / (1 - rate))


def limit_norms(weights: Array, limit: float) -> None:
    """Scale down, in place, incoming weights of units whose norm exceeds the limit (Srivastava et al. 2014, 5.1)."""
    norms = np.sqrt(np.einsum("io,io->o", weights, weights))  # (n_out,)
    weights *= limit / np.maximum(norms, limit)
