"""What Keras' optimisers hold, and what their steps do."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import torch

from unstuck.adapters.pytorch.parameters import sample
from unstuck.adapters.pytorch.watch import Watch
from unstuck.adapters.watched.events import OptimizerMade, Penalised, Scheduled, Stepped
from unstuck.adapters.watched.places import innermost
from unstuck.adapters.watched.values import Place


@contextmanager
def silent(watch: Watch) -> Iterator[None]:
    """What Keras calls of PyTorch inside is its own affair."""
    watch.quiet += 1
    watch.mode.go_away()
    try:
        yield
    finally:
        watch.mode.come_back()
        watch.quiet -= 1


PENALTIES = (keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2)


def without_penalty(original: Callable[..., Any]) -> Callable[..., Any]:
    """Repair: a penalty on the size of weights is 0."""
    return lambda penalty, weights: 0.0 * original(penalty, weights)


def _is_scheduled(optimizer: Any) -> bool:
    return isinstance(optimizer._learning_rate, keras.optimizers.schedules.LearningRateSchedule)


class Optimizers:
    """What is seen of the optimisers of one run.

    compiled    the line that compiled the model, where there is one
    enter_all   makes the parameters of all layers known
    """

    def __init__(self, watch: Watch, compiled: Callable[[], Place | None], enter_all: Callable[[], None]) -> None:
        self._watch, self._compiled, self._enter_all = watch, compiled, enter_all
        self._numbers: dict[int, int] = {}
        self._rates: dict[int, float] = {}  # by number, as they were last; at first, where they are kept

    def wrap_penalty(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """The constructor of a penalty on the size of weights, watched."""

        def init(penalty: Any, *args: Any, **kwargs: Any) -> None:
            original(penalty, *args, **kwargs)
            watch = self._watch
            watch.note(Penalised(watch.updates, innermost(sys._getframe(1)), type(penalty).__name__))

        return init

    def wrap_init(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """The constructor of an optimiser, watched."""

        def init(optimizer: Any, *args: Any, **kwargs: Any) -> None:
            self._watch.made[id(optimizer)] = innermost(sys._getframe(1))
            original(optimizer, *args, **kwargs)

        return init

    def wrap_apply(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`Optimizer.apply`, watched."""
        watch = self._watch

        def apply(optimizer: Any, grads: Any, trainable_variables: Any = None) -> Any:
            if watch.quiet or watch.steps.in_step:
                return original(optimizer, grads, trainable_variables)
            grads = list(grads)
            variables = trainable_variables if trainable_variables is not None else optimizer._trainable_variables
            tensors = [variable.value for variable in variables]
            number = self._entered(optimizer, variables, tensors)
            if "schedule" in watch.repairs:
                self._keep_rate(optimizer, number)
            gradients: list[Any] = []
            with watch.aside():
                if watch.detailed:
                    gradients = [sample(gradient) for gradient in grads]
                    watch.ledger.before_step(tensors)
            watch.steps.in_step = True
            place = innermost(sys._getframe(1))
            try:
                with silent(watch):
                    result = original(optimizer, grads, trainable_variables)
            finally:  # also where it refuses to step, since there is no gradient at all
                watch.steps.in_step = False
                if watch.detailed:
                    with watch.aside():
                        steps = watch.ledger.step(tensors, gradients)
                    places = (watch.steps.backward_place, watch.steps.zero_place)
                    watch.note(Stepped(watch.updates, place, number, steps, *places))
            watch.steps.stepped(tensors)
            if not watch.exact:
                self._note_rate(optimizer, number, place)
            watch.updated()
            return result

        return apply

    def _note_rate(self, optimizer: Any, number: int, place: Place | None) -> None:
        """Notes that the rate has moved, by a schedule or a callback."""
        watch, rate, scheduled = self._watch, self._rate(optimizer), _is_scheduled(optimizer)
        if scheduled or rate != self._rates.setdefault(number, rate):
            self._rates[number] = rate
            made = watch.made.get(id(optimizer)) or self._compiled()
            watch.note(Scheduled(watch.updates, made or place if scheduled else place, rate))

    def _keep_rate(self, optimizer: Any, number: int) -> None:
        """Repair: the rate stays what it was at first, whatever a callback makes of it."""
        rate = self._rate(optimizer)
        if rate != (first := self._rates.setdefault(number, rate)):
            optimizer.learning_rate = first

    def _rate(self, optimizer: Any) -> float:
        with self._watch.aside():
            return float(keras.ops.convert_to_tensor(optimizer.learning_rate))

    def _repair(self, optimizer: Any) -> None:
        """Repairs: another rate, the first rate of a schedule for ever, no decay."""
        repairs, scheduled = self._watch.repairs, _is_scheduled(optimizer)
        if "schedule" in repairs and scheduled:
            optimizer._learning_rate = self._rate(optimizer)
        elif "rate" in repairs and scheduled:
            schedule, factor = optimizer._learning_rate, repairs["rate"]
            optimizer._learning_rate = lambda: factor * schedule(optimizer.iterations)
        elif "rate" in repairs:
            optimizer.learning_rate = self._rate(optimizer) * repairs["rate"]
        if "decay" in repairs:
            optimizer.weight_decay = None

    def _entered(self, optimizer: Any, variables: Any, tensors: list[torch.Tensor]) -> int:
        """The number of an optimiser; at first sight it is noted, and given another rate where that is asked for."""
        watch = self._watch
        if id(optimizer) in self._numbers:
            return self._numbers[id(optimizer)]
        number = self._numbers[id(optimizer)] = len(self._numbers)
        watch.keep.append(optimizer)
        self._enter_all()
        for variable, tensor in zip(variables, tensors, strict=True):
            known = watch.parameters.enter(tensor, variable.path, None, True)
            known.called = True
        self._repair(optimizer)
        rate = self._rate(optimizer)
        holds = tuple(watch.parameters.enter(tensor).key for tensor in tensors)
        decay = float(optimizer.weight_decay or 0.0)
        place = watch.made.get(id(optimizer)) or self._compiled() or innermost(sys._getframe(2))
        watch.note(OptimizerMade(watch.updates, place, number, type(optimizer).__name__, rate, decay, holds))
        return number
