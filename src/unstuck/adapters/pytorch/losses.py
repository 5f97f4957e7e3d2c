"""What is noted of a loss: one that a function of the framework computed, or one that the script writes out itself."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import torch

from unstuck.adapters.pytorch import functions
from unstuck.adapters.pytorch.graph import chain, kind_of, mark, marked
from unstuck.adapters.pytorch.numbers import as_array, single
from unstuck.adapters.pytorch.repairs import with_prediction
from unstuck.adapters.pytorch.watching import Watching
from unstuck.adapters.watched.events import LossTaken
from unstuck.adapters.watched.losses import COMPARES_NUMBERS
from unstuck.adapters.watched.places import innermost
from unstuck.adapters.watched.scores import classes, score
from unstuck.adapters.watched.values import Array, Place

RECENT = 64  # losses that are remembered between two updates
FIRST = 64  # nodes of a loss's graph among which its prediction and target are looked for
PAIR = "pair"  # key of the mark at the node of a script's own expression of prediction and target
PASSED = ("Add", "Sub", "Rsub", "Neg", "Mean", "Sum", "Div", "Mul", "Pow", "Abs", "Sqrt", "Log", "Clamp", "View")
LOGARITHMS = ("log", "log_softmax", "log_sigmoid", "clamp")


def take_loss(watch: Watching, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A loss function, called and noted."""
    kind = functions.LOSSES[func]
    repair = watch.repairs.get(f"loss {kind}")
    if repair is not None:
        args, kwargs = with_prediction(args, kwargs, repair)
    prediction = args[0] if args else kwargs.get("input")
    target = args[1] if len(args) > 1 else kwargs.get("target")
    if not isinstance(prediction, torch.Tensor) or not isinstance(target, torch.Tensor):
        return func(*args, **kwargs)
    place = innermost(sys._getframe(1))
    options = _options(kind, args, kwargs) | ({"repaired": repair} if repair else {})
    try:
        result = func(*args, **kwargs)
    except Exception:
        with watch.aside():
            note_loss(watch, kind, (prediction, target), None, place, {**options, "refused": True})
        raise
    with watch.aside():
        number = note_loss(watch, kind, (prediction, target), single(result), place, options)
    if prediction.requires_grad:
        remember_loss(watch, kind, number, result)
    return result


def remember_loss(watch: Watching, kind: str, number: int, result: Any) -> None:
    """Has the loss of this number, which is learnt from, be known by the node that made it, and be the last one."""
    if isinstance(result, torch.Tensor):
        mark(result, loss=number)
        watch.losses[:] = [*watch.losses[-RECENT:], (number, result)]
        watch.loss_kind = kind


