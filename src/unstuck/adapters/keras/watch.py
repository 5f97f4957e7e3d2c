"""A Keras script under watch, on the PyTorch backend: what it did at compile, fit, losses, metrics and optimisers.

What PyTorch computes below is seen as in a PyTorch script; the seams of Keras say what it is for, and on which line of
the user's it was asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any
from weakref import WeakKeyDictionary

import keras
import numpy as np
import torch

from unstuck.adapters.keras import tensorflow
from unstuck.adapters.keras.data import class_numbers, count_learnt, examples
from unstuck.adapters.keras.loss_calls import Losses, is_own
from unstuck.adapters.keras.metrics import counted
from unstuck.adapters.keras.models import KerasModels
from unstuck.adapters.keras.optimizers import PENALTIES, Optimizers, silent, without_penalty
from unstuck.adapters.keras.tape import Data, batches_of
from unstuck.adapters.pytorch.models import Models
from unstuck.adapters.pytorch.origins import Outputs
from unstuck.adapters.pytorch.watch import Watch
from unstuck.adapters.watched.events import Compared, Frozen, LoaderMade, StopsAtBetter, Validated
from unstuck.adapters.watched.examine import Framework
from unstuck.adapters.watched.places import innermost
from unstuck.adapters.watched.values import Place

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]


class KerasWatch(Watch):
    """What is seen of one run of a Keras script."""

    def make_models(self) -> Models:
        self._compiled: Place | None = None
        self.parameters.follows_fills = False  # weights are made as they are first needed, far from their layer's line
        self._inside_fit = self._inside_keras = 0
        models = KerasModels(self)
        self.keras_losses = Losses(self, lambda: self._compiled, lambda: self._inside_fit > 0)
        self.keras_optimizers = Optimizers(self, lambda: self._compiled, models.enter_all)
        self._serves_tensorflow = False
        self._learnt: WeakKeyDictionary[Any, list[Any]] = WeakKeyDictionary()  # by model, the inputs of each fit
        return models

    def _wrapped(self) -> list[tuple[Any, str, Wrap]]:
        models = self.models
        assert isinstance(models, KerasModels)
        return [
            *super()._wrapped(),
            (keras.Layer, "__call__", models.wrap_layer_call),
            (keras.Loss, "__call__", self.keras_losses.wrap_call),
            (keras.Loss, "__init__", self.keras_losses.wrap_init),
            (keras.metrics.MeanMetricWrapper, "update_state", self._wrap_metric),
            (keras.Model, "compile", self._wrap_compile),
            (keras.callbacks.EarlyStopping, "__init__", self._wrap_stopping),
            (keras.Model, "fit", self._wrap_fit),
            (keras.Model, "evaluate", self._wrap_evaluation),
            (keras.Model, "predict", self._wrap_evaluation),
            (keras.optimizers.Optimizer, "__init__", self.keras_optimizers.wrap_init),
            (keras.optimizers.Optimizer, "apply", self.keras_optimizers.wrap_apply),
            *((penalty, "__init__", self.keras_optimizers.wrap_penalty) for penalty in PENALTIES),
            *((penalty, "__call__", without_penalty) for penalty in PENALTIES if "decay" in self.repairs),
        ]

    @property
    def notes_loaders(self) -> bool:
        return self._inside_keras == 0

    @property
    def remarks(self) -> tuple[str, ...]:
        return (tensorflow.SERVED,) if self._serves_tensorflow else ()

    @contextmanager
    def further(self) -> Iterator[None]:
        """Layers that are frozen are seen; where there is no TensorFlow, `tensorflow.keras` is Keras."""
        missing = tensorflow.is_missing()
        with self._trainable_watched(), tensorflow.served():
            try:
                yield
            finally:
                self._serves_tensorflow = missing and tensorflow.is_served()

    @contextmanager
    def _trainable_watched(self) -> Iterator[None]:
        known = keras.Layer.trainable

        def freeze(layer: Any, value: bool) -> None:
            if not value and not self.exact and layer.weights:
                self.note(Frozen(self.updates, innermost(sys._getframe(1))))
            known.fset(layer, value)

        keras.Layer.trainable = property(known.fget, freeze)
        try:
            yield
        finally:
            keras.Layer.trainable = known

    def _seed_all(self, seed: int) -> None:
        keras.utils.clear_session()  # forgets the seeds that earlier runs drew
        super()._seed_all(seed)

    # -- compile and fit ---------------------------------------------------------------------------------------------

    def _wrap_compile(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def compile_(model: Any, *args: Any, **kwargs: Any) -> Any:
            self._compiled = innermost(sys._getframe(1))
            self.made[id(model) + 1] = self._compiled
            return original(model, *args, **kwargs)

        return compile_

    def _wrap_stopping(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def init(stopping: Any, *args: Any, **kwargs: Any) -> None:
            original(stopping, *args, **kwargs)
            monitor, wanted = stopping.monitor, kwargs.get("mode", "auto")
            if wanted == ("min" if "acc" in monitor else "max" if "loss" in monitor else ""):
                self.note(StopsAtBetter(self.updates, innermost(sys._getframe(1)), monitor, wanted))

        return init

    def _wrap_fit(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def fit(model: Any, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
            if isinstance(x, Data):
                kwargs["steps_per_epoch"] = kwargs.get("steps_per_epoch") or len(x)
                x = batches_of(x)
            held_out = kwargs.get("validation_data")
            if isinstance(held_out, Data):
                kwargs["validation_data"] = batches_of(held_out)
                kwargs["validation_steps"] = kwargs.get("validation_steps") or len(held_out)
            shuffles = kwargs.get("shuffle", True)
            if "shuffle" in self.repairs and kwargs.get("shuffle") is False:
                kwargs["shuffle"] = True
            n = len(x) if hasattr(x, "__len__") else None
            size = kwargs.get("batch_size") or (args[0] if args else None) or 32
            labels = class_numbers(y)
            held_back, split = None, kwargs.get("validation_split")
            if labels is not None and split:
                cut = int(len(labels) * (1 - split))
                labels, held_back = labels[:cut], labels[cut:]
            place = innermost(sys._getframe(1))
            self.note(LoaderMade(self.updates, place, n, size, bool(shuffles), labels, held_back))
            self._know((x, y), held_out)
            for learnt in () if self.exact else (x, *self._learnt.get(model, ())):
                if (overlap := count_learnt(kwargs.get("validation_data"), learnt)) is not None:
                    self.note(Validated(self.updates, place, *overlap))
            self._learnt.setdefault(model, []).append(x)
            kwargs["verbose"] = 0
            kwargs["callbacks"] = [*_as_list(kwargs.get("callbacks")), _StopsFit(self)]
            self._inside_fit += 1
            self._inside_keras += 1
            try:
                return original(model, x, y, *args, **kwargs)
            finally:
                self._inside_fit -= 1
                self._inside_keras -= 1

        return fit

    def _wrap_evaluation(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def evaluate(model: Any, *args: Any, **kwargs: Any) -> Any:
            if args and isinstance(args[0], Data):
                kwargs["steps"] = kwargs.get("steps") or len(args[0])
                args = (self._known_batches(args[0]), *args[1:])
            self._know(args)
            self._inside_keras += 1
            try:
                result = original(model, *args, **kwargs)
            finally:
                self._inside_keras -= 1
            if isinstance(result, np.ndarray) and not self.exact:
                self.origins.set(result, Outputs(torch.as_tensor(result), squashed=True))
            return result

        return evaluate

    def _know(self, *pairs: Any) -> None:
        """Inputs and labels are handed over together."""
        for pair in pairs:
            if self.exact or not isinstance(pair, (tuple, list)) or len(pair) < 2:
                continue
            inputs, labels = examples(pair[0]), class_numbers(pair[1])
            if inputs is not None and labels is not None and len(inputs) == len(labels):
                with self.aside():
                    self.answers.know(inputs, labels)

    def _known_batches(self, data: Data) -> Iterator[Any]:
        for batch in batches_of(data):
            self._know(batch)
            yield batch

    # -- metrics -----------------------------------------------------------------------------------------------------

    def _wrap_metric(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def update_state(metric: Any, y_true: Any, y_pred: Any, *args: Any, **kwargs: Any) -> Any:
            name = getattr(metric._fn, "__name__", "")
            if not self.quiet and name.endswith("accuracy") and isinstance(y_pred, torch.Tensor) and not self.exact:
                with self.aside():
                    self._note_metric(metric, name, y_true, y_pred)
            with nullcontext() if is_own(metric, "_fn") else silent(self):
                return original(metric, y_true, y_pred, *args, **kwargs)

        return update_state

    def _note_metric(self, metric: Any, name: str, y_true: Any, y_pred: torch.Tensor) -> None:
        found = counted(metric, name, y_true, y_pred, 0.0 if "logits" in self.loss_kind else 0.5)
        if found is None:
            return
        right, expected, n, how, shapes = found
        where = self._compiled or innermost(sys._getframe(3))
        self.note(Compared(self.updates, where, right, n, expected, n, how, shapes, y_pred.requires_grad, raw=False))


class _StopsFit(keras.callbacks.Callback):
    """Ends fit once enough updates were seen."""

    def __init__(self, watch: KerasWatch) -> None:
        super().__init__()
        self._watch = watch
        self._first = watch.updates

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self._watch.is_enough(self._watch.updates - self._first):
            self.model.stop_training = True


def _as_list(callbacks: Any) -> list[Any]:
    if callbacks is None:
        return []
    return list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]


def _watch(enough: int, repairs: Mapping[str, Any], seed: int, exact: bool) -> KerasWatch:
    return KerasWatch(enough, repairs, seed, exact)


KERAS = Framework("keras", _watch)
