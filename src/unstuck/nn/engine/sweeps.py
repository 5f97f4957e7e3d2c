"""Updates on one batch after another, in the form that suits the network and the optimiser best."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.random import Generator

from unstuck.nn.engine.compiled.step import CompiledSteps, makes_updates
from unstuck.nn.engine.examples import Examples
from unstuck.nn.engine.forms import is_numpy_faster
from unstuck.nn.engine.kernels import Step, is_worth_compiling, make_step
from unstuck.nn.engine.threads import SecondThread
from unstuck.nn.engine.vector import ParameterVector

Array = np.ndarray


class Sweep(Protocol):
    """Updates on one batch after another."""

    def make(self, rows: Array, rates: Array, update: int, logits: Array) -> int:
        """An update on each batch of these rows of the examples, at its own learning rate; `update` counts from 1.

        Puts the logits (n, n_outputs) before each update; returns how many rows went through finite numbers.
        """

    def bring_back(self) -> None:
        """Put parameters and what the optimiser remembers where others read them; updates may leave them elsewhere."""


def is_compiled_faster(
    examples: Examples, vector: ParameterVector, batch_size: int, second_thread: SecondThread, work: int
) -> bool:
    """Whether updates in compiled form are worth it and, where both forms are close, not slower than NumPy's here.

    `work` counts the examples of all epochs. What it answers depends on the processor's instructions.
    """

    def make(is_compiled: bool, examples: Examples, vector: ParameterVector, generator: Generator) -> Sweep:
        return make_sweep(is_compiled, examples, vector, batch_size, generator, second_thread)

    is_worth_it = is_worth_compiling(examples, vector, work)
    return is_worth_it and not is_numpy_faster(make, examples, vector.optimizer, batch_size, work * vector.n_weights)


def make_sweep(
    is_compiled: bool,
    examples: Examples,
    vector: ParameterVector,
    batch_size: int,
    generator: Generator,
    second_thread: SecondThread,
) -> Sweep:
    """Updates in compiled form, as far as the optimiser allows, or in NumPy's."""
    if is_compiled and makes_updates(vector):
        return CompiledSteps(examples, vector, batch_size, second_thread, False, generator)

    def find(n: int) -> Step:
        return make_step(is_compiled, examples, vector, n, second_thread)

    return StepByStep(find, vector, batch_size, generator, second_thread)


class StepByStep:
    """Gradients, then the optimiser, for each batch."""

    def __init__(
        self,
        find: Callable[[int], Step],
        vector: ParameterVector,
        batch_size: int,
        generator: Generator,
        second_thread: SecondThread | None = None,
    ) -> None:
        self.find, self.vector, self.batch_size, self.generator = find, vector, batch_size, generator
        self.second_thread = second_thread
        self.steps: dict[int, Step] = {}  # batch size -> its step; the last batch may be smaller

    def make(self, rows: Array, rates: Array, update: int, logits: Array) -> int:
        """See `Sweep.make`."""
        for i, start in enumerate(range(0, len(rows), self.batch_size)):
            batch = rows[start : start + self.batch_size]
            n = len(batch)
            if n not in self.steps:
                self.steps[n] = self.find(n)
            if not self.steps[n].gradients(batch, self.generator, logits[start : start + n]):
                return start
            self.vector.update(rates[i], update + i, self.second_thread)
        return len(rows)

    def bring_back(self) -> None:
        """They are always there."""
