"""The fast form of a training step, beside the definition in `network`.

The same arithmetic as `Network.forward` and `Network.backward`, in buffers made once, so that an update allocates
nothing. All parameters lie in one vector, and an optimiser runs over blocks of it that stay in the cache.
"""

from collections.abc import Callable
from math import isfinite

import numpy as np
from numpy.random import Generator

from unstuck.nn.activations import ACTIVATIONS, LEAK
from unstuck.nn.layers import Dense, limit_norms
from unstuck.nn.losses import LOSSES
from unstuck.nn.network import Network
from unstuck.nn.optimizers import Memory, Optimizer

Array = np.ndarray

BLOCK = 16_384  # elements an optimiser changes at a time: parameter, gradient, memory and temporaries fit in the cache
ALIGNMENT = 16  # elements: every array starts on a cache line of the vector


class ParameterVector:
    """A network's parameters, and their gradients, as one vector each: first all weights, then all biases.

    Until `release`, the network's layers hold views of the vector; then their own arrays again, with its values.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.own = [(layer.weights, layer.biases) for layer in network.layers]
        size = sum(_padded(parameter.size) for parameter in network.parameters)
        self.n_weights = sum(_padded(weights.size) for weights, _ in self.own)
        self.values = np.zeros(size, network.dtype)
        self.gradient = np.zeros(size, network.dtype)
        self.gradients = self.views(self.gradient)  # (weights, biases) of each layer
        for layer, (weights, biases) in zip(network.layers, self.views(self.values)):
            weights[...] = layer.weights
            if biases is not None:
                biases[...] = layer.biases
            layer.weights, layer.biases = weights, biases

    def views(self, vector: Array) -> list[tuple[Array, Array | None]]:
        """The parts of a vector as weights (n_in, n_out) and biases (n_out,) of each layer."""
        pieces = []
        at_weights, at_biases = 0, self.n_weights
        for weights, biases in self.own:
            of_weights = vector[at_weights : at_weights + weights.size].reshape(weights.shape)
            at_weights += _padded(weights.size)
            of_biases = None
            if biases is not None:
                of_biases = vector[at_biases : at_biases + biases.size]
                at_biases += _padded(biases.size)
            pieces.append((of_weights, of_biases))
        return pieces

    def update(self, optimizer: Optimizer, memory: Memory, learning_rate: float, update: int, l2: float) -> None:
        """One step of the optimiser, block by block, after adding the gradient of the L2 term to the weights'."""
        for start in range(0, len(self.values), BLOCK):
            block = slice(start, start + BLOCK)
            values, gradient = self.values[block], self.gradient[block]
            if l2 and start < self.n_weights:
                end = self.n_weights - start
                gradient[:end] += self.values.dtype.type(l2) * values[:end]
            optimizer.step(values, gradient, {k: v[block] for k, v in memory.items()}, learning_rate, update)
        if self.network.max_norm is not None:
            for layer in self.network.layers:
                limit_norms(layer.weights, self.network.max_norm)

    def release(self) -> None:
        for layer, (weights, biases) in zip(self.network.layers, self.own):
            weights[...] = layer.weights
            if biases is not None:
                biases[...] = layer.biases
            layer.weights, layer.biases = weights, biases


def _padded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


class DefinitionStep:
    """A batch of n examples by the definition, for networks with parts that have no fast form."""

    def __init__(self, network: Network, vector: ParameterVector, n: int) -> None:
        self.network, self.vector = network, vector

    def gradients(self, x: Array, t: Array, weight: Array | None, generator: Generator, logits: Array) -> bool:
        """Put the gradients, without the L2 term, into the vector and the logits into `logits`.

        x (n, n_inputs) is prepared, t (n, n_outputs) encoded. Returns whether the gradients are finite.
        """
        passes = self.network.forward(x, generator)
        logits[...] = passes[-1].z
        gradients = iter(self.network.backward(passes, t, weight, with_penalty=False))
        for views in self.vector.gradients:
            for view in views:
                if view is not None:
                    view[...] = next(gradients)
        return bool(np.isfinite(self.vector.gradient).all())


class FastStep:
    """A batch of n examples in preallocated buffers; `gradients` as DefinitionStep's."""

    def __init__(self, network: Network, vector: ParameterVector, n: int) -> None:
        dtype = network.dtype
        self.output, self.loss = network.output, network.loss
        self.fused = network.loss.fused_with == network.output.name
        self.share = dtype.type(1 / n)
        rates = (*network.dropout, 0.0)
        self.layers = [
            FastDense(layer, gradients, n, rate)
            for layer, gradients, rate in zip(network.layers, vector.gradients, rates)
        ]

    def gradients(self, x: Array, t: Array, weight: Array | None, generator: Generator, logits: Array) -> bool:
        outputs = self.layers[-1]
        a = x
        for layer in self.layers:
            a = layer.forward(a, generator, logits if layer is outputs else None)
        delta = outputs.delta
        if self.loss.name == "cross_entropy":
            np.multiply(a, t.sum(axis=1, keepdims=True), out=delta)
            delta -= t
        else:
            np.subtract(a, t, out=delta)
        if not self.fused:
            outputs.multiply_by_derivative(delta, a, outputs.scratch)
        if weight is not None:
            delta *= weight[:, None]
        np.multiply(delta, self.share, out=delta)
        for layer, below in zip(self.layers[:0:-1], self.layers[-2::-1]):
            layer.backward(below.outputs, below.delta)
            below.through_activation()
        self.layers[0].backward(x, None)
        return isfinite(np.vdot(delta, delta)) or bool(np.isfinite(delta).all())


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

    def forward(self, x: Array, generator: Generator, logits: Array | None = None) -> Array:
        """The activations, dropped out, of inputs x (n, n_in); puts the pre-activations into `logits` if given."""
        np.matmul(x, self.weights, out=self.a)
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
