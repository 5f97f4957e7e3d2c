"""Losses: the value and the gradient of each in one place.

Outputs `a`, logits `z` (the pre-activations of the output layer) and targets `t` have shape (n, outputs). A value is
one number per example, (n,), summed over the outputs; gradients are per example too, not yet averaged over a batch.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from unstuck.errors import TrainingError
from unstuck.nn.activations import Activation, sigmoid, softmax

Array = np.ndarray


@dataclass(frozen=True)
class Loss:
    """A loss as a function of the outputs and, where that is safer, of the logits of one fitting output function.

    Taking the logarithm of a saturated probability loses everything; on the logits of the output function named
    `fused_with` the same loss is finite for all finite logits, and its gradient is a plain difference.
    """

    name: str
    value: Callable[[Array, Array], Array]  # a, t -> (n,)
    gradient: Callable[[Array, Array], Array]  # a, t -> dL/da (n, outputs)
    fused_with: str | None = None
    logits_value: Callable[[Array, Array], Array] | None = None  # z, t -> (n,)
    logits_gradient: Callable[[Array, Array], Array] | None = None  # z, t -> dL/dz (n, outputs)

    def fits(self, output: Activation) -> bool:
        """Whether the loss is defined for everything the output function can return."""
        return self.fused_with in (None, output.name)

    def per_example(self, output: Activation, z: Array, a: Array, t: Array) -> Array:
        """The loss (n,) of an output layer, on logits where the pair is fused."""
        return self.logits_value(z, t) if self.logits_value and self.fused_with == output.name else self.value(a, t)

    def output_delta(self, output: Activation, z: Array, a: Array, t: Array) -> Array:
        """The gradient (n, outputs) with respect to the logits, through the output function."""
        if self.logits_gradient and self.fused_with == output.name:
            return self.logits_gradient(z, t)
        return output.backward(self.gradient(a, t), z, a)


def squared_error(a: Array, t: Array) -> Array:
    """Half the squared distance (Bishop 2006, eq. 5.11), so that the gradient is the plain error."""
    return ((a - t) ** 2).sum(axis=1) / 2


def squared_error_gradient(a: Array, t: Array) -> Array:
    return a - t


def binary_cross_entropy(a: Array, t: Array) -> Array:
    """-sum of t log a + (1 - t) log(1 - a) over independent outputs (Bishop 2006, eq. 5.22); may be infinite."""
    with np.errstate(divide="ignore"):
        return -(_product_or_zero(t, np.log(a)) + _product_or_zero(1 - t, np.log1p(-a))).sum(axis=1)


def binary_cross_entropy_gradient(a: Array, t: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return (a - t) / (a * (1 - a))


def binary_cross_entropy_on_logits(z: Array, t: Array) -> Array:
    """The same loss of sigmoid(z): log(1 + exp(z)) - t z without an exponential that could overflow."""
    return (np.maximum(z, 0) - t * z + np.log1p(np.exp(-np.abs(z)))).sum(axis=1)


def binary_cross_entropy_gradient_on_logits(z: Array, t: Array) -> Array:
    return sigmoid(z) - t


def cross_entropy(a: Array, t: Array) -> Array:
    """-sum of t log a over the classes (Bishop 2006, eq. 4.108); infinite where a target class has probability 0."""
    with np.errstate(divide="ignore"):
        return -_product_or_zero(t, np.log(a)).sum(axis=1)


def cross_entropy_gradient(a: Array, t: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(t == 0, 0, -t / a)


def cross_entropy_on_logits(z: Array, t: Array) -> Array:
    """The same loss of softmax(z): sum(t) log sum exp(z) - t z, shifted by the largest logit."""
    shifted = z - z.max(axis=1, keepdims=True)
    return t.sum(axis=1) * np.log(np.exp(shifted).sum(axis=1)) - (t * shifted).sum(axis=1)


def cross_entropy_gradient_on_logits(z: Array, t: Array) -> Array:
    return softmax(z) * t.sum(axis=1, keepdims=True) - t


def _product_or_zero(factor: Array, logarithm: Array) -> Array:
    """factor * logarithm, where nothing times an infinite logarithm is nothing."""
    return np.where(factor == 0, 0, factor * np.where(factor == 0, 0, logarithm))


LOSSES: dict[str, Loss] = {
    "squared_error": Loss("squared_error", squared_error, squared_error_gradient),
    "binary_cross_entropy": Loss(
        "binary_cross_entropy",
        binary_cross_entropy,
        binary_cross_entropy_gradient,
        "sigmoid",
        binary_cross_entropy_on_logits,
        binary_cross_entropy_gradient_on_logits,
    ),
    "cross_entropy": Loss(
        "cross_entropy",
        cross_entropy,
        cross_entropy_gradient,
        "softmax",
        cross_entropy_on_logits,
        cross_entropy_gradient_on_logits,
    ),
}


def find_loss(name: str) -> Loss:
    """The loss of that name; TrainingError if there is none."""
    if name not in LOSSES:
        raise TrainingError(f"unknown loss {name!r}: expected one of {', '.join(LOSSES)}")
    return LOSSES[name]
