"""Which loop of a script is the one that trains: the one whose turns make updates."""

import ast
import linecache
from dataclasses import dataclass, replace

from unstuck.adapters.scripts.reading.parameters import Chain
from unstuck.adapters.scripts.reading.update import Update
from unstuck.adapters.scripts.recording.hooks import Place
from unstuck.adapters.scripts.recording.loops import Turn
from unstuck.adapters.scripts.recording.recording import Recording
from unstuck.autodiff.tape import Site


@dataclass(frozen=True)
class TrainingLoop:
    """The innermost loop one turn of which makes an update, or several turns of which do."""

    place: Place
    turns_per_update: int
    start: int  # the first node of the turn in which the first update begins
    end: int  # past the last node of that turn
    length: int | None
    enclosing: tuple[Place, ...]  # the loops around it, outermost first


def find_loop(recording: Recording, chains: list[Chain], update: Update) -> TrainingLoop | None:
    """The training loop; None where the updates stand in no loop."""
    turns = recording.all_turns()
    suspended = [turn for turn in turns if recording.places[turn.place].suspends]
    turns = [turn for turn in turns if not recording.places[turn.place].suspends]
    changes = [chain.changes[0].number for chain in chains]
    first, last = min(changes), max(max(changes), update.last)
    around = sorted((turn for turn in turns if turn.start <= first and last < turn.end), key=_size)
    for turn in around:
        if turn.start <= update.first:
            return _loop(recording, turns, _with_length(turn, suspended, recording.places), 1)
        begun = [other for other in turns if other.activation == turn.activation and other.start <= update.first]
        if begun:
            start = max(begun, key=lambda other: other.start)
            return _loop(recording, turns, turn, turn.number - start.number + 1, start)
    return None


def _with_length(turn: Turn, suspended: list[Turn], places: list[Place]) -> Turn:
    """A loop over a generator is as long as the loop in the generator, but for one that a `while` begins again."""
    if turn.length is None:
        around = [other for other in suspended if other.start <= turn.start < other.end]
        inside = [other.length for other in around if other.length]
        again = any(_is_begun_again(places[other.place].site) for other in around)
        return replace(turn, length=inside[-1] if inside and not again else None)
    return turn


def _is_begun_again(loop: Site) -> bool:
    """Whether a loop stands in a `while`."""
    nodes = ast.walk(ast.parse("".join(linecache.getlines(loop.file))))
    around = [node for node in nodes if isinstance(node, ast.While)]
    return any(node.lineno < loop.line <= (node.end_lineno or 0) for node in around)


def _size(turn: Turn) -> int:
    return turn.end - turn.start


def _loop(
    recording: Recording, turns: list[Turn], turn: Turn, turns_per_update: int, start: Turn | None = None
) -> TrainingLoop:
    around = {other.place: other for other in turns if other.start <= turn.start and turn.end <= other.end}
    around.pop(turn.place, None)
    outermost_first = sorted(around.values(), key=lambda other: (other.start, -other.end))
    return TrainingLoop(
        recording.places[turn.place],
        turns_per_update,
        (start or turn).start,
        (start or turn).end,
        turn.length,
        tuple(recording.places[other.place] for other in outermost_first),
    )


def planned(recording: Recording, loop: TrainingLoop) -> int | None:
    """How many updates the loops as written make; None where a length is not known beforehand."""
    total = loop.length
    if total is None:
        return None
    for place in loop.enclosing:
        length = recording.loops.lengths.get(recording.places.index(place))
        if length is None:
            return None
        total *= length
    return total // loop.turns_per_update


def turns_before(recording: Recording, loop: TrainingLoop) -> int:
    """How many turns of the loop were begun before the one of the first update, as far as something was recorded in
    them: a loop that trains one network after another comes to the second one later."""
    place = recording.places.index(loop.place)
    turns = [turn for turn in recording.all_turns() if turn.place == place]
    own = next((turn for turn in turns if turn.start == loop.start and turn.end == loop.end), None)
    if own is None:
        return 0
    earlier: dict[int, int] = {}
    for turn in turns:
        if turn.activation < own.activation:
            earlier[turn.activation] = max(earlier.get(turn.activation, 0), turn.number + 1)
    return sum(earlier.values()) + own.number
