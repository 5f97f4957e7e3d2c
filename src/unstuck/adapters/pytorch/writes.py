"""What is noted of functions that write to parameters, freeze them, or read their gradients."""

from __future__ import annotations

import sys
from typing import Any

import torch

from unstuck.adapters.pytorch.watching import Watching
from unstuck.adapters.watched.events import DrawnAnew, Frozen
from unstuck.adapters.watched.places import innermost, outside_of_apply


def freeze(watch: Watching, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    wanted = args[1] if len(args) > 1 else kwargs.get("requires_grad", True)
    if not wanted and args and isinstance(args[0], torch.nn.Parameter) and not watch.exact:
        watch.note(Frozen(watch.updates, innermost(sys._getframe(1))))
    return func(*args, **kwargs)


def read_gradient(watch: Watching, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if watch.detailed and not watch.steps.in_step and not watch.optimizers:
        watch.steps.read_place = watch.steps.read_place or innermost(sys._getframe(1))
    return func(*args, **kwargs)


def write(watch: Watching, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    target = args[0] if args else None
    if isinstance(target, torch.Tensor) and not watch.steps.in_step and not watch.models.stack:
        known = watch.parameters.sharing(target)
        if known is not None:
            watch.steps.before_write(known)
    return func(*args, **kwargs)


def draw(watch: Watching, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    target = args[0] if args else kwargs.get("tensor")  # so functions of nn.init are led here
    trained = watch.updates and not watch.exact and not watch.steps.in_step
    if trained and isinstance(target, torch.Tensor) and watch.parameters.of(target) is not None:
        watch.note(DrawnAnew(watch.updates, outside_of_apply(sys._getframe(1))))
    return func(*args, **kwargs)


def fill(watch: Watching, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    result = func(*args, **kwargs)
    if not watch.updates and not watch.exact and isinstance(result, torch.Tensor) and result.ndim > 1:
        watch.parameters.fill(result, innermost(sys._getframe(1)))
    return result
