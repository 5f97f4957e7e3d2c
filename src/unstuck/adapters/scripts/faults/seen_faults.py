"""Faults that the recording of a script shows by itself, and no experiment on its steps could: results of an update
that nothing reads, examples that the update passes over, inputs and targets shuffled apart."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from typing import Any

import numpy as np

from unstuck.adapters.scripts.faults.made_anew import made_anew
from unstuck.adapters.scripts.reading.examples import in_columns, input_rows, target_rows
from unstuck.adapters.scripts.reading.lines import Lines, location
from unstuck.adapters.scripts.reading.parameters import ancestors, shown
from unstuck.adapters.scripts.reading.read import Read
from unstuck.adapters.scripts.recording.recording import texts_of
from unstuck.adapters.scripts.recording.shuffling import FEWEST, Shuffle
from unstuck.adapters.scripts.replay.data_sets import coded, places_of
from unstuck.autodiff.families import ADDING, SUBTRACTING
from unstuck.autodiff.tape import LEAF, Node, Site, Tape, value_in
from unstuck.diagnosis.examination.evidence import PROVED
from unstuck.diagnosis.report.contents import Finding, Location
from unstuck.diagnosis.rules import RULES

AGAIN = 3  # times that a result was lost before it is called so
AGAIN_BESIDE = 2  # the same where other parameters change: a recording ends after their second update
LARGEST = re.compile(r"\bargmax\s*\(")
SEEN = 0.9  # of the targets, that belong to the inputs at the same places


def seen_faults(read: Read, examples: int | None) -> Iterator[Finding]:
    """The faults of a script that was read, and that has so many examples."""
    yield from wrapped_around(read, examples)
    yield from passed_over(read)
    yield from shuffled_apart(read)
    changing = frozenset(chain.root.number for chain in read.chains)
    yield from of_lost_updates(lost_updates(read.recording.tape, AGAIN_BESIDE, changing))
    yield from held_against_all(read)
    yield from made_anew(read, examples)


def wrapped_around(read: Read, examples: int | None) -> Iterator[Finding]:
    """An array of as many numbers as the inputs, prepared by a subtraction that wrapped around."""
    rows = input_rows(read.inputs.values, read.inputs)
    for place, shape, share in read.recording.wrapped:
        size = float(np.prod(shape))
        if rows is not None and examples and size == examples * rows.shape[1]:
            words = f"{share:.0%} of the numbers that `{place.site.text}` gives wrapped around: they are unsigned"
            yield Finding(RULES["D03"], PROVED, words, {"wrapped": share}, True, None, location(place.site))
            return


# -- results that nothing reads ----------------------------------------------------------------------------------------


def lost_updates(tape: Tape, again: int = AGAIN, beside: Set[int] = frozenset()) -> list[Site]:
    """The expressions `a ± d` that are carried out again and again with the same `a`, on which `d` depends: as long as
    nothing reads their results, they are updates that change nothing. `beside`: numbers of such `a` that others change.
    """
    read = {parent.number for node in tape.nodes for parent in node.parents()}
    lost: dict[tuple[int, int], list[tuple[Node, Node, Node]]] = defaultdict(list)
    for node in tape.nodes:
        if node.number in read or node.site is None or node.op not in ADDING | SUBTRACTING or len(node.args) != 2:
            continue
        before, step = node.args
        if isinstance(before, Node) and isinstance(step, Node) and _is_first_value(before) and step.op is not LEAF:
            lost[id(node.site), shown(before).number].append((node, before, step))
    found: dict[int, Site] = {}
    for uses in lost.values():
        node, before, step = uses[0]
        changed = shown(before).number in beside
        if (
            len(uses) >= again
            and not changed
            and shown(before) in ancestors([step], shown(before).number)
            and node.site is not None
        ):
            found[id(node.site)] = node.site
    return list(found.values())


def _is_first_value(node: Node) -> bool:
    value = shown(node).value
    return shown(node).op is LEAF and np.size(value) > 1 and np.asarray(value).dtype.kind == "f"


def of_lost_updates(sites: list[Site]) -> Iterator[Finding]:
    """One finding for each expression whose results nothing reads."""
    for site in sites:
        words = f"nothing reads what `{site.in_one_line}` gives: the parameters stay what they were"
        yield Finding(RULES["U05"], PROVED, words, {}, True, None, location(site))


def of_diverging(read: Read, number: int | None) -> Iterator[Finding]:
    """A finding where the losses of the script's own run end in no finite number."""
    if number is None:
        return
    site = Lines(read).rate(None)
    words = "run as it stands, the losses that it writes down turn NaN or infinite, and stay so"
    where = None if site is None else location(site)
    yield Finding(RULES["U13"], PROVED, words, {"finite_losses": number}, True, None, where)


