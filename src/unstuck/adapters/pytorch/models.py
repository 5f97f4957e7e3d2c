"""Calls of modules: which is the model, in which mode it is, and what its answers depend on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from operator import truediv
from typing import Any

import numpy as np
import torch
from torch import nn

from unstuck.adapters.pytorch import transforms
from unstuck.adapters.pytorch.copies import answers_of
from unstuck.adapters.pytorch.dependence import ahead, mixed
from unstuck.adapters.pytorch.numbers import as_array, side_by_side, tensors_in
from unstuck.adapters.pytorch.origins import Outputs
from unstuck.adapters.pytorch.parameters import unregistered
from unstuck.adapters.pytorch.repairs import scaled
from unstuck.adapters.pytorch.watching import Watching
from unstuck.adapters.watched.events import Compared, Cut, Divided, ModelCalled
from unstuck.adapters.watched.places import block_of, innermost
from unstuck.adapters.watched.values import Place
from unstuck.sandbox.origin import is_user_class

RANDOM = (nn.modules.dropout._DropoutNd, nn.modules.batchnorm._BatchNorm)
EVALUATIONS = 3  # of one line, that are held against evaluation mode
FEW = 20  # right answers below which equal counts may be chance


class Models:
    """What is seen of the modules of one run."""

    def __init__(self, watch: Watching) -> None:
        self._watch = watch
        self.stack: list[nn.Module] = []
        self.dropped: Place | None = None
        self.reached: float | None = None
        self._recording = False  # the outermost call began where a graph is recorded
        self._left_out = 0  # depth at which no graph is recorded any more; 0 for none
        self._numbers: dict[int, int] = {}
        self._models: list[nn.Module] = []  # kept, so that identities stay
        self._entered: set[int] = set()
        self._pending: tuple[int, nn.Module, tuple[Any, ...], torch.Tensor] | None = None
        self._pending_compared = False
        self._measured: dict[Place | None, int] = {}
        self._counts: dict[Place | None, tuple[int, int, int]] = {}  # by line: update, right answers, examples

    def layer_place(self) -> Place | None:
        """The line that made the innermost module at work, if its class is a library's."""
        if not self.stack or is_user_class(type(self.stack[-1])):
            return None
        return self._watch.made.get(id(self.stack[-1]))

    def wrap_call(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`Module.__call__`, watched."""

        def call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            watch = self._watch
            if watch.quiet or transforms.is_inside():
                return original(module, *args, **kwargs)
            outermost = not self.stack
            if outermost:
                watch.mode.come_back()  # a step that has raised may have left it away
            model = outermost and self._is_model(module)
            if id(module) not in self._entered:
                self._enter(module, outermost)
            place = innermost(sys._getframe(1)) if model else None
            if model:
                args, kwargs = self._prepared(module, args, kwargs)
            if outermost:
                self.dropped = self.reached = None
                self._recording = torch.is_grad_enabled()
            elif watch.detailed and self._recording and not self._left_out and not torch.is_grad_enabled():
                self._leave_out(module)
            self.stack.append(module)
            try:
                result = original(module, *args, **kwargs)
            finally:
                self.stack.pop()
                self._left_out = 0 if len(self.stack) < self._left_out else self._left_out
            if model:
                watch.recurrence.passed(args, result, place)
                self._called(module, args, kwargs, result, place)
            return result

        return call

    def _leave_out(self, module: nn.Module) -> None:
        """A layer is called inside of a model that is learnt from, and no graph is recorded of it."""
        if any(one.requires_grad for one in module.parameters()):
            self._left_out = len(self.stack) + 1
            place = innermost(sys._getframe(2))
            self._watch.note(Cut(self._watch.updates, place and block_of(place, "no_grad"), "no_grad()"))

    def _is_model(self, module: nn.Module) -> bool:
        return not isinstance(module, nn.modules.loss._Loss) and any(True for _ in module.parameters())

    def enter_parameters(self, module: nn.Module, owned: bool) -> None:
        """Makes the parameters of a module known."""
        self._watch.parameters.enter_module(module, self._watch.made, owned)

    def _enter(self, module: nn.Module, outermost: bool) -> None:
        """Once for each module: its parameters become known."""
        own = any(True for _ in (*module.parameters(recurse=False), *unregistered(module)))
        if not own and not outermost:
            self._models.append(module)
            self._entered.add(id(module))
            return
        self._entered.add(id(module))
        self._models.append(module)
        self._watch.look_again()
        owned = outermost and self._is_model(module)
        inside = bool(self.stack) and any(part is module for part in self.stack[0].modules())
        self.enter_parameters(module, owned or inside)

    def is_in_training(self, module: nn.Module, kwargs: dict[str, Any]) -> bool:
        """Whether the model is in training mode."""
        return module.training

    def is_random(self, module: nn.Module) -> bool:
        """Whether the model holds layers that act otherwise in training mode."""
        return any(isinstance(layer, RANDOM) for layer in module.modules())

    def is_frozen(self, module: nn.Module) -> bool:
        """Whether some of its parameters take no gradient."""
        return not all(one.requires_grad for one in module.parameters())

    def thaw(self, module: nn.Module) -> None:
        """Repair: all of its parameters take gradients."""
        module.requires_grad_(True)

    def answers(self, module: nn.Module, tensors: list[torch.Tensor]) -> torch.Tensor | None:
        """What the model answers in evaluation mode; None where that cannot be tried."""
        return answers_of(module, tensors)

    def takes_time_first(self, module: nn.Module) -> bool:
        """Whether a layer of it takes the first axis for time."""
        return any(not getattr(layer, "batch_first", True) for layer in module.modules())

    def to_training(self, module: nn.Module, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Repair: the call is one in training mode."""
        module.train()
        return kwargs

    def _prepared(
        self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        repairs = self._watch.repairs
        if "train mode" in repairs and torch.is_grad_enabled():
            kwargs = self.to_training(module, kwargs)
        if "thaw" in repairs and self.is_frozen(module):
            self.thaw(module)
        if "scale" in repairs and args:
            args = scaled(args, *repairs["scale"])
        return args, kwargs

    def _called(
        self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any, place: Place | None
    ) -> None:
        watch = self._watch
        outputs = next(iter(tensors_in(result)), None)
        if outputs is None:
            return
        self._resolve(place)
        if watch.exact:
            return
        learning = outputs.requires_grad
        with watch.aside():
            watch.origins.set(outputs, Outputs(outputs.detach(), learning=learning))
        tensors = [value for value in args if isinstance(value, torch.Tensor)]
        keep = watch.detailed or (not learning and self._measured.get(place, 0) < EVALUATIONS)
        if learning and watch.wanted > 0:
            keep, watch.wanted = True, watch.wanted - len(outputs) if outputs.ndim else 0
        dropped = self.dropped if not learning else None
        is_random = dropped is not None or self.is_random(module)
        in_training = dropped is not None or self.is_in_training(module, kwargs)
        inputs = tensors_in(args)
        with watch.aside():
            table = side_by_side(inputs) if inputs else None
            event = ModelCalled(
                update=watch.updates,
                place=place,
                number=watch.number(),
                model=type(module).__name__,
                which=self._numbers.setdefault(id(module), len(self._numbers)),
                learning=learning,
                in_training=in_training,
                random=is_random,
                input_shapes=tuple(tuple(value.shape) for value in inputs),
                output_shape=tuple(outputs.shape),
                inputs=as_array(table) if keep else None,
                outputs=as_array(outputs) if keep else None,
                made=watch.made.get(id(module)),
                sequence_first=self.takes_time_first(module),
                frozen=self.is_frozen(module),
                dropped=dropped,
                reached=self.reached,
            )
            simple = (
                not any(value is not None for value in args[len(tensors) :])
                and not set(kwargs) - {"training"}
                and bool(tensors)
            )
            if simple and learning and watch.updates < 2 and watch.detailed:
                ask = partial(self.answers, module)
                event = replace(event, mixed=mixed(ask, tensors, outputs), ahead=ahead(ask, tensors, outputs))
            if simple and is_random and in_training and self._measured.get(place, 0) < EVALUATIONS:
                if not learning:
                    event = self._in_evaluation_mode(event, module, tensors, outputs)
                else:
                    self._pending, self._pending_compared = (len(watch.events), module, tuple(tensors), outputs), False
            if not learning:
                self._measured[place] = self._measured.get(place, 0) + 1
            if table is not None:
                event = replace(event, **watch.answers.of_call(table, outputs, learning))
        watch.note(event)

    def _in_evaluation_mode(
        self, event: ModelCalled, module: nn.Module, tensors: list[torch.Tensor], outputs: torch.Tensor
    ) -> ModelCalled:
        quiet = self.answers(module, tensors)
        if quiet is None or quiet.shape != outputs.shape or not quiet.is_floating_point():
            return event
        apart = float((quiet - outputs).norm() / max(float(quiet.norm()), 1e-30))
        others = None
        if outputs.ndim == 2 and outputs.shape[1] > 1:
            others = float((quiet.argmax(1) != outputs.argmax(1)).double().mean())
        return replace(event, apart=apart, other_answers=others)

    def learnt(self) -> None:
        """The last call was learnt from."""
        self._pending = None

    def compared(self, event: Compared) -> None:
        """Answers were compared with labels."""
        self._pending_compared = True
        if event.learning and self._watch.loops.cut:
            return  # a loop that counts as it learns was ended early: what it divides by is that of a whole pass
        update, right, examples = self._counts.get(event.place, (-1, 0, 0))
        if update != event.update:
            right = examples = 0
        self._counts[event.place] = (event.update, right + event.right, examples + event.examples)

    def _resolve(self, place: Place | None) -> None:
        """A call whose answers were compared with labels and that was never learnt from was an evaluation."""
        if self._pending is None:
            return
        index, module, tensors, outputs = self._pending
        event = self._watch.events[index]
        assert isinstance(event, ModelCalled)
        if event.place == place:
            return
        self._pending = None
        if self._pending_compared:
            with self._watch.aside():
                done = self._in_evaluation_mode(event, module, list(tensors), outputs)
            self._watch.events[index] = replace(done, learning=False)

    def finish(self) -> None:
        """The script has ended."""
        self._resolve(None)

    def divided(self, left: Any, right: Any, divide: Callable[[Any, Any], Any] = truediv) -> Any:
        """`left / right`, as scripts divide; noted where a count of right answers is divided."""
        watch = self._watch
        if watch.quiet or not self._counts or not _is_number(left) or not _is_number(right):
            return divide(left, right)
        with watch.aside():
            count, divisor = float(left), float(right)
            for update, counted, examples in self._counts.values():
                if update == watch.updates and counted >= FEW and count in (counted, 100.0 * counted):
                    place = innermost(sys._getframe(1))
                    watch.note(Divided(watch.updates, place, float(counted), divisor, examples))
        return divide(left, right)


def _is_number(value: Any) -> bool:
    if isinstance(value, torch.Tensor):
        return value.numel() == 1 and not value.requires_grad
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
