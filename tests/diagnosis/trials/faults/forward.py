"""Faults of the forward pass."""

from dataclasses import replace

import numpy as np

from ..programs import Program, sigmoid
from ..setup import Setup
from .fault import fault

WRONG_DERIVATIVE = ["B01", "B02", "B03", "B14", "U07", "U13"]


def batch_softmax(setup: Setup) -> bool:
    return setup.output == "softmax" and setup.layout != "examples"


def softmax_cross_entropy(setup: Setup) -> bool:
    return setup.output == "softmax" and setup.loss == "cross_entropy"


def has_hidden(setup: Setup) -> bool:
    return setup.depth > 1


@fault("F01", batch_softmax, also=["A04", "F03", "U13"])
class SumOverWholeBatch(Program):
    def output(self, z):
        e = np.exp(z - z.max())
        return e / np.sum(e)


@fault("F02", batch_softmax, also=["A04", "F01", "F03", "U13"])
class SumAlongExamples(Program):
    def output(self, z):
        e = np.exp(z - np.max(z, axis=0))
        return e / sum(e)


@fault("F03", lambda setup: setup.output == "softmax", also=["U13"])
class NoShift(Program):
    def output(self, z):
        return np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True)


@fault(
    "F03",
    lambda setup: setup.output == "softmax" and setup.inputs == "unit",
    ["D02", "U07", "U13"],
    ["A02", "A03", "A04", "A07", "L03"],
)
class NoShiftOnRawPixels(NoShift):
    def inputs(self, images):
        return images.reshape(len(images), -1).astype(self.dtype)


@fault("F04", lambda setup: has_hidden(setup) and setup.hidden == "sigmoid", also=["B10", "B14"])
class MinusForgottenInHidden(Program):
    def activate(self, z, layer):
        return 1 / (1 + np.exp(z))

    def derivative(self, z, a, layer):
        return a * (1 - a)


@fault("F04", lambda setup: setup.output == "sigmoid", ["B10", "U01"])
class MinusForgottenAtOutput(Program):
    def output(self, z):
        return 1 / (1 + np.exp(z))


@fault("F05", lambda s: has_hidden(s) and s.hidden != "relu", also=[*WRONG_DERIVATIVE, "A08"])
class LinearWithDerivativeKept(Program):
    def activate(self, z, layer):
        return z


@fault("F05", has_hidden, also=["B02", "A08", "U07", "U13"])
class LinearThroughout(Program):
    def activate(self, z, layer):
        return z

    def derivative(self, z, a, layer):
        return np.ones_like(z)


@fault("F05", lambda setup: setup.depth > 2 and setup.hidden != "relu", also=WRONG_DERIVATIVE)
class FirstLayerLinear(Program):
    def activate(self, z, layer):
        return z if layer == 1 else super().activate(z, layer)


@fault("F06", softmax_cross_entropy, also=["A03", "A04", "B02", "B14"])
class ReluOnLogits(Program):
    def output(self, z):
        return super().output(np.maximum(z, 0))


@fault("F06", softmax_cross_entropy, also=["A04", "B02", "B14"])
class SigmoidOnLogits(Program):
    def output(self, z):
        return super().output(sigmoid(z))


@fault("F07", lambda setup: setup.biases != "none" and has_hidden(setup))
class BiasStoredButNotAdded(Program):
    def linear(self, layer, a):
        return a @ self.weights(layer)


@fault("F07", lambda setup: setup.biases != "none" and has_hidden(setup))
class BiasNotAddedInFirstLayer(Program):
    def linear(self, layer, a):
        return a @ self.weights(layer) if layer == 1 else super().linear(layer, a)


@fault("F08", lambda setup: has_hidden(setup) and setup.layout != "columns", also=["B02", "B11", "B14", "A04", "A06"])
class SoftmaxInHidden(Program):
    def activate(self, z, layer):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def derivative(self, z, a, layer):
        return a * (1 - a)


@fault("F09", lambda setup: has_hidden(setup) and setup.hidden == "sigmoid", ["B03"])
class SigmoidOverwritesInput(Program):
    def activate(self, z, layer):
        z[...] = 1 / (1 + np.exp(-z))
        return z

    def derivative(self, z, a, layer):
        return sigmoid(z) * (1 - sigmoid(z))


@fault("F09", lambda setup: has_hidden(setup) and setup.hidden == "tanh", ["B03"])
class TanhOverwritesInput(Program):
    def activate(self, z, layer):
        return np.tanh(z, out=z)

    def derivative(self, z, a, layer):
        return 1 - np.tanh(z) ** 2


@fault(
    "F10",
    lambda setup: setup.output == "sigmoid" and setup.sizes[-1] == 10,
    also=["D07", "D08", "D09", "A04", "A02", "L02", "U09"],
)
def one_output_for_ten_classes(setup: Setup) -> Setup:
    return replace(setup, sizes=(*setup.sizes[:-1], 1))


@fault("F11", has_hidden, also=WRONG_DERIVATIVE)
class StepInHidden(Program):
    def activate(self, z, layer):
        return np.where(z > 0, 1, 0).astype(self.dtype)


@fault("F11", lambda setup: has_hidden(setup) and setup.hidden == "relu", also=WRONG_DERIVATIVE)
class LeakInPlaceOfProduct(Program):
    def activate(self, z, layer):
        return np.maximum(z, z.dtype.type(0.01))


@fault("F11", lambda setup: softmax_cross_entropy(setup) and setup.layout == "rows", also=["B02", "B14", "U07", "U13"])
class SumNotShifted(Program):
    def output(self, z):
        return np.exp(z - z.max(axis=1, keepdims=True)) / np.exp(z).sum(axis=1, keepdims=True)


@fault("F12", lambda s: has_hidden(s) and s.biases != "none" and s.derivative_of == "pre_activation")
class BiasAddedAfterActivation(Program):
    def linear(self, layer, a):
        return a @ self.weights(layer) if layer < self.depth else super().linear(layer, a)

    def activate(self, z, layer):
        return super().activate(z, layer) + self.bias(layer)
