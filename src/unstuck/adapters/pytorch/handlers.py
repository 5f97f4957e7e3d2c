"""What is noted of each watched function of tensors."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from unstuck.adapters.pytorch import functions, writes
from unstuck.adapters.pytorch.graph import chain, mark
from unstuck.adapters.pytorch.losses import mark_choice, mark_pair, take_loss
from unstuck.adapters.pytorch.origins import Answers, Coded, Outputs, count
from unstuck.adapters.pytorch.reshapes import exchanged, note_reshape
from unstuck.adapters.pytorch.watching import Watching
from unstuck.adapters.watched.events import (
    Broadcast,
    Compared,
    Cut,
    NeverLearnt,
    Normalised,
    Silenced,
)
from unstuck.adapters.watched.losses import LOSSES, SCORES
from unstuck.adapters.watched.places import assigned, innermost
from unstuck.adapters.watched.values import Place
from unstuck.sandbox.origin import is_user_class

Handler = Callable[["Watching", Any, tuple[Any, ...], dict[str, Any]], Any]


def here(watch: Watching) -> Place | None:
    """The line that made the library's layer that is at work, or the innermost line of the user."""
    return watch.models.layer_place() or innermost(sys._getframe(2))


def tag(watch: Watching, result: Any) -> None:
    """Notes at the node that made a tensor where that was."""
    if isinstance(result, torch.Tensor) and torch.is_grad_enabled() and result.grad_fn is not None:
        mark(result, place=here(watch), caller=id(watch.models.stack[0]) if watch.models.stack else None)


