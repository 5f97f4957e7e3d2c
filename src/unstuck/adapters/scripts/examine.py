"""One script, from its run to its report."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unstuck.adapters.scripts.beside import read_accuracy, read_data, read_loss, texts_of, with_setting_lines
from unstuck.adapters.scripts.building import Built, build
from unstuck.adapters.scripts.case import CannotReplay, Replay
from unstuck.adapters.scripts.collecting import Collector, without_repetitions
from unstuck.adapters.scripts.data_sets import DataSet, test_data, training_data
from unstuck.adapters.scripts.failure import is_of_the_script, last_steps
from unstuck.adapters.scripts.falling import loss_falls
from unstuck.adapters.scripts.first_look import first_look, network
from unstuck.adapters.scripts.hints import hints
from unstuck.adapters.scripts.job import Job
from unstuck.adapters.scripts.lines import with_lines
from unstuck.adapters.scripts.listing import listing_of
from unstuck.adapters.scripts.living import spelled
from unstuck.adapters.scripts.naming import NAMELESS, Naming, named_chains, none_named, not_so_named, scopes
from unstuck.adapters.scripts.parameters import Chain, ParameterSearch
from unstuck.adapters.scripts.proof_report import joined
from unstuck.adapters.scripts.proving import Proved, prove_recorded
from unstuck.adapters.scripts.read import Read
from unstuck.adapters.scripts.reading import (
    Reading,
    read_inputs,
    read_outputs,
    read_parameters,
    read_targets,
)
from unstuck.adapters.scripts.reading import read_update as update_read
from unstuck.adapters.scripts.recorder import Recorder, Recording, Settings
from unstuck.adapters.scripts.steps import name_of
from unstuck.adapters.scripts.telling import Telling
from unstuck.adapters.scripts.training_loop import find_loop, planned, turns_before
from unstuck.adapters.scripts.update import read_update
from unstuck.adapters.watch import Outcome, Run
from unstuck.diagnosis.case import Case
from unstuck.diagnosis.diagnose import diagnose, with_changes
from unstuck.diagnosis.examination.examination import Missing
from unstuck.diagnosis.report.report import Report

DIAGNOSING = 30.0  # seconds, of a budget that is not raised on purpose
FEW = 200  # examples that are kept as an example of a turn
Notice = Callable[[dict[str, Any]], None]
LONG = 5.0  # processor seconds of recording after which one update must do


@dataclass(frozen=True)
class Studied:
    """What came of studying a script: how it was read, and a Case where its steps could be replayed."""

    reading: Reading
    case: Case | None
    recording: Recording
    outcome: Outcome
    read: Read | None = None
    built: Built | None = None
    chains: tuple[Chain, ...] = ()


def study(
    run: Run, seconds: float = 30.0, name: str = "", notice: Notice = lambda first: None, names: Naming = NAMELESS
) -> Studied:
    """Run a script under a recorder, read it, run it again up to its training, and make a Case of it.

    `notice` is given what is known as soon as one update was seen (see `first_look`); `names` says what is what. Raises
    CaseError where nothing in the run bears one of them.
    """
    search: ParameterSearch | None = None
    noticed = False
    named: dict[int, str] = {}
    began = time.process_time()

    def updates(recording: Recording) -> int:
        nonlocal search, noticed
        if search is None:
            search = ParameterSearch(recording.tape)
        chains = search.chains()
        if names.parameters:
            named.update(named_chains(names.parameters, chains, recorder.known, scopes(recorder.files)))
            chains = [chain for chain in chains if chain.root.number in named]
        seen = min((chain.updates for chain in chains), default=0)
        if seen and not noticed and (first := first_look(recording, chains)) is not None:
            notice(first)
            noticed = True
        return seen + 1 if seen and time.process_time() - began > LONG else seen

    recorder = Recorder(updates, Settings(seconds=seconds))
    collecting = gc.isenabled()
    gc.disable()  # what is recorded is kept anyway, and looking through it again and again is slow
    try:
        outcome = run(recorder)
    finally:
        if collecting:
            gc.enable()
    everything = (search or ParameterSearch(recorder.tape)).chains()  # a short script ends before the first look
    if names.parameters:  # of a script that came to its end
        named.update(named_chains(names.parameters, everything, recorder.known, [vars(sys.modules["__main__"])]))
    recorder.let_go()
    gc.collect()
    recording, reading = recorder.recording, Reading()
    for place in recording.cut:
        reading.remarks.append(f"the loop in line {place.site.line} was watched for its first turns only")
    chains = [chain for chain in everything if chain.root.number in named] if names.parameters else everything
    if names.parameters and not chains:
        raise none_named(names, everything)
    if chains and not noticed and (first := first_look(recording, chains)) is not None:
        notice(first)
    update = read_update(recording, chains, 1, names.choose) if chains else None
    if update is None:
        reading.miss("parameters", "an update w = w - … that was reached while the script was watched")
        return Studied(reading, None, recording, outcome, chains=tuple(chains))
    reading.parameters = read_parameters(chains, [None] * len(chains))
    reading.inputs = read_inputs(update.inputs) if update.inputs else None
    reading.targets = read_targets(update.targets) if update.targets else None
    reading.outputs = read_outputs(update) if update.outputs else None
    if update.inputs is None:
        reading.miss("inputs", not_so_named("inputs", names.inputs))
    if update.targets is None:
        reading.miss("targets", not_so_named("targets", names.targets, names.outputs))
    loop = find_loop(recording, chains, update)
    if loop is None:
        reading.miss("the training loop", "a loop in which the parameters are updated")
    if loop is None or update.inputs is None or update.targets is None:
        return Studied(reading, None, recording, outcome, chains=tuple(chains))
    second = read_update(recording, chains, 2, names.choose)
    full = second is not None and second.inputs is not None and _same(second.inputs.values, update.inputs.values)
    skip = turns_before(recording, loop) if names.parameters else 0
    read = Read(recording, chains, update, loop, update.inputs, update.targets, second, skip, full)
    reading.network, reading.loss = network(update, chains), read_loss(read)
    built = case = None
    try:
        built = build(read, run)
        case = _case(reading, read, built, run, name)
    except CannotReplay as reason:
        reading.miss("a step with other examples", str(reason))
    except Exception as error:  # a script's own, run again; or one of ours
        if os.environ.get("UNSTUCK_STRICT") and not is_of_the_script(error, recorder.files):
            raise
        reading.miss("a step with other examples", f"a loop that can be run again: {type(error).__name__}: {error}")
    reading.accuracy = read_accuracy(texts_of(recording))
    reading.hints = [hint.to_dict() for hint in hints(read, reading, built.replay.living.everything if built else {})]
    if built is not None:
        built.replay.living.aside.clear()
    return Studied(reading, case, recording, outcome, read, built, tuple(chains))


def _case(reading: Reading, read: Read, built: Built, run: Run, name: str) -> Case | None:
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
    data = training_data(scope, batch) or _collected(read, built, run)
    tests = test_data(scope, data, batch)
    replay.example = batch.first(FEW)
    names: tuple[str | None, str | None] = (data.names[0] or None, data.names[1] or None)
    reading.inputs = read_inputs(read.inputs, data.x, names[0])
    reading.targets = read_targets(read.targets, data.t, names[1])
    examples = data.total if replay.living.whole else len(batch) * read.loop.turns_per_update
    plan = planned(read.recording, read.loop)
    reading.update = with_setting_lines(update_read(read.recording, read.chains, examples, plan), read)
    reading.data = read_data(data, tests, texts_of(read.recording), read.loop.place.site.line)
    if built.next_too is False:
        reading.remarks.append("run again with the examples of the next update, the loop did not repeat it to the bit")
    if not built.faithful:
        reading.miss("a step with other examples", "a training loop whose examples can be replaced")
        return None
    if data.total < 4:
        reading.miss("the training data", "an array or list that holds all examples and their targets")
    most = max(_affordable(replay, data.x), 6 * min(examples, 100))
    if most < len(data.x):
        reading.remarks.append(f"{most:,} examples were looked at: its forward pass is slow")
        data = replace(data, x=data.x[:most], t=data.t[:most])
        tests = tests and replace(tests, x=tests.x[:most], t=tests.t[:most])
    return Case(
        predict=replay.predict,
        x=_as_floats(data.x),
        targets=data.t[:, 0] if data.t.shape[1] == 1 and data.t.dtype.kind in "iu" and data.t.max() > 1 else data.t,
        x_test=None if tests is None else _as_floats(tests.x),
        targets_test=None if tests is None else tests.t,
        parameters=replay.layers,
        step=replay.step,
        learning_rate=reading.update.learning_rate,
        batch_size=min(examples, len(data.x)),  # of a program that takes all examples at once: all
        updates=plan,
        name=name,
    )


def _affordable(replay: Replay, x: np.ndarray) -> int:
    """How many examples the script's own forward pass takes in about twenty seconds, in coarse steps."""
    snapshot = replay.living.snapshot()
    began = time.process_time()
    try:
        replay.predict(_as_floats(x[:4]))
    finally:
        snapshot.restore()
    if replay.at_once and not replay.one_by_one:
        return len(x)
    for_one = (time.process_time() - began) / min(4, len(x))
    return next((count for count in (6000, 2000, 600) if count * for_one < 20.0), 300)


