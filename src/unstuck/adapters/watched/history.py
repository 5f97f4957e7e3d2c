"""The events of one run, asked in the ways that checks and the reading need. All functions are pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np

from unstuck.adapters.watched.events import Event, LossTaken, ModelCalled, OptimizerMade, Stepped, WentBackward
from unstuck.adapters.watched.scores import pooled
from unstuck.adapters.watched.values import Array, Parameter, ParameterStep

POOR = 0.5  # of what could be learnt beyond chance
LONG = 0.25  # of all updates: a training of its own
FEWEST_LABELS = 50  # from which the shares of classes are told
OF_ALL_CLASSES = (  # losses whose value is the cross-entropy of one choice
    "cross_entropy",
    "nll_loss",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
)

E = TypeVar("E", bound=Event)


class History:
    """What happened, in order."""

    def __init__(self, events: Sequence[Event], updates: int) -> None:
        self.events, self.updates = tuple(events), updates

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def learnt(self) -> list[LossTaken]:
        """The losses that were learnt from; where no graph was walked, those that could have been."""
        return [event for event in self.all(LossTaken) if event.learning]

    @property
    def shown(self) -> list[LossTaken]:
        """Of these, such that were kept with their arrays."""
        return [event for event in self.learnt if event.prediction is not None and event.target is not None]

    @property
    def steps(self) -> list[Stepped]:
        return [event for event in self.all(Stepped) if event.parameters]

    @property
    def backwards(self) -> list[WentBackward]:
        return self.all(WentBackward)

    @property
    def training_calls(self) -> list[ModelCalled]:
        return [event for event in self.all(ModelCalled) if event.learning]

    @property
    def learnt_calls(self) -> list[ModelCalled]:
        """The last call before each way back: those that were learnt from for certain."""
        found: list[ModelCalled] = []
        last: ModelCalled | None = None
        for event in self.events:
            if isinstance(event, ModelCalled):
                last = event
            elif isinstance(event, WentBackward) and last is not None:
                found.append(last)
                last = None
        return found

    @property
    def evaluation_calls(self) -> list[ModelCalled]:
        """Calls after the first update that were not learnt from."""
        return [event for event in self.all(ModelCalled) if not event.learning and event.update > 0]

    @property
    def parameters(self) -> list[Parameter]:
        """Every parameter that a step changed or derivatives reached, as it was last seen."""
        found: dict[int, Parameter] = {}
        for step in self.all(Stepped):
            found.update((one.parameter.key, one.parameter) for one in step.parameters)
        for backward in self.backwards:
            found.update((one.key, one) for one in backward.reached if one.in_layer or one.key in found)
        return list(found.values())

    @property
    def held(self) -> set[int]:
        """Keys of what optimisers hold, and of what was updated by hand."""
        held = {key for made in self.all(OptimizerMade) for key in made.holds}
        return held | {one.parameter.key for step in self.all(Stepped) for one in step.parameters}

    @property
    def reached(self) -> dict[int, Parameter]:
        """What derivatives were taken by."""
        return {one.key: one for backward in self.backwards for one in backward.reached}

    def optimizer(self, number: int | None) -> OptimizerMade | None:
        return next((made for made in self.all(OptimizerMade) if made.number == number), None)

    @property
    def labels(self) -> Array:
        """(n,) class numbers of the targets in the order in which they were learnt from."""
        found = [event.classes for event in self.learnt if event.classes is not None]
        return np.concatenate(found) if found else np.zeros(0, np.int32)

    @property
    def batches(self) -> list[Array]:
        """The class numbers of each loss."""
        return [event.classes for event in self.learnt if event.classes is not None]


def largest(steps: Sequence[ParameterStep], name: str) -> float:
    """The largest of one number over parameters."""
    return max((float(getattr(one, name)) for one in steps), default=0.0)


def how_well(events: Sequence[Event], first: int, last: int) -> tuple[float | None, float | None]:
    """The pooled score and the mean loss of the losses learnt from, from update `first` up to before `last`.

    Each batch is judged before it is learnt from, so that in a first pass the score is that of examples not yet seen.
    """
    taken = [event for event in events if isinstance(event, LossTaken) and event.learning]
    taken = [event for event in taken if first <= event.update < last]
    values = [event.value for event in taken if event.value is not None]
    loss = float(np.mean(values)) if values else None
    return pooled([event.score for event in taken if event.score is not None]), loss


@dataclass(frozen=True)
class Known:
    """What the targets alone tell, without any input: the score, and the loss where it is known."""

    score: float
    loss: float | None = None


def known_beforehand(h: History) -> Known:
    """The score and the mean loss of always answering with the shares of the classes, or with the mean of the targets.

    Nothing is known of several losses at once, such as those of an adversarial pair, or of weighted ones.
    """
    taken = [event for event in h.learnt if event.score is not None]
    if len({event.place for event in taken}) > 1 or any("weighted" in event.options for event in taken):
        return Known(-np.inf)
    first = taken[0].score if taken else None
    if first is None or first.kind == "squares":
        return Known(0.0)
    labels = h.labels
    if labels.size < FEWEST_LABELS:
        return Known(1 / max(first.spread, 2.0))
    shares = np.unique(labels, return_counts=True)[1] / labels.size
    entropy = float(-(shares * np.log(shares)).sum())
    one_choice = taken[0].kind in OF_ALL_CLASSES or taken[0].prediction_shape[1:] in ((), (1,))
    told = one_choice and entropy > 0 and all(event.value is None or event.value >= 0 for event in taken)
    return Known(float(shares.max()), entropy if told else None)


def last_stage(h: History) -> tuple[int, int]:
    """The first update of the last training that a script makes one after another, and where it ends: [first, end).

    Such as of a new head after the body. Trainings that take turns, and one too short to tell, are parts of a whole.
    """
    updates: dict[object, list[int]] = {}
    for event in h.learnt:
        updates.setdefault(event.place, []).append(event.update)
    stages = [(at[0], at[-1] + 1) for at in updates.values()]
    apart = all(before[1] <= after[0] for before, after in pairwise(stages))
    long = [stage for stage in stages if stage[1] - stage[0] >= LONG * h.updates]
    return long[-1] if apart and len(stages) > 1 and long else (0, h.updates)


def is_poor(h: History) -> bool:
    """Whether little was learnt of what could be, beyond chance, by the end of what was watched."""
    last = how_well(h.events, h.updates - max(1, h.updates // 3), h.updates)[0]
    scores = [event.score for event in h.learnt if event.score is not None]
    if last is None or not scores:
        return False
    chance = 1 / max(scores[0].spread, 2.0) if scores[0].kind == "accuracy" else 0.0
    return (last - chance) / (1 - chance) < POOR