def _softmax(watch: Watching, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    rectified = watch.repairs.get("rectify", ())
    if rectified and (place := here(watch)) is not None and (place.line, place.column) in rectified:
        return torch.relu(args[0])
    lines = watch.repairs.get("softmax axis", ())
    if lines and (place := here(watch)) is not None and place.line in lines:
        args, kwargs = args[:1], {**kwargs, "dim": 1 if args[0].ndim == 4 else -1}
    result = func(*args, **kwargs)
    if isinstance(result, torch.Tensor):
        _carry(watch, args, result, squashed=True)
        if watch.detailed:
            axis = kwargs.get("dim", args[1] if len(args) > 1 else None)
            if not isinstance(axis, int):
                axis = 0 if result.ndim in (0, 1, 3) else 1
            mark(result, place=here(watch))
            watch.note(Normalised(watch.updates, here(watch), tuple(result.shape), axis % max(1, result.ndim)))
    return result


def _carry(watch: Watching, args: tuple[Any, ...], result: Any, squashed: bool = False) -> None:
    origin = watch.origins.of(args[0]) if args else None
    if origin is not None and result is not args[0]:
        if squashed and isinstance(origin, Outputs):
            origin = replace(origin, squashed=True)
        watch.origins.set(result, origin)


def _carried(watch: Watching, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    before = args[0] if args else None
    if func in functions.CUTS:
        kept = _cut(watch, func, before)
        if kept is not None:
            return kept
    lines = watch.repairs.get("exchange", ())
    if lines and func in functions.RESHAPES and (place := innermost(sys._getframe(1))) is not None:
        permuted = exchanged(func, args, kwargs) if place.line in lines else None
        if permuted is not None:
            return permuted
    result = func(*args, **kwargs)
    if func in functions.RESHAPES and watch.detailed and isinstance(before, torch.Tensor):
        note_reshape(watch, before, result, innermost(sys._getframe(1)))
    _carry(watch, args, result, func in functions.KEEPS_ORDER)
    return result


def _cut(watch: Watching, func: Any, before: Any) -> Any:
    """Notes that a tensor leaves the graph; gives the tensor itself where that is to be put right."""
    if not (isinstance(before, torch.Tensor) and before.requires_grad and before.grad_fn is not None):
        return None
    if not watch.detailed and "reattach" not in watch.repairs:
        return None
    place = innermost(sys._getframe(2))
    carries_loss = any(value is before for _, value in watch.losses)
    watch.note(Cut(watch.updates, place, functions.CUTS[func], carries_loss))
    lines = watch.repairs.get("reattach", ())
    return before if place is not None and place.line in lines and func in _IDENTITIES else None


_IDENTITIES = (torch.Tensor.detach, torch.Tensor.data.__get__)


def _leaves(watch: Watching, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    _cut(watch, func, args[0] if args else None)
    result = func(*args, **kwargs)
    if func is torch.Tensor.numpy:
        _carry(watch, args, result)
    return result


def _largest(watch: Watching, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    before = args[0] if args else None
    if isinstance(before, torch.Tensor) and func in functions.CUTS:
        _cut(watch, func, before)
    result = func(*args, **kwargs)
    if not isinstance(before, torch.Tensor):
        return result
    name = getattr(func, "__name__", "max")
    answer = getattr(result, "indices", result) if name in ("max", "topk") else result
    if not isinstance(answer, torch.Tensor) or answer.is_floating_point():
        return result
    if name == "topk" and before.ndim == 2 and answer.numel() > len(before):
        return result  # several answers to each example, one of which may be right
    axis = kwargs.get("dim", kwargs.get("axis", args[1] if len(args) > 1 and name != "topk" else None))
    how = f"{name} along axis {axis}" if axis is not None else name
    origin = watch.origins.of(before)
    if isinstance(origin, Outputs):
        watch.origins.set(answer, Answers(origin, how))
    elif origin is None:
        watch.origins.set(answer, Coded(how))
    return result


def _threshold(watch: Watching, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if func in functions.CUTS:
        _cut(watch, func, args[0] if args else None)
    result = func(*args, **kwargs)
    origin = watch.origins.of(args[0]) if args else None
    if isinstance(origin, Outputs) and isinstance(result, torch.Tensor):
        name = getattr(func, "__name__", "compared")
        watch.origins.set(result, Answers(origin, f"{name} {args[1] if len(args) > 1 else ''}".strip()))
    return result


def _equal(watch: Watching, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    result = func(*args, **kwargs)
    if len(args) < 2 or not isinstance(result, torch.Tensor):
        return result
    origins = [watch.origins.of(value) for value in args[:2]]
    answered = [i for i, origin in enumerate(origins) if isinstance(origin, Answers)]
    if len(answered) != 1 or getattr(func, "__name__", "") in ("ne", "__ne__"):
        return result
    answers, labels = origins[answered[0]], args[1 - answered[0]]
    if isinstance(labels, torch.Tensor) and isinstance(answers, Answers):
        with watch.aside():
            threshold = 0.0 if LOSSES[watch.loss_kind].prediction == SCORES else 0.5
            found = count(answers, labels, result, threshold)
            if found is not None:
                shapes = (tuple(args[answered[0]].shape), tuple(labels.shape))
                learning = answers.outputs.learning
                place = innermost(sys._getframe(1))
                raw = not answers.outputs.squashed
                compared = Compared(watch.updates, place, *found, answers.how, shapes, learning, raw)
                watch.note(compared)
                watch.models.compared(compared)
    return result


def _combine(watch: Watching, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if len(args) < 2 or not all(isinstance(value, torch.Tensor) for value in args[:2]):
        return func(*args, **kwargs)
    lines = watch.repairs.get("align", ())
    if lines and args[0].numel() == args[1].numel():
        place = innermost(sys._getframe(1))
        if place is not None and place.line in lines:
            args = (args[0].reshape(args[1].shape), *args[1:])
    result = func(*args, **kwargs)
    mark_pair(result, functions.COMBINES[func], args[0], args[1])
    if watch.detailed:
        first, second = tuple(args[0].shape), tuple(args[1].shape)
        column = sorted((first, second), key=len)
        n = column[0][0] if len(column[0]) == 1 else 0
        known = [value.requires_grad for value in args[:2]]
        if n > 1 and column[1] == (n, 1) and known.count(True) == 1:
            place, by = innermost(sys._getframe(1)), functions.COMBINES[func]
            watch.note(Broadcast(watch.updates, place, by, (first, second)))
    return result


def _choose(watch: Watching, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    result = func(*args, **kwargs)
    if len(args) > 1 and isinstance(result, torch.Tensor) and result.requires_grad:
        mark_choice(result, args[0], args[1])
    return result


def _multiply(watch: Watching, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if "activate" in watch.repairs and _is_layer(args) and chain(args[0], 1)[0] == ("linear",):
        args = (torch.relu(args[0]), *args[1:])
    result = func(*args, **kwargs)
    if isinstance(result, torch.Tensor) and len(args) > 1 and isinstance(args[1], torch.Tensor) and args[1].ndim:
        weight = args[1]
        each = weight.numel() / max(1, weight.shape[0]) if weight.ndim != 2 else max(weight.shape)
        if watch.detailed and not watch.updates:
            _note_unlearnt(watch, weight)
            if watch.models.reached is None and _is_data(args[0]):
                with watch.aside():
                    watch.models.reached = float((args[0].float() ** 2).mean().sqrt())
        if result.requires_grad:
            watch.work += result.numel() * each
    return result


def _is_data(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.is_floating_point() and not value.requires_grad


def _note_unlearnt(watch: Watching, weight: torch.Tensor) -> None:
    """Notes a matrix that a layer of the script's multiplies by, where it is a plain tensor that takes no gradient."""
    layer = watch.models.stack[-1] if watch.models.stack else None
    if layer is None or weight.requires_grad or weight.ndim != 2 or not is_user_class(type(layer)):
        return
    for name in [name for name, value in vars(layer).items() if value is weight]:
        place = assigned(type(layer), name) or here(watch)
        watch.note(NeverLearnt(watch.updates, place, name, tuple(weight.shape)))


def _is_layer(args: tuple[Any, ...]) -> bool:
    """Whether a product is that of examples and a matrix of parameters."""
    tensors = len(args) > 1 and all(isinstance(value, torch.Tensor) for value in args[:2])
    return tensors and args[1].ndim == 2 and args[1].is_leaf and args[1].requires_grad


def _activate(watch: Watching, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    lines = watch.repairs.get("skip", ())
    if lines and (place := here(watch)) is not None and place.line in lines:
        return args[0]
    if func in functions.RECTIFIERS and watch.detailed and _is_learnt_from(args):
        with watch.aside():
            silent = bool((args[0] < 0).all())
        if silent:
            watch.note(Silenced(watch.updates, here(watch), tuple(args[0].shape)))
    if func in functions.KEEPS_ORDER:
        return _carried(watch, func, args, kwargs)
    return func(*args, **kwargs)


def _drop(watch: Watching, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if watch.models.stack and not watch.models.stack[0].training:
        dropping = kwargs.get("training", kwargs.get("train", args[2] if len(args) > 2 else True))
        watch.models.dropped = watch.models.dropped or (here(watch) if dropping else None)
    return func(*args, **kwargs)


def _is_learnt_from(args: tuple[Any, ...]) -> bool:
    return bool(args) and isinstance(args[0], torch.Tensor) and args[0].requires_grad and args[0].numel() > 1


def _all_handlers() -> dict[Any, Handler]:
    table: dict[Any, Handler] = {}
    for group, handler in (
        (functions.CUTS, _leaves),
        (functions.CARRIES, _carried),
        (functions.ACTIVATIONS, _activate),
        (functions.SOFTMAXES, _softmax),
        (functions.DROPOUTS, _drop),
        (functions.LARGEST, _largest),
        (functions.THRESHOLDS, _threshold),
        (functions.EQUALS, _equal),
        (functions.COMBINES, _combine),
        (functions.WRITES, writes.write),
        (functions.DRAWS, writes.draw),
        (functions.FILLS, writes.fill),
        (functions.MULTIPLIES, _multiply),
        (functions.LOSSES, take_loss),
        (functions.CHOICES, _choose),
        (functions.FREEZES, writes.freeze),
        (functions.GRADIENTS, writes.read_gradient),
    ):
        table.update(dict.fromkeys(group, handler))
    return table


HANDLERS = _all_handlers()
