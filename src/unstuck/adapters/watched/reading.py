"""How a script was understood: data, model, what the optimiser holds, loss, update, evaluation, each with its line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from unstuck.adapters.watched.events import Compared, LoaderMade, OptimizerMade
from unstuck.adapters.watched.history import History
from unstuck.adapters.watched.values import Parameter, Place, Shape


@dataclass(frozen=True)
class Seam:
    """Something that was seen at a line: what it is, in words, and its shape where it has one."""

    what: str
    line: int | None
    shape: Shape | None = None

    def to_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {"name": self.what, "line": self.line}
        return found if self.shape is None else {**found, "shape": list(self.shape)}


@dataclass(frozen=True)
class Unread:
    """Something that was not found, and what would help."""

    what: str
    missing: str


@dataclass(frozen=True)
class Reading:
    """How a training script was understood; None and empty for what was not found."""

    framework: str
    data: tuple[Seam, ...] = ()
    model: Seam | None = None
    inputs: Seam | None = None
    targets: Seam | None = None
    outputs: Seam | None = None
    parameters: tuple[tuple[Parameter, bool, int | None], ...] = ()  # with: is it held, and where is it updated
    loss: Seam | None = None
    update: Seam | None = None
    optimizer: OptimizerMade | None = None
    batch_size: int | None = None
    between: tuple[Seam, ...] = ()  # what is done between two updates, in order
    accuracy: Seam | None = None
    updates_seen: int = 0
    stand_ins: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As the JSON of a report has it."""
        parts = {name: getattr(self, name) for name in ("model", "inputs", "targets", "outputs", "accuracy")}
        return {
            "framework": self.framework,
            "data": [{"stand_in": None, "shape": None, **one.to_dict()} for one in self.data],
            **{name: part.to_dict() if part is not None else None for name, part in parts.items()},
            "parameters": [
                {
                    "name": one.name,
                    "shape": list(one.shape),
                    "dtype": one.dtype,
                    "line": _line(one.place),
                    "updated_at": at,
                    "held_by_optimizer": held,
                }
                for one, held, at in self.parameters
            ],
            "loss": {"line": self.loss.line, "what": self.loss.what} if self.loss else None,
            "update": {
                "line": self.update.line if self.update else None,
                "batch_size": self.batch_size,
                "learning_rate": self.optimizer.learning_rate if self.optimizer else None,
                "updates_planned": None,
                "rule": self.update.what if self.update else None,
            },
            "between_updates": [one.to_dict() for one in self.between],
            "unread": [{"what": one.what, "missing": one.missing} for one in self.unread],
            "remarks": [self._watched(), *self.stand_ins],
        }

    def _watched(self) -> str:
        """How much was seen, in a sentence."""
        held = sum(is_held for _, is_held, _ in self.parameters)
        all_ = len(self.parameters)
        said = f"{self.updates_seen:,} updates of a {self.framework} script were watched"
        return f"{said}; the optimiser holds {held} of the {all_} parameters" if held < all_ else said


def read(h: History, framework: str, stand_ins: tuple[str, ...] = ()) -> Reading:
    """The reading of what one run showed."""
    calls, taken, steps = h.training_calls, h.learnt, h.steps
    call, loss, step = calls[0] if calls else None, taken[0] if taken else None, steps[0] if steps else None
    loaders = h.all(LoaderMade)
    made = h.optimizer(step.optimizer) if step is not None else next(iter(h.all(OptimizerMade)), None)
    compared = h.all(Compared)
    held, line_of_step = h.held, _line(step.place) if step is not None else None
    parameters = tuple((one, one.key in held, line_of_step if one.key in held else None) for one in h.parameters)
    batch = loss.target_shape[0] if loss is not None and loss.target_shape else None
    return Reading(
        framework=framework,
        data=tuple(Seam(_loader(one), _line(one.place)) for one in loaders),
        model=Seam(call.model, _line(call.made)) if call else None,
        inputs=Seam("inputs", _line(call.place), call.input_shapes[0] if call.input_shapes else None) if call else None,
        targets=Seam(f"targets ({loss.target_dtype})", _line(loss.place), loss.target_shape) if loss else None,
        outputs=Seam(" of ".join(loss.last[:2]) or "outputs", _line(loss.last_place), loss.prediction_shape)
        if loss
        else None,
        parameters=parameters,
        loss=Seam(loss.kind, _line(loss.place)) if loss else None,
        update=Seam(made.kind if made is not None else "by hand", line_of_step) if step else None,
        optimizer=made,
        batch_size=batch,
        between=_between(h),
        accuracy=Seam(f"{compared[-1].how}, compared with labels", _line(compared[-1].place)) if compared else None,
        updates_seen=h.updates,
        stand_ins=stand_ins,
        unread=tuple(_unread(h)),
    )


def _line(place: Place | None) -> int | None:
    return place.line if place is not None else None


def _loader(made: LoaderMade) -> str:
    n = f"{made.n_examples:,} examples" if made.n_examples is not None else "examples"
    return f"{n} in batches of {made.batch_size}, {'shuffled' if made.shuffles else 'in order'}"


def _between(h: History) -> tuple[Seam, ...]:
    """What is done from one update to the next, each thing once."""
    names = {"ModelCalled": "model", "LossTaken": "loss", "WentBackward": "backward", "Stepped": "step"}
    names |= {"Scheduled": "schedule", "Compared": "compare"}
    found: list[Seam] = []
    for event in h.events:
        name = names.get(type(event).__name__)
        if name is None or event.update != min(1, h.updates - 1):
            continue
        if not getattr(event, "learning", True):
            continue
        if name == "step" and (zero := getattr(event, "zero_place", None)) is not None:
            found.append(Seam("zero_grad", zero.line))
        found.append(Seam(name, _line(event.place)))
    return tuple(dict.fromkeys(found))


def _unread(h: History) -> list[Unread]:
    unread = []
    if not h.updates:
        unread.append(Unread("updates", "a run that reaches an optimiser's step or an update by hand"))
    if not h.learnt:
        unread.append(Unread("the loss", "a loss function of the framework; one written by hand is not looked into"))
    if not h.all(Compared):
        unread.append(Unread("how the accuracy is computed", "answers compared with labels as tensors, in this run"))
    return unread
