"""Functions from sums to activations, and the right ones of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from unstuck.nn.activations import find_activation, sigmoid

Array = np.ndarray
Elementwise = Callable[[Array], Array]


def softmax(z: Array, axis: int | None = -1) -> Array:
    shifted = np.exp(z - z.max(axis=axis, keepdims=True))
    return shifted / shifted.sum(axis=axis, keepdims=True)


FAMILIES = ("softmax", "sigmoid", "hard_sigmoid", "tanh", "relu")


@dataclass(frozen=True)
class Form:
    """A function from sums to activations, with the derivative that belongs to it; both (n, width) -> (n, width)."""

    name: str
    value: Elementwise = field(repr=False, compare=False)
    derivative: Callable[[Array, Array], Array] | None = field(default=None, repr=False, compare=False)
    fault: str = ""
    meant: str = ""  # by a faulty one: the right function that belongs in its place, where the slip tells
    couples_examples: bool = False
    family: str = ""  # the function whose range and whose ways to get the derivative wrong it shares: FAMILIES

    @property
    def leaves_open(self) -> bool:
        """Whether this fault does not tell which function was meant."""
        return bool(self.fault) and not self.meant


def leaky(slope: float) -> Form:
    return Form(
        f"leaky_relu({slope:g})",
        lambda z: np.where(z > 0, z, slope * z),
        lambda z, a: np.where(z > 0, 1.0, slope),
        family="relu",
    )


def _hard_sigmoid(slope: float, name: str) -> Form:
    """A line cut off at 0 and 1."""
    return Form(
        name,
        lambda z: np.clip(slope * z + 0.5, 0, 1),
        lambda z, a: np.where(np.abs(slope * z) < 0.5, slope, 0.0),
        family="hard_sigmoid",
    )


_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _of_textbook(name: str) -> Form:
    """A right function as the networks of this package compute it."""
    activation = find_activation(name)
    return Form(name, activation.value, activation.derivative, family=name if name in FAMILIES else "")


SIGMOID, TANH, RELU, LINEAR = (_of_textbook(name) for name in ("sigmoid", "tanh", "relu", "linear"))
SOFTMAX = Form("softmax", softmax, lambda z, a: a * (1 - a), family="softmax")

COMMON: tuple[Form, ...] = (
    SIGMOID,
    TANH,
    RELU,
    leaky(0.01),
    leaky(0.1),
    leaky(0.2),
    leaky(0.001),
    leaky(0.05),
    leaky(0.3),
    Form(
        "elu",
        lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
        lambda z, a: np.where(z > 0, 1, a + 1),
        family="relu",
    ),
    Form("softplus", lambda z: np.logaddexp(0, z), lambda z, a: sigmoid(z)),
    Form("silu", lambda z: z * sigmoid(z), lambda z, a: sigmoid(z) * (1 + z * (1 - sigmoid(z)))),
    Form("softsign", lambda z: z / (1 + np.abs(z)), lambda z, a: (1 + np.abs(z)) ** -2, family="tanh"),
    Form("arctan", np.arctan, lambda z, a: 1 / (1 + z * z)),
    Form(
        "scaled_tanh",
        lambda z: 1.7159 * np.tanh(2 / 3 * z),
        lambda z, a: 1.7159 * 2 / 3 * (1 - (a / 1.7159) ** 2),
        family="tanh",
    ),
    Form("relu6", lambda z: np.clip(z, 0, 6), lambda z, a: ((z > 0) & (z < 6)).astype(z.dtype), family="relu"),
    Form(
        "selu",
        lambda z: _SELU_SCALE * np.where(z > 0, z, _SELU_ALPHA * np.expm1(np.minimum(z, 0))),
        lambda z, a: np.where(z > 0, _SELU_SCALE, a + _SELU_SCALE * _SELU_ALPHA),
        family="relu",
    ),
    Form(
        "gelu_tanh",
        lambda z: 0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))),
        lambda z, a: _central_difference(
            lambda s: 0.5 * s * (1 + np.tanh(np.sqrt(2 / np.pi) * (s + 0.044715 * s**3))), z
        ),
        family="relu",
    ),
    _hard_sigmoid(0.2, "hard_sigmoid(0.2)"),
    _hard_sigmoid(1 / 6, "hard_sigmoid(1/6)"),
    Form("hard_tanh", lambda z: np.clip(z, -1, 1), lambda z, a: (np.abs(z) < 1).astype(z.dtype), family="tanh"),
    Form("sine", np.sin, lambda z, a: np.cos(z)),
    Form(
        "gelu",
        lambda z: z * _normal_share(z),
        lambda z, a: _normal_share(z) + z * np.exp(-z * z / 2) / _ROOT_TAU,
        family="relu",
    ),
    Form(
        "gelu_sigmoid",  # z · sigmoid(1.702 z): Hendrycks and Gimpel 2016, section 2
        lambda z: z * sigmoid(1.702 * z),
        lambda z, a: sigmoid(1.702 * z) * (1 + 1.702 * z * (1 - sigmoid(1.702 * z))),
        family="relu",
    ),
    Form("mish", lambda z: z * np.tanh(np.logaddexp(0, z)), lambda z, a: _slope_of_mish(z)),  # Misra 2019
    Form(
        "hard_swish",  # Howard et al. 2019, section 5.2
        lambda z: z * np.clip(z + 3, 0, 6) / 6,
        lambda z, a: np.where(np.abs(z) < 3, (2 * z + 3) / 6, (z > 0) * 1.0),
    ),
    Form("squared_relu", lambda z: np.maximum(z, 0) ** 2, lambda z, a: 2 * np.maximum(z, 0), family="relu"),
)

_ROOT_TAU: float = math.sqrt(2 * math.pi)
_erf = np.frompyfunc(math.erf, 1, 1)


def _normal_share(z: Array) -> Array:
    """The share of a standard normal distribution below z."""
    return (0.5 * (1 + _erf(z / np.sqrt(2)).astype(float))).astype(z.dtype)


def _slope_of_mish(z: Array) -> Array:
    t = np.tanh(np.logaddexp(0, z))
    return t + z * (1 - t * t) * sigmoid(z)


def _central_difference(function: Elementwise, z: Array, step: float = 1e-6) -> Array:
    return (function(z + step) - function(z - step)) / (2 * step)
