"""How well a classifier does on examples with known labels."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from unstuck.data import Dataset
from unstuck.data.class_names import renumbered
from unstuck.errors import DataError
from unstuck.nn.network import Network

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Evaluation:
    """scores (n, n_outputs), predicted labels (n,), and confusion (n_classes, n_classes): true class by row."""

    scores: Array
    predicted: Array
    confusion: Array
    seconds: float

    @property
    def n_examples(self) -> int:
        return len(self.predicted)

    @property
    def errors(self) -> int:
        """How many examples were classified wrongly."""
        return int(self.confusion.sum() - self.confusion.trace())

    @property
    def accuracy(self) -> float:
        """The share of examples classified right, in 0..1."""
        return 1 - self.errors / self.n_examples


def evaluated_part(dataset: Dataset) -> str:
    """Which part `evaluate_dataset` reads: "test", or "training" where no other is labelled."""
    return "test" if len(dataset.y_test) else "training"


def evaluate_dataset(network: Network, dataset: Dataset) -> Evaluation:
    """Evaluate on the test part of a data set, on its training part if it has no other labelled one.

    Where both the network and the data set have names of classes, these say which class is which.
    """
    tested = evaluated_part(dataset) == "test"
    x, y = (dataset.images_test, dataset.y_test) if tested else (dataset.images_train, dataset.y_train)
    if network.class_names is not None and dataset.class_names is not None:
        y = renumbered(y, dataset.class_names, network.class_names, dataset.name)
    return evaluate(network, x, y)


def evaluate(network: Network, x: Array, y: Array) -> Evaluation:
    """Let the network classify x (n, n_features), uint8 or in [0, 1], and compare with the labels y (n,).

    Raises DataError without examples, without their labels, for a label the network has no output for, and for a
    network whose outputs are numbers, not classes.
    """
    if not network.is_classifier:
        raise DataError("the network predicts numbers, not classes: there are no right and wrong answers to count")
    if not len(x):
        raise DataError("there are no examples to evaluate")
    if len(y) != len(x):
        raise DataError(f"{len(x)} examples but {len(y)} labels: expected as many")
    x = network.as_rows(x)
    n_classes = network.n_classes
    if y.max() >= n_classes:
        row = int(y.argmax())
        raise DataError(f"the label of example {row} is {y[row]}, but the network tells {n_classes} classes apart")
    start = time.perf_counter()
    scores = network.scores(x)
    predicted = network.labels(scores)
    seconds = time.perf_counter() - start
    confusion = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(confusion, (y, predicted), 1)
    return Evaluation(scores, predicted, confusion, seconds)
