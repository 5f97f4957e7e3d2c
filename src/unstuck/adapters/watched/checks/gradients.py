"""The gradient that a step uses: kept, thrown away, or never taken."""

from __future__ import annotations

from collections.abc import Iterator

from unstuck.adapters.watched.check import Check, Seen, check
from unstuck.adapters.watched.events import Cut, Frozen, LossTaken, ModelCalled, OptimizerMade, OwnDerivative
from unstuck.adapters.watched.history import History, largest
from unstuck.adapters.watched.losses import FLAT
from unstuck.diagnosis.examination.evidence import MEASURED, PROVED

SEVERAL = 3  # ways back
UP = 0.5  # cosine between a change and the gradient: against it, if the loss is to fall
LARGE = 1000.0  # times the loss: more than any weight of a loss
WHOLE = 1e-3  # how near to 1 the factor of a gradient kept in full is


@check("U02")
def gradients_accumulate(h: History) -> Iterator[Seen]:
    """The gradients are not set back to zero between two updates: `backward()` adds to what `.grad` holds.

    Cure: Call `optimizer.zero_grad()` before `loss.backward()` in every turn of the loop.

    Cure in Keras: Call `self.zero_grad()` (of the model) before `loss.backward()` in `train_step`.
    """
    yield from _kept(h, whole=True)


@check("U14")
def gradients_partly_kept(h: History) -> Iterator[Seen]:
    """A part of the last gradient is left in `.grad` when the next one is added.

    Cure: Call `optimizer.zero_grad()` before `loss.backward()`; for momentum use the optimiser's own.
    """
    yield from _kept(h, whole=False)


def _kept(h: History, whole: bool) -> Iterator[Seen]:
    steps = [step for step in h.steps if largest(step.parameters, "kept") > 0]
    if not steps:
        return
    last = steps[-1]
    kept = [one for one in last.parameters if one.kept > 0]
    factors = [one.factor for one in kept if one.factor is not None]
    partly = bool(factors) and all(abs(factor - 1) > WHOLE for factor in factors)
    if partly == whole:
        return
    share = largest(kept, "kept") / max(largest(kept, "used"), 1e-300)
    factor = factors[0] if factors else None
    if whole:
        said = f"update {last.update + 1} uses the gradients of earlier updates too: {len(kept)} of "
        said += f"{len(last.parameters)} parameters held them when derivatives were taken anew"
    else:
        said = f"{factor:.4g} of the gradient that the last update used is left when the next one is added"
    numbers = {"updates_seen": len(h.steps), "parameters": len(kept), "factor": factor, "kept_over_used": share}
    yield Seen("U14" if partly else "U02", PROVED, said, numbers, last.backward_place, ("clear", True))


@check("U05")
def parameters_never_change(h: History) -> Iterator[Seen]:
    """No step changes a parameter: `backward()` is never called, its gradients are set to zero before `step()`, or the
    rate is 0.

    Cure: In every turn `optimizer.zero_grad()`, then `loss.backward()`, then `optimizer.step()`.

    Cure in Keras: Call `loss.backward()` in `train_step`, and give `apply` the gradients it made.
    """
    steps = h.steps
    idle = [event for event in h.backwards if event.reached and not event.refused]
    if not h.updates and len(idle) >= SEVERAL and all(event.still == len(event.reached) for event in idle):
        where = idle[-1].read_place or idle[-1].place
        said = f"derivatives are taken {len(idle)} times, and nothing changes any of the parameters: "
        said += "`step()` is never called" if h.all(OptimizerMade) else "what is computed of them is kept elsewhere"
        yield Seen("U05", PROVED, said, {"times": len(idle)}, where, certain=True)
        return
    if not steps or any(one.used > 0 and one.moved > 0 for step in steps for one in step.parameters):
        return
    numbers = {"steps_seen": len(steps), "parameters": len(steps[-1].parameters)}
    thrown = [step for step in steps if largest(step.parameters, "thrown") > 0]
    if all(one.used == 0 for step in steps for one in step.parameters):
        if thrown and len(thrown) >= len(steps) - 1:  # before the first step there may have been none
            said = "the gradients are set to zero after they were made and before the step uses them"
            yield Seen("U05", PROVED, said, numbers, thrown[-1].zero_place, ("keep", True), certain=True)
        elif not h.backwards:
            said = "the optimiser steps without any gradient: backward() is never called"
            yield Seen("U05", PROVED, said, numbers, steps[0].place, ("backward", True), certain=True)
        return
    made = h.optimizer(steps[0].optimizer)
    if made is not None and made.learning_rate == 0:
        yield Seen("U05", PROVED, "the learning rate is 0", numbers, made.place, certain=True)