def _options(kind: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """What a loss is told beside its prediction and target that changes what its value means."""
    weights = [kwargs.get("weight"), kwargs.get("pos_weight")]
    if kind not in COMPARES_NUMBERS and len(args) > 2:
        weights.append(args[2])
    return {"weighted": True} if any(isinstance(weight, torch.Tensor) for weight in weights) else {}


def note_loss(
    watch: Watching,
    kind: str,
    pair: tuple[torch.Tensor, torch.Tensor],
    value: float | None,
    place: Place | None,
    options: dict[str, Any],
) -> int:
    """Notes that a loss of this (prediction, target) was taken; returns its number."""
    prediction, target = pair
    shown, wanted = as_array(prediction), as_array(target)
    assert shown is not None
    assert wanted is not None
    return note_taken(
        watch,
        kind,
        prediction,
        (shown, wanted),
        watch.detailed or "refused" in options,
        place=place,
        prediction_shape=tuple(prediction.shape),
        target_shape=tuple(target.shape),
        target_dtype=str(target.dtype).removeprefix("torch."),
        value=value,
        made=watch.models.layer_place(),
        options=options,
    )


def note_taken(
    watch: Watching, kind: str, outputs: torch.Tensor, pair: tuple[Array, Array], keep: bool, **facts: Any
) -> int:
    """Notes a loss of outputs with these facts and what its pair of (prediction, target) tells; returns its number.

    keep: whether the pair itself is kept, and what made the outputs.
    """
    number = watch.number()
    last, places = chain(outputs) if keep else ((), ())
    watch.note(
        LossTaken(
            update=watch.updates,
            number=number,
            kind=kind,
            learning=outputs.requires_grad,
            last=last,
            last_place=next((one for one in places if one is not None), None),
            places=places,
            prediction=pair[0] if keep else None,
            target=pair[1] if keep else None,
            classes=classes(kind, *pair),
            score=score(kind, *pair),
            **facts,
        )
    )
    return number


# -- losses that a script writes out ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair:
    """A prediction and its target where they meet: "difference", "product", or "choice" of one number of each row."""

    how: str
    prediction: torch.Tensor
    target: torch.Tensor
    place: Place | None


def mark_pair(result: Any, how: str, first: torch.Tensor, second: torch.Tensor) -> None:
    """Notes at the node of `result` that a prediction met its target there, if one of both and no more is learnt."""
    if first.requires_grad == second.requires_grad or first.shape != second.shape or first.numel() < 2:
        return
    prediction, target = (first, second) if first.requires_grad else (second, first)
    if how == "product" and (chain(prediction, 1)[0] or ("",))[0] not in LOGARITHMS:
        return
    mark(result, **{PAIR: Pair(how, prediction, target, innermost(sys._getframe(2)))})


def mark_choice(result: Any, table: Any, index: Any) -> None:
    """Notes that one number of each row of an (n, n_classes) table was taken: `table[arange(n), labels]`."""
    if not (isinstance(table, torch.Tensor) and table.requires_grad and table.ndim == 2):
        return
    if not (isinstance(index, tuple) and len(index) == 2 and all(_is_whole(one, len(table)) for one in index)):
        return
    mark(result, **{PAIR: Pair("choice", table, torch.as_tensor(index[1]), innermost(sys._getframe(2)))})


def _is_whole(index: Any, n: int) -> bool:
    if isinstance(index, range):
        return len(index) == n
    kind = str(getattr(index, "dtype", ""))
    return "int" in kind and tuple(getattr(index, "shape", ())) == (n,)


def note_own_loss(watch: Watching, root: torch.Tensor) -> None:
    """Notes the loss that a script has written out itself, where derivatives are taken of it."""
    found = _pairs(root)
    kinds = {kind for kind, _ in found}
    both = (
        kinds == {"binary_cross_entropy"} and len(found) == 2 and _are_opposite(found[0][1].target, found[1][1].target)
    )
    one_sided = kinds == {"binary_cross_entropy"} and len(found) == 1 and _is_of_one_class(found[0][1])
    if not (both or one_sided) and (len(found) != 1 or kinds == {"binary_cross_entropy"}):
        return
    kind, pair = found[0]
    prediction, target = pair.prediction, pair.target
    if pair.how == "product":
        p = prediction.detach().exp().requires_grad_()
        n = len(target) if kind == "nll_loss" else target.numel()
        value = -sum(float((one.target * one.prediction).sum()) for _, one in found) / n
        prediction, target = (p, target) if kind == "binary_cross_entropy" else (prediction, target.argmax(dim=1))
    elif pair.how == "choice":
        chosen = prediction[torch.arange(len(target)), target.long()]
        value = -float((chosen.log() if kind != "nll_loss" else chosen).mean())
    else:
        apart = prediction - target
        value = float((apart**2 if kind == "mse_loss" else apart.abs()).mean())
    number = note_loss(watch, kind, (prediction, target), value, pair.place, {"own": True, "one_sided": one_sided})
    mark(root, loss=number, climbs=bool(value > 0 and root.numel() == 1 and float(root) < 0))
    watch.loss_kind = kind


def _is_of_one_class(pair: Pair) -> bool:
    """Whether the logarithm of a sigmoid is taken for the examples of class 1 alone, though there are others."""
    target = pair.target
    both = bool(((target == 0) | (target == 1)).all()) and 0 < float(target.float().mean()) < 1
    return pair.how == "product" and both and any("igmoid" in name for name in chain(pair.prediction, 3)[0])


def _are_opposite(first: torch.Tensor, second: torch.Tensor) -> bool:
    """Whether one is y and the other 1 - y."""
    return first.shape == second.shape and bool(torch.allclose(first + second, torch.ones_like(first)))


def _pairs(root: torch.Tensor) -> list[tuple[str, Pair]]:
    """Where predictions meet targets on the way up from a loss, and the kind of loss that it makes of them.

    Empty where a function of the framework computed a part of the loss, which is noted already.
    """
    found: list[tuple[str, Pair]] = []
    todo: list[tuple[Any, tuple[str, ...]]] = [(root.grad_fn, ())]
    seen: set[Any] = set()
    while todo and len(seen) < FIRST:
        node, below = todo.pop()
        if node is None or node in seen or hasattr(node, "variable"):
            continue
        seen.add(node)
        if marked(node, "loss") is not None:
            return []
        pair = marked(node, PAIR)
        if pair is not None and (kind := _kind(pair, below)) is not None:
            found.append((kind, pair))
        elif kind_of(node) in PASSED:
            squared = kind_of(node) == "Mul" and len({parent for parent, _ in node.next_functions}) == 1
            todo += [(parent, (*below, "Pow" if squared else kind_of(node))) for parent, _ in node.next_functions]
    return found


def _kind(pair: Pair, below: tuple[str, ...]) -> str | None:
    """The kind of loss, from how a pair met and the functions between there and the loss; None if unknown."""
    if pair.how == "difference":
        return "mse_loss" if "Pow" in below else "l1_loss" if "Abs" in below else None
    if pair.how == "choice":
        if "Log" in below:
            return "sparse_categorical_crossentropy"
        return "nll_loss" if (chain(pair.prediction, 1)[0] or ("",))[0] in LOGARITHMS else None
    target = pair.target
    if target.ndim == 2 and target.shape[1] > 1 and bool(((target == 0) | (target == 1)).all()):
        return "nll_loss" if bool((target.sum(dim=1) == 1).all()) else "binary_cross_entropy"
    return "binary_cross_entropy" if bool(((target >= 0) & (target <= 1)).all()) else None
