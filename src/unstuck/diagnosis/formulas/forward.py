"""Forward formulas: hidden activations and output functions, right and faulty.

`derivative(z, a)` of a faulty form is the one its author meant, so that one slip in the value is one fault and not two.
"""

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


def _leaky(slope: float) -> Form:
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
    _leaky(0.01),
    _leaky(0.1),
    _leaky(0.2),
    _leaky(0.001),
    _leaky(0.05),
    _leaky(0.3),
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


WITHOUT_MINUS = Form(
    "sigmoid without the minus", lambda z: sigmoid(-z), lambda z, a: a * (1 - a), "F04", "sigmoid", family="sigmoid"
)

HIDDEN: tuple[Form, ...] = (
    *COMMON,
    WITHOUT_MINUS,
    Form("linear", LINEAR.value, LINEAR.derivative, "F05"),
    Form("softmax", softmax, SOFTMAX.derivative, "F08", family="softmax"),
    Form(
        "softmax over the whole batch",
        lambda z: softmax(z, None),
        SOFTMAX.derivative,
        "F08",
        couples_examples=True,
        family="softmax",
    ),
    Form(
        "softmax over the examples",
        lambda z: softmax(z, 0),
        SOFTMAX.derivative,
        "F08",
        couples_examples=True,
        family="softmax",
    ),
    Form("step", lambda z: (z > 0).astype(z.dtype), lambda z, a: np.zeros_like(z), "F11", "relu"),
    Form("1 / (1 + exp(-z)) without brackets", lambda z: 1 + np.exp(-z), lambda z, a: a * (1 - a), "F04", "sigmoid"),
    Form("absolute value", np.abs, lambda z, a: np.sign(z), "F11", "relu"),
    Form(
        "relu of the negative",
        lambda z: np.maximum(-z, 0),
        lambda z, a: (z > 0).astype(z.dtype),
        "F11",
        "relu",
        family="relu",
    ),
    Form(
        "minimum instead of maximum",
        lambda z: np.minimum(z, 0),
        lambda z, a: (z > 0).astype(z.dtype),
        "F11",
        "relu",
        family="relu",
    ),
    Form("exp", lambda z: np.exp(np.minimum(z, 700)), lambda z, a: a, "F11", "relu"),
    Form("exp without normalisation, negative", lambda z: np.exp(-np.maximum(z, -700)), lambda z, a: -a, "F11", "relu"),
    Form(
        "derivative of the sigmoid", lambda z: sigmoid(z) * (1 - sigmoid(z)), lambda z, a: a * (1 - a), "F11", "sigmoid"
    ),
    Form("derivative of tanh", lambda z: 1 - np.tanh(z) ** 2, lambda z, a: 1 - a * a, "F11", "tanh", family="tanh"),
    Form("maximum of z and the slope", lambda z: np.maximum(z, 0.01), RELU.derivative, "F11", "relu"),
    Form(
        "leaky relu with its sides exchanged",
        lambda z: np.where(z > 0, 0.01 * z, z),
        _leaky(0.01).derivative,
        "F11",
        "relu",
        family="relu",
    ),
    Form("tanh upside down", lambda z: 1 / np.tanh(z), lambda z, a: 1 - a * a, "F11", "tanh", family="tanh"),
)


def _shared(z: Array, shifted_along: int, summed_along: int | None) -> Array:
    """exp(z - maximum) over a sum, along axes that do not belong together."""
    exponentials = np.exp(z - z.max(axis=shifted_along, keepdims=True))
    return exponentials / exponentials.sum(axis=summed_along, keepdims=True)


def _exp(z: Array) -> Array:
    return np.exp(np.minimum(z, 700))


def _shift(z: Array) -> Array:
    """What the exponentials become smaller by if each example's maximum is subtracted first, (n, 1)."""
    return np.exp(-z.max(axis=-1, keepdims=True))


def _before_softmax(inner: Form) -> Form:
    return Form(
        f"softmax of {inner.name}",
        lambda z: softmax(inner.value(z)),
        lambda z, a: a * (1 - a),
        "F06",
        "softmax",
        family="softmax",
    )


def log_softmax(z: Array) -> Array:
    shifted = z - z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


