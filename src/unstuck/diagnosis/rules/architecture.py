"""Faults of the architecture."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.examination.evidence import MEASURED, Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.measurements.target_coding import labels_of
from unstuck.diagnosis.rules.rule import rule


@rule("A08", setting=True)
def network_too_small(e: Examination) -> Evidence | None:
    """There are too few hidden units, or none, for the classes that are to be told apart.

    What it detects: A hidden layer with fewer units than classes less one, where there are more than two
    classes; or no hidden layer, where the network learns nothing until it is given one.

    Why it hurts: All that the outputs know of the input has passed through that layer: with so few numbers
    not even the classes of a linear classifier can be kept apart. Without a hidden layer there is nothing but
    straight borders, of which XOR, for one, needs two.

    Cure: Give every hidden layer at least as many units as there are classes, usually several times as many.

    Evidence: The narrowest width and the number of classes. A finding only if the network stays stuck and
    more width is among what it needs.

    Look-alikes: U09 (too few updates) and U08 (a rate too low) also stop early; the experiment puts back one
    at a time.
    """
    labels = labels_of(e)
    if e.initial is None or labels is None or len(e.initial.weights) < 2:
        return None
    narrowest = min(w.shape[1] for w in e.initial.weights[:-1])
    n_classes = len(np.unique(labels))
    if n_classes <= 2 or narrowest >= n_classes - 1:
        return None
    return Evidence(
        MEASURED, f"{narrowest} hidden units for {n_classes} classes", {"narrowest": narrowest, "classes": n_classes}
    )
