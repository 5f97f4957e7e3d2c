"""A script's walk over its examples, where it was seen to take them as they come: its own steps, one batch after the
other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from unstuck.adapters.scripts.reading.examples import input_rows
from unstuck.adapters.scripts.reading.read import Read
from unstuck.adapters.scripts.replay.case import Replay
from unstuck.adapters.scripts.replay.data_sets import DataSet
from unstuck.adapters.scripts.replay.forms import labels_of

Array = np.ndarray
RUN = 5.0  # examples of one class in a row, on average, of which the order can matter


def walk_in_order(read: Read, replay: Replay, data: DataSet) -> Callable[[Array, Array], None] | None:
    """One pass over examples by the script's steps, in the order given; None where the script was not seen to do so, or
    where its examples come in no runs of one class, so that their order says nothing."""
    labels = labels_of(data.t)
    if labels is None or len(labels) / (1 + np.count_nonzero(np.diff(labels))) < RUN:
        return None
    if read.second is None or read.second.inputs is None:
        return None
    first, second = (input_rows(meeting.values, read.inputs) for meeting in (read.inputs, read.second.inputs))
    if first is None or second is None or len(first) >= len(data.x):
        return None
    size = len(first)
    both = np.concatenate([first, second]) if first.shape[1:] == second.shape[1:] else first
    if len(both) != 2 * size or not np.array_equal(data.x[: len(both)], both):
        return None

    def walk(x: Array, targets: Array) -> None:
        for start in range(0, len(x), size):
            replay.step(x[start : start + size], targets[start : start + size])

    return walk
