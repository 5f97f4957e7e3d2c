"""The examples of a training loop as it takes them: where no array of the program holds them ready."""

import builtins
import os
from importlib.abc import MetaPathFinder
from types import CodeType
from typing import Any

import numpy as np

from unstuck.adapters.scripts.reading.effort import SECOND
from unstuck.adapters.scripts.reading.examples import input_rows, target_rows
from unstuck.adapters.scripts.reading.read import Read
from unstuck.adapters.scripts.recording.imports import BesideTheScript
from unstuck.adapters.scripts.replay.building import Built
from unstuck.adapters.scripts.replay.case import Spot
from unstuck.adapters.scripts.replay.forms import Batch
from unstuck.adapters.scripts.text.weaving import PAUSE, SEEN, Source
from unstuck.adapters.watch import Run, Stopped
from unstuck.sandbox.call import copied

MOST_EXAMPLES = 2000
COLLECTING = 3 * SECOND  # for as many turns of the training loop


class Collector:
    """A watch under which a script runs as it stands for some turns of its loop, but for a look at their examples."""

    def __init__(
        self, read: Read, turns: int, inputs: Spot, targets: Spot, columns: bool, most: int = MOST_EXAMPLES
    ) -> None:
        self.loop, self.meeting = read.loop.place, read.inputs
        self.turns, self.inputs, self.targets, self.columns, self.most = turns, inputs, targets, columns, most
        self.namespace: dict[str, Any] = {}
        self.taken: dict[int, list[Any]] = {}
        self.parts: list[Batch] = []
        self.count = 0
        self.begun = False

    def collect(self, run: Run) -> None:
        """Keeps the examples that the loop takes first, turn by turn."""
        vars(builtins)[PAUSE], vars(builtins)[SEEN] = self._next_turn, self._seen
        run(self)

    def compile(self, text: str, filename: str) -> CodeType:
        """The script's own code with a look at its examples. Raises SyntaxError."""
        source = Source(text, filename)
        chosen = frozenset(spot.number for spot in (self.inputs, self.targets) if spot.file == filename)
        pause = source.number(self.loop.node) if filename == self.loop.site.file else None
        return source.code(chosen, pause)

    def finder(self, folder: str) -> MetaPathFinder:
        """An import hook for the modules of this folder."""
        return BesideTheScript(os.path.abspath(folder), self)

    def _seen(self, number: int, value: Any) -> Any:
        if self.begun:
            values = self.taken.setdefault(number, [])
            if len(values) < 20_000:
                values.append(copied(value) if isinstance(value, np.ndarray) else value)
        return value

    def _next_turn(self) -> None:
        if self.taken:
            self._keep()
        self.begun, self.taken = True, {}
        if self.count >= self.most or self.turns == 0:
            raise Stopped
        self.turns -= 1

    def _keep(self) -> None:
        inputs, targets = self.taken.get(self.inputs.number, []), self.taken.get(self.targets.number, [])
        if max([*self.inputs.visits, -1]) >= len(inputs) or max([*self.targets.visits, -1]) >= len(targets):
            return
        x = input_rows([inputs[i] for i in self.inputs.visits], self.meeting)
        t = None if x is None else target_rows([targets[i] for i in self.targets.visits], len(x), self.columns)
        if x is not None and t is not None and len(x) == len(t):
            same = not self.parts or (self.parts[0].x.shape[1:], self.parts[0].t.shape[1:]) == (
                x.shape[1:],
                t.shape[1:],
            )
            if same:
                self.parts.append(Batch(x, t))
                self.count += len(x)


def collected(run: Run, read: Read, built: Built, turns: int, most: int = MOST_EXAMPLES) -> list[Batch]:
    """The examples of each of the loop's first turns, in a run of their own; the replay is ready again afterwards."""
    collector = Collector(read, turns, built.inputs, built.targets, built.replay.columns, most)
    collector.collect(run)
    built.replay.install()
    return collector.parts


def without_repetitions(batch: Batch) -> Batch:
    """Each example once, in the order of its first turn, where a loop went through the same few again and again."""
    both = np.hstack([batch.x, batch.t])
    _, first = np.unique(both, axis=0, return_index=True)
    first.sort()
    return Batch(batch.x[first], batch.t[first]) if len(first) < 0.7 * len(both) else batch
