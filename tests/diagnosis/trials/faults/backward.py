"""Faults of the backward pass."""

import numpy as np

from ..programs import Program, sigmoid
from .fault import fault
from .forward import has_hidden


def smooth(setup):
    return has_hidden(setup) and setup.hidden in ("sigmoid", "tanh")


def batched(setup):
    return setup.layout != "examples" and setup.reduction != "one_by_one"


def biased(setup):
    return setup.biases != "none"


def square(setup):
    return square_layer(setup.sizes) > 0


def square_layer(sizes):
    """The first layer behind the input with as many outputs as inputs, or 0."""
    return next((i + 1 for i in range(1, len(sizes) - 1) if sizes[i] == sizes[i + 1]), 0)


# --- the derivative


@fault("B01", has_hidden)
class ActivationForDerivative(Program):
    def derivative(self, z, a, layer):
        return self.activate(z.copy(), layer)


@fault("B01", has_hidden, ["B14"])
class ActivationOfActivationForDerivative(Program):
    def derivative(self, z, a, layer):
        return self.activate(a.copy(), layer)


@fault("B02", has_hidden)
class NoDerivative(Program):
    def derivative(self, z, a, layer):
        return 1


@fault("B02", lambda setup: setup.depth > 2)
class NoDerivativeInFirstLayer(Program):
    def derivative(self, z, a, layer):
        return 1 if layer == 1 else super().derivative(z, a, layer)


@fault("B03", smooth, ["F09"])
class DerivativeOfActivation(Program):
    def derivative(self, z, a, layer):
        return sigmoid(a) * (1 - sigmoid(a)) if self.setup.hidden == "sigmoid" else 1 - np.tanh(a) ** 2


@fault("B03", smooth, also=["U13", "U07"])
class ShortFormOfPreActivation(Program):
    def derivative(self, z, a, layer):
        return z * (1 - z) if self.setup.hidden == "sigmoid" else 1 - z**2


@fault("B03", lambda s: s.output == "sigmoid" and s.loss == "squared_error", ["L04"], ["U13", "U07"])
class ShortFormOfPreActivationAtOutput(Program):
    def output_delta(self, z, a, y):
        return (a - y) * z * (1 - z)


@fault("B04", smooth)
class DerivativeTwice(Program):
    def derivative(self, z, a, layer):
        return super().derivative(z, a, layer) ** 2


@fault("B04", lambda s: s.output in ("sigmoid", "tanh") and s.loss == "squared_error", ["L04"], ["U08", "U09"])
class DerivativeTwiceAtOutput(Program):
    def output_delta(self, z, a, y):
        return super().output_delta(z, a, y) * (a * (1 - a) if self.setup.output == "sigmoid" else 1 - a**2)


@fault("B11", lambda s: s.output == "softmax" and s.loss == "squared_error", ["L04", "L02"])
class DiagonalJacobian(Program):
    def output_delta(self, z, a, y):
        return (a - y) * a * (1 - a)


@fault("B11", lambda s: s.output == "softmax" and s.loss == "cross_entropy", ["L04", "L02", "B04"])
class DiagonalJacobianOnTopOfCrossEntropy(Program):
    def output_delta(self, z, a, y):
        return (a - y) * a * (1 - a)


@fault("B12", smooth, ["B14"], ["U07"])
class ErrorForgottenInHidden(Program):
    def hidden_delta(self, layer, delta, zs, activations):
        return self.derivative(zs[layer - 1], activations[layer - 1], layer - 1) * np.ones_like(activations[layer - 1])


@fault("B12", lambda s: s.output == "sigmoid" and s.loss == "squared_error", ["L04"], ["U07", "A02", "A04"])
class ErrorForgottenAtOutput(Program):
    def output_delta(self, z, a, y):
        return a * (1 - a)


@fault("B18", smooth, ["B01", "B03"], ["U07", "U13"])
class DerivativeOfTheOther(Program):
    def derivative(self, z, a, layer):
        return 1 - a**2 if self.setup.hidden == "sigmoid" else a * (1 - a)


# --- sending back


@fault("B05", lambda setup: square(setup) and not (setup.depth == 3 and setup.sizes[1] != setup.sizes[2]))
class WeightsNotTransposed(Program):
    def send_back(self, layer, delta):
        if layer == square_layer(self.setup.sizes):
            return delta @ self.weights(layer)
        return super().send_back(layer, delta)


