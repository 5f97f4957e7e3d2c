"""Faults of the loss and of the delta it sends into the output layer."""

import numpy as np

from ..programs import Program, sigmoid, softmax
from .fault import fault
from .forward import softmax_cross_entropy


@fault("L01", softmax_cross_entropy, also=["L04", "U08", "U09", "B14"])
class SoftmaxAgainInLoss(Program):
    def output_delta(self, z, a, y):
        return softmax(a) - y


@fault("L01", softmax_cross_entropy, also=["L02", "U08", "U09"])
class SoftmaxAgainWithItsJacobian(Program):
    def output_delta(self, z, a, y):
        error = softmax(a) - y
        return a * (error - np.sum(error * a, axis=1, keepdims=True))


@fault("L02", lambda setup: setup.output == "sigmoid" and setup.sizes[-1] == 10, ["L04"], ["A02", "A04"])
class CategoricalLossOnSigmoids(Program):
    def output_delta(self, z, a, y):
        return -y * (1 - a)


@fault("L02", lambda setup: setup.output == "tanh", ["L04", "B02"])
class CrossEntropyDeltaOnTanh(Program):
    def output_delta(self, z, a, y):
        return a - y


@fault("L02", lambda setup: setup.output == "linear", ["L04", "B04"], ["U13", "U07"])
class SigmoidDerivativeOnLinearOutput(Program):
    def output_delta(self, z, a, y):
        return (a - y) * sigmoid(z) * (1 - sigmoid(z))


@fault("L03", softmax_cross_entropy, ["D02", "U07"], ["A02", "A03", "A04", "U13"], needs=["loss"])
class LogOfZero(Program):
    def inputs(self, images):
        return images.reshape(len(images), -1).astype(self.dtype)

    def loss(self, x, targets):
        return -np.sum(self.desired(targets) * np.log(self.predict(x))) / len(x)


@fault("L04", also=["L02"])
class SquareInsteadOfDifference(Program):
    def output_delta(self, z, a, y):
        error, setup = (a - y) ** 2, self.setup
        if setup.loss != "squared_error" or setup.output == "linear":
            return error
        return error * (1 - a**2 if setup.output == "tanh" else a * (1 - a))


@fault("L04", lambda setup: setup.output in ("softmax", "sigmoid"), ["B04", "B01", "B11", "L02"])
class ErrorTimesOutput(Program):
    def output_delta(self, z, a, y):
        return (a - y) * a


@fault("L04", lambda setup: setup.sizes[-1] > 1 and setup.output != "linear", ["B14", "L02"], ["U13"])
class SignOfTheError(Program):
    def output_delta(self, z, a, y):
        return np.sign(a - y)
