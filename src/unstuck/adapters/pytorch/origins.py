"""Where a tensor's numbers come from: a model's outputs, or answers made of them, with the count of right ones.

Followed by identity through functions that move numbers about. `Answers` know the outputs they were made of, so that
right answers can be counted anew and held against the program's own comparison.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch


@dataclass(frozen=True)
class Outputs:
    """A model's outputs, maybe through a function that keeps the order of each row: the first axis is the examples."""

    scores: torch.Tensor
    squashed: bool = False  # seen through a sigmoid or a softmax
    learning: bool = False  # they can be learnt from


@dataclass(frozen=True)
class Answers:
    """Classes made of outputs, and how."""

    outputs: Outputs
    how: str


@dataclass(frozen=True)
class Coded:
    """Class numbers made of one-hot targets."""

    how: str


Origin = Outputs | Answers | Coded


class Origins:
    """Origins by the identity of living tensors and arrays."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[Any], Origin]] = {}

    def set(self, value: Any, origin: Origin) -> None:
        if len(self._known) > 500:
            self._known = {key: entry for key, entry in self._known.items() if entry[0]() is not None}
        self._known[id(value)] = (weakref.ref(value), origin)

    def of(self, value: Any) -> Origin | None:
        entry = self._known.get(id(value))
        return entry[1] if entry is not None and entry[0]() is value else None

    def clear(self) -> None:
        self._known.clear()


class Count(NamedTuple):
    """right, total: as the program has them; expected, examples: of the outputs, the largest of each row.

    expected is None where the labels of all examples are not known.
    """

    right: int
    total: int
    expected: int | None
    examples: int


def count(answers: Answers, labels: torch.Tensor, result: torch.Tensor, threshold: float) -> Count | None:
    """How many answers are right, by the program's own comparison and counted anew; None where it cannot be told.

    answers  what the program compares
    labels   (n,) or (n, 1) class numbers, or (n, n_classes) one-hot
    result   the program's comparison
    threshold   between two classes that one output tells apart
    """
    scores, labels = answers.outputs.scores.detach(), labels.detach()
    n = scores.shape[0] if scores.ndim else 0
    if n == 0 or scores.ndim > 2 or not torch.isfinite(scores).all():
        return None
    if scores.ndim == 2 and scores.shape[1] > 1:
        expected = scores.argmax(dim=1)
        if labels.numel() == n:
            right = expected == labels.reshape(n)
        elif labels.shape == scores.shape and bool(((labels == 0) | (labels == 1)).all()):
            if not bool((labels.sum(dim=1) == 1).all()):
                return None
            right = expected == labels.argmax(dim=1)
        elif answers.how.endswith("axis 0") and result.numel() != n:
            return Count(int(result.sum()), result.numel(), None, n)
        else:
            return None
    elif labels.numel() == n and scores.ndim == 2 and answers.how.startswith("argmax along axis"):
        return Count(int(result.sum()), result.numel(), None, n)  # the place of the largest of one number
    elif labels.numel() == n:
        whole = labels.reshape(n)
        if not bool(((whole == 0) | (whole == 1)).all()):
            return None
        probabilities = bool(((scores >= 0) & (scores <= 1)).all())
        right = (scores.reshape(n) > (max(threshold, 0.5) if probabilities else threshold)) == (whole > 0.5)
    else:
        return None
    return Count(int(result.sum()), result.numel(), int(right.sum()), n)