@check("B17")
def gradient_scaled(h: History) -> Iterator[Seen]:
    """Derivatives are taken of the loss times a large number, as `GradScaler` has it for half precision, and the
    optimiser uses them as they are.

    Cure: `scaler.step(optimizer)` and `scaler.update()` in the place of `optimizer.step()`.
    """
    values = {event.number: event.value for event in h.learnt}
    pairs = [(event.value, values.get(event.losses[0])) for event in h.backwards if len(event.losses) == 1]
    factors = [value / loss for value, loss in pairs if value is not None and loss]
    steps = [step for step in h.steps if largest(step.parameters, "fresh") > 0]
    if len(factors) < SEVERAL or min(factors) < LARGE or max(factors) > (1 + WHOLE) * min(factors) or not steps:
        return
    used, fresh = largest(steps[-1].parameters, "used"), largest(steps[-1].parameters, "fresh")
    if abs(used - fresh) <= WHOLE * fresh:
        said = f"derivatives are taken of {factors[0]:.6g} times the loss, and the update uses them as they are"
        repair = ("rate", 1 / factors[0])
        yield Seen("B17", PROVED, said, {"factor": factors[0]}, steps[-1].place, repair)


@check("U01")
def update_ascends(h: History) -> Iterator[Seen]:
    """`backward()` is called on minus the loss, or the gradient is added where it is to be subtracted (`maximize=True`,
    `w += rate * w.grad`): the loss is climbed.

    Cure: Call `backward()` on the loss itself; optimisers of both frameworks go down.
    """
    backwards = [event for event in h.backwards if event.losses or event.climbs]
    steps = h.steps
    along = [one.along for step in steps for one in step.parameters if one.along is not None]
    up = bool(along) and min(along) > UP
    if backwards and all(event.climbs for event in backwards) and not up:
        said = "derivatives are taken of minus the loss, and the optimiser goes down: the loss is climbed"
        yield Seen("U01", PROVED, said, {"updates_seen": len(backwards)}, backwards[0].place, ("descend", True))
        return
    if up and backwards and not any(event.climbs for event in backwards):
        said = f"each of {len(steps)} updates goes along the gradient of the loss, not against it: the loss is climbed"
        yield Seen("U01", PROVED, said, {"least_cosine": min(along)}, steps[0].place, ("descend", True))


@check("B13")
def layer_without_gradient(h: History) -> Iterator[Seen]:
    """A layer, or the whole network, is cut off from the loss: by `detach()`, `.data`, `.item()`, `numpy()`, `argmax`,
    `no_grad()`, or by a tensor made anew of its numbers.

    Cure: Compute the loss from the model's outputs with tensor operations only, and take numbers out of the graph only
    to print them.
    """
    steps, held = h.steps, h.held
    reached = set(h.reached)
    refused = [event for event in h.backwards if event.refused]
    frozen = [event for event in h.all(Frozen) if event.place is not None]
    calls = h.all(ModelCalled)
    trains = bool(h.all(OptimizerMade) or refused or h.all(LossTaken))
    at_last = _call_before(h, refused[0]) if refused else None
    whole = bool(calls) and all(call.frozen and not call.learning for call in calls) and trains and not steps
    if frozen and (whole or (at_last is not None and at_last.frozen and not at_last.learning)):
        said = "every parameter of the model is told to take no gradient: nothing is left that could be learnt"
        yield Seen("B13", PROVED, said, {"frozen": len(frozen)}, frozen[-1].place, certain=True)
        return
    if frozen and calls and calls[-1].frozen:
        said = "a part of the model is told to take no gradient: it stays as it is, and the rest has to do with that"
        yield Seen("B13", MEASURED, said, {"frozen": len(frozen)}, frozen[-1].place, ("thaw", True), often_meant=True)
    cuts = [cut for cut in h.all(Cut) if not cut.carries_loss]
    if refused and not reached & held:
        cut = _last_before(h, refused[0], cuts + [cut for cut in h.all(Cut) if cut.carries_loss])
        by = f": {cut.by} takes the numbers out of the graph" if cut else ": it is made where no graph is recorded"
        place = cut.place if cut else refused[0].place
        yield Seen("B13", PROVED, f"the loss depends on no parameter{by}", {"said": refused[0].refused}, place,
                   _reattach(cut), certain=True)  # fmt: skip
        return
    if not steps or not h.backwards or not h.reached:
        return
    flat = [cut for cut in cuts if cut.by in FLAT]
    if flat and all(one.used == 0 for step in steps for one in step.parameters):
        said = f"every gradient is 0: {flat[0].by} is flat, so that the loss does not change with what goes into it"
        yield Seen("B13", PROVED, said, {"updates_seen": len(steps)}, flat[0].place, certain=True)
        return
    if not any(one.in_layer for one in h.reached.values()) and not reached & held:
        every = h.all(Cut)
        cut = _last_before(h, h.backwards[0], every)
        said = "derivatives are taken of a tensor that is made anew and depends on no parameter of the model"
        yield Seen("B13", PROVED, said, {"updates_seen": len(h.backwards)}, (cut or h.backwards[0]).place, certain=True)
        return
    stepped = {one.parameter.key: one.parameter for step in steps for one in step.parameters if one.trainable}
    lost = [one for key, one in stepped.items() if key not in reached and one.called]
    if lost and len(lost) < len(stepped) and reached & set(stepped):
        cut = _last_before(h, h.backwards[0], cuts)
        where = f": {cut.by} takes what they answer out of the graph" if cut else ""
        names = ", ".join(one.name for one in lost[:4])
        said = f"{len(lost)} of {len(stepped)} parameters that the optimiser holds ({names}) get no gradient{where}"
        place = cut.place if cut else lost[0].place
        repair = None if cut is not None and cut.by == "no_grad()" else _reattach(cut)
        in_vain = _steps_in_vain(h, {one.key for one in lost})
        yield Seen("B13", PROVED, said, {"parameters": len(lost)}, place, repair, certain=in_vain)


