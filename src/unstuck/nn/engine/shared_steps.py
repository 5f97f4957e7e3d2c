"""Updates that several processes make together: each the gradient of its own part of a batch, then their sum."""

from collections.abc import Callable
from math import isfinite
from typing import Any

import numpy as np
from numpy.random import Generator

from unstuck.nn.engine.examples import Examples
from unstuck.nn.engine.kernels import Step, is_worth_compiling, make_step
from unstuck.nn.engine.supply import NOT_OURS
from unstuck.nn.engine.threads import SecondThread
from unstuck.nn.engine.vector import ParameterVector
from unstuck.nn.network import Network
from unstuck.nn.ranks import Ranks, own_part

Array = np.ndarray

SIZES = 16  # of parts whose buffers are kept


def find_gradients(
    examples: Examples, vector: ParameterVector, second_thread: SecondThread, work: int, deterministic: bool
) -> Callable[[int], Step]:
    """What makes the gradients of so many examples. `work` counts the examples of all epochs.

    The choice depends on the settings alone, so that all ranks of one kind of machine make the same one.
    """
    is_compiled = not deterministic and is_worth_compiling(examples, vector, work)
    return lambda n: make_step(is_compiled, examples, vector, n, second_thread)


class SharedSteps:
    """Gradients of this rank's part of each batch, one sum over all ranks, then the optimiser on each rank.

    A part is a stretch of the batch; where each rank reads only its part of the rows (`holds_part`), it is what this
    rank holds of the batch, and the rows of the others are NOT_OURS. The network is that of one process with the same
    batches, to rounding: dropout is drawn for the whole batch on every rank.
    """

    def __init__(
        self,
        find: Callable[[int], Step],
        vector: ParameterVector,
        batch_size: int,
        generator: Generator,
        ranks: Ranks,
        holds_part: bool,
    ) -> None:
        self.find, self.vector, self.batch_size, self.generator = find, vector, batch_size, generator
        self.ranks, self.holds_part = ranks, holds_part
        self.steps: dict[int, Step] = {}  # size of a part -> its step

    def make(self, rows: Array, rates: Array, update: int, logits: Array) -> int:
        """See `Sweep.make`; the logits of other ranks' examples are 0."""
        for i, start in enumerate(range(0, len(rows), self.batch_size)):
            part = slice(start, start + self.batch_size)
            self._own_gradient(rows[part], logits[part])
            self.ranks.add_up(self.vector.gradient)
            if not isfinite(self.vector.gradient[0]):
                return start
            self.vector.update(rates[i], update + i)
        return len(rows)

    def bring_back(self) -> None:
        """They are always there."""

    def _own_gradient(self, batch: Array, logits: Array) -> None:
        """Put this rank's share of the batch's gradient into the vector; all of it NaN if it is not finite."""
        n, gradient = len(batch), self.vector.gradient
        own = np.flatnonzero(batch != NOT_OURS) if self.holds_part else np.array(own_part(self.ranks, n), int)
        draws = PartOfDraws(self.generator, n, own)
        logits[...] = 0
        if not len(own):
            gradient[...] = 0
            draws.skip(self.vector.network)
            return
        of_own = np.empty((len(own), logits.shape[1]), logits.dtype)
        if self._step(len(own)).gradients(batch[own], draws, of_own):
            gradient *= gradient.dtype.type(len(own) / n)
        else:
            gradient[...] = np.nan
        logits[own] = of_own

    def _step(self, n: int) -> Step:
        if n not in self.steps:
            if len(self.steps) == SIZES:
                self.steps.clear()
            self.steps[n] = self.find(n)
        return self.steps[n]


class PartOfDraws(Generator):
    """Draws for all n examples of a batch, of which the caller is given those of its own."""

    def __init__(self, generator: Generator, n: int, own: Array) -> None:
        super().__init__(generator.bit_generator)
        self.n, self.own = n, own

    def random(self, size: Any = None, dtype: Any = np.float64, out: Any = None) -> Any:
        """Numbers in [0, 1) of shape (n_own, n_units), that of `size` or of `out`."""
        n_units = (size if out is None else out.shape)[1]
        drawn = super().random((self.n, n_units), dtype)[self.own]
        if out is None:
            return drawn
        out[...] = drawn
        return out

    def skip(self, network: Network) -> None:
        """Draw what a batch needs of which nothing is our own."""
        for n_units, rate in zip(network.sizes[1:], network.dropout):
            if rate:
                super().random((self.n, n_units), np.float32)
