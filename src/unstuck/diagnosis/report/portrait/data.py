"""Pictures of the data in numbers: the range of the inputs, the classes of the targets, the order of the labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unstuck.diagnosis.report.portrait.layers import Histogram, histogram, sample
from unstuck.diagnosis.twin.training import Setup, decide

Array = np.ndarray
MOST_POINTS = 300
SMALLEST_SIDE = 6


@dataclass(frozen=True)
class ClassCounts:
    """How many training examples the targets and the labels put into each class, each (n_classes,)."""

    targets: Array
    labels: Array | None


def input_values(*inputs: Array) -> Histogram | None:
    """The values that reach the network, all columns together; one series for each set of inputs (n, n_features)."""
    return histogram(*(sample(x) for x in inputs))


def class_counts(setup: Setup) -> ClassCounts | None:
    """Classes as the targets say and as the labels say; None for a single real target."""
    said, labels = classes_said(setup), setup.labels
    if said is None:
        return None
    n_classes = 1 + int(max(said.max(), labels.max() if labels is not None else 0, setup.targets.shape[1] - 1))
    if n_classes > 50 or said.min() < 0 or (labels is not None and labels.min() < 0):
        return None
    counts = [np.bincount(values.astype(int), minlength=n_classes) for values in (said, labels) if values is not None]
    return ClassCounts(counts[0], counts[1] if len(counts) > 1 else None)


@dataclass(frozen=True)
class LabelledPicture:
    """An example whose inputs make a square picture (side, side), with its class."""

    picture: Array
    label: int


def labelled_pictures(x: Array, labels: Array | None, n: int = 12) -> list[LabelledPicture]:
    """The first examples as pictures; none where the inputs (n, n_features) make no square or have no classes."""
    pictures = as_pictures(x[:n])
    if labels is None or pictures is None:
        return []
    return [LabelledPicture(picture, int(label)) for picture, label in zip(pictures, labels[:n], strict=True)]


def classes_said(setup: Setup) -> Array | None:
    """The class of each training example as its target says; None for a single real target."""
    if setup.targets.shape[1] < 2 and setup.labels is None:
        return None
    return decide(setup.targets, setup.twin.training_output)


def label_order(setup: Setup) -> tuple[Array, Array] | None:
    """(position among the training examples, label) of some examples in the user's order, both (n,)."""
    if setup.labels is None:
        return None
    rows = np.arange(len(setup.labels)) if setup.rows is None else setup.rows
    kept = np.argsort(rows, kind="stable")[:: max(1, len(rows) // MOST_POINTS)]
    return rows[kept], setup.labels[kept]


def as_pictures(x: Array) -> Array | None:
    """(n, side · side) -> (n, side, side); None where the inputs make no square, or too small a one."""
    side = round(x.shape[1] ** 0.5)
    return x.reshape(-1, side, side) if side**2 == x.shape[1] and side >= SMALLEST_SIDE else None
