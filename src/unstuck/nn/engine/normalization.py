"""Batch normalisation: hidden layers whose pre-activations have mean 0 and deviation 1 over the batch, under noise.

It is a way of training, not a part of the network: what has been learned goes into ordinary weights and biases.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from unstuck.errors import TrainingError
from unstuck.nn.engine.examples import Examples
from unstuck.nn.engine.kernels import FastDense, FastStep, has_fast_form
from unstuck.nn.engine.sweeps import StepByStep
from unstuck.nn.engine.threads import SecondThread
from unstuck.nn.engine.vector import ParameterVector
from unstuck.nn.layers import Dense
from unstuck.nn.network import Network

Array = np.ndarray

EPSILON = 1e-5  # added to variances, so that a unit that never changes can be divided by


@dataclass(frozen=True)
class BatchNormalization:
    """How hidden layers are trained: a = activation((z - mean) / deviation + noise + b).

    Mean and deviation are those of the batch (Ioffe and Szegedy 2015, section 3); for predictions those of many
    batches, of which each counts `decay` times as much as the next. The paper's scale is left out: weights of the next
    layer can do the same for ReLU. `noise` is the standard deviation of normal noise on the inputs and the hidden
    pre-activations while training, which is what makes most of the accuracy of ladder networks where every example
    has a label (Pezeshki et al. 2016, Deconstructing the ladder network architecture, abstract).

    Raises TrainingError if a setting is impossible.
    """

    noise: float = 0.0
    decay: float = 0.99

    def __post_init__(self) -> None:
        if not 0 <= self.noise < np.inf:
            raise TrainingError(f"noise is {self.noise!r}: expected a finite number, 0 or above")
        if not 0 <= self.decay < 1:
            raise TrainingError(f"decay is {self.decay!r}: expected a number from 0 up to but not including 1")

    def check(self, network: Network) -> None:
        """Raise TrainingError if the network cannot be trained so."""
        if network.layers[0].biases is None:
            raise TrainingError("batch normalisation needs biases: they hold the means of the batches")
        if any(network.dropout) or network.max_norm is not None:
            raise TrainingError("batch normalisation goes with neither dropout nor max_norm: expected one of them")
        if not has_fast_form(network):
            raise TrainingError("batch normalisation needs a network made of unstuck's own layers and activations")

    def n_statistics(self, network: Network) -> int:
        """How many numbers beside its parameters the network needs: mean and variance of each hidden unit."""
        return 2 * sum(network.sizes[1:-1])


def normalize(z: Array) -> tuple[Array, Array, Array]:
    """Pre-activations (n, n_units) with mean 0 and deviation 1 over the batch; the mean and the variance they had."""
    mean = z.mean(axis=0)  # (n_units,)
    centred = z - mean
    variance = np.einsum("nu,nu->u", centred, centred) / z.dtype.type(len(z))
    centred /= np.sqrt(variance + z.dtype.type(EPSILON))
    return centred, mean, variance


def normalize_backward(upstream: Array, normalized: Array, variance: Array) -> Array:
    """The gradient of pre-activations (n, n_units) from that of their normalised form (Ioffe and Szegedy 2015, 3)."""
    n = upstream.dtype.type(len(upstream))
    along = np.einsum("nu,nu->u", upstream, normalized) / n  # (n_units,)
    gradient = upstream - upstream.mean(axis=0) - normalized * along
    gradient /= np.sqrt(variance + upstream.dtype.type(EPSILON))
    return gradient


def fold(weights: Array, biases: Array, mean: Array, variance: Array) -> tuple[Array, Array]:
    """Weights (n_in, n_out) and biases (n_out,) of a plain layer that answers x as (x W - mean) / deviation + b."""
    deviation = np.sqrt(variance + weights.dtype.type(EPSILON))
    return weights / deviation, biases - mean / deviation


class NormalizedDense(FastDense):
    """A normalised layer for n examples. `statistics` (2, n_out) are mean and variance of many batches."""

    def __init__(
        self,
        layer: Dense,
        gradients: tuple[Array, Array | None],
        n: int,
        statistics: Array,
        settings: BatchNormalization,
        matmul: Callable[..., None],
    ) -> None:
        super().__init__(layer, gradients, n, 0.0, matmul)
        self.statistics, self.settings = statistics, settings
        self.noise = np.zeros_like(self.a)

    def forward(self, x: Array, generator: Generator, logits: Array | None = None) -> Array:
        """The activations of inputs x (n, n_in), under noise."""
        self.matmul(x, self.weights, out=self.a)
        self.normalized, mean, self.variance = normalize(self.a)
        kept = self.settings.decay if is_known(self.statistics) else 0
        self.statistics[...] = kept * np.nan_to_num(self.statistics) + (1 - kept) * np.stack((mean, self.variance))
        np.add(self.normalized, self.biases, out=self.a)  # type: ignore[arg-type]  # `check` saw them
        add_noise(self.a, self.settings.noise, self.noise, generator)
        self.activate(self.a, self.scratch)
        return self.a

    def backward(self, x: Array, upstream: Array | None) -> None:
        """Fill the gradients, and `upstream` (n, n_in), from `delta`: the gradient after the normalisation."""
        np.matmul(self.ones, self.delta, out=self.biases_gradient)
        delta = normalize_backward(self.delta, self.normalized, self.variance)
        self.matmul(x.T, delta, out=self.weights_gradient)
        if upstream is not None:
            self.matmul(delta, self.weights.T, out=upstream)


def add_noise(x: Array, deviation: float, buffer: Array, generator: Generator) -> None:
    """Add normal noise of that standard deviation to x, in place; the buffer is of its shape and dtype."""
    if deviation:
        generator.standard_normal(dtype=x.dtype, out=buffer)
        np.multiply(buffer, x.dtype.type(deviation), out=buffer)
        np.add(x, buffer, out=x)


class NormalizedStep(FastStep):
    """A step of a network whose hidden layers are normalised."""

    def __init__(
        self,
        examples: Examples,
        vector: ParameterVector,
        n: int,
        second_thread: SecondThread,
        settings: BatchNormalization,
    ) -> None:
        super().__init__(examples, vector, n, second_thread)
        self.settings, self.noise = settings, np.empty_like(self.batch.x)
        learned = [
            Dense(*views, layer.activation) for views, layer in zip(vector.views(vector.values), vector.network.layers)
        ]
        gradients = vector.views(vector.gradient)
        self.layers[:-1] = [
            NormalizedDense(layer, views, n, statistics, settings, second_thread.matmul)
            for layer, views, statistics in zip(learned, gradients, statistics_of(vector))
        ]

    def gather(self, rows: Array, generator: Generator) -> None:
        super().gather(rows, generator)
        add_noise(self.batch.x, self.settings.noise, self.noise, generator)


class NormalizedSteps(StepByStep):
    """Updates of a network whose hidden layers are normalised.

    The vector holds what is learned and the statistics; the layers hold the plain network that `bring_back` makes.
    """

    def __init__(
        self,
        examples: Examples,
        vector: ParameterVector,
        batch_size: int,
        generator: Generator,
        second_thread: SecondThread,
        settings: BatchNormalization,
    ) -> None:
        super().__init__(
            lambda n: NormalizedStep(examples, vector, n, second_thread, settings),
            vector,
            batch_size,
            generator,
            second_thread,
        )
        vector.statistics[...] = np.nan
        for layer in vector.network.layers[:-1]:
            layer.weights, layer.biases = layer.weights.copy(), None if layer.biases is None else layer.biases.copy()

    def bring_back(self) -> None:
        """Put the plain network with the same predictions into its layers."""
        layers, views = self.vector.network.layers, self.vector.views(self.vector.values)
        for layer, (weights, biases), statistics in zip(layers, views, statistics_of(self.vector)):
            if biases is not None and is_known(statistics):
                layer.weights, layer.biases = fold(weights, biases, *statistics)


def is_known(statistics: Array) -> bool:
    """Whether there has been a batch."""
    return not np.isnan(statistics).any()


def statistics_of(vector: ParameterVector) -> list[Array]:
    """Mean and variance (2, n_units) of each hidden layer's pre-activations, at the end of the vector."""
    sizes = vector.network.sizes[1:-1]
    ends = 2 * np.cumsum(sizes, dtype=int)
    return [part.reshape(2, -1) for part in np.split(vector.statistics, ends[:-1])] if sizes else []
