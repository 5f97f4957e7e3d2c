"""How a program's arrays change: the optimisers people write by hand, in several equal right forms."""

import numpy as np

from .setup import Setup


class Optimizer:
    """The part of a program that turns a gradient into a change; `memory` is what it keeps from step to step."""

    setup: Setup
    learning_rate: float
    updates: int
    memory: dict

    def rate(self):
        return self.learning_rate / (1 + self.setup.rate_decay * (self.updates - 1))

    def remembered(self, kind, name, gradient):
        return self.memory.get((kind, name), np.zeros_like(gradient))

    def change(self, name, gradient):
        rate, m = self.rate(), self.setup.momentum
        if self.setup.optimizer == "plain":
            return -rate * gradient
        if self.setup.optimizer in ("adam", "rmsprop", "adagrad"):
            return self.adaptive_change(name, gradient, rate)
        old = self.remembered("velocity", name, gradient)
        match self.setup.optimizer:
            case "momentum" | "nesterov_look_ahead":
                velocity = m * old - rate * gradient
                change = velocity
            case "momentum_accumulated":
                velocity = m * old + gradient
                change = -rate * velocity
            case "momentum_averaged":
                velocity = m * old + (1 - m) * gradient
                change = -rate * velocity
            case "nesterov":
                velocity = m * old - rate * gradient
                change = (1 + m) * velocity - m * old
            case "nesterov_accumulated":
                velocity = m * old + gradient
                change = -rate * (gradient + m * velocity)
            case _:
                raise ValueError(self.setup.optimizer)
        self.memory["velocity", name] = velocity
        return change

    def adaptive_change(self, name, gradient, rate):
        square = self.remembered("square", name, gradient)
        match self.setup.optimizer:
            case "adagrad":
                square = square + gradient**2
            case "rmsprop":
                square = 0.9 * square + 0.1 * gradient**2
            case "adam":
                square = 0.999 * square + 0.001 * gradient**2
        self.memory["square", name] = square
        if self.setup.optimizer != "adam":
            return -rate * gradient / (np.sqrt(square) + 1e-8)
        mean = 0.9 * self.remembered("mean", name, gradient) + 0.1 * gradient
        self.memory["mean", name] = mean
        mean_share, square_share = self.bias_corrections()
        return -rate * (mean / mean_share) / (np.sqrt(square / square_share) + 1e-8)

    def bias_corrections(self):
        return 1 - 0.9**self.updates, 1 - 0.999**self.updates
