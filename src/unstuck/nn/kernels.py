"""The fast form of a training step, beside the definition in `network`.

The same arithmetic as `Network.forward` and `Network.backward`, in buffers made once, so that an update allocates
next to nothing; a large batch is shared by two threads.
"""

from collections.abc import Callable
from math import isfinite
from typing import Protocol

import numpy as np
from numpy.random import Generator

from unstuck.nn.activations import ACTIVATIONS, LEAK
from unstuck.nn.examples import Batch, Examples
from unstuck.nn.layers import Dense
from unstuck.nn.losses import LOSSES
from unstuck.nn.network import Network
from unstuck.nn.threads import SecondThread
from unstuck.nn.vector import ParameterVector

Array = np.ndarray

WORTH_SHARING = 4_000_000  # examples of a batch times parameters: from there two threads gain more than they cost


class Step(Protocol):
    """One update from a batch of a fixed number of examples."""

    def gradients(self, rows: Array, generator: Generator, logits: Array) -> bool:
        """Find the gradients, without the L2 term, for these rows of the examples; put the logits into `logits`.

        Returns whether the gradients are finite.
        """

    def update(self, learning_rate: float, update: int) -> None:
        """Change the parameters by these gradients; `update` counts from 1."""


def find_step(examples: Examples, vector: ParameterVector, n: int, second_thread: SecondThread | None) -> Step:
    """The fastest form of a step of n examples that the network allows."""
    if not has_fast_form(examples.network):
        return DefinitionStep(examples, vector, n)
    if second_thread is None or n < 2 or n * len(vector.values) < WORTH_SHARING:
        return FastStep(examples, vector, n)
    return SharedStep(examples, vector, n, second_thread)


class DefinitionStep:
    """A step by the definition, for networks with parts that have no fast form."""

    def __init__(self, examples: Examples, vector: ParameterVector, n: int) -> None:
        self.examples, self.vector, self.batch = examples, vector, Batch(examples, n)
        self.views = [view for pair in vector.views(vector.gradient) for view in pair if view is not None]

    def gradients(self, rows: Array, generator: Generator, logits: Array) -> bool:
        batch, network = self.batch, self.examples.network
        self.examples.gather(rows, batch)
        passes = network.forward(batch.x, generator)
        logits[...] = passes[-1].z
        for view, gradient in zip(self.views, network.backward(passes, batch.t, batch.weight, with_penalty=False)):
            view[...] = gradient
        return bool(np.isfinite(self.vector.gradient).all())

    def update(self, learning_rate: float, update: int) -> None:
        self.vector.update(learning_rate, update)
        self.vector.limit_norms()


class FastStep:
    """A step in preallocated buffers: for n examples that are a whole batch, or part of one of `n_batch`."""

    def __init__(
        self,
        examples: Examples,
        vector: ParameterVector,
        n: int,
        n_batch: int | None = None,
        gradient: Array | None = None,
    ) -> None:
        network = examples.network
        self.examples, self.vector, self.batch = examples, vector, Batch(examples, n)
        self.output, self.loss = network.output, network.loss
        self.fused = network.loss.fused_with == network.output.name
        self.share = network.dtype.type(1 / (n_batch or n))
        gradients = vector.views(vector.gradient if gradient is None else gradient)
        rates = (*network.dropout, 0.0)
        self.layers = [FastDense(layer, views, n, rate) for layer, views, rate in zip(network.layers, gradients, rates)]

    def gradients(self, rows: Array, generator: Generator, logits: Array) -> bool:
        self.draw(generator)
        return self.propagate(rows, logits)

    def draw(self, generator: Generator) -> None:
        """Draw which units are left out."""
        for layer in self.layers:
            if layer.rate:
                generator.random(dtype=np.float32, out=layer.noise)

    def propagate(self, rows: Array, logits: Array) -> bool:
        """What `gradients` does, given what is left out."""
        self.examples.gather(rows, self.batch)
        outputs = self.layers[-1]
        a = self.batch.x
        for layer in self.layers:
            a = layer.forward(a, logits if layer is outputs else None)
        delta, t = outputs.delta, self.batch.t
        if self.loss.name == "cross_entropy" and not self.examples.sum_to_one:
            np.multiply(a, t.sum(axis=1, keepdims=True), out=delta)
            np.subtract(delta, t, out=delta)
        else:
            np.subtract(a, t, out=delta)
        if not self.fused:
            outputs.multiply_by_derivative(delta, a, outputs.scratch)
        if self.batch.weight is not None:
            np.multiply(delta, self.batch.weight[:, None], out=delta)
        np.multiply(delta, self.share, out=delta)
        for layer, below in zip(self.layers[:0:-1], self.layers[-2::-1]):
            layer.backward(below.outputs, below.delta)
            below.through_activation()
        self.layers[0].backward(self.batch.x, None)
        return isfinite(np.vdot(delta, delta)) or bool(np.isfinite(delta).all())

    def update(self, learning_rate: float, update: int) -> None:
        self.vector.update(learning_rate, update)
        self.vector.limit_norms()


