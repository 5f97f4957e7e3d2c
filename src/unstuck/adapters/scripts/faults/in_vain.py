"""Biases that are updated in vain: each takes the errors of its layer again and again, and nothing else reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from unstuck.adapters.scripts.reading.lines import Lines, location
from unstuck.adapters.scripts.reading.parameters import NO_READING, shown
from unstuck.adapters.scripts.reading.read import Read
from unstuck.autodiff.families import ADDING, SCALING, SUBTRACTING, SUMMING
from unstuck.autodiff.tape import LEAF, Node, value_in
from unstuck.diagnosis.examination.evidence import PROVED
from unstuck.diagnosis.report.contents import Finding
from unstuck.diagnosis.rules import RULES

Users = Sequence[Sequence[Node]]  # of each node by number


def updated_in_vain(read: Read) -> Iterator[Finding]:
    """A finding for each product of the forward pass whose layer has a bias that only its own updates read."""
    lines = Lines(read)
    users = read.recording.tape.uses()
    seen = set[Any]()
    for layer in range(1, len(lines.weights) + 1):
        error, product = lines.delta(layer), lines.product(layer)
        change = None if error is None else _change_in_vain(error, users)
        if change is None or change.site is None or product is None or product in seen:
            continue
        seen.add(product)
        words = f"`{change.site.in_one_line}` updates the bias of layer {layer}, and nothing reads it"
        numbers = {"updated_in_line": change.site.line}
        yield Finding(RULES["F07"], PROVED, words, numbers, True, layer, location(product))


def _change_in_vain(error: Node, users: Users) -> Node | None:
    """The update by an error, or by its sum, times a rate, of an array that nothing but such updates reads."""
    sums = [node for node in users[error.number] if node.op in SUMMING]
    for start in (error, *sums):
        for scaled in users[start.number]:
            if scaled.op not in SCALING or any(np.ndim(value_in(one)) for one in scaled.args if one is not start):
                continue
            for change in users[scaled.number]:
                before = change.args[0]
                updates = change.op in ADDING | SUBTRACTING and before is not scaled and isinstance(before, Node)
                if updates and np.shape(before.value) == np.shape(change.value) != () and _only_by(change, users):
                    return change
    return None


def _only_by(change: Node, users: Users) -> bool:
    """Whether no other expression than that of a change reads what is changed, before or after."""
    before = shown(change.args[0])
    if before.op is not LEAF:
        return False
    pending, seen = [before], {before.number}
    while pending:
        for user in users[pending.pop().number]:
            if user.site is not change.site and user.op not in NO_READING:
                return False
            if user.number not in seen:
                seen.add(user.number)
                pending.append(user)
    return True
