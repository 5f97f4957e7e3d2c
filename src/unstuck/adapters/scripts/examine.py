"""One script, from its run to its report."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.adapters.scripts.building import Built, Read, build
from unstuck.adapters.scripts.case import CannotReplay
from unstuck.adapters.scripts.data_sets import DataSet, test_data, training_data
from unstuck.adapters.scripts.living import spelled
from unstuck.adapters.scripts.parameters import ParameterSearch
from unstuck.adapters.scripts.reading import (
    Reading,
    read_inputs,
    read_outputs,
    read_parameters,
    read_targets,
)
from unstuck.adapters.scripts.reading import read_update as update_read
from unstuck.adapters.scripts.recorder import Recorder, Recording, Settings
from unstuck.adapters.scripts.training_loop import find_loop, planned
from unstuck.adapters.scripts.update import read_update
from unstuck.adapters.scripts.watch import Outcome, Run
from unstuck.diagnosis.case import Case

LONG = 8.0  # seconds of recording after which one update must do


@dataclass(frozen=True)
class Studied:
    """What came of studying a script: how it was read, and a Case where its steps could be replayed."""

    reading: Reading
    case: Case | None
    recording: Recording
    outcome: Outcome
    read: Read | None = None
    built: Built | None = None


def study(run: Run, seconds: float = 30.0, name: str = "") -> Studied:
    """Run a script under a recorder, read it, run it again up to its training, and make a Case of it."""
    search: ParameterSearch | None = None
    began = time.perf_counter()

    def updates(recording: Recording) -> int:
        nonlocal search
        if search is None:
            search = ParameterSearch(recording.tape)
        seen = min((chain.updates for chain in search.chains()), default=0)
        return seen + 1 if seen and time.perf_counter() - began > LONG else seen

    recorder = Recorder(updates, Settings(seconds=seconds))
    outcome = run(recorder)
    recording, reading = recorder.recording, Reading()
    reading.remarks += outcome.stand_ins
    for place in recording.cut:
        reading.remarks.append(f"the loop in line {place.site.line} was watched for its first turns only")
    chains = search.chains() if search else []
    update = read_update(recording, chains, 1) if chains else None
    if update is None:
        reading.miss("parameters", "an update w = w - … that was reached while the script was watched")
        return Studied(reading, None, recording, outcome)
    reading.parameters = read_parameters(chains, [None] * len(chains))
    reading.inputs = read_inputs(update.inputs) if update.inputs else None
    reading.targets = read_targets(update.targets) if update.targets else None
    reading.outputs = read_outputs(update) if update.outputs else None
    if update.inputs is None:
        reading.miss("inputs", "--inputs NAME")
    if update.targets is None:
        reading.miss("targets", "--targets NAME")
    loop = find_loop(recording, chains, update)
    if loop is None:
        reading.miss("the training loop", "a loop in which the parameters are updated")
    if loop is None or update.inputs is None or update.targets is None:
        return Studied(reading, None, recording, outcome)
    second = read_update(recording, chains, 2)
    full = second is not None and second.inputs is not None and _same(second.inputs.values, update.inputs.values)
    read = Read(recording, chains, update, loop, update.inputs, update.targets, full)
    try:
        built = build(read, run)
    except CannotReplay as reason:
        reading.miss("a step with other examples", str(reason))
        return Studied(reading, None, recording, outcome, read)
    case = _case(reading, read, built, name)
    return Studied(reading, case, recording, outcome, read, built)


def _case(reading: Reading, read: Read, built: Built, name: str) -> Case | None:
    """The Case, and the reading completed by what was learnt on the way."""
    replay, scope = built.replay, built.replay.living.scope
    reading.parameters = read_parameters(read.chains, [spelled(path) for path in replay.parameter_paths])
    batch = replay.example
    data = training_data(scope, batch) or DataSet(batch.x, batch.t, ("", ""), len(batch))
    tests = test_data(scope, data, batch)
    names: tuple[str | None, str | None] = (data.names[0] or None, data.names[1] or None)
    reading.inputs = read_inputs(read.inputs, data.x, names[0])
    reading.targets = read_targets(read.targets, data.t, names[1])
    examples = len(batch) * read.loop.turns_per_update
    plan = planned(read.recording, read.loop)
    reading.update = update_read(read.chains, read.update, read.loop, examples, plan)
    if not built.faithful:
        reading.miss("a step with other examples", "a training loop whose examples can be replaced")
        return None
    if data.total < 4:
        reading.miss("the training data", "an array or list that holds all examples and their targets")
    return Case(
        predict=replay.predict,
        x=data.x.astype(float) if data.x.dtype.kind in "biu" else data.x,
        targets=data.t[:, 0] if data.t.shape[1] == 1 and data.t.dtype.kind in "iu" and data.t.max() > 1 else data.t,
        x_test=None if tests is None else tests.x,
        targets_test=None if tests is None else tests.t,
        parameters=replay.parameters,
        step=replay.step,
        learning_rate=reading.update.learning_rate,
        batch_size=examples if examples < data.total else None,
        updates=plan,
        name=name,
    )


def _same(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    return len(a) == len(b) and all(np.array_equal(one, other) for one, other in zip(a, b))


Listener = Callable[[str], None]
