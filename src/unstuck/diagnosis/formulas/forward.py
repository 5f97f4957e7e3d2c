"""Forward formulas: hidden activations and output functions, right and faulty.

`derivative(z, a)` of a faulty form is the one its author meant, so that one slip in the value is one fault and not two.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unstuck.diagnosis.formulas.functions import (
    COMMON,
    LINEAR,
    RELU,
    SIGMOID,
    SOFTMAX,
    TANH,
    Array,
    Elementwise,
    Form,
    leaky,
    softmax,
)
from unstuck.nn.activations import sigmoid

WITHOUT_MINUS = Form(
    "sigmoid without the minus", lambda z: sigmoid(-z), lambda z, a: a * (1 - a), "F04", "sigmoid", family="sigmoid"
)


def _wrong_softmax(name: str, value: Elementwise, fault: str, couples_examples: bool = False) -> Form:
    """A softmax with a slip in its value."""
    return Form(name, value, SOFTMAX.derivative, fault, "softmax", couples_examples, family="softmax")


OVER_THE_BATCH = _wrong_softmax("softmax over the whole batch", lambda z: softmax(z, None), "F01", True)
OVER_THE_EXAMPLES = _wrong_softmax("softmax over the examples", lambda z: softmax(z, 0), "F02", True)

HIDDEN: tuple[Form, ...] = (
    *COMMON,
    WITHOUT_MINUS,
    Form("linear", LINEAR.value, LINEAR.derivative, "F05"),
    *(replace(form, fault="F08", meant="") for form in (SOFTMAX, OVER_THE_BATCH, OVER_THE_EXAMPLES)),
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
        leaky(0.01).derivative,
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
    return _wrong_softmax(f"softmax of {inner.name}", lambda z: softmax(inner.value(z)), "F06")


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
    OVER_THE_BATCH,
    OVER_THE_EXAMPLES,
    *(
        _wrong_softmax(name, value, code, couples_examples=True)
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
    _wrong_softmax("softmax without the exponent's sign", lambda z: softmax(-z), "F04"),
    *(_before_softmax(form) for form in (RELU, SIGMOID, TANH, leaky(0.01), leaky(0.1), leaky(0.2))),
    Form(
        "sigmoid of relu", lambda z: sigmoid(np.maximum(z, 0)), SIGMOID.derivative, "F06", "sigmoid", family="sigmoid"
    ),
    Form("sigmoid of sigmoid", lambda z: sigmoid(sigmoid(z)), SIGMOID.derivative, "F06", "sigmoid", family="sigmoid"),
    Form("sigmoid of tanh", lambda z: sigmoid(np.tanh(z)), SIGMOID.derivative, "F06", "sigmoid", family="sigmoid"),
    _wrong_softmax("softmax of softmax", lambda z: softmax(softmax(z)), "L01"),
    Form("exp without normalisation", lambda z: np.exp(np.minimum(z, 700)), lambda z, a: a, "F11", "softmax"),
    Form("step", lambda z: (z > 0).astype(z.dtype), lambda z, a: np.zeros_like(z), "F11", "sigmoid"),
    Form("scores over their sum", lambda z: z / z.sum(axis=-1, keepdims=True), None, "F11", "softmax"),
    _wrong_softmax("softmax over the largest", lambda z: np.exp(z - z.max(-1, keepdims=True)), "F11"),
    _wrong_softmax("softmax whose sum is not shifted", lambda z: softmax(z) * _shift(z), "F11"),
    _wrong_softmax("softmax whose sum alone is shifted", lambda z: softmax(z) / _shift(z), "F11"),
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