class SharedStep:
    """A step of which two threads take half each: half of the examples, then half of the parameters.

    The halves are the same on every machine and under every load, and so are the sums: the bits do not depend on how
    many cores there are.
    """

    def __init__(self, examples: Examples, vector: ParameterVector, n: int, second_thread: SecondThread) -> None:
        self.vector, self.second_thread = vector, second_thread
        self.middle = n // 2
        self.addend = np.zeros_like(vector.gradient)
        self.first = FastStep(examples, vector, self.middle, n)
        self.second = FastStep(examples, vector, n - self.middle, n, self.addend)

    def gradients(self, rows: Array, generator: Generator, logits: Array) -> bool:
        finite = [True, True]

        def first() -> None:
            finite[0] = self.first.propagate(rows[: self.middle], logits[: self.middle])

        def second() -> None:
            finite[1] = self.second.propagate(rows[self.middle :], logits[self.middle :])

        self.first.draw(generator)
        self.second.draw(generator)
        self.second_thread.both(first, second)
        return all(finite)

    def update(self, learning_rate: float, update: int) -> None:
        def first() -> None:
            self.vector.update(learning_rate, update, self.addend, half=0)

        def second() -> None:
            self.vector.update(learning_rate, update, self.addend, half=1)

        self.second_thread.both(first, second)
        self.vector.limit_norms()


class FastDense:
    """Dense for n examples, with its dropout, in preallocated buffers."""

    def __init__(self, layer: Dense, gradients: tuple[Array, Array | None], n: int, rate: float) -> None:
        dtype, shape = layer.weights.dtype, (n, layer.weights.shape[1])
        self.weights, self.biases = layer.weights, layer.biases
        self.weights_gradient, self.biases_gradient = gradients
        self.activate, self.multiply_by_derivative = FAST_ACTIVATIONS[layer.activation.name]
        self.ones = np.ones(n, dtype)
        self.a, self.delta, self.scratch = (np.empty(shape, dtype) for _ in range(3))
        self.rate, self.outputs = rate, self.a
        if rate:
            self.scale = dtype.type(1 / (1 - rate))
            self.noise, self.kept = np.empty(shape, np.float32), np.empty(shape, bool)
            self.mask, self.outputs = np.empty(shape, dtype), np.empty(shape, dtype)

    def forward(self, x: Array, logits: Array | None = None) -> Array:
        """The activations, dropped out, of inputs x (n, n_in); puts the pre-activations into `logits` if given."""
        np.matmul(x, self.weights, out=self.a)
        if self.biases is not None:
            np.add(self.a, self.biases, out=self.a)
        if logits is not None:
            logits[...] = self.a
        self.activate(self.a, self.scratch)
        if self.rate:
            np.greater_equal(self.noise, self.rate, out=self.kept)
            np.multiply(self.kept, self.scale, out=self.mask)
            np.multiply(self.a, self.mask, out=self.outputs)
        return self.outputs

    def through_activation(self) -> None:
        """Turn `delta` from the gradient with respect to the outputs into that of the pre-activations."""
        if self.rate:
            np.multiply(self.delta, self.mask, out=self.delta)
        self.multiply_by_derivative(self.delta, self.a, self.scratch)

    def backward(self, x: Array, upstream: Array | None) -> None:
        """Fill the gradients, and `upstream` (n, n_in), from `delta` (n, n_out) and the inputs x (n, n_in)."""
        np.matmul(x.T, self.delta, out=self.weights_gradient)
        if self.biases_gradient is not None:
            np.matmul(self.ones, self.delta, out=self.biases_gradient)
        if upstream is not None:
            np.matmul(self.delta, self.weights.T, out=upstream)