@fault("B05", lambda setup: setup.depth >= 4 and setup.sizes[1] == setup.sizes[2] == setup.sizes[3])
class WeightsOfTheLayerBelow(Program):
    def send_back(self, layer, delta):
        return delta @ self.weights(layer - 1).T if layer == 3 else super().send_back(layer, delta)


@fault("B05", lambda setup: has_hidden(setup) and setup.biases in ("first", "last"), ["B14"])
class WrongBiasRowCut(Program):
    def send_back(self, layer, delta):
        array = self.arrays[f"W{layer}"]
        array = array.T if self.setup.layout != "rows" else array
        rows = array[:-1] if self.setup.biases == "first" else array[1:]
        return delta @ rows.T


@fault("B06", lambda s: has_hidden(s) and (s.layout != "examples" or s.reduction == "one_by_one"), needs=["step"])
class UpdateBeforeSendingBack(Program):
    def step(self, x, targets):
        each = [slice(i, i + 1) for i in range(len(x))] if self.setup.reduction == "one_by_one" else [slice(None)]
        for rows in each:
            self.update_on(x[rows], targets[rows])

    def update_on(self, x, targets):
        zs, activations = self.forward(x, training=True)
        delta = self.output_delta(zs[-1], activations[-1], self.desired(targets))
        self.updates += 1
        for layer in range(self.depth, 0, -1):
            for name, total in self.layer_gradients(layer, delta, zs, activations).items():
                gradient = self.with_decay(name, self.reduce(total, len(x)))
                self.move(name, self.change(name, gradient))
            if layer > 1:
                delta = self.hidden_delta(layer, delta, zs, activations)


# --- the weight gradient


@fault("B07", has_hidden, ["B14"], ["U07", "U13"])
class PreActivationsAsInputs(Program):
    def weight_gradient(self, layer, delta, zs, activations):
        return (activations[0] if layer == 1 else zs[layer - 1]).T @ delta


@fault("B07", square, also=["B14"])
class OwnActivationsAsInputs(Program):
    def weight_gradient(self, layer, delta, zs, activations):
        own = layer == square_layer(self.setup.sizes)
        return activations[layer if own else layer - 1].T @ delta


@fault("B13", has_hidden, ["U05"])
class FirstLayerLeftOut(Program):
    def layer_gradients(self, layer, delta, zs, activations):
        return {} if layer == 1 else super().layer_gradients(layer, delta, zs, activations)


@fault("B13", has_hidden, ["U05"])
class LastLayerLeftOut(Program):
    def layer_gradients(self, layer, delta, zs, activations):
        return {} if layer == self.depth else super().layer_gradients(layer, delta, zs, activations)


@fault("B14", has_hidden, ["B05", "B07", "B15", "B17"])
class GradientOneUnitAside(Program):
    def weight_gradient(self, layer, delta, zs, activations):
        right = super().weight_gradient(layer, delta, zs, activations)
        return np.roll(right, 1, axis=1) if layer == 1 else right


@fault("B14", look_alikes=["B17"])
class GradientTimesWeights(Program):
    def weight_gradient(self, layer, delta, zs, activations):
        right = super().weight_gradient(layer, delta, zs, activations)
        return right * self.weights(layer) if layer == self.depth else right


@fault("B15", square)
class SquareGradientTransposed(Program):
    def weight_gradient(self, layer, delta, zs, activations):
        right = super().weight_gradient(layer, delta, zs, activations)
        return right.T if layer == square_layer(self.setup.sizes) else right


@fault("B15", look_alikes=["B14"])
class ReshapedInsteadOfTransposed(Program):
    def weight_gradient(self, layer, delta, zs, activations):
        right = super().weight_gradient(layer, delta, zs, activations)
        return right.T.copy().reshape(right.shape) if layer == 1 else right


@fault("B16", lambda s: s.optimizer != "adam", also=["U07", "U13", "A01", "A04"])
class OneNumberForTheLayer(Program):
    def weight_gradient(self, layer, delta, zs, activations):
        right = super().weight_gradient(layer, delta, zs, activations)
        return np.full_like(right, right.sum()) if layer == self.depth else right


