"""Optimisers, in order of complexity: what they remember between updates, and one step.

An optimiser is a frozen description; what it remembers is a dictionary of arrays shaped like the parameter, named in
`memory` and zero at the start. `step` changes parameter and memory in place and is elementwise, so it may be given
whole arrays or blocks of them. `learning_rate` is the rate of this update (a schedule may have changed it), `update`
counts from 1. Rates, momenta and decays have no unit; gradients are those of the mean loss over the batch.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from unstuck.errors import TrainingError

Array = np.ndarray
Memory = dict[str, Array]


class Optimizer(Protocol):
    """What training asks of an optimiser."""

    @property
    def learning_rate(self) -> float: ...

    @property
    def memory(self) -> tuple[str, ...]: ...

    def step(self, parameter: Array, gradient: Array, memory: Memory, learning_rate: float, update: int) -> None: ...


@dataclass(frozen=True)
class SGD:
    """Gradient descent, with classical or Nesterov's momentum (Sutskever et al. 2013, eqs. 1 to 4).

    The velocity holds past changes, rate included, so a falling rate lets old changes run out at their own size.
    Nesterov's form is the usual rewriting in which the gradient is taken at the looked-ahead parameters.
    """

    learning_rate: float = 0.1
    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        _expect_positive(learning_rate=self.learning_rate)
        _expect_share(momentum=self.momentum)

    @property
    def memory(self) -> tuple[str, ...]:
        """Names of the arrays it remembers of each parameter: the velocity, if there is momentum."""
        return ("velocity",) if self.momentum else ()

    def step(self, parameter: Array, gradient: Array, memory: Memory, learning_rate: float, update: int) -> None:
        """Add the step down the gradient to the parameter, through the velocity if there is momentum; in place."""
        change = gradient * -learning_rate
        if not self.momentum:
            parameter += change
            return
        velocity = memory["velocity"]
        velocity *= self.momentum
        velocity += change
        if self.nesterov:
            change += self.momentum * velocity
            parameter += change
        else:
            parameter += velocity


@dataclass(frozen=True)
class RMSProp:
    """The gradient divided by a running root mean square of itself (Hinton 2012, Coursera lecture 6e)."""

    learning_rate: float = 0.001
    decay: float = 0.99
    epsilon: float = 1e-8

    memory: ClassVar[tuple[str, ...]] = ("mean_square",)

    def __post_init__(self) -> None:
        _expect_positive(learning_rate=self.learning_rate, epsilon=self.epsilon)
        _expect_share(decay=self.decay)

    def step(self, parameter: Array, gradient: Array, memory: Memory, learning_rate: float, update: int) -> None:
        """Update the mean square with this gradient, and step by the gradient over its root; in place."""
        mean_square = memory["mean_square"]
        mean_square *= self.decay
        mean_square += (1 - self.decay) * gradient * gradient
        parameter -= learning_rate * gradient / (np.sqrt(mean_square) + self.epsilon)


@dataclass(frozen=True)
class AdaGrad:
    """The gradient divided by the root of the sum of its squares so far (Duchi, Hazan and Singer 2011, section 1.1)."""

    learning_rate: float = 0.01
    epsilon: float = 1e-10

    memory: ClassVar[tuple[str, ...]] = ("sum_of_squares",)

    def __post_init__(self) -> None:
        _expect_positive(learning_rate=self.learning_rate, epsilon=self.epsilon)

    def step(self, parameter: Array, gradient: Array, memory: Memory, learning_rate: float, update: int) -> None:
        """Add the squared gradient to the sum, and step by the gradient over its root; in place."""
        sum_of_squares = memory["sum_of_squares"]
        sum_of_squares += gradient * gradient
        parameter -= learning_rate * gradient / (np.sqrt(sum_of_squares) + self.epsilon)


@dataclass(frozen=True)
class Adam:
    """Running mean over running root mean square, both corrected for starting at 0 (Kingma and Ba 2015, alg. 1)."""

    learning_rate: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    memory: ClassVar[tuple[str, ...]] = ("mean", "mean_square")

    def __post_init__(self) -> None:
        _expect_positive(learning_rate=self.learning_rate, epsilon=self.epsilon)
        _expect_share(beta1=self.beta1, beta2=self.beta2)

    def step(self, parameter: Array, gradient: Array, memory: Memory, learning_rate: float, update: int) -> None:
        """Update both means with this gradient, and step by their corrected ratio; in place."""
        mean, mean_square = memory["mean"], memory["mean_square"]
        mean *= self.beta1
        mean += (1 - self.beta1) * gradient
        mean_square *= self.beta2
        mean_square += (1 - self.beta2) * gradient * gradient
        # Both corrections as one factor, as the paper's section 2 suggests: mean / correction1 over the root of
        # mean_square / correction2, with epsilon brought to the same scale.
        correction1, correction2 = 1 - self.beta1**update, (1 - self.beta2**update) ** 0.5
        change = np.sqrt(mean_square)
        change += self.epsilon * correction2
        np.divide(mean, change, out=change)
        change *= learning_rate * correction2 / correction1
        parameter -= change


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with the parameters decayed apart from the gradient (Loshchilov and Hutter 2019, alg. 2); biases too."""

    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        _expect_share(weight_decay=self.weight_decay)

    def step(self, parameter: Array, gradient: Array, memory: Memory, learning_rate: float, update: int) -> None:
        """Shrink the parameter, then make Adam's step; in place."""
        parameter *= 1 - learning_rate * self.weight_decay
        super().step(parameter, gradient, memory, learning_rate, update)


OPTIMIZERS: dict[str, type[SGD] | type[RMSProp] | type[AdaGrad] | type[Adam]] = {
    "sgd": SGD,
    "rmsprop": RMSProp,
    "adagrad": AdaGrad,
    "adam": Adam,
    "adamw": AdamW,
}


def initial_memory(optimizer: Optimizer, parameter: Array) -> Memory:
    """What the optimiser remembers of a parameter before the first update: zeros of its shape and dtype."""
    return {name: np.zeros_like(parameter) for name in optimizer.memory}


def _expect_positive(**settings: float) -> None:
    for name, value in settings.items():
        if not 0 < value < np.inf:
            raise TrainingError(f"{name} is {value!r}: expected a finite number above 0")


def _expect_share(**settings: float) -> None:
    for name, value in settings.items():
        if not 0 <= value < 1:
            raise TrainingError(f"{name} is {value!r}: expected a number from 0 up to but not including 1")
