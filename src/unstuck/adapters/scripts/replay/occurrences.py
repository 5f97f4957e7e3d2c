"""Where the examples of a turn stand in the program: in which expressions, and in what form."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unstuck.adapters.scripts.reading.update import Meeting
from unstuck.adapters.scripts.replay.case import NO_VISIT, CannotReplay, Spot, Visits, spot_of
from unstuck.adapters.scripts.replay.first_turn import FirstTurn, Trial
from unstuck.adapters.scripts.replay.forms import Batch, Form, match
from unstuck.adapters.scripts.replay.living import Finder
from unstuck.autodiff.tape import Node

Forms = dict[str, dict[int, Form]]
"""By file and number of the expression."""


@dataclass(repr=False, eq=False)
class Occurrences:
    """The expressions in which the batch stands.

    batch      without a column of ones that the program adds itself
    at_visits  by number of the expression, the visits at which it stands there, where that is not at all of them
    alike      whether an example of few or equal numbers may be taken for what it equals: to be held against another
    """

    trial: Trial
    first: FirstTurn
    batch: Batch
    forms: Forms = field(default_factory=dict)
    at_visits: dict[int, frozenset[int]] = field(default_factory=dict)
    alike: bool = False

    @classmethod
    def of(cls, trial: Trial, first: FirstTurn, alike: bool = False) -> Occurrences:
        """Look for them in turns that are run as they stand. Raises CannotReplay where the inputs stand nowhere."""
        found = cls(trial, first, first.batch, alike=alike)
        found._find()
        if not found._hold_inputs():
            raise CannotReplay("no expression of a turn holds its examples as a whole")
        return found

    def _find(self) -> None:
        trial = self.trial
        self.forms = self._all_forms()
        if not self._hold_inputs() and (bare := _without_ones(self.batch)) is not None:
            whole, self.batch = self.batch, bare
            self.forms = self._all_forms()
            if not self._hold_inputs():
                self.batch = whole
        for spot, of in ((trial.inputs, "x"), (trial.targets, "t")):
            if spot.number not in self.forms.get(spot.file, {}):
                self._force(spot, of)
        for meeting, of in ((trial.read.inputs, "x"), (trial.read.targets, "t")):
            self._force_elsewhere(meeting, of)

    def _hold_inputs(self) -> bool:
        return any(form.of in ("x", "both") for forms in self.forms.values() for form in forms.values())

    def _all_forms(self) -> Forms:
        found: Forms = {}
        for file, source in self.trial.living.sources.items():
            finder = Finder(self.batch, self._counts())
            numbers = frozenset(number for number, _ in source.expressions())
            with self.trial.turn({file: numbers}, finder):
                found[file] = {number: form for number, form in finder.forms.items() if self._is_told_apart(form)}
        return found

    def _counts(self) -> bool:
        """Whether a plain integer equal to the number of examples can mean nothing else."""
        read = self.trial.read
        sizes = {size for chain in read.chains for size in np.shape(chain.root.value)}
        all_at_once = read.full_batch or bool(self.trial.living.whole)
        return all_at_once and len(self.batch) > 1 and len(self.batch) not in sizes

    def _is_told_apart(self, form: Form) -> bool:
        """Whether a value in this form cannot equal another by chance."""
        rows = self.batch.x if form.of == "x" else self.batch.t
        if form.of in ("both", "count"):
            return True
        if form.name in ("labels", "column of labels"):
            rows = rows.argmax(axis=1)
        size = len(rows) if form.name in ("labels", "flat", "column of labels") else rows.size
        if self.alike and size > 1:
            return True
        return size > 2 and form.name != "label" and bool((rows != rows.flat[0]).any())

    # -- where the value alone would not tell ----------------------------------------------------------------------

    def _force(self, spot: Spot, of: str) -> None:
        """The place where examples meet the network takes them."""
        values = [self.first.taken[spot.number][i] for i in spot.visits]
        if len(values) > 1 and len(self.batch) > 1:
            return
        rows = self.batch.t if of == "t" else self.batch.x
        forms = [match(value, Batch(rows, rows)) for value in values]
        if not forms or any(form is None for form in forms) or len({form.name for form in forms if form}) != 1:
            return
        form = forms[0]
        assert form is not None
        self.forms.setdefault(spot.file, {})[spot.number] = Form(form.name, of, _Given(form, of))
        if len(values) < len(self.first.taken[spot.number]):
            self.at_visits[spot.number] = frozenset(spot.visits)

    def _force_elsewhere(self, meeting: Meeting, of: str) -> None:
        """The other operands of the turn at which the very same object stands that met the network."""
        read, living = self.trial.read, self.trial.living
        met = {id(argument) for node in meeting.nodes for argument in [_operand(node, meeting.position)]}
        places = {id(place.site): place for place in read.recording.places}
        spots: dict[tuple[int, int], set[int]] = {}
        for node in read.recording.tape.nodes[read.loop.start : read.loop.end]:
            if node.op.__name__ in NO_VISIT or id(node.site) not in places:
                continue
            for position, argument in enumerate(node.args):
                if isinstance(argument, Node) and id(argument) in met:
                    spots.setdefault((id(node.site), position), set()).add(node.number)
        for (site, position), numbers in spots.items():
            place = places[site]
            if place.node is meeting.place.node if meeting.place else False:
                continue
            with contextlib.suppress(CannotReplay):
                spot = spot_of(living, place, position, Visits(read.recording, read.loop, frozenset(numbers)))
                if spot.number not in self.forms.get(spot.file, {}) and self._watch(spot):
                    self._force(spot, of)

    def _watch(self, spot: Spot) -> bool:
        """Whether the values of an expression in the first turn are known; watches it where they are not yet."""
        taken = self.first.taken
        if spot.number not in taken:
            kept: list[Any] = []

            def keep(number: int, value: Any) -> Any:
                kept.append(self.trial.kept(value))
                return value

            with self.trial.turn({spot.file: frozenset({spot.number})}, keep):
                taken[spot.number] = list(kept)
        return max([*spot.visits, -1]) < len(taken[spot.number])


@dataclass(frozen=True)
class _Given:
    """A form found among targets (or inputs) alone."""

    form: Form
    of: str

    def __call__(self, batch: Batch) -> Any:
        rows = batch.t if self.of == "t" else batch.x
        return self.form.made(Batch(rows, rows))


def _operand(node: Node, position: int | None) -> Any:
    if position is not None:
        return node.args[position]
    return node.args[1][-1] if isinstance(node.args[1], tuple) else node.args[1]


def _without_ones(batch: Batch) -> Batch | None:
    """The batch without a column of ones before or after its features, which a program adds for the biases."""
    if batch.x.shape[1] < 2:
        return None
    if (batch.x[:, 0] == 1).all():
        return Batch(batch.x[:, 1:], batch.t)
    return Batch(batch.x[:, :-1], batch.t) if (batch.x[:, -1] == 1).all() else None