def _steps_in_vain(h: History, lost: set[int]) -> bool:
    """Whether an optimiser steps again and again, and derivatives reach none of its parameters."""
    by_optimizer: dict[int | None, list[set[int]]] = {}
    for step in h.steps:
        by_optimizer.setdefault(step.optimizer, []).append({one.parameter.key for one in step.parameters})
    return any(len(held) > 1 and set.union(*held) <= lost for held in by_optimizer.values())


def _call_before(h: History, event: object) -> ModelCalled | None:
    """The last call of a model before an event."""
    before = [call for call in h.events[: h.events.index(event)] if isinstance(call, ModelCalled)]
    return before[-1] if before else None


def _last_before(h: History, event: object, cuts: list[Cut]) -> Cut | None:
    """The last of these cuts before an event."""
    index = h.events.index(event)
    before = [cut for cut in h.events[:index] if cut in cuts and isinstance(cut, Cut)]
    return before[-1] if before else None


def _reattach(cut: Cut | None) -> tuple[str, list[int]] | None:
    return ("reattach", [cut.place.line]) if cut is not None and cut.place is not None else None


STANDS_THERE = {  # kind of error -> code, and what stands in the place of the derivative
    "sign": ("B10", "minus the derivative"),
    "factor": ("B17", "the derivative times a number that does not belong there"),
    "function": ("B01", "the function itself"),
    "missing": ("B02", "the gradient from behind as it came, without the derivative"),
    "twice": ("B04", "the derivative, multiplied in twice"),
    "another function": ("B18", "the derivative of another function"),
    "other": ("B14", "no derivative of what `forward` computes"),
}


def _own_derivative(code: str) -> Check:
    """The check of own functions for the kinds of error that have this code."""

    def own_derivative_wrong(h: History) -> Iterator[Seen]:
        """`backward` of an own `autograd.Function` is not the derivative of its `forward`.

        Cure: Give back `grad_output` times the derivative of what `forward` computes, and hold it against
        `torch.autograd.gradcheck`.
        """
        for event in h.all(OwnDerivative):
            named, what = STANDS_THERE[event.kind]
            if named != code:
                continue
            said = f"`backward` of {event.name} gives {what}: it differs from central differences by {event.apart:.1%}"
            said += f", a factor of {event.factor:.4g}" if event.factor is not None else ""
            numbers = {"difference": event.apart, "factor": event.factor}
            repair = ("true derivative", [event.name]) if event.known else None
            yield Seen(code, PROVED, said, numbers, event.place, repair)

    return own_derivative_wrong


for _code in dict.fromkeys(code for code, _ in STANDS_THERE.values()):
    check(_code)(_own_derivative(_code))
