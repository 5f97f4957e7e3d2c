"""What the user constructs: modules, optimisers and loaders, and on which line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from unstuck.adapters.pytorch.data_sets import labels_of, size_of
from unstuck.adapters.pytorch.watching import Watching
from unstuck.adapters.watched.events import LoaderMade, OptimizerMade
from unstuck.adapters.watched.places import innermost
from unstuck.adapters.watched.values import Place


class Constructors:
    """What is seen of the objects that are made in one run."""

    def __init__(self, watch: Watching) -> None:
        self._watch = watch

    def wrap_module(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`Module.__init__`, watched."""

        def init(module: nn.Module, *args: Any, **kwargs: Any) -> None:
            original(module, *args, **kwargs)
            self._watch.made[id(module)] = constructed(module, sys._getframe(1))

        return init

    def wrap_optimizer(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`Optimizer.__init__`, watched."""

        def init(optimizer: Optimizer, params: Any, defaults: dict[str, Any], *args: Any, **kwargs: Any) -> None:
            place = innermost(sys._getframe(1))
            kind = type(optimizer).__name__
            number = len(self._watch.optimizers)
            try:
                original(optimizer, params, defaults, *args, **kwargs)
            except ValueError as error:
                if "empty parameter list" in str(error):
                    self._watch.note(
                        OptimizerMade(self._watch.updates, place, number, kind, 0.0, 0.0, (), refused=True)
                    )
                raise
            self._watch.optimizer_made(optimizer, place)

        return init

    def wrap_loader(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`DataLoader.__init__`, watched."""

        def init(loader: Any, dataset: Any, *args: Any, **kwargs: Any) -> None:
            kwargs["num_workers"], kwargs["multiprocessing_context"] = 0, None
            kwargs.pop("prefetch_factor", None)
            kwargs.pop("persistent_workers", None)
            args = args[:5]  # what follows is about workers
            if (
                "shuffle" in self._watch.repairs
                and len(args) < 2
                and not kwargs.get("sampler")
                and not kwargs.get("batch_sampler")
            ):
                kwargs["shuffle"] = True
            original(loader, dataset, *args, **kwargs)
            if not self._watch.notes_loaders:
                return
            n = size_of(dataset)
            with self._watch.aside():
                labels = labels_of(dataset)
            shuffles = not isinstance(loader.sampler, torch.utils.data.SequentialSampler)
            place = self._watch.made[id(loader)] = innermost(sys._getframe(1))
            self._watch.note(LoaderMade(self._watch.updates, place, n, loader.batch_size, shuffles, labels))

        return init


def constructed(module: nn.Module, frame: FrameType | None) -> Place | None:
    """The user's line that constructs a module, and not one of its own `__init__`."""
    while frame is not None and frame.f_code.co_name == "__init__" and _is_of(frame, module):
        frame = frame.f_back
    return innermost(frame) if frame is not None else None


def _is_of(frame: FrameType, module: nn.Module) -> bool:
    names = frame.f_code.co_varnames
    return bool(names) and frame.f_locals.get(names[0]) is module
