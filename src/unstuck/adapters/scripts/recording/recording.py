"""What is recorded of one run of a script, and for how long it is watched."""

import linecache
import operator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unstuck.adapters.scripts.recording.hooks import Place
from unstuck.adapters.scripts.recording.loops import Loops, Turn
from unstuck.adapters.scripts.recording.shuffling import Shuffle
from unstuck.autodiff.tape import Tape

PRINTED, WRAPPED = 200, 20  # calls and subtractions that are kept


@dataclass(frozen=True)
class Settings:
    """How long a script is watched."""

    updates: int = 2
    seconds: float = 30.0
    nodes: int = 3_000_000
    bytes: int = 700_000_000


@dataclass
class Recording:
    """What was recorded of one run."""

    tape: Tape
    places: list[Place]
    turns: list[Turn]
    printed: list[tuple[Place, tuple[Any, ...]]]
    loops: Loops
    complete: bool = False  # whether it was stopped because enough updates were seen
    cut: list[Place] = field(default_factory=list)  # loops that were ended early
    wrapped: list[tuple[Place, tuple[int, ...], float]] = field(default_factory=list)  # of what shape, which share
    shuffles: list[Shuffle] = field(default_factory=list)  # the first of them

    def saw_printed(self, place: Place, arguments: tuple[Any, ...]) -> None:
        """Remember what was printed."""
        if len(self.printed) < PRINTED:
            self.printed.append((place, arguments))

    def saw_wrapped(self, place: Place, a: Any, b: Any, shape: tuple[int, ...]) -> None:
        """Remember where unsigned whole numbers wrapped around: below zero they start again at their largest."""
        if place.op is operator.sub and len(self.wrapped) < WRAPPED:
            share = float(np.mean(np.less(a, b)))
            if share:
                self.wrapped.append((place, shape, share))

    def all_turns(self) -> list[Turn]:
        """The turns that were ended, and those that were under way when the recording ended."""
        return [*self.turns, *self.loops.under_way()]


def texts_of(recording: Recording) -> dict[str, str]:
    """The watched files with their texts, the script's own first."""
    files = dict.fromkeys(place.site.file for place in recording.places)
    return {file: "".join(linecache.getlines(file)) for file in files}