# -- outputs and targets that broadcast --------------------------------------------------------------------------------


def held_against_all(read: Read) -> Iterator[Finding]:
    """Outputs in one column whose difference from a row of targets is a table: each is held against every target."""
    sides = _sides_of_the_error(read)
    if sides is None:
        return
    output, target = map(np.shape, sides)
    count = max([*output, 0])
    if (
        count > 1
        and sorted([output, target]) == sorted([(count, 1), (count,)])
        and np.shape(read.targets.nodes[0].value) == (count,) * 2
    ):
        words = (
            f"outputs of shape {output} and targets of shape {target} give {count} x {count} differences: every output "
            f"is held against every target"
        )
        yield Finding(RULES["L04"], PROVED, words, {"examples": count}, True, None, _meeting(read))


def one_target_for_all_outputs(read: Read) -> Iterator[Finding]:
    """Outputs for several classes, of which the script asks for the largest, and for each example one number that all
    of them are held against."""
    sides = _sides_of_the_error(read)
    if sides is None or not any(LARGEST.search(text) for text in texts_of(read.recording).values()):
        return
    output, target = map(np.shape, sides)
    alone = tuple(1 if one > 1 and one != other else one for one, other in zip(output, target, strict=False))
    if len(output) != 2 or len(target) != 2 or output == target or target != alone:
        return
    examples, outputs = np.size(sides[1]), np.size(sides[0]) // np.size(sides[1])
    kinds = len(np.unique(sides[1]))
    if 1 < kinds <= outputs < examples:
        words = f"targets of shape {target} hold one number for each example, and all {outputs} outputs are taught it"
        numbers = {"outputs": outputs, "numbers": kinds}
        yield Finding(RULES["D09"], PROVED, words, numbers, True, None, _meeting(read))


def _sides_of_the_error(read: Read) -> tuple[Any, Any] | None:
    """The outputs and the targets of the difference in which they meet; None where they meet in no difference."""
    node = read.targets.nodes[0]
    if read.targets.place is None or node.op not in SUBTRACTING or len(node.args) != 2:
        return None
    first, second = map(value_in, node.args)
    return (second, first) if read.targets.position == 0 else (first, second)


def _meeting(read: Read) -> Location | None:
    return None if read.targets.place is None else location(read.targets.place.site)


# -- examples that the update passes over ------------------------------------------------------------------------------


def passed_over(read: Read) -> Iterator[Finding]:
    """A loop whose turns each take an example through the network, before an update that takes the last one only."""
    loop, recording = read.loop, read.recording
    spot = read.inputs.place
    if spot is None or loop.turns_per_update > 1:
        return
    used = {node.number for node in read.inputs.nodes}
    changes = [change.number for chain in read.chains for change in chain.changes[:1]]
    inner: dict[tuple[int, int], list[Any]] = defaultdict(list)
    for turn in recording.turns:
        inside = loop.start <= turn.start and turn.end <= loop.end and recording.places[turn.place] is not loop.place
        if inside and not any(turn.start <= number < turn.end for number in changes):
            inner[turn.place, turn.activation].append(turn)
    for (place, _), turns in inner.items():
        taken = [_at(read, turn.start, turn.end) for turn in turns]
        passed = len(taken) > 1 and all(len(numbers) == len(taken[0]) > 0 for numbers in taken)
        if passed and used <= taken[-1] and len({_content(read, numbers) for numbers in taken}) > 1:
            site = recording.places[place].site
            words = (
                f"the loop in line {site.line} takes {len(turns):,} examples through the network, and the update "
                f"after it in line {_line_of(read)} learns from the last one only"
            )
            yield Finding(RULES["D14"], PROVED, words, {"taken": 1, "examples": len(turns)}, True, None, location(site))
            return


