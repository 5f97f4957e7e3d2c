"""Sequences that foretell their own next entry, and an answer that has seen it already.

Where the targets are the inputs moved on by one place, the answer at a place may depend on no later input: it would be
copied, not foretold. The probe changes the inputs from one place on and looks at the answers before it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from unstuck.autodiff.forward.fault import ForwardFault, Law
from unstuck.autodiff.forward.softmaxes import Softmax, way_back
from unstuck.autodiff.meetings import Meeting
from unstuck.autodiff.replay import Expression, expression_of, replayed, users_within
from unstuck.autodiff.step import Step, moves
from unstuck.autodiff.tape import Node, Site, value_in

Array = np.ndarray
SHORTEST = 4  # places of a sequence
CHANGED = 1e-6  # relative to the largest answer: more than rounding
FAR = 12  # operations between a softmax and its mask


@dataclass(frozen=True)
class Reading:
    """Where a sequence is read: the operand of a node, one number or one row of numbers for each place."""

    node: Node
    position: int
    values: Array  # (n_sequences, n_places) or (n_sequences, n_places, n_features)


def answers_that_have_seen_their_target(
    step: Step, found: Sequence[Softmax], read: Sequence[Reading], met: Sequence[Meeting], forward: set[int]
) -> Iterator[ForwardFault]:
    """The mask, or where there is none the softmax, that lets a later place through."""
    for meeting in met:
        if len(meeting.outputs) != 1:
            continue
        output = step.graph.representative(meeting.outputs[0])
        for reading in read:
            if not _is_moved_on(reading.values, meeting.targets[0]):
                continue
            seen = _places_seen(step, reading, output, forward)
            if seen:
                site = _mask(step, found) or (found[0].node.site if found else output.site)
                yield ForwardFault(Law.NEXT_IS_HIDDEN, site, {"places_ahead": seen})
            return


def readings(step: Step, forward: set[int]) -> Iterator[Reading]:
    """The arrays from outside of at least so many places that the forward pass reads, as rows of a table or factors."""
    for number in sorted(forward & step.moving):
        node = step.graph.tape.nodes[number]
        for position, argument in enumerate(node.args):
            parts = argument if isinstance(argument, tuple) and len(argument) == 1 else (argument,)
            part = parts[0]
            if moves(step, part):
                continue
            value = value_in(part)
            if isinstance(value, np.ndarray) and value.dtype.kind in "iuf" and value.ndim in (1, 2, 3):
                table = value[None] if value.ndim == 1 else value
                if table.shape[1] >= SHORTEST:
                    yield Reading(node, position, table)


def _is_moved_on(values: Array, target: Array) -> bool:
    """Whether the targets are these inputs, each one place earlier."""
    n, places = values.shape[:2]
    wanted: Array
    if values.ndim == 2 and target.size == values.size:
        wanted = target.reshape(n, places)
    elif values.ndim == 3 and target.size == values.size:
        wanted = target.reshape(values.shape)
    elif values.ndim == 2 and values.dtype.kind in "iu" and target.size % values.size == 0 and target.ndim > 1:
        wanted = target.reshape(n, places, -1).argmax(axis=-1)  # one-hot
    else:
        return False
    changing = (values[:, 1:] != values[:, :-1]).any()
    return bool(changing) and np.array_equal(values[:, 1:], wanted[:, :-1])


def _places_seen(step: Step, reading: Reading, output: Node, forward: set[int]) -> int:
    """How many places before a changed one give another answer; the most, of a change in the middle or at the end."""
    n, places = reading.values.shape[:2]
    before = np.asarray(output.value, float)
    if before.size % (n * places):
        return 0
    users = users_within(step.graph, forward)
    most = 0
    for place in (places // 2, places - 1):
        values = reading.values.copy()
        values[:, place:] = _others(values[:, place:])
        args = list(reading.node.args)
        whole = values.reshape(np.shape(_plain(args[reading.position])))
        args[reading.position] = (whole,) if isinstance(args[reading.position], tuple) else whole
        edit = Expression(reading.node.op, tuple(args), expression_of(reading.node).kwargs)
        try:
            changed = replayed(step.graph, users, {step.graph.same[reading.node.number]: edit})
        except Exception:  # an operation that cannot take other values
            return 0
        after = np.asarray(changed.get(output.number, before), float)
        away = np.abs(after - before).reshape(n, places, -1).max(axis=(0, 2))
        scale = float(np.abs(before).max()) or 1.0
        most = max(most, int((away[:place] > CHANGED * scale).sum()))
    return most


def _plain(argument: Any) -> Any:
    part = argument[0] if isinstance(argument, tuple) else argument
    return value_in(part)


def _others(values: Array) -> Array:
    """Other values of the same kind: each is one that stands elsewhere."""
    if values.dtype.kind == "f":
        return np.asarray(1.0 - values)
    known = np.unique(values)
    return known[(np.searchsorted(known, values) + 1) % len(known)].astype(values.dtype)


def _first_of(mask: Node) -> Node:
    """What a mask is made of, as long as it has its shape and two values."""
    while True:
        parents = [p for p in mask.parents() if np.shape(p.value) == np.shape(mask.value)]
        if len(parents) != 1 or len(np.unique(parents[0].value)) != 2:
            return mask
        mask = parents[0]


def _mask(step: Step, found: Sequence[Softmax]) -> Site | None:
    """Where the square constant that is added to the scores, or chooses among them, is made."""
    for softmax in found:
        for node in islice(way_back(step, softmax.exponentials), FAR):
            for argument in node.args:
                if isinstance(argument, Node) and not moves(step, argument):
                    value = np.asarray(argument.value)
                    if value.ndim >= 2 and value.shape[-1] == value.shape[-2] and len(np.unique(value)) == 2:
                        return _first_of(argument).site or node.site
    return None
