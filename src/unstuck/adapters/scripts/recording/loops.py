"""The loops of a running script: which turn of which loop is under way, and which must be cut short."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from unstuck.adapters.scripts.recording.hooks import Place
from unstuck.autodiff.tape import Tape

TURNS_KEPT = 300_000
PREPARES_AFTER = 10  # turns in which nothing was recorded, a loop may be found to prepare data only
CUT_AFTER = 200  # turns, where the whole loop would record more than
MOST_NODES = 400_000  # operations


@dataclass(slots=True)
class Activation:
    """One run of a loop from its first turn on. `length` is None where it is not known beforehand."""

    place: int
    length: int | None
    number: int
    turn: int = -1
    start: int = 0  # nodes on the tape when the turn began
    frame: int = 0
    began: int = 0  # nodes on the tape when the loop began
    busy_turns: int = 0  # in which something was recorded


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn in which something was recorded: nodes `start` to `end` (exclusive)."""

    place: int
    activation: int
    number: int
    start: int
    end: int
    length: int | None


@dataclass
class Loops:
    """Keeps account of loops. `updates_seen()` says whether parameters changed already."""

    tape: Tape
    places: list[Place]
    updates_seen: Callable[[], bool]
    turns: list[Turn] = field(default_factory=list)
    running: list[Activation] = field(default_factory=list)
    cut: list[Place] = field(default_factory=list)
    lengths: dict[int, int | None] = field(default_factory=dict)  # by place, of its last activation
    limits: dict[int, int] = field(default_factory=dict)  # turns after which a loop is ended
    activations: int = 0

    def turns_of(
        self, place: int, iterable: Iterable[Any], check: Callable[[], None], plainly: Callable[[int], bool]
    ) -> Iterator[Any]:
        """The items, with an account of each turn. `plainly(place)` says whether the body may run without hooks."""
        check()
        try:
            length: int | None = len(iterable)  # type: ignore[arg-type]
        except TypeError:
            length = None
        loop = self._enter(place, length)
        limit, begin, off = self.limits.get(place), len(self.tape), False
        try:
            for item in iterable:
                if off:
                    yield item
                    continue
                self._next(loop)
                yield item
                if loop.turn == PREPARES_AFTER and len(self.tape) == begin and plainly(place):
                    off = True
                if loop.turn + 1 == limit or (loop.turn >= CUT_AFTER and self._too_long(loop, check)):
                    self._cut(loop)
                    break
        finally:
            if off:
                plainly(-1)
            self._leave(loop)

    def while_turn(self, place: int, test: Any, frame: FrameType, check: Callable[[], None]) -> Any:
        """The test of a while loop, once for each turn."""
        check()
        loop = next((loop for loop in reversed(self.running) if loop.place == place and loop.frame == id(frame)), None)
        going = bool(test)
        if loop is None:
            if not going:
                return test
            loop = self._enter(place, None)
            loop.frame = id(frame)
        if not going:
            self._leave(loop)
            return test
        if loop.turn + 1 == self.limits.get(place):
            self._cut(loop)
            self._leave(loop)
            return False
        self._next(loop)
        return test

    def _enter(self, place: int, length: int | None) -> Activation:
        self.activations += 1
        loop = Activation(place, length, self.activations, start=len(self.tape), began=len(self.tape))
        self.lengths[place] = length
        self.running.append(loop)
        return loop

    def _next(self, loop: Activation) -> None:
        if self.running[-1] is not loop:
            while self.running and self.running[-1] is not loop and loop in self.running:
                self._close(self.running.pop())
        self._close(loop)
        loop.turn += 1
        loop.start = len(self.tape)

    def _close(self, loop: Activation) -> None:
        end = len(self.tape)
        if loop.turn >= 0 and end > loop.start:
            loop.busy_turns += 1
            if len(self.turns) < TURNS_KEPT:
                self.turns.append(Turn(loop.place, loop.number, loop.turn, loop.start, end, loop.length))
        loop.start = end

    def _leave(self, loop: Activation) -> None:
        self._close(loop)
        if loop in self.running:
            while self.running.pop() is not loop:
                pass

    def _too_long(self, loop: Activation, check: Callable[[], None]) -> bool:
        """Whether the loop goes over examples and would take too long to see a single update."""
        if loop.turn % 20 or loop.length is None or loop.busy_turns < 0.9 * loop.turn:
            return False
        recorded = len(self.tape) - loop.began
        if recorded / (loop.turn + 1) * loop.length < MOST_NODES:
            return False
        check()
        return not self.updates_seen()

    def _cut(self, loop: Activation) -> None:
        self.limits[loop.place] = loop.turn + 1
        if self.places[loop.place] not in self.cut:
            self.cut.append(self.places[loop.place])

    def under_way(self) -> Iterator[Turn]:
        """The turns that have not ended."""
        for loop in self.running:
            if loop.turn >= 0:
                yield Turn(loop.place, loop.number, loop.turn, loop.start, len(self.tape), loop.length)
