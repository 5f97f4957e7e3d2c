"""Functions of functions, such as `torch.func.grad` and `torch.jit.trace`: what they pass on stands for numbers."""

from __future__ import annotations

import torch


def is_inside() -> bool:
    """Whether tensors are wrapped, or operations recorded, by such a function at the moment."""
    return torch.jit.is_tracing() or torch._C._functorch.peek_interpreter_stack() is not None
