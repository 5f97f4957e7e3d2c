"""From a recording to a replay: the script is run again as it stands, stopped at its training loop, and tried out."""

import contextlib
from dataclasses import dataclass

import numpy as np

from unstuck.adapters.scripts.reading.examples import input_rows, target_rows
from unstuck.adapters.scripts.reading.read import Read
from unstuck.adapters.scripts.reading.update import Meeting
from unstuck.adapters.scripts.recording.recording import Recording
from unstuck.adapters.scripts.replay.case import CannotReplay, Replay, Spot, Visits, spot_of
from unstuck.adapters.scripts.replay.first_turn import FirstTurn, Trial, equal, first_turn, quietly
from unstuck.adapters.scripts.replay.living import Living, Pause
from unstuck.adapters.scripts.replay.occurrences import Occurrences
from unstuck.adapters.watch import Run
from unstuck.sandbox.call import copied

TOO_FEW = 2  # numbers of a first example, which may equal others by chance
FEW = 200  # examples that a program keeps for which a pass over all takes too long


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
    living.put_aside()
    trial = Trial(read, living, living.snapshot(), _spot(read, living, read.inputs), _spot(read, living, read.targets))
    first = first_turn(trial)
    telling = np.ptp(first.batch.x) > 0 and first.batch.x.size > TOO_FEW
    try:
        built = _built(trial, first, Occurrences.of(trial, first))
        if telling or built.next_too is not False:
            return built
    except CannotReplay:
        if telling:
            raise
    built = _built(trial, first, Occurrences.of(trial, first, alike=True))
    if not built.next_too:
        raise CannotReplay("its first example is of too few or equal numbers, and the next step could not be repeated")
    return built


def _total(recording: Recording) -> int | None:
    """The number of examples, where a loop over them was cut short."""
    lengths = {recording.loops.lengths.get(recording.places.index(place)) for place in recording.cut}
    return max((length for length in lengths if length is not None), default=None)


def _spot(read: Read, living: Living, meeting: Meeting) -> Spot:
    if meeting.place is None:
        raise CannotReplay("the place where examples come in is not known")
    numbers = frozenset(node.number for node in meeting.nodes)
    return spot_of(living, meeting.place, meeting.position, Visits(read.recording, read.loop, numbers))


def _built(trial: Trial, first: FirstTurn, found: Occurrences) -> Built:
    """The replay, tried out."""
    kinds = {form.name for each in found.forms.values() for form in each.values()}
    at_once = len(first.inputs_taken) == 1 and "pairs" not in kinds
    output, one = _output(trial, first), len(found.batch) == 1
    replay = Replay(
        trial.living, found.forms, output, first.columns, one, at_once, found.batch, first.paths, len(found.batch)
    )
    replay.at_visits = found.at_visits
    replay.install()
    try:
        faithful = _steps_as_it_stands(trial.read, replay, first)
        next_too = _next_step_too(trial.read, replay) if faithful and first.as_recorded else None
    finally:
        trial.snapshot.restore(everything=True)
    return Built(replay, faithful, next_too, trial.inputs, trial.targets)


def _steps_as_it_stands(read: Read, replay: Replay, first: FirstTurn) -> bool:
    """Whether a turn with its own examples put in ends with the parameters of the plain turn, to the bit."""
    if read.loop.turns_per_update > 1:
        return True
    with quietly():
        replay.step(replay.example.x, replay.example.t)
        given = [copied(value) for value in replay.parameters()]
    return all(equal(a, b) for a, b in zip(first.after, given, strict=True))


def _next_step_too(read: Read, replay: Replay) -> bool | None:
    """Whether the step after that, with the recorded examples of the next update, gives its parameters."""
    second, like = read.second, replay.example
    if second is None or second.inputs is None or second.targets is None or read.loop.turns_per_update > 1:
        return None
    x = input_rows(second.inputs.values, read.inputs)
    t = None if x is None else target_rows(second.targets.values, len(x), replay.columns)
    if x is None or t is None or t.shape[1:] != like.t.shape[1:]:
        return None
    with quietly():
        replay.step(x, t)
        given = [copied(value) for value in replay.parameters()]
    return all(
        equal(value, chain.versions[2].value)
        for chain, value in zip(read.chains, given, strict=True)
        if chain.updates > 1
    )


def _output(trial: Trial, first: FirstTurn) -> Spot:
    """The expression where the outputs pass."""
    read, meeting = trial.read, trial.read.targets
    output = read.update.outputs[0]
    node = meeting.nodes[0]
    assert meeting.place is not None
    if meeting.position is None or (len(node.args) > 1 and node.args[1 - meeting.position] is output):
        other = 0 if meeting.position is None else 1 - meeting.position
        with contextlib.suppress(CannotReplay):
            numbers = frozenset(node.number for node in meeting.nodes)
            spot = spot_of(trial.living, meeting.place, other, Visits(read.recording, read.loop, numbers))
            return Spot(spot.file, spot.number, _of_one(read, first, spot.visits))
    place = next((place for place in read.recording.places if place.site is output.site), None)
    if place is None:
        raise CannotReplay("the expression of the outputs is not known")
    wanted = frozenset(output.number for output in read.update.outputs)
    source = trial.living.sources.get(place.site.file)
    number = source.number(place.node) if source else None
    if number is None:
        raise CannotReplay(f"line {place.site.line}: the outputs are not an expression of their own")
    return Spot(place.site.file, number, _of_one(read, first, Visits(read.recording, read.loop, wanted).of(place)))


def _of_one(read: Read, first: FirstTurn, visits: tuple[int, ...]) -> tuple[int, ...]:
    """The visits of the first example, where a turn goes through several one by one."""
    if np.ndim(read.targets.values[0]) == 0:
        return visits[: max(1, len(visits) // max(1, len(first.batch)))]
    return visits[:1]
