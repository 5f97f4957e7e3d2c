"""Cures of what is not in the training step: the same training read twice, or the twin beside the user's own loop.

A fault of the test data or of the evaluation leaves the network alone: the twin is trained as it is, and its accuracy
read as the user does and by counting. A fault of the loop or of parameters that never change leaves the step alone, or
hides it: the user's own training is run beside that of the twin, or of a network of that form made by the book.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.experiments import own_training
from unstuck.diagnosis.experiments import setup_as_it_is as baseline
from unstuck.diagnosis.experiments.changes import with_rate
from unstuck.diagnosis.experiments.task import find_task
from unstuck.diagnosis.experiments.verdicts import MATTERS, Trial
from unstuck.diagnosis.formulas.forward import output_form, right_hidden, right_output
from unstuck.diagnosis.formulas.output_deltas import right_deltas
from unstuck.diagnosis.formulas.targets import codings
from unstuck.diagnosis.identification.layout import write_chain
from unstuck.diagnosis.measurements.first_updates import MOST_UPDATES, users_loss
from unstuck.diagnosis.measurements.own_accuracy import as_number
from unstuck.diagnosis.measurements.own_loop import own_loop
from unstuck.diagnosis.measurements.plain_data import test_classes, test_inputs
from unstuck.diagnosis.measurements.proof import formula_faults
from unstuck.diagnosis.program import work
from unstuck.diagnosis.twin.parameters import Parameters
from unstuck.diagnosis.twin.training import Setup, batches, decide, run, score, train
from unstuck.diagnosis.twin.twin import Link, Twin
from unstuck.diagnosis.twin.update_rule import State, UpdateRule

Array = np.ndarray
OF_TEST_DATA = ("D05", "D06", "D11")
OF_EVALUATION = ("E01", "E02")
OF_LOOP = ("D14",)
OF_NO_CHANGE = ("U05", "U06")
PROBED = 200  # examples of which the user's loss is asked for
RATES = (0.1, 0.5, 0.02)


def read_twice(e: Examination, codes: list[str], further: bool) -> list[Trial]:
    """One trial for the faults of the test data and one for those of the evaluation, where there are any; trained on
    all examples if `further`."""
    wanted = [tuple(code for code in codes if code in group) for group in (OF_TEST_DATA, OF_EVALUATION)]
    made = baseline.as_it_is(e, np.inf, all_examples=further) if e.faithful and any(wanted) else None
    x, y = test_inputs(e), test_classes(e)
    if made is None or x is None or y is None:
        return []
    setup, parameters = made[0], made[0].parameters.copy()
    outcome = train(setup, parameters, (3 if further else 1) * work.READING)
    answers = decide(setup.twin.predict(parameters, x.astype(setup.x.dtype)), setup.twin.output)
    counted = float(np.mean(answers == y))
    readings = [
        (wanted[0], counted, outcome.score),
        (wanted[1], _read_by_the_user(e, setup, parameters, x) if wanted[1] else None, counted),
    ]
    return [
        Trial(changes, before, after, outcome.updates, setup.seed, outcome.seconds)
        for changes, before, after in readings
        if changes and before is not None
    ]


def train_twice(e: Examination, codes: list[str]) -> list[Trial]:
    """The user's own training, where its loop or its parameters are at fault, beside a right one of the same length."""
    if e.twin is None and e.case.step is not None and "B14" in codes:
        return _steps_beside_right_ones(e)
    stays = e.twin is None or e.source != "step"  # what gradients() gives is no training
    changes = tuple(code for code in codes if code in (OF_NO_CHANGE if stays else OF_LOOP))
    if not changes:
        return []
    setup = by_the_book(e) if stays else _as_it_is(e)
    if setup is None:
        return []
    before = score(setup, setup.parameters) if stays else _learnt_by_own_loop(e, setup)
    after = run(setup, work.READING)
    if before is None:
        return []
    return [Trial(changes, before, after.score, after.updates, setup.seed, after.seconds)]


