"""A network's parameters in one vector, updated block by block."""

import numpy as np

from unstuck.nn.engine.threads import SecondThread
from unstuck.nn.layers import limit_norms
from unstuck.nn.network import Network
from unstuck.nn.optimizers import Memory, Optimizer, initial_memory

Array = np.ndarray

BLOCK = 32_768  # elements an optimiser changes at a time: parameter, gradient, memory and temporaries fit in the cache
WORTH_SHARING = 64  # blocks, 2 million parameters: they come from memory, which one core does not keep busy
ALIGNMENT = 16  # elements: every row of weights starts on a cache line of the vector


class ParameterVector:
    """A network's parameters, their gradients and the optimiser's memory as vectors: all weights, then all biases.

    After them, numbers that are kept with them but not learned: `statistics`, of which there are `n_statistics`.

    Rows of weights and biases are padded with zeros, which stay zeros.

    Until `release`, the network's layers hold views of the vector; then their own arrays again, with its values.
    """

    def __init__(self, network: Network, optimizer: Optimizer, n_statistics: int = 0) -> None:
        self.network, self.optimizer = network, optimizer
        self.own = [(layer.weights, layer.biases) for layer in network.layers]
        self.n_weights = sum(len(weights) * _padded(weights.shape[1]) for weights, _ in self.own)
        size = self.n_weights + sum(_padded(biases.size) for _, biases in self.own if biases is not None)
        self.values = np.zeros(size + n_statistics, network.dtype)
        self.statistics = self.values[size:]
        self.gradient = np.zeros(size, network.dtype)
        self.memory = initial_memory(optimizer, self.gradient)
        self.l2 = network.dtype.type(network.l2)
        self.blocks = [self._block(start, min(start + BLOCK, size)) for start in range(0, size, BLOCK)]
        for layer, (weights, biases) in zip(network.layers, self.views(self.values)):
            weights[...] = layer.weights
            if biases is not None:
                biases[...] = layer.biases
            layer.weights, layer.biases = weights, biases

    def _block(self, start: int, end: int) -> tuple[Array, Array, Memory, int]:
        """Views of that part of values, gradient and memory, and how many of the values the L2 term decays."""
        part = slice(start, end)
        decaying = min(max(self.n_weights - start, 0), BLOCK) if self.l2 else 0
        return self.values[part], self.gradient[part], {k: v[part] for k, v in self.memory.items()}, decaying

    def views(self, vector: Array) -> list[tuple[Array, Array | None]]:
        """The parts of a vector as weights (n_in, n_out) and biases (n_out,) of each layer."""
        pieces = []
        at_weights, at_biases = 0, self.n_weights
        for weights, biases in self.own:
            n_in, n_out = weights.shape
            n_padded = n_in * _padded(n_out)
            of_weights = vector[at_weights : at_weights + n_padded].reshape(n_in, -1)[:, :n_out]
            at_weights += n_padded
            of_biases = None
            if biases is not None:
                of_biases = vector[at_biases : at_biases + biases.size]
                at_biases += _padded(biases.size)
            pieces.append((of_weights, of_biases))
        return pieces

    def update(self, learning_rate: float, update: int, second_thread: SecondThread | None = None) -> None:
        """One step of the optimiser, block by block; `update` counts from 1.

        The L2 term of the weights joins the gradient before, the limit of their norms is kept after. Of many blocks
        the second thread, where one is given, takes half.
        """
        if second_thread is None or len(self.blocks) < WORTH_SHARING:
            self._step(self.blocks, learning_rate, update)
        else:
            middle = len(self.blocks) // 2
            second_thread.both(
                lambda: self._step(self.blocks[:middle], learning_rate, update),
                lambda: self._step(self.blocks[middle:], learning_rate, update),
            )
        if self.network.max_norm is not None:
            for layer in self.network.layers:
                limit_norms(layer.weights, self.network.max_norm)

    def _step(self, blocks: list[tuple[Array, Array, Memory, int]], learning_rate: float, update: int) -> None:
        for values, gradient, memory, decaying in blocks:
            if decaying:
                gradient[:decaying] += self.l2 * values[:decaying]
            self.optimizer.step(values, gradient, memory, learning_rate, update)

    def release(self) -> None:
        for layer, (weights, biases) in zip(self.network.layers, self.own):
            weights[...] = layer.weights
            if biases is not None:
                biases[...] = layer.biases
            layer.weights, layer.biases = weights, biases


def _padded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
