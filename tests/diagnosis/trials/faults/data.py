"""Faults of the data: preparation, targets, labels, the loop that walks over them."""

from dataclasses import replace

import numpy as np

from ..programs import Program
from ..setup import Setup
from .fault import fault

STUCK = ["A02", "A03", "A04", "U07", "U13", "A07"]


def ten_classes(setup):
    return setup.sizes[-1] == 10


def squared_sigmoids(setup):
    return ten_classes(setup) and setup.output == "sigmoid" and setup.loss == "squared_error"


def unit_inputs(setup):
    return setup.inputs == "unit"


@fault("D01", look_alikes=["U13"], also=["A04", "L03"])
class DividedByZeroSpread(Program):
    def inputs(self, images):
        x = super().inputs(images)
        x[:, 0] = np.nan
        return x


@fault("D02", lambda s: unit_inputs(s) and s.optimizer == "plain", ["U07"], STUCK)
class PixelsNotScaled(Program):
    def inputs(self, images):
        return images.reshape(len(images), -1).astype(self.dtype)


@fault("D03", also=["D02", *STUCK], needs=["raw"])
class UnsignedArithmetic(Program):
    def inputs(self, images):
        x = (images - np.uint8(128)) / 128
        return x.reshape(len(x), -1).astype(self.dtype)


@fault("D04", also=["A04", "D10", "D09"])
class OneImageForAll(Program):
    def inputs(self, images):
        x = super().inputs(images)
        x[:] = x[0]
        return x


class TestPreparedApart(Program):
    def load(self, digits):
        training, (x_test, targets_test, labels_test) = super().load(digits)
        return training, (self.inputs_for_test(digits[2], x_test), targets_test, labels_test)


@fault("D05", unit_inputs)
class TestPixelsNotScaled(TestPreparedApart):
    def inputs_for_test(self, images, x):
        return images.reshape(len(images), -1).astype(self.dtype)


@fault("D05", also=["D11"])
class TestImagesTransposed(TestPreparedApart):
    def inputs_for_test(self, images, x):
        return super().inputs(images.transpose(0, 2, 1))


@fault("D05")
class TestScaledTwice(TestPreparedApart):
    def inputs_for_test(self, images, x):
        return x / 255


@fault("D06")
class TestTakenFromTraining(Program):
    def load(self, digits):
        training, test = super().load(digits)
        return training, tuple(part[: len(test[0])].copy() for part in training)


@fault("D07", lambda s: ten_classes(s), ["D09"], ["A04", "A02"])
class LabelsDividedToo(Program):
    def encode(self, labels):
        return super().encode((labels / 255).astype(int))


@fault("D08", squared_sigmoids, also=["D09", "L02", *STUCK])
class TargetsTimes255(Program):
    def encode(self, labels):
        return super().encode(labels) * 255


@fault("D08", squared_sigmoids, ["L02"], ["A02", "A04"])
class MinusOneForASigmoid(Program):
    def encode(self, labels):
        return 10 * super().encode(labels) - 5


@fault("D09", lambda s: ten_classes(s) and s.targets == "one_hot", also=["A04", "D07", "D10", "L02", "U13"])
class AllOnes(Program):
    def encode(self, labels):
        return np.ones((len(labels), 10), self.dtype)


@fault("D09", lambda s: ten_classes(s) and s.targets == "one_hot", ["D10"], ["A04"])
class ReshapedInsteadOfTransposed(Program):
    def encode(self, labels):
        return super().encode(labels).T.reshape(-1, 10)


@fault("D10", also=["A04"])
class LabelsShuffledApart(Program):
    def load(self, digits):
        (x, targets, labels), test = super().load(digits)
        order = self.random.permutation(len(x))
        return (x, targets[order], labels[order]), test


@fault("D10", also=["A04"])
class ImagesShuffledApart(Program):
    def load(self, digits):
        (x, targets, labels), test = super().load(digits)
        return (x[self.random.permutation(len(x))], targets, labels), test


@fault("D11", ten_classes, also=["E02", "D05", "D06"])
class TestLabelsOfTraining(Program):
    def load(self, digits):
        training, test = super().load(digits)
        n = len(test[0])
        return training, (test[0], training[1][:n].copy(), training[2][:n].copy())


@fault("D11", ten_classes, also=["E02", "D05"])
class TestLabelsOneAside(Program):
    def load(self, digits):
        training, (x_test, targets_test, labels_test) = super().load(digits)
        return training, (x_test, np.roll(targets_test, 1, axis=0), np.roll(labels_test, 1))


@fault("D12", lambda s: ten_classes(s) and s.reduction != "sum", needs=["train"])
def sorted_and_not_shuffled(setup: Setup) -> Setup:
    return replace(setup, shuffle=False, in_label_order=True)


@fault("D13", ten_classes, also=["D09", "D12"])
class HardlyAnyOfEightClasses(Program):
    def collect(self, digits):
        images, labels, *test = digits
        common = np.flatnonzero(labels < 2)
        rare = np.concatenate([np.flatnonzero(labels == digit)[:4] for digit in range(2, 10)])
        rows = np.sort(np.concatenate([np.resize(common, len(labels) - len(rare)), rare]))
        return images[rows], labels[rows], *test


@fault("D15", lambda s: s.targets != "labels", also=["U13"])
class OneTargetMissing(Program):
    def encode(self, labels):
        y = super().encode(labels)
        y[len(y) // 3] = np.nan
        return y


@fault("D14", also=["D10"], needs=["train"])
class ShufflesInputsOnly(Program):
    def train(self, x, targets):
        for _ in range(self.setup.epochs):
            x = x[self.random.permutation(len(x))]
            for start in range(0, len(x), self.setup.batch_size):
                self.step(x[start : start + self.setup.batch_size], targets[start : start + self.setup.batch_size])


@fault("D14", needs=["train"])
class ScalesItsDataEveryEpoch(Program):
    def train(self, x, targets):
        for _ in range(self.setup.epochs):
            x /= 255
            for start in range(0, len(x), self.setup.batch_size):
                self.step(x[start : start + self.setup.batch_size], targets[start : start + self.setup.batch_size])


@fault("D14", ten_classes, needs=["train"])
class FirstBatchOverAndOver(Program):
    def train(self, x, targets):
        for _ in range(self.setup.epochs * len(x) // self.setup.batch_size):
            self.step(x[: self.setup.batch_size], targets[: self.setup.batch_size])
