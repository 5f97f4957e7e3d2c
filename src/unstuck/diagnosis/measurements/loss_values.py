"""What the values of the user's own loss say where its derivative is not seen: which formula of the outputs it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from unstuck.diagnosis.measurements.plain_data import classes

if TYPE_CHECKING:
    from unstuck.diagnosis.examination.examination import Examination

Array = np.ndarray

BATCHES, SIZE = 8, 12
EXACT, FAR = 1e-6, 1e-3  # of the changes of the loss from batch to batch


def residuals_of_softmax_twice(e: Examination) -> tuple[float, float] | None:
    """What the cross-entropy of another softmax of the outputs leaves of the loss, and that of the outputs themselves.

    A factor and a constant are free: sums or means, a penalty on the weights. None unless the outputs are shares.
    """
    labels = classes(e) if e.n_outputs > 1 else None
    if e.case.loss is None or labels is None or not np.isin(labels, np.arange(e.n_outputs)).all():
        return None
    seen: list[tuple[float, float, float]] = []
    for seed in range(BATCHES):
        rows = np.random.default_rng(seed).permutation(len(labels))[:SIZE]
        outputs = e.program.predict(e.program.x[rows])
        call = e.program.call("loss", e.program.typed(e.program.x[rows]), e.program.targets[rows])
        e.program.restore()
        if outputs is None or call.failed or np.size(call.value) != 1 or not _are_shares(outputs):
            return None
        own = outputs[np.arange(len(rows)), labels[rows]]
        again = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
        twice = again[np.arange(len(rows)), labels[rows]]
        seen.append((float(np.asarray(call.value).item()), -float(np.log(twice).sum()), -float(np.log(own).sum())))
    loss, twice_loss, own_loss = np.array(seen).T
    return _left_over(loss, twice_loss), _left_over(loss, own_loss)


def _are_shares(outputs: Array) -> bool:
    return bool(np.all(outputs > 0) and np.allclose(outputs.sum(axis=1), 1, atol=1e-5))


def _left_over(values: Array, formula: Array) -> float:
    """What a straight line in the formula leaves of the values, as a share of their changes."""
    values, formula = values - values.mean(), formula - formula.mean()
    square, size = float(formula @ formula), float(np.linalg.norm(values))
    if not square or not size or not np.isfinite(square + size):
        return float("inf")
    return float(np.linalg.norm(values - (formula @ values) / square * formula)) / size