OUTPUT: tuple[Form, ...] = (
    SOFTMAX,
    SIGMOID,
    LINEAR,
    TANH,
    Form("log_softmax", log_softmax, family="softmax"),
    RELU,
    *(form for form in COMMON if form.name not in ("sigmoid", "tanh", "relu")),
    Form("log_sigmoid", lambda z: -np.logaddexp(0, -z)),
    Form(
        "softmax over the whole batch",
        lambda z: softmax(z, None),
        SOFTMAX.derivative,
        "F01",
        "softmax",
        couples_examples=True,
        family="softmax",
    ),
    Form(
        "softmax over the examples",
        lambda z: softmax(z, 0),
        SOFTMAX.derivative,
        "F02",
        "softmax",
        couples_examples=True,
        family="softmax",
    ),
    *(
        Form(name, value, SOFTMAX.derivative, code, "softmax", couples_examples=True, family="softmax")
        for code, name, value in (
            (
                "F01",
                "softmax over the whole batch, each example shifted by its maximum",
                lambda z: _shared(z, -1, None),
            ),
            ("F02", "softmax over the examples, each example shifted by its maximum", lambda z: _shared(z, -1, 0)),
            ("F01", "softmax over the whole batch, each class shifted by its maximum", lambda z: _shared(z, 0, None)),
            ("F02", "softmax with the maximum taken over the examples", lambda z: _shared(z, 0, -1)),
        )
    ),
    WITHOUT_MINUS,
    Form(
        "softmax without the exponent's sign",
        lambda z: softmax(-z),
        SOFTMAX.derivative,
        "F04",
        "softmax",
        family="softmax",
    ),
    *(_before_softmax(form) for form in (RELU, SIGMOID, TANH, _leaky(0.01), _leaky(0.1), _leaky(0.2))),
    Form(
        "sigmoid of relu", lambda z: sigmoid(np.maximum(z, 0)), SIGMOID.derivative, "F06", "sigmoid", family="sigmoid"
    ),
    Form("sigmoid of sigmoid", lambda z: sigmoid(sigmoid(z)), SIGMOID.derivative, "F06", "sigmoid", family="sigmoid"),
    Form("sigmoid of tanh", lambda z: sigmoid(np.tanh(z)), SIGMOID.derivative, "F06", "sigmoid", family="sigmoid"),
    Form("softmax of softmax", lambda z: softmax(softmax(z)), SOFTMAX.derivative, "L01", "softmax", family="softmax"),
    Form("exp without normalisation", lambda z: np.exp(np.minimum(z, 700)), lambda z, a: a, "F11", "softmax"),
    Form("step", lambda z: (z > 0).astype(z.dtype), lambda z, a: np.zeros_like(z), "F11", "sigmoid"),
    Form("scores over their sum", lambda z: z / z.sum(axis=-1, keepdims=True), None, "F11", "softmax"),
    Form(
        "softmax over the largest",
        lambda z: np.exp(z - z.max(-1, keepdims=True)),
        SOFTMAX.derivative,
        "F11",
        "softmax",
        family="softmax",
    ),
    Form(
        "softmax whose sum is not shifted",
        lambda z: softmax(z) * _shift(z),
        SOFTMAX.derivative,
        "F11",
        "softmax",
        family="softmax",
    ),
    Form(
        "softmax whose sum alone is shifted",
        lambda z: softmax(z) / _shift(z),
        SOFTMAX.derivative,
        "F11",
        "softmax",
        family="softmax",
    ),
    Form("exponentials over their mean", lambda z: softmax(z) * z.shape[-1], SOFTMAX.derivative, "F11", "softmax"),
    Form(
        "exponentials over the sum of the scores", lambda z: _exp(z) / z.sum(-1, keepdims=True), None, "F11", "softmax"
    ),
)

LOGITS = ("linear", "log_softmax", "log_sigmoid")  # outputs that leave the output function to the loss


def hidden_form(name: str) -> Form:
    return next(form for form in HIDDEN if form.name == name)


def output_form(name: str) -> Form:
    return next(form for form in OUTPUT if form.name == name)


def right_hidden(name: str, otherwise: str) -> str:
    """The right activation in the place of this one; `otherwise` where it is faulty and does not tell which."""
    form = hidden_form(name)
    return form.meant or (otherwise if form.fault else name)


def right_output(name: str, n_outputs: int) -> str:
    """The right output function in the place of this one; a softmax of a single output would be 1 whatever it is."""
    form = output_form(name)
    return "sigmoid" if form.meant == "softmax" and n_outputs == 1 else form.meant or name
