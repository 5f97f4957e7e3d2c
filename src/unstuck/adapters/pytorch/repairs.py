"""What is put right while a script runs again, at the seams where it was watched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

Arguments = tuple[Any, ...]
TINY = 1e-12


def _log(p: torch.Tensor) -> torch.Tensor:
    return torch.log(p.clamp_min(TINY))


def _logit(p: torch.Tensor) -> torch.Tensor:
    return torch.logit(p, eps=1e-6)


def _same_shape(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return prediction.reshape(target.shape) if prediction.numel() == target.numel() else prediction


# Name of a repair -> what to make of the prediction that a loss is given.
PREDICTIONS: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "log of probabilities": lambda p, _: _log(p),
    "scores of yes or no": lambda p, _: _logit(p),
    "log-softmax of scores": lambda z, _: F.log_softmax(z, dim=1),
    "sigmoid of scores": lambda z, _: torch.sigmoid(z),
    "shape of the target": _same_shape,
}


def with_prediction(args: Arguments, kwargs: dict[str, Any], name: str) -> tuple[Arguments, dict[str, Any]]:
    """A loss function's arguments with the prediction put right."""
    make = PREDICTIONS[name]
    target = args[1] if len(args) > 1 else kwargs.get("target")
    if args:
        return (make(args[0], target), *args[1:]), kwargs
    return args, {**kwargs, "input": make(kwargs["input"], target)}


def scaled(inputs: Arguments, offset: Any, factor: Any) -> Arguments:
    """A model's arguments with the first brought to mean 0 and deviation 1."""
    first = inputs[0]
    if not isinstance(first, torch.Tensor) or not first.is_floating_point():
        return inputs
    shape = first.shape[1:] if isinstance(offset, list) else ()
    offset = torch.as_tensor(offset, dtype=first.dtype).reshape(shape)
    factor = torch.as_tensor(factor, dtype=first.dtype).reshape(shape)
    return ((first - offset) * factor, *inputs[1:])
