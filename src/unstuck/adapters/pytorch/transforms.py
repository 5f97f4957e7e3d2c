"""Functions of functions, such as `torch.func.grad` and `torch.jit.trace`: what they pass on stands for numbers."""

from __future__ import annotations

import torch

_is_tracing, _stack = torch._C._is_tracing, torch._C._functorch.peek_interpreter_stack  # asked at every function


def is_inside() -> bool:
    """Whether tensors are wrapped, or operations recorded, by such a function at the moment."""
    return _is_tracing() or _stack() is not None
