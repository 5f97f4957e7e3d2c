"""The fast form of a training step, beside the definition in `network`.

The same arithmetic as `Network.forward` and `Network.backward`, in buffers made once, so that an update allocates
next to nothing; large matrix products are shared by two threads.
"""

from collections.abc import Callable
from math import isfinite
from typing import Protocol

import numpy as np
from numpy.random import Generator

from unstuck.nn.activations import ACTIVATIONS, LEAK
from unstuck.nn.engine.compiled.step import CompiledSteps, has_compiled_form
from unstuck.nn.engine.examples import Batch, Examples
from unstuck.nn.engine.threads import SecondThread
from unstuck.nn.engine.vector import ParameterVector
from unstuck.nn.layers import Dense
from unstuck.nn.losses import LOSSES
from unstuck.nn.network import Network

Array = np.ndarray

WORTH_COMPILED_FORM = 500_000_000  # examples times weights: NumPy takes a moment for less, to the same bits everywhere


class Step(Protocol):
    """The gradients of a batch of a fixed number of examples."""

    def gradients(self, rows: Array, generator: Generator, logits: Array) -> bool:
        """Put the gradients for these rows of the examples, without the L2 term, into the vector.

        Puts the logits (n, n_outputs) into `logits`; returns whether the gradients are finite.
        """


def find_step(examples: Examples, vector: ParameterVector, n: int, second_thread: SecondThread) -> Step:
    """The fastest form of the gradients of n examples that the network allows."""
    return make_step(is_worth_compiling(examples, vector, len(examples)), examples, vector, n, second_thread)


def is_worth_compiling(examples: Examples, vector: ParameterVector, work: int) -> bool:
    """Whether there is a compiled form, and `work` examples are enough for it."""
    worth = work * vector.n_weights >= WORTH_COMPILED_FORM and has_fast_form(examples.network)
    return worth and has_compiled_form(examples.network, examples.x)


def make_step(
    is_compiled: bool, examples: Examples, vector: ParameterVector, n: int, second_thread: SecondThread
) -> Step:
    """The gradients of n examples in compiled form or in NumPy's."""
    if is_compiled:
        return CompiledSteps(examples, vector, n, second_thread, only_gradients=True)
    return find_step_of_numpy(examples, vector, n, second_thread)


def find_step_of_numpy(examples: Examples, vector: ParameterVector, n: int, second_thread: SecondThread) -> Step:
    """The fastest form that needs NumPy only."""
    if has_fast_form(examples.network):
        return FastStep(examples, vector, n, second_thread)
    return DefinitionStep(examples, vector, n)


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


class FastStep:
    """A step in preallocated buffers."""

    def __init__(self, examples: Examples, vector: ParameterVector, n: int, second_thread: SecondThread) -> None:
        network = examples.network
        self.examples, self.batch = examples, Batch(examples, n)
        self.loss, self.share = network.loss, network.dtype.type(1 / n)
        self.fused = network.loss.fused_with == network.output.name
        gradients, rates = vector.views(vector.gradient), (*network.dropout, 0.0)
        self.layers = [
            FastDense(layer, views, n, rate, second_thread.matmul)
            for layer, views, rate in zip(network.layers, gradients, rates)
        ]

    def gradients(self, rows: Array, generator: Generator, logits: Array) -> bool:
        self.gather(rows, generator)
        outputs = self.layers[-1]
        a = self.batch.x
        for layer in self.layers:
            a = layer.forward(a, generator, logits if layer is outputs else None)
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

    def gather(self, rows: Array, generator: Generator) -> None:
        """Fill the batch with these rows of the examples."""
        self.examples.gather(rows, self.batch)


class FastDense:
    """Dense for n examples, with its dropout, in preallocated buffers."""

    def __init__(
        self, layer: Dense, gradients: tuple[Array, Array | None], n: int, rate: float, matmul: Callable[..., None]
    ) -> None:
        dtype, shape = layer.weights.dtype, (n, layer.weights.shape[1])
        self.weights, self.biases = layer.weights, layer.biases
        self.weights_gradient, self.biases_gradient = gradients
        self.activate, self.multiply_by_derivative = FAST_ACTIVATIONS[layer.activation.name]
        self.matmul, self.ones = matmul, np.ones(n, dtype)
        self.a, self.delta, self.scratch = (np.empty(shape, dtype) for _ in range(3))
        self.rate, self.outputs = rate, self.a
        if rate:
            self.scale = dtype.type(1 / (1 - rate))
            self.noise, self.kept = np.empty(shape, np.float32), np.empty(shape, bool)
            self.mask, self.outputs = np.empty(shape, dtype), np.empty(shape, dtype)

    def forward(self, x: Array, generator: Generator, logits: Array | None = None) -> Array:
        """The activations, dropped out, of inputs x (n, n_in); puts the pre-activations into `logits` if given."""
        self.matmul(x, self.weights, out=self.a)
        if self.biases is not None:
            np.add(self.a, self.biases, out=self.a)
        if logits is not None:
            logits[...] = self.a
        self.activate(self.a, self.scratch)
        if self.rate:
            generator.random(dtype=np.float32, out=self.noise)
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
        self.matmul(x.T, self.delta, out=self.weights_gradient)
        if self.biases_gradient is not None:
            np.matmul(self.ones, self.delta, out=self.biases_gradient)
        if upstream is not None:
            self.matmul(self.delta, self.weights.T, out=upstream)


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
