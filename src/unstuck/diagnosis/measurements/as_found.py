"""Whether the network was trained before it was handed over: then its first weights cannot be seen."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.measurements.plain_data import classes, sample

READ = 500  # examples that are answered
TRAINED = 0.5  # of what may be got right beyond the commonest class: no drawn weights do that


def say_if_trained(e: Examination) -> None:
    """Leaves the first weights unchecked where the network, as found, answers the training examples."""
    y = classes(e)
    if e.outputs is None or e.n_outputs < 2 or y is None or len(y) < 50:
        return
    rows = sample(len(y), READ)
    outputs = e.program.predict(e.program.x[rows])
    if outputs is None or not np.isfinite(outputs).all():
        return
    right = float(np.mean(outputs.argmax(axis=1) == y[rows]))
    commonest = float(np.bincount(y[rows] - y[rows].min()).max() / len(rows))
    if right - commonest > TRAINED * (1 - commonest):
        e.leave_unchecked(
            "the first weights, and training from them",
            f"a Case made before training: as found, the network answers {right:.0%} of the training examples right",
        )
