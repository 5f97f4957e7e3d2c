"""Own `autograd.Function`s: whether `backward` is the derivative of `forward`, by central differences in float64.

What is held against them is the derivative along random directions. A `forward` that is the identity, is flat almost
everywhere (rounding, signs) or draws random numbers has a `backward` of its own on purpose, and is left alone.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.autograd import Function

from unstuck.adapters.pytorch.copies import put_back
from unstuck.adapters.pytorch.watching import Watching
from unstuck.adapters.watched.events import OwnDerivative
from unstuck.adapters.watched.values import Place
from unstuck.sandbox.origin import is_user_class

REPAIR = "true derivative"
DIRECTIONS = 4
STEP = 1e-5
WRONG = 1e-2  # share by which derivatives differ that are no rounding
SAME = 1e-5
LARGEST = 2_000_000  # numbers that are differentiated at
Apply = Callable[..., Any]
Tensors = list[torch.Tensor]


@contextmanager
def watched_functions(watch: Watching) -> Iterator[None]:
    """Inside, the first call of each of the user's functions is examined, and differentiated anew where that is asked.

    `Function.apply` is afterwards what it was.
    """
    original = Function.__dict__["apply"]
    examined: set[type] = set()

    def apply(cls: type, *args: Any, **kwargs: Any) -> Any:
        if watch.quiet or not is_user_class(cls):
            return original.__func__(cls, *args, **kwargs)
        if cls.__name__ in watch.repairs.get(REPAIR, ()):
            return by_rule(cls, args)
        if watch.detailed and cls not in examined:
            examined.add(cls)
            with watch.aside(), torch.enable_grad(), put_back():
                event = _examined(watch.updates, cls, args, lambda *a: original.__func__(cls, *a))
            if event is not None:
                watch.note(event)
        return original.__func__(cls, *args, **kwargs)

    Function.apply = classmethod(apply)
    try:
        yield
    finally:
        Function.apply = original


class _Context:
    """What `forward` finds as its `ctx` where nothing is to be remembered."""

    needs_input_grad: tuple[bool, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None: ...

    def mark_non_differentiable(self, *tensors: Any) -> None: ...

    def mark_dirty(self, *tensors: Any) -> None: ...

    def set_materialize_grads(self, value: bool) -> None: ...


def by_rule(cls: Any, args: tuple[Any, ...]) -> Any:
    """What `forward` of this function gives, differentiated by PyTorch itself."""
    if cls.setup_context is not Function.setup_context:
        return cls.forward(*args)
    return cls.forward(_Context(), *args)


def _examined(update: int, cls: Any, args: tuple[Any, ...], own: Apply) -> OwnDerivative | None:
    """What is wrong with the derivative of this function at these arguments; None where nothing is."""
    if sum(value.numel() for value in args if isinstance(value, torch.Tensor)) > LARGEST:
        return None
    try:
        found = _compared(cls, args, own)
    except Exception:  # a function that cannot be called otherwise than the script does is not looked into
        return None
    if found is None:
        return None
    return OwnDerivative(update, _line_of(cls), cls.__name__, *found)


def _compared(cls: Any, args: tuple[Any, ...], own: Apply) -> tuple[str, float, float | None, bool] | None:
    """The kind of error, its share, the factor where it is one, and whether PyTorch can differentiate `forward`."""
    where = [i for i, value in enumerate(args) if isinstance(value, torch.Tensor) and value.is_floating_point()]
    values = [args[i].detach().double() for i in where]

    def call(function: Apply, tensors: Tensors) -> torch.Tensor:
        changed = list(args)
        for i, tensor in zip(where, tensors, strict=True):
            changed[i] = tensor
        result = function(*changed)
        if not isinstance(result, torch.Tensor):
            raise TypeError("several outputs")
        return result

    with torch.no_grad():
        first, again = call(own, values), call(own, values)
        if not torch.equal(first, again) or any(torch.equal(first, value) for value in values):
            return None
    generator = torch.Generator().manual_seed(0)
    wrong: list[float] = []
    pairs: list[tuple[float, float]] = []
    weight = torch.randn(first.shape, generator=generator, dtype=torch.float64)
    leaves = [value.clone().requires_grad_() for value in values]
    gradients = _gradient(call(own, leaves), leaves, weight)
    for _ in range(DIRECTIONS):
        ways = [torch.randn(value.shape, generator=generator, dtype=torch.float64) for value in values]
        slopes = [_slope(lambda t: call(own, t), values, ways, weight, step) for step in (STEP, STEP / 8)]
        if abs(slopes[0] - slopes[1]) > WRONG / 10 * max(map(abs, slopes)):
            return None
        given = sum(float((g * way).sum()) for g, way in zip(gradients, ways, strict=True) if g is not None)
        pairs.append((given, slopes[0]))
        wrong.append(abs(given - slopes[0]) / max(abs(given), abs(slopes[0]), 1e-300))
    if min(wrong) < WRONG or not any(slope for _, slope in pairs):
        return None
    factors = np.array([given / slope for given, slope in pairs])
    factor = float(factors.mean()) if np.ptp(factors) <= SAME * abs(factors.mean()) else None
    true, can = _true(cls, call, values, weight)
    return _kind(factor, gradients, true, (values, first, weight)), max(wrong), factor, can


def _gradient(output: torch.Tensor, leaves: Tensors, weight: torch.Tensor) -> list[torch.Tensor | None]:
    return list(torch.autograd.grad(output, leaves, weight.to(output.dtype), allow_unused=True))


def _slope(call: Apply, values: Tensors, ways: Tensors, weight: torch.Tensor, step: float) -> float:
    """The derivative of the weighted sum of outputs along a direction."""
    with torch.no_grad():
        up, down = (
            call([value + sign * step * way for value, way in zip(values, ways, strict=True)]) for sign in (1, -1)
        )
    return float(((up - down).double() * weight).sum()) / (2 * step)


def _true(cls: Any, call: Apply, values: Tensors, weight: torch.Tensor) -> tuple[torch.Tensor | None, bool]:
    """The derivative by the first argument as PyTorch has it, and whether it has one."""
    leaves = [value.clone().requires_grad_() for value in values]
    try:
        output = call(lambda *args: by_rule(cls, args), leaves)
        return _gradient(output, leaves, weight)[0], True
    except Exception:
        return None, False


def _kind(factor: float | None, gradients: list[Any], true: Any, at: tuple[Tensors, Any, Any]) -> str:
    """What stands in the place of the derivative of a function that acts on each number by itself."""
    if factor is not None:
        return "sign" if factor < 0 else "factor"
    values, output, weight = at
    given = gradients[0]
    if given is None or true is None or len(values) != 1 or output.shape != values[0].shape:
        return "other"
    forms = {
        "function": output * weight,
        "missing": weight,
        "twice": true * true / torch.where(weight == 0, torch.ones_like(weight), weight),
    }
    size = float(given.norm())
    near = [name for name, form in forms.items() if float((given - form).norm()) <= SAME * max(size, 1e-300)]
    return near[0] if near else "another function"


def _line_of(cls: Any) -> Place:
    """The last line of `backward` that returns something."""
    code = cls.backward.__code__
    lines = sorted({line for *_, line in code.co_lines() if line is not None})
    returns = [line for line in lines if linecache.getline(code.co_filename, line).strip().startswith("return")]
    return Place(code.co_filename, (returns or lines)[-1])
