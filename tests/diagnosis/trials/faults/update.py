"""Faults of the update: the optimiser, its state, its settings."""

from dataclasses import replace

import numpy as np

from ..programs import Program
from ..setup import Setup
from .fault import fault


def plain(setup: Setup) -> bool:
    return setup.optimizer == "plain"


@fault("U01", plain, ["B10"], ["U13", "U07", "A02", "A03", "A04"], needs=["step"])
class Ascent(Program):
    def change(self, name, gradient):
        return self.rate() * gradient


@fault("U02", plain, also=["U14", "U07", "U13", "A02", "A03", "A04"], needs=["step"])
class NeverSetBackToZero(Program):
    def change(self, name, gradient):
        self.memory[name] = self.remembered_sum(name, gradient) + gradient
        return -self.rate() * self.memory[name]

    def remembered_sum(self, name, gradient):
        return self.memory.get(name, np.zeros_like(gradient))


@fault("U14", plain, ["U02"], needs=["step"])
class ScaledInsteadOfCleared(NeverSetBackToZero):
    def change(self, name, gradient):
        self.memory[name] = self.rate() * (self.remembered_sum(name, gradient) + gradient)
        return -self.memory[name]


@fault("U03", plain, also=["U07", "U13", "A02", "A03", "A04"], needs=["step"])
class PreviousRawGradientAdded(Program):
    def change(self, name, gradient):
        previous = self.memory.get(name, np.zeros_like(gradient))
        self.memory[name] = gradient
        return -(self.rate() * gradient + 0.3 * previous)


@fault("U04", lambda s: plain(s) or s.optimizer == "momentum", also=["U07", "B09"], needs=["step"])
class MomentumAgainstTheStep(Program):
    def change(self, name, gradient):
        velocity = -0.9 * self.memory.get(name, np.zeros_like(gradient)) - self.rate() * gradient
        self.memory[name] = velocity
        return velocity


@fault("U05", needs=["step"])
class CopiesAreUpdated(Program):
    def move(self, name, change):
        array = self.arrays[name].copy()
        array += change


@fault("U05", look_alikes=["B13"], needs=["step"])
class LastLayerKept(Program):
    def move(self, name, change):
        if name != f"W{self.depth}":
            super().move(name, change)


@fault("U06", look_alikes=["U05"], also=["A02", "A07"], needs=["step"])
class IntegerParameters(Program):
    def __init__(self, setup, seed=0):
        super().__init__(setup, seed)
        self.arrays = {name: np.asarray(self.random.randint(-1, 2, array.shape)) for name, array in self.arrays.items()}

    def move(self, name, change):
        self.arrays[name] += change.astype(self.arrays[name].dtype)


STUCK = ["A02", "A03", "A04", "U13"]


@fault("U07", lambda s: s.optimizer == "plain", ["B09", "U13"], STUCK, needs=["step"])
def rate_far_too_high(setup: Setup) -> Setup:
    return replace(setup, learning_rate=1000 * setup.learning_rate)


@fault("U08", look_alikes=["U09"], also=["B17"], needs=["step"])
def rate_far_too_low(setup: Setup) -> Setup:
    return replace(setup, learning_rate=1e-4 * setup.learning_rate)


@fault("U08", plain, ["U09"], ["U02", "U03", "U04"], needs=["step"])
class RateFallsWithEveryUpdate(Program):
    def update(self, gradients):
        super().update(gradients)
        self.learning_rate *= 0.7


@fault("U09", lambda s: s.depth > 1 and s.optimizer != "adam" and s.reduction != "sum", ["U08"], needs=["step"])
def whole_batch_three_times(setup: Setup) -> Setup:
    reduction = "mean" if setup.reduction == "one_by_one" else setup.reduction
    return replace(setup, batch_size=1500, epochs=3, reduction=reduction)


@fault("U10", lambda s: plain(s) and s.reduction != "sum", also=["A04", "A06", "U13"], needs=["step"])
def decay_far_too_strong(setup: Setup) -> Setup:
    return replace(setup, decay=0.9 / setup.learning_rate)


@fault("U15", plain, ["U10"], [*STUCK, "U07"], needs=["step"])
class DecayThatAdds(Program):
    def with_decay(self, name, gradient):
        return gradient - 0.01 / self.learning_rate * self.arrays[name] if name.startswith("W") else gradient


def unbounded(setup: Setup) -> bool:
    return setup.hidden in ("relu", "leaky_relu") and setup.depth > 1 and plain(setup)


@fault("U13", unbounded, ["U07", "B09"], STUCK, needs=["step"])
def diverges(setup: Setup) -> Setup:
    return replace(setup, learning_rate=1e4, output="linear", loss="squared_error")


@fault("U12", lambda s: s.optimizer == "adam", needs=["step"])
class UpdateCounterStuckAtOne(Program):
    def bias_corrections(self):
        return 1 - 0.9, 1 - 0.999


@fault("U18", lambda s: s.biases == "apart" and s.layout == "rows" and s.reduction != "one_by_one", needs=["step"])
class BiasesGrowByBroadcasting(Program):
    def bias(self, layer):
        return np.atleast_2d(self.arrays[f"b{layer}"])[0]

    def move(self, name, change):
        if name.startswith("b"):
            change = np.broadcast_to(change, (self.setup.batch_size, *change.shape[-1:])).copy()
        self.arrays[name] = self.arrays[name] + change


@fault("U17", lambda s: s.optimizer == "adam", needs=["step"])
class NoRootTaken(Program):
    def adaptive_change(self, name, gradient, rate):
        mean = 0.9 * self.remembered("mean", name, gradient) + 0.1 * gradient
        square = 0.999 * self.remembered("square", name, gradient) + 0.001 * gradient**2
        self.memory["mean", name], self.memory["square", name] = mean, square
        mean_share, square_share = self.bias_corrections()
        return -rate * (mean / mean_share) / (square / square_share + 1e-8)


@fault("U12", lambda s: s.optimizer == "adam", needs=["step"])
class SquaresNotCorrected(Program):
    def bias_corrections(self):
        return 1 - 0.9**self.updates, 1


@fault("U12", lambda s: s.optimizer == "adam", needs=["step"])
class CorrectedByProduct(Program):
    def bias_corrections(self):
        return 1 - 0.9 * self.updates / (1 + self.updates), 1 - 0.999 * self.updates / (1 + self.updates)
