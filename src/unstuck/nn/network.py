"""The network: dense layers and a loss."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, DTypeLike

from unstuck.errors import DataError, TrainingError
from unstuck.nn.activations import Activation
from unstuck.nn.blas_threads import single_threaded
from unstuck.nn.display import network_html, network_text
from unstuck.nn.initializers import Initializer, find_initializer
from unstuck.nn.layers import Dense, Pass, dropout_mask
from unstuck.nn.losses import Loss, find_loss
from unstuck.nn.settings import (
    as_activation,
    checked_dropout,
    checked_dtype,
    checked_range,
    checked_sizes,
    name_of,
    per_hidden_layer,
)
from unstuck.nn.targets import encode_labels, encode_targets

Array = np.ndarray

CHUNK = 1024  # examples that prediction holds as floats at a time: their activations fit the cache


class Network:
    """A multilayer perceptron.

    Parameters
    ----------
    sizes : the number of inputs, of units in each hidden layer, and of outputs
    hidden, output : names of activations (or Activation values); `hidden` may be one per hidden layer
    loss : "squared_error" with any output, "binary_cross_entropy" with sigmoid, "cross_entropy" with softmax
    initializer, bias_initializer : names of initializers, or functions (generator, n_in, n_out, dtype) -> weights
    seed : for the one generator that draws the initial parameters and whatever training draws later
    dtype : "float32" or "float64"
    biases : whether the layers have any
    input_range : inputs in [0, 1] (or uint8 in 0..255) are mapped linearly onto this range
    dropout : share of units left out while training, for all hidden layers or one number per hidden layer
    l2 : adds l2 / 2 times the sum of squared weights (not biases) to the mean loss
    max_norm : the largest norm the incoming weights of a unit may have after an update

    Raises TrainingError if a setting is impossible. `class_names` are those of the data set that it was trained on,
    None where the labels are all there is. `parameters` are W1 (n_in, n_out), b1 (n_out,), W2, b2, …
    """

    def __init__(
        self,
        sizes: Sequence[int],
        hidden: str | Activation | Sequence[str | Activation] = "relu",
        output: str | Activation = "softmax",
        loss: str | Loss = "cross_entropy",
        initializer: str | Initializer = "he_normal",
        seed: int = 0,
        dtype: DTypeLike = "float32",
        biases: bool = True,
        input_range: tuple[float, float] = (0.0, 1.0),
        dropout: float | Sequence[float] = 0.0,
        l2: float = 0.0,
        max_norm: float | None = None,
        bias_initializer: str | Initializer = "zeros",
    ) -> None:
        self.sizes = checked_sizes(sizes)
        n_hidden = len(self.sizes) - 2
        self.dtype = checked_dtype(dtype)
        self.loss = find_loss(loss) if isinstance(loss, str) else loss
        self.input_range = checked_range(input_range)
        self.dropout = checked_dropout(dropout, n_hidden)
        if not 0 <= l2 < np.inf:
            raise TrainingError(f"l2 is {l2!r}: expected a finite number, 0 or above")
        if max_norm is not None and not 0 < max_norm < np.inf:
            raise TrainingError(f"max_norm is {max_norm!r}: expected a finite number above 0, or None")
        self.l2, self.max_norm = float(l2), max_norm
        self.seed, self.initializer, self.bias_initializer = seed, initializer, bias_initializer
        self.class_names: tuple[str, ...] | None = None

        activations = [as_activation(a) for a in (*per_hidden_layer("hidden", hidden, n_hidden), output)]
        if not self.loss.fits(activations[-1]):
            raise TrainingError(
                f"loss {self.loss.name} needs {self.loss.fused_with} outputs, not {activations[-1].name}"
            )
        if activations[-1].name == "softmax" and self.sizes[-1] == 1:
            raise TrainingError("softmax over a single output is always 1: expected at least 2 outputs, or sigmoid")

        self.generator = np.random.default_rng(seed)
        draw = find_initializer(initializer) if isinstance(initializer, str) else initializer
        draw_bias = find_initializer(bias_initializer) if isinstance(bias_initializer, str) else bias_initializer
        self.layers = [
            Dense(
                draw(self.generator, n_in, n_out, self.dtype),
                draw_bias(self.generator, 1, n_out, self.dtype)[0] if biases else None,
                activation,
            )
            for n_in, n_out, activation in zip(self.sizes, self.sizes[1:], activations, strict=False)
        ]

    # What it knows

    @property
    def parameters(self) -> list[Array]:
        """The live arrays W1 (n_in, n_out), b1 (n_out,), W2, b2, …; without biases only W1, W2, …"""
        return [p for layer in self.layers for p in (layer.weights, layer.biases) if p is not None]

    @property
    def parameter_names(self) -> list[str]:
        """weights_1, biases_1, weights_2, … in the order of `parameters`; layers are counted from 1."""
        biased = self.layers[0].biases is not None
        kinds = ("weights", "biases") if biased else ("weights",)
        return [f"{kind}_{i}" for i in range(1, len(self.layers) + 1) for kind in kinds]

    @property
    def output(self) -> Activation:
        """The activation of the last layer."""
        return self.layers[-1].activation

    @property
    def is_classifier(self) -> bool:
        """Whether predictions are labels: for all outputs but linear ones."""
        return self.output.name != "linear"

    @property
    def description(self) -> dict[str, Any]:
        """The settings as JSON values, enough to build the same architecture again."""
        names = {} if self.class_names is None else {"class_names": list(self.class_names)}
        return {
            "sizes": list(self.sizes),
            "hidden": [layer.activation.name for layer in self.layers[:-1]],
            "output": self.output.name,
            "loss": self.loss.name,
            "initializer": name_of(self.initializer),
            "bias_initializer": name_of(self.bias_initializer),
            "seed": self.seed,
            "dtype": self.dtype.name,
            "biases": self.layers[0].biases is not None,
            "input_range": list(self.input_range),
            "dropout": list(self.dropout),
            "l2": self.l2,
            "max_norm": self.max_norm,
            **names,
        }

    @property
    def n_classes(self) -> int:
        """How many classes the outputs tell apart: a single output tells two."""
        return max(2, self.sizes[-1])

    def name_of_class(self, label: int) -> str:
        """What the class with that label is called: its name, or the label itself."""
        return str(label) if self.class_names is None else self.class_names[label]

    def _facts(self) -> str:
        """Sizes, number and type of the parameters, and the loss, in one line."""
        sizes = "-".join(map(str, self.sizes))
        count = sum(parameter.size for parameter in self.parameters)
        return f"Network {sizes}: {count:,} {self.dtype.name} parameters, {self.loss.name} loss"

    def __repr__(self) -> str:
        return network_text(self._facts(), self.layers, self.dropout)

    def _repr_html_(self) -> str:
        return network_html(self._facts(), self.layers, self.dropout)

    def astype(self, dtype: DTypeLike) -> "Network":
        """A copy with its parameters in that dtype."""
        twin = copy.deepcopy(self)
        twin.dtype = checked_dtype(dtype)
        for layer in twin.layers:
            layer.weights = layer.weights.astype(twin.dtype)
            layer.biases = None if layer.biases is None else layer.biases.astype(twin.dtype)
        return twin

    # Prediction

    def scores(self, x: ArrayLike) -> Array:
        """The outputs (n, n_outputs) for inputs (n, n_inputs), in the network's dtype."""
        images = self.as_rows(x)
        outputs = np.empty((len(images), self.sizes[-1]), self.dtype)
        with single_threaded():
            for start in range(0, len(images), CHUNK):
                a = self.prepare(images[start : start + CHUNK])
                for layer in self.layers:
                    _, a = layer.forward(a)
                outputs[start : start + CHUNK] = a
        return outputs

    def predict(self, x: ArrayLike) -> Array:
        """Labels (n,) of a classifier, the outputs (n, n_outputs) of a regression."""
        return self.labels(self.scores(x)) if self.is_classifier else self.scores(x)

    def accuracy(self, x: ArrayLike, y: ArrayLike) -> float:
        """The share of inputs (n, n_inputs) predicted right; y are labels (n,), one-hot or ±1 rows (n, n_outputs)."""
        return self.accuracy_of(self.scores(x), np.asarray(y))

    def accuracy_of(self, outputs: Array, y: Array) -> float:
        """The share of outputs (n, n_outputs) whose label is that of y; DataError if the counts differ."""
        if len(outputs) != len(y):
            raise DataError(f"{len(outputs)} inputs but {len(y)} targets: expected as many")
        if y.ndim == 1 and self.sizes[-1] > 1:
            truth = encode_labels(y, self.sizes[-1])
        else:
            truth = self.labels(encode_targets(y, self.sizes[-1], self.output.name, self.dtype))
        return float(np.mean(self.labels(outputs) == truth)) if len(y) else float("nan")

    def labels(self, outputs: Array) -> Array:
        """The largest output's index (n,); for a single output whether it is above the middle of its range."""
        if self.sizes[-1] > 1:
            return outputs.argmax(axis=1)
        return (outputs[:, 0] > (0 if self.output.name == "tanh" else 0.5)).astype(np.int64)

    # Learning

    def forward(self, x: Array, generator: Generator | None = None) -> list[Pass]:
        """What each layer received and returned for prepared inputs x; with a generator, units are dropped out."""
        passes = []
        for layer, rate in zip(self.layers, (*self.dropout, 0.0), strict=True):
            z, a = layer.forward(x)
            mask = dropout_mask(generator, a.shape, rate, self.dtype) if generator is not None and rate else None
            passes.append(Pass(x, z, a, mask, layer.activation))
            x = a if mask is None else a * mask
        return passes

    def backward(
        self, passes: list[Pass], t: Array, sample_weight: Array | None = None, with_penalty: bool = True
    ) -> list[Array]:
        """Gradients of mean loss plus L2 term, in the order of `parameters`, given encoded targets t."""
        n = self.dtype.type(len(t))
        delta = self.loss.output_delta(self.output, passes[-1].z, passes[-1].a, t) / n  # (n, n_outputs)
        if sample_weight is not None:
            delta = delta * sample_weight[:, None]
        gradients: list[Array] = []
        for layer, this, below in zip(self.layers[::-1], passes[::-1], [*passes[-2::-1], None], strict=True):
            weights, biases, upstream = layer.backward(this.inputs, delta)
            if self.l2 and with_penalty:
                weights = weights + self.dtype.type(self.l2) * layer.weights
            gradients = [weights, *([] if layer.biases is None else [biases]), *gradients]
            if below is not None:
                if below.mask is not None:
                    upstream = upstream * below.mask
                delta = below.activation.backward(upstream, below.z, below.a)
        return gradients

    def gradients(self, x: ArrayLike, targets: ArrayLike, sample_weight: ArrayLike | None = None) -> list[Array]:
        """Gradients of mean loss plus L2 term, in the order of `parameters`, without dropout.

        x is (n, n_inputs), targets as `train` takes them. `sample_weight` (n,) multiplies the loss of each example;
        the mean still divides by n.
        """
        rows, t = self.prepare(self.as_rows(x)), self.encode(targets)
        if len(rows) != len(t):
            raise DataError(f"{len(rows)} inputs but {len(t)} targets: expected as many")
        weight = None if sample_weight is None else np.asarray(sample_weight, self.dtype)
        return self.backward(self.forward(rows), t, weight)

    def loss_values(self, x: ArrayLike, targets: ArrayLike) -> Array:
        """The loss (n,) of each example, without the L2 term."""
        last, t = self.forward(self.prepare(self.as_rows(x)))[-1], self.encode(targets)
        return self.loss.per_example(self.output, last.z, last.a, t)

    def penalty(self) -> float:
        """The L2 term: l2 / 2 times the sum of squared weights."""
        return self.l2 / 2 * sum(float(np.vdot(layer.weights, layer.weights)) for layer in self.layers)

    # What it accepts

    def as_rows(self, x: ArrayLike) -> Array:
        """x as (n, n_inputs) numbers, trailing axes flattened; DataError if they are no such thing."""
        x = np.asarray(x)
        if x.dtype.kind not in "buif":
            raise DataError(f"inputs are of type {x.dtype}: expected numbers")
        if x.ndim < 2 or np.prod(x.shape[1:]) != self.sizes[0]:
            raise DataError(f"inputs have shape {x.shape}: expected (n, {self.sizes[0]})")
        return x.reshape(len(x), self.sizes[0])

    def prepare(self, rows: Array) -> Array:
        """Inputs in the network's dtype and range: uint8 count as 0..255, all others as they are in [0, 1]."""
        scale, shift = self.input_scale(rows.dtype)
        x = rows.astype(self.dtype, copy=False)  # (n, n_inputs)
        if scale != 1:
            x = x * self.dtype.type(scale)
        return x if shift == 0 else x + self.dtype.type(shift)

    def input_scale(self, dtype: DTypeLike) -> tuple[float, float]:
        """The factor and the shift that map inputs of that type onto `input_range`."""
        low, high = self.input_range
        return (high - low) / (255 if dtype == np.uint8 else 1), low

    def encode(self, targets: ArrayLike) -> Array:
        """Targets as (n, n_outputs) rows in the network's dtype; see `encode_targets`."""
        return encode_targets(np.asarray(targets), self.sizes[-1], self.output.name, self.dtype)
