"""Whether every turn of a loop over batches takes the same examples, although the script has others."""

from __future__ import annotations

import numpy as np

from unstuck.adapters.scripts.reading.effort import affordable_turns
from unstuck.adapters.scripts.reading.lines import location
from unstuck.adapters.scripts.reading.read import Read
from unstuck.adapters.scripts.replay.building import Built
from unstuck.adapters.scripts.replay.collecting import COLLECTING, collected
from unstuck.adapters.watch import Run
from unstuck.autodiff.tape import Node, Site
from unstuck.diagnosis.examination.evidence import PROVED
from unstuck.diagnosis.report.contents import Finding
from unstuck.diagnosis.rules import RULES


def same_batch(run: Run, read: Read, built: Built, examples: int, taken: int | None) -> Finding | None:
    """A finding where a whole pass of the innermost loop, and a turn of the next one, take one batch of `taken` of the
    script's examples. Nothing is said of a single loop, which may be meant to learn a few examples by heart."""
    length = read.loop.length
    if not read.full_batch or not read.loop.enclosing or length is None or length < 2:
        return None
    if taken is None or taken >= examples:
        return None
    turns = length + 1
    if affordable_turns(read.recording, read.loop, COLLECTING) < turns:
        return None
    batches = [part.x for part in collected(run, read, built, turns, most=turns * taken + 1)]
    if len(batches) < turns or not all(np.array_equal(batches[0], other) for other in batches[1:]):
        return None
    words = f"each of the {length:,} turns of the loop takes the same {taken:,} of {examples:,} examples"
    numbers = {"taken": taken, "examples": examples}
    return Finding(RULES["D14"], PROVED, words, numbers, True, None, location(_where_taken(read)))


def _where_taken(read: Read) -> Site:
    """The expression that cuts the examples of a turn out of the others; the loop, where none does."""
    node = read.inputs.nodes[0]
    argument = None if read.inputs.position is None else node.args[read.inputs.position]
    if isinstance(argument, Node) and argument.number >= read.loop.start and argument.site is not None:
        return argument.site
    return read.loop.place.site