def _at(read: Read, start: int, end: int) -> set[int]:
    """The nodes between two at which inputs meet the first weights."""
    spot = read.inputs.place
    nodes = read.recording.tape.nodes[start:end]
    return {node.number for node in nodes if spot is not None and node.site is spot.site and node.op is not LEAF}


def _content(read: Read, numbers: set[int]) -> bytes:
    """What came in at these nodes."""
    position = read.inputs.position or 0
    found = b""
    for number in sorted(numbers):
        argument = read.recording.tape.nodes[number].args[position]
        found += np.asarray(value_in(argument)).tobytes()
    return found


def _line_of(read: Read) -> int:
    site = read.chains[0].changes[0].site
    return site.line if site is not None else read.loop.place.site.line


# -- inputs and targets shuffled apart ---------------------------------------------------------------------------------


def shuffled_apart(read: Read) -> Iterator[Finding]:
    """Inputs and targets that were put in two orders: by two calls whose generators were not in the same state, or by
    other row numbers."""
    rows = input_rows(read.inputs.values, read.inputs)
    targets = None if rows is None else target_rows(read.targets.values, len(rows), in_columns(read.inputs))
    if rows is None or targets is None or len(rows) != len(targets):
        return
    shuffles = [each for each in read.recording.shuffles if not each.of_rows or len(rows) >= FEWEST]
    for inputs in shuffles:
        x = _table(inputs, rows.shape[1])
        places = None if x is None else places_of(x, rows)
        if x is None or places is None:
            continue
        for other in _with_targets(shuffles, inputs, places, targets):
            if other.state == inputs.state:
                break
            if len(x) >= FEWEST:
                code = "D14" if other.place.loops else "D10"
                lines = f"lines {inputs.place.site.line} and {other.place.site.line}"
                words = f"inputs and targets are shuffled by themselves in {lines}, each in an order of its own"
                yield Finding(RULES[code], PROVED, words, {}, True, None, location(other.place.site))
                return
        if _left_behind(inputs, rows, targets):
            code, line = "D14" if inputs.place.loops else "D10", inputs.place.site.line
            words = f"the inputs are shuffled in line {line}, and their targets stay in the order that they had"
            yield Finding(RULES[code], PROVED, words, {}, True, None, location(inputs.place.site))
            return


def _with_targets(
    shuffles: Sequence[Shuffle], inputs: Shuffle, places: np.ndarray, targets: np.ndarray
) -> list[Shuffle]:
    """The shuffles of what has these targets at these places, those in the order of the inputs first."""
    found = []
    for other in shuffles:
        t = coded(other.what, targets.shape[1]) if other is not inputs else None
        if t is not None and len(t) == len(inputs.what) and np.mean((t[places] == targets).all(axis=1)) > SEEN:
            found.append(other)
    return sorted(found, key=lambda other: other.state != inputs.state)


def _left_behind(shuffle: Shuffle, rows: np.ndarray, targets: np.ndarray) -> bool:
    """Whether the targets are the rows of an array that stood beside the inputs, by places after the shuffle."""
    if shuffle.before is None:
        return False
    places, before = (places_of(x.reshape(len(x), -1), rows) for x in (shuffle.what, shuffle.before))
    if places is None or before is None:
        return False
    coded_beside = [coded(array, targets.shape[1]) for array in shuffle.beside]
    beside = [t for t in coded_beside if t is not None and len(np.unique(t, axis=0)) > 1]
    if any(np.mean((t[before] == targets).all(axis=1)) >= SEEN for t in beside):
        return False
    return any(np.mean((t[places] == targets).all(axis=1)) > SEEN for t in beside)


def _table(shuffle: Shuffle, features: int) -> np.ndarray | None:
    try:
        array = np.asarray(shuffle.what)
        rows = array.reshape(len(array), -1)
    except (ValueError, TypeError):
        return None
    return rows if rows.dtype.kind in "biuf" and rows.shape[1] == features and len(rows) >= FEWEST else None
