"""Activation functions: the value and the derivative of each in one place.

Pre-activations are called `z` and activations `a`, both of shape (n, units) and of any float dtype.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from unstuck.errors import TrainingError

Array = np.ndarray

LEAK = 0.01  # slope of leaky_relu below zero (Maas, Hannun, Ng 2013, section 2)


@dataclass(frozen=True)
class Activation:
    """A function from pre-activations to activations, with its derivative.

    `derivative(z, a)` is elementwise; softmax couples the units of an example, so it has none, only `backward`.
    """

    name: str
    value: Callable[[Array], Array]  # z (n, units) -> a (n, units)
    derivative: Callable[[Array, Array], Array] | None  # z, a -> da/dz (n, units)

    def backward(self, upstream: Array, z: Array, a: Array) -> Array:
        """The gradient with respect to z, given `upstream`, the gradient with respect to a; all (n, units)."""
        if self.derivative is None:
            return softmax_backward(upstream, a)
        return upstream * self.derivative(z, a)


def linear(z: Array) -> Array:
    return z


def linear_derivative(z: Array, a: Array) -> Array:
    return np.ones_like(z)


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)), with an exponential that can only underflow."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def sigmoid_derivative(z: Array, a: Array) -> Array:
    return a * (1 - a)


def tanh(z: Array) -> Array:
    return np.tanh(z)


def tanh_derivative(z: Array, a: Array) -> Array:
    return 1 - a * a


def relu(z: Array) -> Array:
    return np.maximum(z, 0)


def relu_derivative(z: Array, a: Array) -> Array:
    return (z > 0).astype(z.dtype)  # 0 at the kink


def leaky_relu(z: Array) -> Array:
    return np.maximum(z, LEAK * z)


def leaky_relu_derivative(z: Array, a: Array) -> Array:
    return np.where(z > 0, 1, LEAK).astype(z.dtype)


def softmax(z: Array) -> Array:
    """exp(z) / sum of exp(z) over the units of each example, shifted so that the largest exponent is 0."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(upstream: Array, a: Array) -> Array:
    """The upstream gradient times the Jacobian da_i/dz_j = a_i (1[i = j] - a_j) (Bishop 2006, eq. 4.106)."""
    return a * (upstream - (upstream * a).sum(axis=1, keepdims=True))


ACTIVATIONS: dict[str, Activation] = {
    "linear": Activation("linear", linear, linear_derivative),
    "sigmoid": Activation("sigmoid", sigmoid, sigmoid_derivative),
    "tanh": Activation("tanh", tanh, tanh_derivative),
    "relu": Activation("relu", relu, relu_derivative),
    "leaky_relu": Activation("leaky_relu", leaky_relu, leaky_relu_derivative),
    "softmax": Activation("softmax", softmax, None),
}


def find_activation(name: str) -> Activation:
    """The activation of that name; TrainingError if there is none."""
    if name not in ACTIVATIONS:
        raise TrainingError(f"unknown activation {name!r}: expected one of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]
