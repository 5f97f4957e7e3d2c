"""The Case of a script whose training loop can be replayed: its data, its steps, its accuracy, what it believes."""

from __future__ import annotations

import ast
import gc
from dataclasses import replace

import numpy as np

from unstuck.adapters.scripts.reading import effort
from unstuck.adapters.scripts.reading.read import Read
from unstuck.adapters.scripts.reading.reading import Reading, read_inputs, read_parameters, read_targets
from unstuck.adapters.scripts.reading.reading import read_update as update_read
from unstuck.adapters.scripts.reading.training_loop import planned
from unstuck.adapters.scripts.recording.paths import spelled
from unstuck.adapters.scripts.recording.recording import texts_of
from unstuck.adapters.scripts.replay.beside import read_data, with_setting_lines
from unstuck.adapters.scripts.replay.building import Built
from unstuck.adapters.scripts.replay.case import Replay
from unstuck.adapters.scripts.replay.collecting import COLLECTING, collected, without_repetitions
from unstuck.adapters.scripts.replay.data_sets import DataSet, test_data, training_data
from unstuck.adapters.scripts.replay.forms import Batch
from unstuck.adapters.scripts.replay.own_accuracy import counted_accuracy, own_accuracy
from unstuck.adapters.scripts.replay.results import with_results
from unstuck.adapters.scripts.replay.walking import walk_in_order
from unstuck.adapters.watch import Run
from unstuck.diagnosis.case import Case

FORWARD = 20 * effort.SECOND  # for the script's own forward pass, on all examples that are handed on
FEW = 200  # examples that are kept as an example of a turn


def case_of(reading: Reading, read: Read, built: Built, run: Run, name: str) -> Case | None:
    """The Case, and the reading completed by what was learnt on the way."""
    replay = built.replay
    reading.parameters = [
        replace(value, shape=tuple(np.shape(live)), dtype=str(np.asarray(live).dtype))
        for value, live in zip(
            read_parameters(read.chains, [spelled(path) for path in replay.parameter_paths]),
            replay.parameters(),
            strict=True,
        )
    ]
    batch = replay.example
    scope = replay.living.everything
    gc.collect()
    data = training_data(scope, batch, read.full_batch) or _collected(read, built, run)
    texts = texts_of(read.recording)
    file, text = next(iter(texts.items()), ("", ""))
    tests = test_data(scope, data, batch, text)
    replay.example = batch.first(FEW)
    names: tuple[str | None, str | None] = (data.names[0] or None, data.names[1] or None)
    reading.inputs = read_inputs(read.inputs, data.x, names[0])
    reading.targets = read_targets(read.targets, data.t, names[1])
    examples = data.total if replay.living.whole else len(batch) * read.loop.turns_per_update
    plan = planned(read.recording, read.loop)
    reading.update = with_setting_lines(update_read(read.recording, read.chains, examples, plan), read)
    reading.data = read_data(data, tests, texts, read.loop.place.site.line)
    if built.next_too is False:
        reading.remarks.append("run again with the examples of the next update, the loop did not repeat it to the bit")
    if not built.faithful:
        reading.miss("a step with other examples", "a training loop whose examples can be replaced")
        return None
    if data.total < 4:
        reading.miss("the training data", "an array or list that holds all examples and their targets")
    most = max(_affordable(read, replay, data.x), 6 * min(examples, 100))
    if most < len(data.x):
        reading.remarks.append(f"{most:,} examples were looked at: its forward pass is slow")
        data = replace(data, x=data.x[:most], t=data.t[:most])
        tests = tests and replace(tests, x=tests.x[:most], t=tests.t[:most])
    sets = [tests, data] if tests else [data]
    loop_line = read.loop.place.site.line
    accuracy = own_accuracy(text, with_results(ast.parse(text), loop_line, scope), sets)
    if accuracy is None:
        accuracy = counted_accuracy(file, text, loop_line, lambda: replay.living.everything, sets)
    return Case(
        predict=replay.predict,
        x=_as_floats(data.x),
        targets=data.t[:, 0] if _are_class_numbers(read, data.t) else data.t,
        x_test=None if tests is None else _as_floats(tests.x),
        targets_test=None if tests is None else tests.t,
        parameters=replay.layers,
        step=replay.step,
        train=walk_in_order(read, replay, data),
        accuracy=accuracy,
        learning_rate=reading.update.learning_rate,
        batch_size=min(examples, len(data.x)),  # of a program that takes all examples at once: all
        updates=plan,
        name=name,
    )


def _are_class_numbers(read: Read, targets: np.ndarray) -> bool:
    """Whether targets in one column are numbers of classes: there are more than two, or they choose an output."""
    whole = targets.shape[1] == 1 and targets.dtype.kind in "iu"
    return whole and (bool(targets.max() > 1) or read.targets.position is None)


def _affordable(read: Read, replay: Replay, x: np.ndarray) -> int:
    """How many examples the script's own forward pass may be given, in coarse steps."""
    if replay.at_once and not replay.one_by_one:
        return len(x)
    meeting = read.targets.nodes[0].number
    forward = [node for node in read.update.nodes if read.loop.start <= node.number <= meeting]
    for_one = effort.of_nodes(forward) / max(len(replay.example), 1)
    return next((count for count in (6000, 2000, 600) if count * for_one < FORWARD), 300)


def _as_floats(x: np.ndarray) -> np.ndarray:
    """In a floating point type that products are fast in."""
    return x if x.dtype in (np.float32, np.float64) else x.astype(float)


def _collected(read: Read, built: Built, run: Run) -> DataSet:
    """The examples as the loop takes them in a run of its own."""
    parts = collected(run, read, built, effort.affordable_turns(read.recording, read.loop, COLLECTING))
    batch = built.replay.example
    if sum(map(len, parts)) > len(batch):
        batch = Batch(np.concatenate([part.x for part in parts]), np.concatenate([part.t for part in parts]))
    batch = without_repetitions(batch)
    return DataSet(batch.x, batch.t, ("", ""), len(batch))
