"""A Case of a living script: predict and step run its own training loop with other examples in it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unstuck.adapters.scripts.reading.training_loop import TrainingLoop
from unstuck.adapters.scripts.recording.hooks import Place, operand_of
from unstuck.adapters.scripts.recording.paths import follow
from unstuck.adapters.scripts.recording.recording import Recording
from unstuck.adapters.scripts.replay.forms import Batch, Form
from unstuck.adapters.scripts.replay.live_parameters import layers
from unstuck.adapters.scripts.replay.living import Captured, Living
from unstuck.sandbox.reachable import LARGE

Array = np.ndarray
MADE = 16  # objects that a turn's examples stand in at once: an array, a list, copies of them; inputs and targets


NO_VISIT = frozenset({"LEAF", "assigned", "write_window", "read_window", "overwritten"})


class CannotReplay(Exception):
    """Why the script's own steps cannot be run with other examples."""


@dataclass(frozen=True)
class Spot:
    """An expression of a file by number, and at which of its visits in a turn the wanted values pass."""

    file: str
    number: int
    visits: tuple[int, ...]


Made = tuple[Form, Any, Any]
"""The form in which examples were put somewhere, what stood there, and what stands there now."""


@dataclass(repr=False, eq=False)
class Replay:
    """The training loop of a living script, run with examples of one's choice."""

    living: Living
    forms: dict[str, dict[int, Form]]  # by file and number of the expression
    output: Spot
    columns: bool  # whether an example is a column in what is captured
    one_by_one: bool  # whether a turn takes a single example
    at_once: bool  # whether a turn goes through its examples as one array
    example: Batch  # of the first turn
    parameter_paths: list[tuple[Any, ...]]
    size: int  # of the batch of the first turn
    of_one_size: bool = False  # whether the turn fails with batches of other sizes
    batch: Batch | None = None
    captured: list[Any] | None = None
    visits: int = 0
    at_visits: dict[int, frozenset[int]] = field(default_factory=dict)  # where not all visits take examples
    visited: dict[int, int] = field(default_factory=dict)
    made: deque[Made] = field(default_factory=lambda: deque(maxlen=MADE))  # in this turn, last

    def install(self) -> None:
        """Let the functions of the script take the examples of `batch`."""
        chosen = {file: frozenset(forms) for file, forms in self.forms.items()}
        chosen[self.output.file] = chosen.get(self.output.file, frozenset()) | {self.output.number}
        self.living.weave(chosen, self._seen)

    def _seen(self, number: int, value: Any) -> Any:
        if self.batch is not None and self._takes(number):
            for forms in self.forms.values():
                if number in forms:
                    value = self._made(value, forms[number], self.batch)
        if self.captured is not None and number == self.output.number:
            if self.visits in self.output.visits:
                self.captured.append(value)
            self.visits += 1
            if len(self.captured) == len(self.output.visits):
                raise Captured
        return value

    def _made(self, value: Any, form: Form, batch: Batch) -> Any:
        """The examples in the place of a value: one object wherever and as often as the script finds one object, as a
        loop over examples does with its data."""
        for known, stood, stands in self.made:
            if stands is value or (stood is value and (known.name, known.of) == (form.name, form.of)):
                return stands
        stands = form.made(batch)
        if getattr(stands, "nbytes", 0) > LARGE:
            self.made.clear()
        self.made.append((form, value, stands))
        return stands

    def _takes(self, number: int) -> bool:
        """Whether this visit of an expression is one at which the examples stand there."""
        visits = self.at_visits.get(number)
        if visits is None:
            return True
        visit = self.visited.get(number, 0)
        self.visited[number] = visit + 1
        return visit in visits

    def parameters(self) -> list[Any]:
        """The live arrays (or numbers), read anew."""
        return [follow(self.living.scope, path) for path in self.parameter_paths]

    def layers(self) -> list[Any]:
        """The same, with what the units of one layer keep apart in one array, and all of them writable."""
        return layers(self.living.scope, self.parameter_paths)

    def step(self, x: Array, targets: Array) -> None:
        """The script's own update on these rows: one turn of its loop, or one for each example."""
        batch = Batch(np.asarray(x), _columns(targets, self.example))
        for part in self._parts(batch, self.one_by_one):
            self._turn(part)

    def predict(self, x: Array) -> Array:
        """(n, n_outputs): the outputs of the script's own forward pass, with any targets."""
        x = np.asarray(x)
        batch = Batch(x, np.repeat(self.example.t[:1], len(x), axis=0))
        if not len(batch):
            return np.zeros((0, self.example.t.shape[1]))
        apart = self.one_by_one or not self.at_once
        if not (apart or self.of_one_size):
            try:
                return self._outputs(batch)
            except Exception:
                if len(batch) == self.size:
                    raise
                self.of_one_size = True
        if apart:
            return np.concatenate([self._outputs(part) for part in self._parts(batch, apart)])
        return np.concatenate([self._outputs(part) for part in _filled_up(batch, self.size)])[: len(batch)]

    def _parts(self, batch: Batch, apart: bool) -> list[Batch]:
        if not apart:
            return [batch]
        return [Batch(batch.x[i : i + 1], batch.t[i : i + 1]) for i in range(len(batch))]

    def _outputs(self, batch: Batch) -> Array:
        self.captured, self.visits = [], 0
        try:
            self._turn(batch)
        except Captured:
            pass
        finally:
            found, self.captured = self.captured, None
        return output_rows(found, len(batch), self.columns)

    def _turn(self, batch: Batch) -> None:
        self.batch = batch
        self.visited.clear()
        self.made.clear()
        try:
            self.living.turn()
            self.living.count()
        finally:
            self.batch = None
            self.made.clear()


