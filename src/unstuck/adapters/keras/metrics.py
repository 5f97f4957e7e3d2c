"""What an accuracy of Keras says of a batch, and what counting says."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from unstuck.adapters.pytorch.numbers import as_tensor
from unstuck.adapters.pytorch.origins import Answers, Outputs, count
from unstuck.adapters.watched.values import Shape


class Counted(NamedTuple):
    """Right answers of a batch: as the metric has them, and as they are counted here (None where that cannot be)."""

    right: int
    expected: int | None
    examples: int
    how: str
    shapes: tuple[Shape, Shape]


def counted(metric: Any, name: str, y_true: Any, y_pred: torch.Tensor, threshold: float) -> Counted | None:
    """Both counts of one batch; None where the metric gives no tensor or the answers are no classes.

    name       of the metric's function, for the report
    threshold  from which on a single output says yes
    """
    labels = as_tensor(y_true)
    values = metric._fn(y_true, y_pred, **metric._fn_kwargs)
    if not isinstance(values, torch.Tensor):
        return None
    n = y_pred.shape[0]
    right = values.double().mean() * n if values.numel() else values.double().sum()
    answers = Answers(Outputs(y_pred.detach(), squashed=True), f"argmax ({name})")
    found = count(answers, labels, values, threshold)
    one, yes_or_no = y_pred.ndim == 2 and y_pred.shape[1] == 1, bool(((labels == 0) | (labels == 1)).all())
    if found is None and (yes_or_no or not one):  # one output for other labels is told, though it cannot be counted
        return None
    expected = found.expected if found is not None else None
    return Counted(round(float(right)), expected, n, answers.how, (tuple(y_pred.shape), tuple(labels.shape)))
