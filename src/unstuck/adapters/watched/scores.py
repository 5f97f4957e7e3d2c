"""How well predictions answer their targets, told from the two arguments of a loss alone."""

from __future__ import annotations

import numpy as np

from unstuck.adapters.watched.losses import INDEX, LOSSES, NUMBERS, SCORES, SHARES, YES_OR_NO
from unstuck.adapters.watched.values import Array, Score

SHOWN = 512  # class numbers kept of one update


def score(kind: str, prediction: Array, target: Array) -> Score | None:
    """The share of right answers for losses of classes, the squares for losses of numbers; None where it has none.

    prediction  (n, …) or (n, n_classes, …) floats
    target      (n, …) class numbers, or of the shape of the prediction
    """
    meaning = LOSSES[kind]
    if prediction.size == 0 or target.size == 0 or not np.isfinite(target.astype(float)).all():
        return None
    if meaning.exclusive and prediction.ndim == 1:
        prediction, target = prediction[None], np.atleast_1d(target) if meaning.target == INDEX else target[None]
    if meaning.exclusive and prediction.ndim >= 2:
        answers = prediction.argmax(axis=1)
        if target.shape == prediction.shape and target.shape != answers.shape:
            labels = target.argmax(axis=1)
        elif target.size == answers.size:
            labels = target.reshape(answers.shape)
        else:
            return None
        return Score("accuracy", answers.size, float((answers == labels).sum()), float(prediction.shape[1]))
    if meaning.target == YES_OR_NO and prediction.size == target.size:
        threshold = 0.0 if meaning.prediction == SCORES else 0.5
        answers, labels = prediction.reshape(-1) > threshold, target.reshape(-1) > 0.5
        one_each = prediction.ndim == 2 and prediction.shape[1] > 1 and np.allclose(target.sum(axis=1), 1)
        if one_each:
            answers, labels = prediction.argmax(axis=1), target.argmax(axis=1)
        n_classes = float(prediction.shape[1]) if one_each else 2.0
        return Score("accuracy", answers.size, float((answers == labels).sum()), n_classes)
    if meaning.target in (NUMBERS, SHARES) and prediction.size == target.size:
        wanted = target.astype(float).reshape(-1)
        error = prediction.astype(float).reshape(-1) - wanted
        centre = float(wanted.mean())
        return Score("squares", wanted.size, float((error**2).sum()), float((wanted**2).sum()), centre)
    return None


def classes(kind: str, prediction: Array, target: Array) -> Array | None:
    """(n,) the class numbers among the targets of one loss; None where they are no classes."""
    if LOSSES[kind].target == INDEX and target.dtype.kind in "iu":
        return target.reshape(-1)[:SHOWN].astype(np.int32)
    if target.ndim == 2 and target.shape[1] > 1 and np.isin(target, (0, 1)).all():
        return target.argmax(axis=1)[:SHOWN].astype(np.int32) if (target.sum(axis=1) == 1).all() else None
    if LOSSES[kind].target == INDEX and target.ndim and target.shape == prediction.shape:
        return None
    whole = target.reshape(-1)[:SHOWN]
    if whole.size and np.array_equal(whole, np.round(whole)) and np.abs(whole).max() < 1000:
        return whole.astype(np.int32)
    return None


def pooled(scores: list[Score]) -> float | None:
    """One number for several scores: the share of right answers, or the share of the targets' squares explained."""
    kinds = {one.kind for one in scores}
    if len(kinds) != 1:
        return None
    n = sum(one.n for one in scores)
    if kinds == {"accuracy"}:
        return sum(one.right for one in scores) / n
    centre = sum(one.centre * one.n for one in scores) / n
    spread = sum(one.spread for one in scores) - n * centre**2
    errors = sum(one.right for one in scores)
    if not np.isfinite(errors):
        return -1.0
    return max(-1.0, 1.0 - errors / spread) if spread > 0 else None