def _as_floats(x: np.ndarray) -> np.ndarray:
    """In a floating point type that products are fast in."""
    return x if x.dtype in (np.float32, np.float64) else x.astype(float)


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


def examine(run: Run, job: Job, ends: float, names: Naming, telling: Telling) -> Report | None:
    """The report on a script; None where it was never seen to make an update, nor failed on the way to one.

    run      runs the script from its start under a watch
    job      what is asked for
    ends     when to be done, on the clock of `time.perf_counter`
    names    which of its variables are what, where the user says so
    telling  is told what is known as soon as it is
    """
    studied = study(run, max(ends - time.perf_counter(), 1.0), notice=telling.first, names=names)
    reading = studied.reading.to_dict()
    if not studied.reading.parameters:
        reading["steps"] = last_steps(studied.recording.tape) if studied.outcome.error is not None else []
        if not reading["steps"]:
            return None
    telling.reading(reading)
    proved = _proved(studied)
    if studied.case is None:
        report = Report("", "inconclusive", 0.0, {})
        report.unchecked = [Missing(entry["what"], entry["missing"]) for entry in reading["unread"]]
    else:
        left = min(ends - time.perf_counter(), max(DIAGNOSING, job.budget - DIAGNOSING))
        report = diagnose(studied.case, max(left, 3.0), job.cures, telling.line)
        assert studied.read is not None
        report.findings = with_lines(report.findings, studied.read, studied.case)
        report.notes = with_lines(report.notes, studied.read, studied.case)
        report.findings = with_changes(report)
    report.reading = reading
    report = joined(report, proved, lambda: _learns(run, studied, proved))
    if proved is not None:
        report.proof, report.listing = proved.to_dict(), listing_of(proved)
    return report


def _learns(run: Run, studied: Studied, proved: Proved | None) -> bool | None:
    """Whether the script learns: by its own losses, or by its recorded step repeated where it writes down too few."""
    if proved is None:
        return None
    falls = loss_falls(run, studied.recording, proved.proofs[0])
    return proved.learns if falls is None else falls


def _proved(studied: Studied) -> Proved | None:
    """What the derivative of the recorded forward pass says of the recorded gradients."""
    names = [value.name or name_of(chain) for value, chain in zip(studied.reading.parameters, studied.chains)]
    try:
        return prove_recorded(studied.recording.tape, studied.chains, names) if studied.chains else None
    except Exception:  # an unforeseen operation costs the proof, not the report
        if os.environ.get("UNSTUCK_STRICT"):
            raise
        return None
