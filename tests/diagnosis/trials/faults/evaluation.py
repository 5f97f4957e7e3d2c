"""Faults of the evaluation: the network is right, the number its author reads is not."""

import numpy as np

from ..programs import Program
from .fault import fault


def several_classes(setup):
    return setup.sizes[-1] > 1


@fault("E01", several_classes, needs=["accuracy"])
class LargestOutputOfTheBatch(Program):
    def accuracy(self, x, labels):
        outputs = self.predict(x)
        hit = np.where(outputs == outputs.max(), 1, 0)
        desired = np.eye(outputs.shape[1])[labels]
        return float(np.mean([np.array_equal(row, one_hot) for row, one_hot in zip(hit, desired, strict=True)]))


@fault("E01", several_classes, needs=["accuracy"])
class CountsEveryOutput(Program):
    def accuracy(self, x, labels):
        outputs = self.predict(x)
        desired = np.eye(outputs.shape[1])[labels]
        return float(np.mean((outputs > 0.5) == desired))


@fault("E01", needs=["accuracy"])
class DividedByTheWrongCount(Program):
    def accuracy(self, x, labels):
        return float(np.sum(self.labels_of(self.predict(x)) == labels) / 1500)


@fault("E02", several_classes, ["E01"], ["D11"], needs=["accuracy"])
class ShufflesBeforeCounting(Program):
    def accuracy(self, x, labels):
        order = np.random.RandomState(1).permutation(len(x))
        return float(np.mean(self.labels_of(self.predict(x[order])) == labels))


@fault("E02", several_classes, ["E01"], ["D11"], needs=["accuracy"])
class SortsPredictions(Program):
    def accuracy(self, x, labels):
        return float(np.mean(np.sort(self.labels_of(self.predict(x))) == labels))


@fault("E03")
class PixelsStillDroppedOut(Program):
    def predict(self, x):
        kept = self.random.rand(*x.shape) < 0.8
        return super().predict((x * kept / 0.8).astype(x.dtype))
