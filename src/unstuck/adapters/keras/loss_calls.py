"""What is noted of the losses that Keras computes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import torch

from unstuck.adapters.keras.losses import as_taken, kind_of
from unstuck.adapters.keras.optimizers import silent
from unstuck.adapters.pytorch.losses import note_taken, remember_loss
from unstuck.adapters.pytorch.numbers import as_array, as_tensor, single
from unstuck.adapters.pytorch.repairs import PREDICTIONS
from unstuck.adapters.pytorch.watch import Watch
from unstuck.adapters.watched.places import innermost
from unstuck.adapters.watched.values import Place
from unstuck.sandbox.origin import is_user_file


class Losses:
    """What is seen of the losses of one run.

    compiled   the line that compiled the model, where there is one
    is_in_fit  whether `fit` is at work
    """

    def __init__(self, watch: Watch, compiled: Callable[[], Place | None], is_in_fit: Callable[[], bool]) -> None:
        self._watch, self._compiled, self._is_in_fit = watch, compiled, is_in_fit

    def wrap_init(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """The constructor of a loss, watched."""

        def init(loss: Any, *args: Any, **kwargs: Any) -> None:
            original(loss, *args, **kwargs)
            self._watch.made[id(loss)] = self._compiled() if self._is_in_fit() else innermost(sys._getframe(1))

        return init

    def wrap_call(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`Loss.__call__`, watched."""
        watch = self._watch

        def call(loss: Any, y_true: Any, y_pred: Any, *args: Any, **kwargs: Any) -> Any:
            if watch.quiet or not isinstance(y_pred, torch.Tensor) or type(loss).__name__ == "CompileLoss":
                return original(loss, y_true, y_pred, *args, **kwargs)
            kind = kind_of(loss)
            if kind == "other" and is_own(loss, "fn"):
                return original(loss, y_true, y_pred, *args, **kwargs)  # read where derivatives are taken of it
            repair = watch.repairs.get(f"loss {kind}")
            if repair is not None:
                y_pred = (
                    torch.softmax(y_pred, -1) if repair == "softmax of scores" else PREDICTIONS[repair](y_pred, y_true)
                )
            try:
                with silent(watch):
                    result = original(loss, y_true, y_pred, *args, **kwargs)
            except Exception:
                self._note(loss, kind, (y_pred, y_true), None, {"refused": True})
                raise
            weighted = any(value is not None for value in (*args, kwargs.get("sample_weight")))
            self._note(loss, kind, (y_pred, y_true), result, {"weighted": True} if weighted else {})
            return result

        return call

    def _note(self, loss: Any, kind: str, pair: tuple[torch.Tensor, Any], result: Any, options: dict[str, Any]) -> None:
        """Notes that a loss of this (prediction, target) was taken."""
        watch = self._watch
        with watch.aside():
            shown, wanted = as_array(pair[0]), as_array(as_tensor(pair[1]))
            assert shown is not None
            assert wanted is not None
            prediction, target = as_taken(kind, shown, wanted)
            number = note_taken(
                watch,
                kind,
                pair[0],
                (prediction, target),
                watch.detailed,
                place=self._place(),
                prediction_shape=tuple(prediction.shape),
                target_shape=tuple(target.shape),
                target_dtype=str(target.dtype),
                value=single(result),
                made=watch.made.get(id(loss)) or self._compiled(),
                options=options,
            )
        if pair[0].requires_grad:
            remember_loss(watch, kind, number, result)

    def _place(self) -> Place | None:
        """The line that compiled the model in `fit`, else the innermost; also of a `train_step` of the user's."""
        place = innermost(sys._getframe(3))
        own_step = place is not None and "fit(" not in place.text
        return place if own_step or not self._is_in_fit() else self._compiled()


def is_own(wrapper: Any, attribute: str) -> bool:
    """Whether the function that a loss or metric holds under this name is one of the script's."""
    code = getattr(getattr(wrapper, attribute, None), "__code__", None)
    return code is not None and is_user_file(code.co_filename)
