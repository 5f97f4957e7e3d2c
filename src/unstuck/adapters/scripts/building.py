"""From a recording to a replay: the script is run again as it stands, stopped at its training loop, and tried out."""

import contextlib
import io
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.adapters.scripts.case import NO_VISIT, CannotReplay, Replay, Spot, Visits, spot_of
from unstuck.adapters.scripts.examples import in_columns, input_rows, target_rows
from unstuck.adapters.scripts.forms import Batch, Form, match
from unstuck.adapters.scripts.living import Finder, Living, Pause, follow, reachable_paths
from unstuck.adapters.scripts.parameters import Chain, shown
from unstuck.adapters.scripts.recorder import Recording
from unstuck.adapters.scripts.training_loop import TrainingLoop
from unstuck.adapters.scripts.update import Meeting, Update
from unstuck.adapters.watch import Run
from unstuck.autodiff.tape import Node
from unstuck.sandbox.call import copied

Array = np.ndarray
FEW = 200  # examples that a program keeps for which a pass over all takes too long


@dataclass(frozen=True)
class Read:
    """What was read of a recording so far: all that a replay needs."""

    recording: Recording
    chains: list[Chain]
    update: Update
    loop: TrainingLoop
    inputs: Meeting
    targets: Meeting
    second: Update | None = None
    skip: int = 0  # turns of the loop before the one that is meant
    full_batch: bool = False  # whether each update takes the same examples: then a number equal to theirs counts them


@dataclass(frozen=True)
class Built:
    """A replay and how far it was proved.

    faithful     a turn with its own examples put in gives the parameters of the plain turn, to the bit
    next_too     with the next update's examples put in, the next turn gives its recorded parameters, to the bit; None
                 where that could not be compared
    """

    replay: Replay
    faithful: bool
    next_too: bool | None
    inputs: Spot
    targets: Spot


def build(read: Read, run: Run) -> Built:
    """A replay of the script's training loop. Raises CannotReplay with the reason."""
    pause = Pause(read.loop.place, read.skip)
    run(pause)
    living = Living.of(pause)
    if living is None:
        raise CannotReplay("run a second time, the script did not come to its training loop")
    total = _total(read.recording)
    if total is not None:
        living.shorten(total, max(read.recording.loops.limits.values(), default=FEW))
    return _Builder(read, living).built()


def _total(recording: Recording) -> int | None:
    """The number of examples, where a loop over them was cut short."""
    lengths = {recording.loops.lengths.get(recording.places.index(place)) for place in recording.cut}
    return max((length for length in lengths if length is not None), default=None)


