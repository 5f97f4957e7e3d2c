"""Pictures of the data in numbers: the range of the inputs, the classes of the targets, the order of the labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unstuck.diagnosis.portrait.layers import Histogram, histogram, sample
from unstuck.diagnosis.twin_training import Setup, decide

Array = np.ndarray
MOST_POINTS = 300


@dataclass(frozen=True)
class ClassCounts:
    """How many training examples the targets and the labels put into each class, each (n_classes,)."""

    targets: Array
    labels: Array | None


def input_values(setup: Setup) -> Histogram | None:
    """The values that reach the network, all columns together."""
    return histogram(sample(setup.x))


def class_counts(setup: Setup) -> ClassCounts | None:
    """Classes as the targets say and as the labels say; None for a single real target."""
    if setup.targets.shape[1] < 2 and setup.labels is None:
        return None
    said = decide(setup.targets, setup.twin.training_output)
    labels = setup.labels
    n_classes = 1 + int(max(said.max(), labels.max() if labels is not None else 0, setup.targets.shape[1] - 1))
    if n_classes > 50 or said.min() < 0 or (labels is not None and labels.min() < 0):
        return None
    counts = [np.bincount(values.astype(int), minlength=n_classes) for values in (said, labels) if values is not None]
    return ClassCounts(counts[0], counts[1] if len(counts) > 1 else None)


def label_order(setup: Setup) -> tuple[Array, Array] | None:
    """(position among the training examples, label) of some examples in the user's order, both (n,)."""
    if setup.labels is None:
        return None
    rows = np.arange(len(setup.labels)) if setup.rows is None else setup.rows
    kept = np.argsort(rows, kind="stable")[:: max(1, len(rows) // MOST_POINTS)]
    return rows[kept], setup.labels[kept]