def _steps_beside_right_ones(e: Examination) -> list[Trial]:
    """The user's own steps, some of whose gradients no formula explains, beside as many with right ones."""
    task = find_task(e)
    scores = [] if task is None else own_training.scores_by_steps(e, task, 0.5 * work.READING)
    setup = by_the_book(e) if scores else None
    if task is None or setup is None:
        return []
    before, after = task.chance + scores[-1] * (1 - task.chance), run(setup, work.READING)
    if after.score - before < MATTERS:
        return []
    changes = tuple(dict.fromkeys([*(fault.code for fault in formula_faults(e)), "B14"]))  # by the book is all of them
    return [Trial(changes, before, after.score, after.updates, setup.seed, after.seconds)]


def users_loss_stays_finite(e: Examination, setup: Setup, updates: int = MOST_UPDATES) -> bool:
    """Whether the user's own loss is a finite number before each of the first updates of this run."""
    if e.forward is None or setup.rows is None or not e.program.writable:
        return False
    program, parameters, state = e.program, setup.parameters.copy(), State()
    try:
        for _, (batch, wanted) in zip(range(updates), batches(setup), strict=False):
            arrays = write_chain(e.forward.chain, parameters.weights, parameters.biases, program.as_found)
            if not program.set_parameters(arrays):
                return False
            loss = users_loss(e, setup.x[:PROBED], program.targets[setup.rows[:PROBED]])
            if loss is None or not np.isfinite(loss):
                return False
            with np.errstate(all="ignore"):
                setup.twin.step(parameters, state, batch, wanted)
    finally:
        program.restore()
    return True


def _as_it_is(e: Examination) -> Setup | None:
    made = baseline.as_it_is(e, np.inf) if e.faithful else None
    return None if made is None else made[0]


def by_the_book(e: Examination) -> Setup | None:
    """A run of the user's network with right formulas, at the rate stated or, if it does better, a usual one."""
    readings = codings(e.program.targets, e.n_outputs)
    if not e.forward_proved or e.forward is None or not readings:
        return None
    output = right_output(e.forward.output, e.n_outputs)
    twin = Twin(
        hidden=tuple(right_hidden(name, "sigmoid") for name in e.forward.hidden),
        output=output,
        training_output=output,
        output_delta=right_deltas(output_form(output))[0],
        coding=readings[0],
        links=tuple(Link() for _ in e.forward.chain),
        update=UpdateRule(e.case.learning_rate or RATES[0]),
        bias_modes=e.forward.bias_modes,
    )
    made = baseline.as_it_is(replace(e, twin=twin), np.inf)
    if made is None:
        return None
    tried = [with_rate(rate)(made[0]) for rate in (twin.update.learning_rate, *RATES)]
    return max(tried, key=lambda setup: run(setup, work.ONE_RUN).score)


def _learnt_by_own_loop(e: Examination, setup: Setup) -> float | None:
    """The score on held-out examples after the user's own loop over the twin's training examples, or as many of them as
    the work allows."""
    program = e.program
    loop = own_loop(e)
    if loop is None or setup.rows is None:
        return None
    affordable = int(len(loop.x) * 0.8 * work.READING / max(loop.work, 1.0))
    rows = setup.rows[: max(affordable, len(loop.x))]
    try:
        call = program.train(program.typed(program.x[rows]), program.targets[rows].copy(), work.READING)
        outputs = program.predict(program.x[setup.rows_held], restore=False)
    finally:
        program.restore()
    if call.cut_short or outputs is None or setup.labels_held is None:
        return None
    return float(np.mean(decide(outputs, setup.twin.output) == setup.labels_held))


def _read_by_the_user(e: Examination, setup: Setup, parameters: Parameters, x: Array) -> float | None:
    """The user's own accuracy of the trained parameters, as a share; None where it gives none."""
    assert e.forward is not None
    program = e.program
    arrays = write_chain(e.forward.chain, parameters.weights, parameters.biases, program.as_found)
    try:
        if not program.set_parameters(arrays):
            return None
        call = program.call("accuracy", program.typed(x), e.case.labels_test)
    finally:
        program.restore()
    value = None if call.failed else as_number(call.value)
    if value is None or not np.isfinite(value):
        return None
    return float(np.clip(value / 100 if 1 < value <= 100 else value, 0, 1))
