"""A model asked aside: a copy of it, with all random states put back afterwards."""

from __future__ import annotations

import copy
import io
import random
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from unstuck.adapters.pytorch.functions import DROPOUTS
from unstuck.sandbox.origin import is_user_file


@contextmanager
def put_back() -> Iterator[None]:
    """Random states are afterwards what they were, and nothing is printed."""
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002 - what scripts use
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            yield
    finally:
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        random.setstate(states[2])


def without_hooks(module: nn.Module) -> nn.Module:
    """The module without the hooks that a script has set; those of the library may make its weights."""
    for part in module.modules():
        for hooks in (part._forward_hooks, part._forward_pre_hooks):
            for key, hook in list(hooks.items()):
                if is_user_file(getattr(getattr(hook, "__code__", None), "co_filename", "")):
                    del hooks[key]
    return module


class _WithoutDropout(TorchFunctionMode):
    """Nothing is dropped inside, whatever the mode of a module."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in DROPOUTS:
            return args[0] if args else kwargs["input"]
        return func(*args, **(kwargs or {}))


def answers_of(module: nn.Module, tensors: list[torch.Tensor]) -> torch.Tensor | None:
    """What a copy of the module answers in evaluation mode; None where it cannot be copied or called."""
    with put_back(), _WithoutDropout():
        try:
            copied = without_hooks(copy.deepcopy(module)).eval()
            result = copied(*(tensor.detach().clone() for tensor in tensors))
        except Exception:
            return None
    result = result[0] if isinstance(result, (tuple, list)) and result else result
    return result.detach() if isinstance(result, torch.Tensor) else None
