"""How a script is studied: run under a recorder, read, and run again up to its training, for a Case of it."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.adapters.scripts.faults.answering import of_two_sets
from unstuck.adapters.scripts.faults.seen_faults import lost_updates
from unstuck.adapters.scripts.reading.first_look import first_look, network
from unstuck.adapters.scripts.reading.hints import hints
from unstuck.adapters.scripts.reading.naming import NAMELESS, Naming, named_chains, none_named, not_so_named, scopes
from unstuck.adapters.scripts.reading.parameters import Chain, ParameterSearch
from unstuck.adapters.scripts.reading.read import Read
from unstuck.adapters.scripts.reading.reading import (
    Reading,
    read_inputs,
    read_outputs,
    read_parameters,
    read_targets,
)
from unstuck.adapters.scripts.reading.training_loop import TrainingLoop, find_loop, turns_before
from unstuck.adapters.scripts.reading.update import read_update, takes_part
from unstuck.adapters.scripts.recording.recorder import Recorder
from unstuck.adapters.scripts.recording.recording import Recording, Settings, texts_of
from unstuck.adapters.scripts.replay.beside import read_accuracy, read_loss
from unstuck.adapters.scripts.replay.building import Built, build
from unstuck.adapters.scripts.replay.case import CannotReplay
from unstuck.adapters.scripts.replay.handing_over import case_of
from unstuck.adapters.scripts.replay.parted import parted_from_source
from unstuck.adapters.scripts.running.failure import is_of_the_script
from unstuck.adapters.watch import Outcome, Run
from unstuck.diagnosis.case import Case
from unstuck.diagnosis.report.contents import Finding

MANY = 2_000  # operations without a parameter that changes, from which on lost updates are looked for
Notice = Callable[[dict[str, Any]], None]
LONG_TAPE, LONG_WORK = 100_000, 500_000_000  # operations recorded, or numbers computed, for which one update must do


@dataclass(frozen=True)
class Studied:
    """What came of studying a script: how it was read, its training loop, and a Case where its steps could be
    replayed."""

    reading: Reading
    case: Case | None
    recording: Recording
    outcome: Outcome
    read: Read | None = None
    built: Built | None = None
    chains: tuple[Chain, ...] = ()
    loop: TrainingLoop | None = None
    apart: tuple[Finding, ...] = ()  # of inputs and labels that do not belong together


def study(
    run: Run, seconds: float = 30.0, name: str = "", notice: Notice = lambda first: None, names: Naming = NAMELESS
) -> Studied:
    """Run a script under a recorder, read it, run it again up to its training, and make a Case of it.

    `notice` is given what is known as soon as one update was seen (see `first_look`); `names` says what is what. Raises
    CaseError where nothing in the run bears one of them.
    """
    search: ParameterSearch | None = None
    noticed, known = False, 0
    named: dict[int, str] = {}

    def updates(recording: Recording) -> int:
        nonlocal search, noticed, known
        if search is None:
            search = ParameterSearch(recording.tape)
        chains = search.chains()
        if not chains and len(recording.tape) > MANY and lost_updates(recording.tape):
            return Settings.updates
        if names.parameters:
            named.update(named_chains(names.parameters, chains, recorder.known, scopes(recorder.files)))
            chains = [chain for chain in chains if chain.root.number in named]
        seen = min((chain.updates for chain in chains), default=0)
        if seen and not noticed and (first := first_look(recording, chains)) is not None:
            notice(first)
            noticed = True
        complete, known = len(chains) == known, len(chains)  # else a forward pass is still coming to more of them
        long = len(recording.tape) > LONG_TAPE or recorder.enough.work > LONG_WORK
        return seen + 1 if seen and long and complete else seen

    recorder = Recorder(updates, Settings(seconds=seconds))
    collecting = gc.isenabled()
    gc.disable()  # what is recorded is kept anyway, and looking through it again and again is slow
    try:
        outcome = run(recorder)
    finally:
        if collecting:
            gc.enable()
    search = search or ParameterSearch(recorder.recording.tape)  # a short script ends before the first look
    everything = search.chains()
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
        return Studied(reading, None, recording, outcome, chains=tuple(chains), loop=loop)
    second = read_update(recording, chains, 2, names.choose)
    if takes_part(chains):
        reading.miss("inputs", "inputs that meet the same weights in every update")
        return Studied(reading, None, recording, outcome, chains=tuple(chains), loop=loop)
    full = second is not None and second.inputs is not None and _same(second.inputs.values, update.inputs.values)
    skip = turns_before(recording, loop) if names.parameters else 0
    read = Read(recording, chains, update, loop, update.inputs, update.targets, second, skip, full)
    reading.network, reading.loss = network(update, chains), read_loss(read)
    built = case = None
    apart: tuple[Finding, ...] = ()
    try:
        built = build(read, run)
        case = case_of(reading, read, built, run, name)
    except CannotReplay as reason:
        reading.miss("a step with other examples", str(reason))
    except Exception as error:  # a script's own, run again; or one of ours
        if os.environ.get("UNSTUCK_STRICT") and not is_of_the_script(error, recorder.files):
            raise
        reading.miss("a step with other examples", f"a loop that can be run again: {type(error).__name__}: {error}")
    reading.accuracy = read_accuracy(texts_of(recording))
    reading.hints = [hint.to_dict() for hint in hints(read, reading, built.replay.living.everything if built else {})]
    if built is not None and case is not None:
        apart = tuple(_apart(case, built, texts_of(recording), loop.place.site.line))
    if built is not None:
        built.replay.living.aside.clear()
    return Studied(reading, case, recording, outcome, read, built, tuple(chains), loop, apart)


def _apart(case: Case, built: Built, files: Mapping[str, str], loop_line: int) -> Iterator[Finding]:
    """Findings on inputs and labels that do not belong together, by what the program holds as its training begins."""
    scope = built.replay.living.everything
    for look in (parted_from_source, of_two_sets):
        found = None
        with suppress(IndexError, AttributeError, TypeError, ValueError):  # unforeseen: it costs this alone
            found = look(case, scope, files, loop_line)
        if found is not None:
            yield found


def _same(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    return len(a) == len(b) and all(np.array_equal(one, other) for one, other in zip(a, b))