def _filled_up(batch: Batch, size: int) -> list[Batch]:
    """Batches of one size, the last one filled up with examples that were there before."""
    rows = [np.arange(start, start + size) % len(batch) for start in range(0, len(batch), size)]
    return [Batch(batch.x[each], batch.t[each]) for each in rows]


def output_rows(values: Sequence[Any], n: int, columns: bool) -> Array:
    """(n, k): captured outputs as rows."""
    arrays = [np.array(value, copy=True) for value in values]
    if arrays and arrays[0].ndim == 0:
        return np.array(arrays, dtype=float).reshape(n, -1)
    array = arrays[0]
    if array.ndim == 1:
        return array.reshape(n, -1)
    if (array.ndim == 2 and array.shape[0] != n) or (columns and array.ndim == 2 and array.shape[1] == n):
        return array.T
    return array.reshape(n, -1)


def _columns(targets: Any, example: Batch) -> Array:
    values = np.asarray(targets)
    return values.reshape(len(values), -1)


def spot_of(living: Living, place: Place, position: int | None, recorded: Visits) -> Spot:
    """The operand of a recorded expression as an expression of the living script."""
    operand = operand_of(place, position)
    source = living.sources.get(place.site.file)
    number = source.number(operand) if source is not None and operand is not None else None
    if number is None:
        raise CannotReplay(f"line {place.site.line}: the operand is not an expression of its own")
    return Spot(place.site.file, number, recorded.of(place))


@dataclass(frozen=True)
class Visits:
    """How often an expression was carried out in the first turn, and at which times with these nodes."""

    recording: Recording
    loop: TrainingLoop
    wanted: frozenset[int] = field(default_factory=frozenset)

    def of(self, place: Place) -> tuple[int, ...]:
        """The visits, counted from 0 within the first turn, that made the wanted nodes."""
        end = self.loop.end
        nodes = [node for node in self.recording.tape.nodes[self.loop.start : end] if node.site is place.site]
        nodes = [node for node in nodes if node.op.__name__ not in NO_VISIT]
        return tuple(index for index, node in enumerate(nodes) if node.number in self.wanted)
