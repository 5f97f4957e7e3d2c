"""What a script sets: seeds, modes of its models, and the rate by its schedule."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np
import torch
from torch import nn

from unstuck.adapters.pytorch.watching import Watching
from unstuck.adapters.watched.events import ModeSet, Scheduled
from unstuck.adapters.watched.places import innermost
from unstuck.adapters.watched.values import Place

SEEDS = (
    (torch, "manual_seed"),
    (np.random, "seed"),
    (random, "seed"),
)


class Settings:
    """What is seen of settings in one run."""

    def __init__(self, watch: Watching) -> None:
        self._watch = watch

    def wrap_seed(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """A function that sets a seed: each run has another one."""

        def seeded(seed: Any = 0, *args: Any, **kwargs: Any) -> Any:
            return original(seed + 1000 * (self._watch.seed or 0) if isinstance(seed, int) else seed, *args, **kwargs)

        return seeded

    def wrap_train(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`Module.train`, watched."""

        def train(module: nn.Module, mode: bool = True) -> Any:
            if not self._watch.quiet and (place := outermost_call(sys._getframe(1), "train")) is not None:
                self._watch.note(ModeSet(self._watch.updates, place, mode))
            return original(module, mode)

        return train

    def wrap_schedule(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`LRScheduler.step`, watched."""

        def step(schedule: Any, *args: Any, **kwargs: Any) -> Any:
            if "schedule" in self._watch.repairs and getattr(schedule, "last_epoch", -1) >= 0 and self._watch.updates:
                return None
            result = original(schedule, *args, **kwargs)
            rate = float(schedule.optimizer.param_groups[0]["lr"])
            place = innermost(sys._getframe(1))
            if place is not None and self._watch.updates:
                self._watch.note(Scheduled(self._watch.updates, place, rate))
            return result

        return step


def outermost_call(frame: FrameType, name: str) -> Place | None:
    """The user's line that called a method; None where the method was called by itself, for a part of the module."""
    above = frame.f_back if frame.f_code.co_name == "eval" else frame
    return None if above is None or above.f_code.co_name == name else innermost(above)