class _Builder:
    def __init__(self, read: Read, living: Living) -> None:
        self.read, self.living = read, living
        self.inputs = self._spot(read.inputs)
        self.targets = self._spot(read.targets)
        self.snapshot = living.snapshot()

    def _spot(self, meeting: Meeting) -> Spot:
        if meeting.place is None:
            raise CannotReplay("the place where examples come in is not known")
        numbers = frozenset(node.number for node in meeting.nodes)
        return spot_of(
            self.living, meeting.place, meeting.position, Visits(self.read.recording, self.read.loop, numbers)
        )

    @contextlib.contextmanager
    def _turn(self, chosen: dict[str, frozenset[int]], seen: Callable[[int, Any], Any]) -> Iterator[None]:
        """One turn with something watched; afterwards all is as it was before."""
        self.living.weave(chosen, seen)
        try:
            with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
                self.living.turn()
            yield
        finally:
            self.snapshot.restore()

    # -- the first turn --------------------------------------------------------------------------------------------

    def first_turn(self) -> None:
        """Run one turn as it stands: the examples that it takes, and the parameters before and after."""
        taken: dict[int, list[Any]] = {}

        def keep(number: int, value: Any) -> Any:
            taken.setdefault(number, []).append(copied(value) if isinstance(value, np.ndarray) else value)
            return value

        chosen: dict[str, frozenset[int]] = {}
        for spot in (self.inputs, self.targets):
            chosen[spot.file] = chosen.get(spot.file, frozenset()) | {spot.number}
        candidates = self._candidates()
        before = {path: copied(follow(self.living.scope, path)) for paths in candidates for path in paths}
        with self._turn(chosen, keep):
            for _ in range(self.read.loop.turns_per_update - 1):
                self.living.turn()
            after = {path: copied(_at(self.living.scope, path)) for path in before}
        self._choose_parameters(candidates, before, after)
        for spot in (self.inputs, self.targets):
            if max([*spot.visits, -1]) >= len(taken.get(spot.number, ())):
                raise CannotReplay("run a second time, the first turn of the loop took another course")
        self.inputs_taken = [taken[self.inputs.number][i] for i in self.inputs.visits]
        self.batch, self.columns = self._examples(
            self.inputs_taken, [taken[self.targets.number][i] for i in self.targets.visits]
        )
        self.taken = taken
        self.after = [after[path] for path in self.paths]

    def _examples(self, inputs: list[Any], targets: list[Any]) -> tuple[Batch, bool]:
        columns = in_columns(self.read.inputs)
        x = input_rows(inputs, self.read.inputs.position)
        if x is None:
            raise CannotReplay(f"line {self.read.inputs.line}: the inputs are no rows of numbers")
        t = target_rows(targets, len(x), columns)
        if t is None or len(t) != len(x):
            shape = None if t is None else t.shape
            raise CannotReplay(f"line {self.read.targets.line}: {len(x)} examples, but targets of shape {shape}")
        return Batch(x, t), columns

    def _candidates(self) -> list[list[tuple[Any, ...]]]:
        """For each parameter the paths at which its first value stands."""
        index_of = {chain.root.number: index for index, chain in enumerate(self.read.chains)}
        firsts = [[chain.root.value] for chain in self.read.chains]
        for node in self.read.recording.tape.nodes[: self.read.update.first]:
            index = index_of.get(shown(node).number)
            if index is not None and node.op is not operator.getitem:
                firsts[index].append(node.value)  # transposed, copied or of another type before training
        found: list[list[tuple[Any, ...]]] = [[] for _ in firsts]
        for path, value in reachable_paths(self.living.scope):
            for index, values in enumerate(firsts):
                if any(_equal(value, first) for first in values):
                    found[index].append(path)
        return found

    def _choose_parameters(self, candidates: list[Any], before: dict[Any, Any], after: dict[Any, Any]) -> None:
        """Of the paths with the right first value those whose value after the turn is the recorded one, or changed."""
        self.paths: list[tuple[Any, ...]] = []
        self.as_recorded = True
        for chain, paths in zip(self.read.chains, candidates):
            moving = [path for path in paths if not _equal(after[path], before[path]) and path not in self.paths]
            exact = [path for path in moving if _equal(after[path], chain.versions[1].value)]
            best = (exact or moving)[:1]
            if not best:
                raise CannotReplay(f"line {_line(chain)}: this parameter is not reached from the training loop")
            self.as_recorded &= bool(exact)
            self.paths.append(best[0])

    # -- where examples stand --------------------------------------------------------------------------------------

    def forms(self) -> dict[str, dict[int, Form]]:
        """By file and number of the expression: where the examples of a turn stand in it, and how."""
        found = self._all_forms()
        if not _holds_inputs(found):
            bare = _without_ones(self.batch)
            if bare is not None:
                whole, self.batch = self.batch, bare
                found = self._all_forms()
                if not _holds_inputs(found):
                    self.batch = whole
        self.at_visits: dict[int, frozenset[int]] = {}
        for spot, of in ((self.inputs, "x"), (self.targets, "t")):
            if spot.number not in found.get(spot.file, {}):
                self._force(found, spot, of)
        for meeting, of in ((self.read.inputs, "x"), (self.read.targets, "t")):
            self._force_elsewhere(found, meeting, of)
        return found

    def _force_elsewhere(self, found: dict[str, dict[int, Form]], meeting: Meeting, of: str) -> None:
        """The other operands of the turn at which the very same object stands that met the network."""
        read = self.read
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
                spot = spot_of(self.living, place, position, Visits(read.recording, read.loop, frozenset(numbers)))
                if spot.number not in found.get(spot.file, {}) and self._watch(spot):
                    self._force(found, spot, of)

    def _watch(self, spot: Spot) -> bool:
        """Whether the values of an expression in the first turn are known; watches it where they are not yet."""
        if spot.number not in self.taken:
            kept: list[Any] = []

            def keep(number: int, value: Any) -> Any:
                kept.append(copied(value) if isinstance(value, np.ndarray) else value)
                return value

            with self._turn({spot.file: frozenset({spot.number})}, keep):
                self.taken[spot.number] = list(kept)
        return max([*spot.visits, -1]) < len(self.taken[spot.number])

    def _all_forms(self) -> dict[str, dict[int, Form]]:
        found: dict[str, dict[int, Form]] = {}
        for file, source in self.living.sources.items():
            finder = Finder(self.batch, self.counts())
            numbers = frozenset(number for number, _ in source.expressions())
            with self._turn({file: numbers}, finder):
                found[file] = {number: form for number, form in finder.forms.items() if self._is_told_apart(form)}
        return found

    def counts(self) -> bool:
        """Whether a plain integer equal to the number of examples can mean nothing else."""
        sizes = {size for chain in self.read.chains for size in np.shape(chain.root.value)}
        return (
            (self.read.full_batch or bool(self.living.whole)) and len(self.batch) > 1 and len(self.batch) not in sizes
        )

    def _is_told_apart(self, form: Form) -> bool:
        """Whether a value in this form cannot equal another by chance."""
        rows = self.batch.x if form.of == "x" else self.batch.t
        if form.of in ("both", "count"):
            return True
        size = len(rows) if form.name in ("labels", "flat", "column of labels") else rows.size
        return size > 2 and len(np.unique(rows)) > 1 and form.name != "label"

    def _force(self, found: dict[str, dict[int, Form]], spot: Spot, of: str) -> None:
        """The place where examples meet the network takes them, though their value alone would not tell."""
        values = [self.taken[spot.number][i] for i in spot.visits]
        if len(values) > 1 and len(self.batch) > 1:
            return
        rows = self.batch.t if of == "t" else self.batch.x
        forms = [match(value, Batch(rows, rows)) for value in values]
        if not forms or any(form is None for form in forms) or len({form.name for form in forms if form}) != 1:
            return
        form = forms[0]
        assert form is not None
        found.setdefault(spot.file, {})[spot.number] = Form(form.name, of, _Given(form, of))
        if len(values) < len(self.taken[spot.number]):
            self.at_visits[spot.number] = frozenset(spot.visits)

    # -- the replay ------------------------------------------------------------------------------------------------

    def built(self) -> Built:
        """The replay, tried out."""
        self.first_turn()
        forms = self.forms()
        if not _holds_inputs(forms):
            raise CannotReplay("no expression of a turn holds its examples as a whole")
        kinds = {form.name for each in forms.values() for form in each.values()}
        at_once = len(self.inputs_taken) == 1 and "pairs" not in kinds
        replay = Replay(
            self.living, forms, self._output(), self.columns, len(self.batch) == 1, at_once, self.batch, self.paths
        )
        replay.at_visits = self.at_visits
        replay.install()
        try:
            faithful = self._steps_as_it_stands(replay)
            next_too = self._next_step_too(replay) if faithful and self.as_recorded else None
        finally:
            self.snapshot.restore(everything=True)
        return Built(replay, faithful, next_too, self.inputs, self.targets)

    def _steps_as_it_stands(self, replay: Replay) -> bool:
        """Whether a turn with its own examples put in ends with the parameters of the plain turn, to the bit."""
        if self.read.loop.turns_per_update > 1:
            return True
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            replay.step(self.batch.x, self.batch.t)
            given = [copied(value) for value in replay.parameters()]
        return all(_equal(a, b) for a, b in zip(self.after, given, strict=True))

    def _next_step_too(self, replay: Replay) -> bool | None:
        """Whether the step after that, with the recorded examples of the next update, gives its parameters."""
        second = self.read.second
        if second is None or second.inputs is None or second.targets is None or self.read.loop.turns_per_update > 1:
            return None
        x = input_rows(second.inputs.values, self.read.inputs.position)
        t = None if x is None else target_rows(second.targets.values, len(x), self.columns)
        if x is None or t is None or t.shape[1:] != self.batch.t.shape[1:]:
            return None
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            replay.step(x, t)
            given = [copied(value) for value in replay.parameters()]
        return all(
            _equal(value, chain.versions[2].value)
            for chain, value in zip(self.read.chains, given, strict=True)
            if chain.updates > 1
        )

    def _output(self) -> Spot:
        """The expression where the outputs pass."""
        read, meeting = self.read, self.read.targets
        first = read.update.outputs[0]
        node = meeting.nodes[0]
        assert meeting.place is not None
        if meeting.position is None or (len(node.args) > 1 and node.args[1 - meeting.position] is first):
            other = 0 if meeting.position is None else 1 - meeting.position
            with contextlib.suppress(CannotReplay):
                return self._operand_spot(meeting, other)
        place = next((place for place in read.recording.places if place.site is first.site), None)
        if place is None:
            raise CannotReplay("the expression of the outputs is not known")
        wanted = frozenset(output.number for output in read.update.outputs)
        source = self.living.sources.get(place.site.file)
        number = source.number(place.node) if source else None
        if number is None:
            raise CannotReplay(f"line {place.site.line}: the outputs are not an expression of their own")
        return Spot(place.site.file, number, self._of_one(Visits(read.recording, read.loop, wanted).of(place)))

    def _operand_spot(self, meeting: Meeting, position: int) -> Spot:
        assert meeting.place is not None
        numbers = frozenset(node.number for node in meeting.nodes)
        spot = spot_of(self.living, meeting.place, position, Visits(self.read.recording, self.read.loop, numbers))
        return Spot(spot.file, spot.number, self._of_one(spot.visits))

    def _of_one(self, visits: tuple[int, ...]) -> tuple[int, ...]:
        """The visits of the first example, where a turn goes through several one by one."""
        if np.ndim(self.read.targets.values[0]) == 0:
            return visits[: max(1, len(visits) // max(1, len(self.batch)))]
        return visits[:1]


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


def _holds_inputs(found: dict[str, dict[int, Form]]) -> bool:
    return any(form.of in ("x", "both") for forms in found.values() for form in forms.values())


def _without_ones(batch: Batch) -> Batch | None:
    """The batch without a column of ones before or after its features, which a program adds for the biases."""
    if batch.x.shape[1] < 2:
        return None
    if (batch.x[:, 0] == 1).all():
        return Batch(batch.x[:, 1:], batch.t)
    return Batch(batch.x[:, :-1], batch.t) if (batch.x[:, -1] == 1).all() else None


def _at(scope: dict[str, Any], path: tuple[Any, ...]) -> Any:
    """What stands at a path; None where it is gone."""
    with contextlib.suppress(Exception):
        return follow(scope, path)
    return None


def _equal(a: Any, b: Any) -> bool:
    if isinstance(b, np.ndarray):
        return isinstance(a, np.ndarray) and a.shape == b.shape and a.dtype == b.dtype and _same(a, b)
    return type(a) is type(b) and (a == b or a != a)


def _same(a: Array, b: Array) -> bool:
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))


def _line(chain: Chain) -> int | None:
    return chain.root.site.line if chain.root.site else None
