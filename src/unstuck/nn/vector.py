"""A network's parameters in one vector, updated block by block."""

import numpy as np

from unstuck.nn.layers import limit_norms
from unstuck.nn.network import Network
from unstuck.nn.optimizers import Optimizer, initial_memory

Array = np.ndarray

BLOCK = 32_768  # elements an optimiser changes at a time: parameter, gradient, memory and temporaries fit in the cache
ALIGNMENT = 16  # elements: every array starts on a cache line of the vector


class ParameterVector:
    """A network's parameters, their gradients and the optimiser's memory as vectors: all weights, then all biases.

    Until `release`, the network's layers hold views of the vector; then their own arrays again, with its values.
    """

    def __init__(self, network: Network, optimizer: Optimizer) -> None:
        self.network, self.optimizer = network, optimizer
        self.own = [(layer.weights, layer.biases) for layer in network.layers]
        size = sum(_padded(parameter.size) for parameter in network.parameters)
        self.n_weights = sum(_padded(weights.size) for weights, _ in self.own)
        self.values = np.zeros(size, network.dtype)
        self.gradient = np.zeros(size, network.dtype)
        self.memory = initial_memory(optimizer, self.values)
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

    def update(self, learning_rate: float, update: int) -> None:
        """One step of the optimiser, block by block; `update` counts from 1.

        The L2 term of the weights joins the gradient before, the limit of their norms is kept after.
        """
        l2 = self.values.dtype.type(self.network.l2)
        for start in range(0, len(self.values), BLOCK):
            block = slice(start, start + BLOCK)
            values, gradient = self.values[block], self.gradient[block]
            if l2 and start < self.n_weights:
                end = self.n_weights - start
                gradient[:end] += l2 * values[:end]
            memory = {name: array[block] for name, array in self.memory.items()}
            self.optimizer.step(values, gradient, memory, learning_rate, update)
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