# Activations in place: `activate` turns pre-activations into activations, `multiply_by_derivative` a gradient with
# respect to activations into one with respect to pre-activations, from the activations alone.


def _keep(a: Array, scratch: Array) -> None:
    pass


def _multiply_by_one(delta: Array, a: Array, scratch: Array) -> None:
    pass


def _sigmoid(a: Array, scratch: Array) -> None:
    half = a.dtype.type(0.5)
    np.multiply(a, half, out=a)  # sigmoid(z) = (1 + tanh(z / 2)) / 2
    np.tanh(a, out=a)
    np.multiply(a, half, out=a)
    np.add(a, half, out=a)


def _multiply_by_sigmoid_derivative(delta: Array, a: Array, scratch: Array) -> None:
    np.subtract(a.dtype.type(1), a, out=scratch)
    np.multiply(scratch, a, out=scratch)
    np.multiply(delta, scratch, out=delta)


def _tanh(a: Array, scratch: Array) -> None:
    np.tanh(a, out=a)


def _multiply_by_tanh_derivative(delta: Array, a: Array, scratch: Array) -> None:
    np.multiply(a, a, out=scratch)
    np.subtract(a.dtype.type(1), scratch, out=scratch)
    np.multiply(delta, scratch, out=delta)


def _relu(a: Array, scratch: Array) -> None:
    np.maximum(a, a.dtype.type(0), out=a)


def _multiply_by_relu_derivative(delta: Array, a: Array, scratch: Array) -> None:
    np.multiply(delta, a > 0, out=delta)


def _leaky_relu(a: Array, scratch: Array) -> None:
    np.multiply(a, a.dtype.type(LEAK), out=scratch)
    np.maximum(a, scratch, out=a)


def _multiply_by_leaky_relu_derivative(delta: Array, a: Array, scratch: Array) -> None:
    np.multiply(delta, a.dtype.type(LEAK), out=scratch)
    np.copyto(delta, scratch, where=a <= 0)


def _softmax(a: Array, scratch: Array) -> None:
    np.subtract(a, a.max(axis=1, keepdims=True), out=a)
    np.exp(a, out=a)
    np.divide(a, a.sum(axis=1, keepdims=True), out=a)


def _multiply_by_softmax_jacobian(delta: Array, a: Array, scratch: Array) -> None:
    np.multiply(delta, a, out=scratch)
    np.subtract(delta, scratch.sum(axis=1, keepdims=True), out=delta)
    np.multiply(delta, a, out=delta)


FAST_ACTIVATIONS: dict[str, tuple[Callable[[Array, Array], None], Callable[[Array, Array, Array], None]]] = {
    "linear": (_keep, _multiply_by_one),
    "sigmoid": (_sigmoid, _multiply_by_sigmoid_derivative),
    "tanh": (_tanh, _multiply_by_tanh_derivative),
    "relu": (_relu, _multiply_by_relu_derivative),
    "leaky_relu": (_leaky_relu, _multiply_by_leaky_relu_derivative),
    "softmax": (_softmax, _multiply_by_softmax_jacobian),
}


def has_fast_form(network: Network) -> bool:
    """Whether all of the network's parts are the ones defined here, so that the fast form computes the same."""
    return (
        type(network).forward is Network.forward
        and type(network).backward is Network.backward
        and all(type(layer) is Dense for layer in network.layers)
        and all(ACTIVATIONS.get(layer.activation.name) == layer.activation for layer in network.layers)
        and LOSSES.get(network.loss.name) == network.loss
    )