@fault("B16", has_hidden, ["B07", "B14"], ["U07", "U13", "A01", "A04"])
class DeltaWithoutInputs(Program):
    def weight_gradient(self, layer, delta, zs, activations):
        right = super().weight_gradient(layer, delta, zs, activations)
        return np.zeros_like(right) + delta.sum(axis=0) if layer == 1 else right


@fault("B19", batched)
class AveragedBeforeMultiplying(Program):
    def weight_gradient(self, layer, delta, zs, activations):
        right = super().weight_gradient(layer, delta, zs, activations)
        return np.outer(activations[layer - 1].mean(axis=0), delta.sum(axis=0)) if layer == self.depth else right


@fault("B20", batched)
class FirstExampleOnly(Program):
    def weight_gradient(self, layer, delta, zs, activations):
        return np.outer(activations[layer - 1][0], delta[0])


# --- reduction, sign and scale


@fault("B09", lambda s: s.reduction == "mean" and s.optimizer != "adam", ["U07", "B17"], ["U13", "A02", "A03", "A04"])
class SummedWhereAveraged(Program):
    def reduce(self, total, n):
        return total


@fault("B10", also=["U01", "U13", "U07"])
class SignOfLastWeightsWrong(Program):
    def weight_gradient(self, layer, delta, zs, activations):
        right = super().weight_gradient(layer, delta, zs, activations)
        return -right if layer == self.depth else right


@fault("B10", has_hidden, ["U01"], ["U13", "U07"])
class SignOfHiddenDeltaWrong(Program):
    def send_back(self, layer, delta):
        return -super().send_back(layer, delta)


@fault("B10", look_alikes=["U01"], also=["U13", "U07", "A02", "A03", "A04"])
class TargetMinusOutput(Program):
    def output_delta(self, z, a, y):
        return -super().output_delta(z, a, y)


@fault("B17", has_hidden, ["B14"])
class FirstLayerTenTimes(Program):
    def weight_gradient(self, layer, delta, zs, activations):
        right = super().weight_gradient(layer, delta, zs, activations)
        return 10 * right if layer == 1 else right


@fault("B17", lambda s: has_hidden(s) and batched(s) and s.reduction == "mean", ["B09", "B14"], ["U08", "U09"])
class FirstLayerDividedTwice(Program):
    def weight_gradient(self, layer, delta, zs, activations):
        right = super().weight_gradient(layer, delta, zs, activations)
        return right / len(delta) if layer == 1 else right


@fault("B17", lambda s: batched(s) and s.reduction == "mean" and s.optimizer != "adam", ["U08"], ["U09"])
class EverythingDividedTwice(Program):
    def reduce(self, total, n):
        return super().reduce(total, n) / n


# --- the bias gradient


@fault("B08", biased, ["B13", "U05"])
class BiasesNeverUpdated(Program):
    def bias_gradient(self, layer, delta, activations):
        return np.zeros_like(delta[0])


@fault("B08", biased)
class BiasGradientOneNumber(Program):
    def bias_gradient(self, layer, delta, activations):
        return np.full_like(delta[0], np.sum(delta))


@fault("B08", lambda s: biased(s) and batched(s))
class BiasGradientOfFirstExample(Program):
    def bias_gradient(self, layer, delta, activations):
        return delta[0] * 1


@fault("B08", biased)
class BiasGradientTimesBias(Program):
    def bias_gradient(self, layer, delta, activations):
        return delta.sum(axis=0) * self.bias(layer)


@fault("B08", biased)
class BiasGradientTimesInputs(Program):
    def bias_gradient(self, layer, delta, activations):
        return (delta * activations[layer - 1].sum(axis=1, keepdims=True)).sum(axis=0)


@fault("B08", lambda s: biased(s) and s.reduction == "sum", ["B17"])
class BiasMeanWhereWeightsSum(Program):
    def bias_gradient(self, layer, delta, activations):
        return delta.mean(axis=0)


@fault("B08", lambda s: biased(s) and batched(s), ["B14"])
class BiasGradientAlongUnits(Program):
    def bias_gradient(self, layer, delta, activations):
        return np.resize(delta.sum(axis=1), delta.shape[1])
