"""Answers of a model and what they are held against: which batch they belong to, and which labels they are given."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

import numpy as np
import torch

from unstuck.adapters.pytorch.origins import Answers, Outputs, count
from unstuck.adapters.pytorch.rows import MOST as AT_ONCE
from unstuck.adapters.pytorch.rows import answered, as_classes, batch_of, callers, keys
from unstuck.adapters.pytorch.watching import Watching
from unstuck.adapters.watched.events import Compared, Held
from unstuck.adapters.watched.losses import LOSSES, SCORES
from unstuck.adapters.watched.places import innermost
from unstuck.adapters.watched.values import Array, Place

FEWEST = 20  # answers that are compared at once
MOST = 20_000  # single answers that are remembered
WHOLE = (int, np.integer)


class AnswersHeld:
    """What is seen of batches that loaders give, and of labels that answers are compared with."""

    def __init__(self, watch: Watching) -> None:
        self._watch = watch
        self._batch: Any = None
        self._loader: Place | None = None  # the line that made what gave the batch
        self._known: dict[int, int | None] = {}  # by the numbers of an example, its class where it has only one
        self._series: list[tuple[int, int]] = []  # single answers and labels, held against each other at one place
        self._at: tuple[CodeType, int, int] | None = None  # that place: code, instruction, and update
        self._place: Place | None = None

    def wrap_iteration(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`DataLoader.__iter__`, watched: the last batch is remembered."""

        def batches(loader: Any) -> Iterator[Any]:
            found = original(loader)
            made = self._watch.made.get(id(loader))
            return found if self._watch.exact or self._watch.quiet else self._remembered(found, made)

        return batches

    def _remembered(self, batches: Iterator[Any], made: Place | None) -> Iterator[Any]:
        for batch in batches:
            self._batch, self._loader = batch, made
            yield batch

    def know(self, inputs: torch.Tensor, labels: Array) -> None:
        """These examples were handed over together with these class numbers, (n,)."""
        for start in range(0, min(len(inputs), MOST), AT_ONCE):
            found = keys(inputs[start : start + AT_ONCE])
            for key, label in zip(found if found is not None else (), labels[start : start + AT_ONCE], strict=False):
                known = self._known.setdefault(int(key), int(label))
                self._known[int(key)] = known if known == label else None

    def _labels_known(self, rows: Array | None) -> Array | None:
        labels = [self._known.get(int(key)) for key in rows] if rows is not None and self._known else [None]
        return np.array(labels) if None not in labels else None

    def of_call(self, inputs: torch.Tensor, outputs: torch.Tensor, learning: bool) -> dict[str, Any]:
        """What a call's event holds of its examples and answers."""
        facts: dict[str, Any] = {"rows": keys(inputs)}
        if learning:
            return facts
        given = batch_of(inputs, self._batch)
        facts["loader"] = self._loader if given is not None else None
        threshold = 0.0 if LOSSES[self._watch.loss_kind].prediction == SCORES else 0.5
        facts["answers"] = answered(outputs, threshold)
        facts["labels"] = as_classes(given) if given is not None else self._labels_known(facts["rows"])
        facts["callers"] = callers(sys._getframe(1))
        return facts

    def equal(self, left: Any, right: Any) -> Any:
        """`left == right`, as scripts compare; noted where both are many classes."""
        result = left == right
        if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
            self._arrays(left, right, result)
        if isinstance(left, (np.ndarray, torch.Tensor)) or isinstance(right, (np.ndarray, torch.Tensor)):
            self._note(left, right)
        elif isinstance(left, WHOLE) and isinstance(right, WHOLE):
            self._one(int(left), int(right))
        return result

    def _arrays(self, left: Array, right: Array, result: Any) -> None:
        """Answers and labels as arrays: counted anew where the answers are known, or are spread over the labels."""
        watch = self._watch
        if watch.quiet or watch.exact or not watch.updates or not isinstance(result, np.ndarray):
            return
        place, n = innermost(sys._getframe(2)), max(len(left), len(right)) if left.ndim and right.ndim else 0
        spread = left.size == right.size == n >= FEWEST and result.size == n * n and 1 in (left.ndim, right.ndim)
        spread = spread and not np.array_equal(left.reshape(-1), right.reshape(-1))  # each with each, on purpose
        for mine, labels in ((left, right), (right, left)):
            origin = watch.origins.of(mine)
            if isinstance(origin, Answers) and labels.dtype.kind in "iufb":
                found = count(origin, torch.as_tensor(labels), torch.as_tensor(result), 0.5)
                if found is not None and not spread:
                    shapes = (mine.shape, labels.shape)
                    watch.note(Compared(watch.updates, place, *found, origin.how, shapes))
                    return
        if spread:
            right_ones = int((left.reshape(-1) == right.reshape(-1)).sum())
            counts = (int(result.sum()), result.size, right_ones, n)
            watch.note(Compared(watch.updates, place, *counts, "compared as they are", (left.shape, right.shape)))

    def largest(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """`argmax` of arrays, called: the answers are remembered where the outputs are known."""
        result = function(*args, **kwargs)
        outputs = args[0] if args and isinstance(args[0], np.ndarray) else getattr(function, "__self__", None)
        if isinstance(outputs, np.ndarray) and isinstance(result, np.ndarray):
            rest = args[1:] if args and outputs is args[0] else args
            axis = kwargs.get("axis", rest[0] if rest else None)
            origin = self._watch.origins.of(outputs)
            if isinstance(origin, Outputs) and outputs.ndim == 2:
                self._watch.origins.set(result, Answers(origin, f"argmax along axis {axis}"))
        return result

    def _one(self, left: int, right: int) -> None:
        """One answer and one label, of a loop or a generator that holds many of them against each other."""
        watch, frame = self._watch, sys._getframe(2)
        if watch.quiet or watch.exact or not watch.updates:
            return
        at = (frame.f_code, frame.f_lasti, watch.updates)
        if at != self._at:
            self.finish()
            self._at, self._place = at, innermost(frame)
        if len(self._series) < MOST:
            self._series.append((left, right))

    def finish(self) -> None:
        """The single answers so far are all of their place."""
        series, self._series, self._at = np.array(self._series), [], None
        if len(series) >= FEWEST:
            self._watch.note(Held(self._watch.updates, self._place, series[:, 0], series[:, 1]))

    def scored(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """A function that judges answers by labels, called."""
        given = [*args, *(value for key, value in kwargs.items() if key in ("y_true", "y_pred"))]
        if len(given) > 1:
            self._note(given[0], given[1])
        return function(*args, **kwargs)

    def _note(self, left: Any, right: Any) -> None:
        watch = self._watch
        if watch.quiet or watch.exact or not watch.updates:
            return
        with watch.aside():
            first, second = as_classes(left), as_classes(right)
        if first is not None and second is not None and first.shape == second.shape and len(first) >= FEWEST:
            watch.note(Held(watch.updates, innermost(sys._getframe(2)), first, second))
