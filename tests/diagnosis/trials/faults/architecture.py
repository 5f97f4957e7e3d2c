"""Faults of the initial state."""

from dataclasses import replace

import numpy as np

from ..programs import Program
from ..setup import Setup
from .fault import fault
from .forward import has_hidden

STUCK = ["A01", "A02", "A03", "A04", "U07", "U13"]


def no_adam(setup):
    return has_hidden(setup) and setup.optimizer != "adam"


@fault("A01", has_hidden, also=["A03", "A04", "A05", "A06"])
class AllZero(Program):
    def initial_weights(self, n_in, n_out):
        return np.zeros((n_in, n_out))

    def initial_biases(self, n_out):
        return np.zeros(n_out)


@fault("A01", has_hidden, ["A05"], STUCK)
class AllTheSameNumber(Program):
    def initial_weights(self, n_in, n_out):
        return np.full((n_in, n_out), 0.5)

    def initial_biases(self, n_out):
        return np.zeros(n_out)


@fault("A02", lambda s: no_adam(s) and s.hidden in ("sigmoid", "tanh"), ["A07"], STUCK)
class WeightsOfSizeThirty(Program):
    def initial_weights(self, n_in, n_out):
        return 30 * self.random.randn(n_in, n_out)


@fault("A03", lambda s: has_hidden(s) and s.hidden == "relu" and s.biases != "none", also=["A04"])
class BiasesFarBelowZero(Program):
    def initial_biases(self, n_out):
        return np.full(n_out, -20.0)


@fault("A04", no_adam, ["A01", "A06", "U08", "U09"], ["A03"])
class WeightsOfSizeMillionth(Program):
    def initial_weights(self, n_in, n_out):
        return self.random.randn(n_in, n_out) * 1e-6

    def initial_biases(self, n_out):
        return np.zeros(n_out)


@fault("A05", no_adam, ["A02", "A07"], STUCK)
class UniformFromZeroToOne(Program):
    def initial_weights(self, n_in, n_out):
        return self.random.rand(n_in, n_out)


@fault("A06", lambda s: s.depth > 2 and s.optimizer != "adam", ["U08", "U09"], ["A01", "A04"])
class WeightsOfSizeThousandth(Program):
    def initial_weights(self, n_in, n_out):
        return self.random.randn(n_in, n_out) * 1e-3


@fault("A07", lambda s: no_adam(s) and s.hidden in ("relu", "leaky_relu"), ["A02", "U07"], STUCK)
class WeightsOfSizeTwenty(Program):
    def initial_weights(self, n_in, n_out):
        return 20 * self.random.randn(n_in, n_out)


@fault("A08", lambda s: has_hidden(s) and s.sizes[-1] == 10, ["U08", "U09"], ["A06"])
def one_unit_a_layer(setup: Setup) -> Setup:
    return replace(setup, sizes=(setup.sizes[0], *[1] * (setup.depth - 1), setup.sizes[-1]))
