"""One script, from its run to its report."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.adapters.scripts.building import Built, Read, build
from unstuck.adapters.scripts.case import CannotReplay
from unstuck.adapters.scripts.collecting import Collector, without_repetitions
from unstuck.adapters.scripts.data_sets import DataSet, test_data, training_data
from unstuck.adapters.scripts.failure import last_steps
from unstuck.adapters.scripts.lines import with_lines
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
from unstuck.adapters.scripts.job import Job
from unstuck.diagnosis.case import Case
from unstuck.diagnosis.diagnose import diagnose, with_changes
from unstuck.diagnosis.examination.examination import Missing
from unstuck.diagnosis.report.report import Report

DIAGNOSING = 30.0  # seconds, of a budget that is not raised on purpose
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
    read = Read(recording, chains, update, loop, update.inputs, update.targets, second, full)
    try:
        built = build(read, run)
    except CannotReplay as reason:
        reading.miss("a step with other examples", str(reason))
        return Studied(reading, None, recording, outcome, read)
    case = _case(reading, read, built, run, name)
    return Studied(reading, case, recording, outcome, read, built)


def _case(reading: Reading, read: Read, built: Built, run: Run, name: str) -> Case | None:
    """The Case, and the reading completed by what was learnt on the way."""
    replay, scope = built.replay, built.replay.living.scope
    reading.parameters = read_parameters(read.chains, [spelled(path) for path in replay.parameter_paths])
    batch = replay.example
    data = training_data(scope, batch) or _collected(read, built, run)
    tests = test_data(scope, data, batch)
    names: tuple[str | None, str | None] = (data.names[0] or None, data.names[1] or None)
    reading.inputs = read_inputs(read.inputs, data.x, names[0])
    reading.targets = read_targets(read.targets, data.t, names[1])
    examples = len(batch) * read.loop.turns_per_update
    plan = planned(read.recording, read.loop)
    reading.update = update_read(read.chains, read.update, read.loop, examples, plan)
    if built.next_too is False:
        reading.remarks.append("run again with the examples of the next update, the loop did not repeat it to the bit")
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


def _collected(read: Read, built: Built, run: Run) -> DataSet:
    """The examples as the loop takes them in a run of its own."""
    replay = built.replay
    collector = Collector(read.loop.place, built.inputs, built.targets, read.inputs.position, replay.columns)
    batch = collector.collect(run)
    replay.install()
    if batch is None or len(batch) <= len(replay.example):
        batch = replay.example
    batch = without_repetitions(batch)
    return DataSet(batch.x, batch.t, ("", ""), len(batch))


def _same(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    return len(a) == len(b) and all(np.array_equal(one, other) for one, other in zip(a, b))


def examine(
    run: Run, job: Job, ends: float, show: Callable[[dict[str, Any]], None], listen: Callable[[str], None]
) -> Report | None:
    """The report on a script; None where it was never seen to make an update, nor failed on the way to one.

    run     runs the script from its start under a watch
    job     what is asked for
    ends    when to be done, on the clock of `time.perf_counter`
    show    is given the reading as soon as it is known
    listen  is given lines of text as soon as something is known
    """
    studied = study(run, max(ends - time.perf_counter(), 1.0))
    reading = studied.reading.to_dict()
    if not studied.reading.parameters:
        reading["steps"] = last_steps(studied.recording.tape) if studied.outcome.error is not None else []
        if not reading["steps"]:
            return None
    show(reading)
    if studied.case is None:
        report = Report("", "inconclusive", 0.0, {})
        report.unchecked = [Missing(entry["what"], entry["missing"]) for entry in reading["unread"]]
    else:
        left = min(ends - time.perf_counter(), max(DIAGNOSING, job.budget - DIAGNOSING))
        report = diagnose(studied.case, max(left, 3.0), job.cures, listen)
        assert studied.read is not None
        report.findings = with_lines(report.findings, studied.read)
        report.notes = with_lines(report.notes, studied.read)
        report.findings = with_changes(report)
    report.reading = reading
    return report
