"""What the optimiser holds, and what it is given to do."""

from __future__ import annotations

from collections.abc import Iterator

from unstuck.adapters.watched.check import Seen, check
from unstuck.adapters.watched.events import (
    DrawnAnew,
    ModelCalled,
    NeverLearnt,
    OptimizerMade,
    Scheduled,
    Stepped,
    StopsAtBetter,
)
from unstuck.adapters.watched.history import History, is_poor
from unstuck.adapters.watched.values import Parameter
from unstuck.diagnosis.examination.evidence import MEASURED, PROVED

FEW = 3  # moves of a schedule
SHRUNK = 0.01  # of its first value, within fewer updates than a pass has


@check("U11")
def parameters_not_optimised(h: History) -> Iterator[Seen]:
    """The optimiser was given no parameters, those of another model, those of an earlier one, or only some; layers in a
    plain list are not among `model.parameters()`.

    Cure: Make the optimiser after the model that is trained, with `model.parameters()`; keep layers in `nn.ModuleList`
    or `nn.Sequential`, not in a list.
    """
    refused = [made for made in h.all(OptimizerMade) if made.refused]
    if refused:
        said = "the optimiser is given no parameter at all: the model has none that it knows of"
        yield Seen("U11", PROVED, said, {"parameters_held": 0}, refused[0].place, certain=True)
        return
    reached = {key: one for key, one in h.reached.items() if one.in_layer}
    held = h.held
    steps = [step for step in h.steps if step.optimizer is not None]
    if not reached or not steps:
        return
    left_out = [one for key, one in reached.items() if key not in held]
    made = h.optimizer(steps[-1].optimizer)
    place = made.place if made is not None else steps[-1].place
    if not set(reached) & held:
        said = f"none of the {len(reached)} parameters that the loss depends on is held by the optimiser"
        said += ": it holds those of another model" if held else ""
        numbers = {"parameters_of_the_loss": len(reached), "of_them_held": 0, "held": len(held)}
        yield Seen("U11", PROVED, said, numbers, place, ("hold", True), certain=True)
    elif left_out and any(one.called or not one.owned for one in left_out):
        strangers = [one for one in left_out if not one.owned]
        names = _names(strangers or left_out)
        why = " (layers that are in no module list: model.parameters() leaves them out)" if strangers else ""
        said = f"{len(left_out)} of the {len(reached)} parameters that the loss depends on are held by no optimiser"
        said += f": {names}{why}"
        numbers = {"parameters_of_the_loss": len(reached), "of_them_held": len(reached) - len(left_out)}
        place = strangers[0].place or place if strangers else place
        idle = _idle_optimizer(h)
        place = idle.place if idle is not None and not strangers else place
        stale = held - set(reached)  # what no loss depends on is held in the place of what one does
        unknown = any(one.called for one in strangers)
        yield Seen("U11", PROVED, said, numbers, place, ("hold", True), certain=bool(stale or idle) or unknown)


def _idle_optimizer(h: History) -> OptimizerMade | None:
    """The first optimiser that steps again and again and never finds a gradient."""
    by_optimizer: dict[int | None, list[Stepped]] = {}
    for step in h.steps:
        by_optimizer.setdefault(step.optimizer, []).append(step)
    for number, steps in by_optimizer.items():
        if len(steps) > 1 and not any(one.used > 0 for step in steps for one in step.parameters):
            return h.optimizer(number)
    return None


def _names(parameters: list[Parameter]) -> str:
    names = [one.name for one in parameters[:4]]
    return ", ".join(names) + (" …" if len(parameters) > 4 else "")


@check("U11")
def weights_never_learnt(h: History) -> Iterator[Seen]:
    """A layer of one's own multiplies by a plain tensor, which no optimiser knows of: it stays as it was drawn.

    Cure: `self.w = nn.Parameter(torch.randn(n, m))`; a buffer where it is to stay.

    Cure in Keras: `self.w = self.add_weight(shape=(n, m))`; `trainable=False` where it is to stay.
    """
    for fixed in h.all(NeverLearnt)[:1]:
        said = f"a layer multiplies by {fixed.name}, a plain tensor of shape {fixed.shape}, which is never learnt"
        poor = is_poor(h)
        yield Seen("U11", PROVED, said, {"shape": list(fixed.shape)}, fixed.place, certain=poor, asleep=not poor)


@check("U09")
def stopped_as_it_gets_better(h: History) -> Iterator[Seen]:
    """Early stopping takes what gets better for worse: it waits for an accuracy to fall, and ends the training soon.

    Cure: Stop where the loss has not fallen, or the accuracy has not risen, for some passes.

    Cure in Keras: `EarlyStopping(monitor="val_loss")`, with `mode` left as it is.
    """
    for event in h.all(StopsAtBetter)[:1]:
        wanted = "smaller" if event.wanted == "min" else "larger"
        said = f"the training stops where {event.monitor} does not get {wanted}, "
        said += "which it does not where the model learns"
        yield Seen("U09", PROVED, said, {"monitor": event.monitor}, event.place, certain=True)


@check("U16")
def model_made_anew(h: History) -> Iterator[Seen]:
    """The model is constructed, or its weights are initialised, inside the training loop: every update starts from new
    random parameters.

    Cure: Make the model and the optimiser once, before the loop.
    """
    calls = [call for call in h.training_calls if call.update > 0]
    by_update = {call.update: call.which for call in h.training_calls}
    drawn = {event.update for event in h.all(DrawnAnew)}
    if len(drawn) >= 3 and 2 * len(drawn) >= h.updates:
        said = f"before {len(drawn)} of {h.updates} updates parameters were given new random numbers"
        place = h.all(DrawnAnew)[0].place
        yield Seen("U16", PROVED, said, {"updates": len(drawn)}, place, certain=True)
        return
    if len(by_update) < 3 or len(set(by_update.values())) < len(by_update):
        return
    seen: list[ModelCalled] = calls or h.training_calls
    said = f"{len(by_update)} updates were made to {len(by_update)} models: each is made anew"
    yield Seen("U16", PROVED, said, {"updates": len(by_update)}, seen[0].made or seen[0].place, certain=True)


@check("U08")
def rate_falls_too_soon(h: History) -> Iterator[Seen]:
    """The schedule is stepped after every batch though its numbers count epochs, or lowers the rate while the loss
    still falls (`ReduceLROnPlateau(mode="max")`): the rate is gone before anything is learnt.

    Cure: Call `scheduler.step()` once an epoch, or give it numbers that count batches.

    Cure in Keras: Schedules count batches, not epochs: `decay_steps` of several passes, or a constant rate.
    """
    moves, made = h.all(Scheduled), h.all(OptimizerMade)
    if len(moves) < FEW or not made or not h.updates:
        return
    fallen = moves[-1].learning_rate / max(moves[0].learning_rate, 1e-300)
    if fallen < SHRUNK:
        said = "the schedule moves after every batch: " if len(moves) > h.updates / 2 else ""
        said += f"the rate fell from {moves[0].learning_rate:.3g} to {moves[-1].learning_rate:.3g} "
        said += f"within {moves[-1].update - moves[0].update + 1} updates"
        numbers = {"updates": len(moves), "rate_first": moves[0].learning_rate, "rate_last": moves[-1].learning_rate}
        yield Seen("U08", MEASURED, said, numbers, moves[0].place, ("schedule", True))
