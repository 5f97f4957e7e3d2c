"""Where no twin can stand in for a program: does the user's own training learn what the data allow, step by step and
as a whole loop? And does the loop learn from other inputs and first weights?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from unstuck.diagnosis.examination.evidence import MEASURED, Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.experiments.changes import with_fresh_initialisation
from unstuck.diagnosis.experiments.choices import ASPECTS
from unstuck.diagnosis.experiments.verdicts import Trial, Verdicts
from unstuck.diagnosis.formulas.forward import output_form
from unstuck.diagnosis.formulas.output_deltas import right_deltas
from unstuck.diagnosis.formulas.targets import codings, one_hot
from unstuck.diagnosis.identification.layout import write_chain
from unstuck.diagnosis.measurements.target_coding import labels_of
from unstuck.diagnosis.program import work
from unstuck.diagnosis.twin.parameters import Parameters
from unstuck.diagnosis.twin.training import Setup, chance, corrected, decide, run
from unstuck.diagnosis.twin.twin import Link, Twin
from unstuck.diagnosis.twin.update_rule import UpdateRule
from unstuck.sandbox import clock

Array = np.ndarray
ENOUGH = 0.7  # chance-corrected share of the reference below which a network is stuck
HALF = 0.5  # of what is enough: a loop below it learns next to nothing beside steps that learn
LOOKS, MOST_STEPS = 5, 10_000
MOST_EXAMPLES = 20_000  # that the plain network is trained on: more than its updates take
TIMES = (10.0, 100.0, 1000.0)  # as far as its own, a program's steps are tried: shorter ones would hide other faults
LEARNABLE = 0.1  # chance-corrected share below which nothing was learnt at all


@dataclass(frozen=True)
class Task:
    """What the program is to learn, and what a plain network learns of it. train and held are rows of the examples."""

    labels: Array
    train: Array
    held: Array
    reference: Setup
    goal: float  # chance-corrected

    @property
    def chance(self) -> float:
        return chance(self.reference)

    @property
    def enough(self) -> float:
        return ENOUGH * self.goal


@dataclass(frozen=True)
class Run:
    """One run of the user's loop: its score on the held-out examples, and whether it came to its end before the work
    allowed was spent."""

    score: float
    ended: bool


@dataclass(frozen=True)
class Cause:
    """The choices without which the user's loop learns, by code, and its runs with and without them."""

    codes: tuple[str, ...]
    before: float
    after: float
    seconds: float
    times: float = 1.0  # as far as its own are the steps with which it learns


def find_task(e: Examination) -> Task | None:
    """None without labels, outputs and a hundred examples, or where a network of 32 units learns nothing from them."""
    labels = labels_of(e) if e.outputs is not None else None
    if labels is None or len(labels) < 100:
        return None
    order = np.random.default_rng(77).permutation(len(labels))
    held, train = order[: min(500, len(order) // 5)], order[min(500, len(order) // 5) :]
    reference = _reference(e, labels, train, held)
    goal = corrected(run(reference).score, chance(reference))
    return Task(labels, train, held, reference, goal) if goal >= LEARNABLE else None


def learns(e: Examination, task: Task, allowed: float) -> bool | None:
    """Whether the program, trained by its own step for a while or else by its own loop, reaches most of what a plain
    network of 32 units does. None where this cannot be seen, and where steps learn and the loop does not."""
    if e.case.step is None:
        whole = run_loop(e, task, allowed)
        return None if whole is None or (whole.score < task.enough and not whole.ended) else whole.score >= task.enough
    scores = scores_by_steps(e, task, 0.5 * allowed)
    if not scores:
        return None
    if max(scores) < task.enough:
        still_rising = len(scores) > 2 and scores[-1] > scores[len(scores) // 2] + 0.02
        return None if still_rising else False
    whole = run_loop(e, task, 0.5 * allowed)
    if whole is not None and whole.score < HALF * task.enough:
        e.leave_unchecked(
            "why the training loop learns next to nothing where single steps learn",
            "a look at what train=… does with its examples between the steps",
        )
        return None
    return True


def cause(e: Examination, task: Task, codes: Iterable[str], allowed: float) -> Cause | None:
    """What keeps the user's whole loop from learning: the smallest of the choices at hand that it does not learn with.

    None where the loop learns as it is, or as little with all of them put right.
    """
    at_hand = {
        aspect: code for code in list(codes)[::-1] if (aspect := ASPECTS.get(code)) in ("inputs", "initialisation")
    }
    if "initialisation" in at_hand and (e.forward is None or not e.forward_proved or not e.program.writable):
        del at_hand["initialisation"]
    sets = [chosen for size in range(1, len(at_hand) + 1) for chosen in combinations(at_hand, size)]
    share, started = allowed / (len(sets) + 3), clock.real_now()
    before = run_loop(e, task, share)
    if before is None or before.score >= (task.enough if before.ended else LEARNABLE):
        return None
    for chosen in sets:
        after = run_loop(e, task, share, chosen)
        if after is not None and after.score >= task.enough:
            scores = [task.chance + done.score * (1 - task.chance) for done in (before, after)]
            return Cause(tuple(at_hand[aspect] for aspect in chosen), scores[0], scores[1], clock.real_now() - started)
    return _steps_of_other_size(e, task, before, share) if before.ended else None


def _steps_of_other_size(e: Examination, task: Task, before: Run, allowed: float) -> Cause | None:
    """Whether the program learns by its own steps taken many times as far, and not as they are: what its rate is to
    blame for, whatever the optimiser is. None for a loop that is longer than what can be tried."""
    started = clock.real_now()
    if e.case.step is None or not e.program.writable or before.score >= HALF * task.enough:
        return None
    if max(scores_by_steps(e, task, allowed), default=1.0) >= HALF * task.enough:
        return None
    for times in TIMES:
        after = max(scores_by_steps(e, task, allowed, times), default=0.0)
        if after >= task.enough:
            scores = [task.chance + score * (1 - task.chance) for score in (before.score, after)]
            return Cause(("U08",), scores[0], scores[1], clock.real_now() - started, times)
    return None


def run_loop(e: Examination, task: Task, allowed: float, right: Iterable[str] = ()) -> Run | None:
    """The user's whole loop from the parameters as found, or with these aspects put right; for so much work at most."""
    if e.case.train is None:
        return None
    program, x = e.program, e.program.x_as_given
    if "inputs" in right:
        x = e.program.x
        x = (x - x.min()) / max(float(np.ptp(x)), 1e-12)
    try:
        program.restore()
        if "initialisation" in right and not program.set_parameters(_fresh_parameters(e, task)):
            return None
        call = program.train(program.typed(x[task.train]), program.targets[task.train].copy(), allowed)
        outputs = program.predict(x[task.held], restore=False)
    finally:
        program.restore()
    if outputs is None or (call.failed and not call.cut_short):
        return None
    return Run(_score(e, task, outputs), not call.cut_short)


def _fresh_parameters(e: Examination, task: Task) -> list[Array]:
    """Weights of the user's shapes drawn by the book."""
    assert e.forward is not None
    assert e.initial is not None
    twin = task.reference.twin.plant(hidden=e.forward.hidden, output=e.forward.output)
    drawn = with_fresh_initialisation(replace(task.reference, twin=twin, parameters=e.initial)).parameters
    return write_chain(e.forward.chain, drawn.weights, drawn.biases, e.program.as_found)


def _score(e: Examination, task: Task, outputs: Array) -> float:
    """Chance-corrected share of the held-out examples that outputs (n_held, n_outputs) get right."""
    output = e.forward.output if e.forward_proved and e.forward is not None else "softmax"
    return corrected(float(np.mean(decide(outputs, output) == task.labels[task.held])), task.chance)


def scores_by_steps(e: Examination, task: Task, allowed: float, times: float = 1.0) -> list[float]:
    """Chance-corrected accuracy of the user's program along its own steps, each taken so many times as far: five looks,
    evenly spaced."""
    program, scores, train = e.program, [], task.train
    stated, seen = e.case.batch_size, e.stepping
    if seen is not None and seen.acts_on and (stated is None or stated < min(seen.acts_on)):
        stated = seen.batch_size  # a smaller batch was seen to change nothing
    size = int(min(stated or 32, len(train)))
    steps = int(np.clip(allowed / program.work_of_step(size), LOOKS, MOST_STEPS))
    position, order, generator = 0, train, np.random.default_rng(5)
    try:
        for k in range(1, steps + 1):
            if position + size > len(order):
                order, position = generator.permutation(train), 0
            rows = order[position : position + size]
            position += size
            before = program.parameters() if times != 1 else []
            if program.call("step", program.typed(program.x_as_given[rows]), program.targets[rows]).failed:
                break
            if before:
                program.set_parameters([b + times * (a - b) for b, a in zip(before, program.parameters())])
            if k % (steps // LOOKS) == 0:
                outputs = program.predict(program.x_as_given[task.held], restore=False)
                if outputs is None:
                    break
                scores.append(_score(e, task, outputs))
    finally:
        program.restore()
    return scores


def _reference(e: Examination, labels: Array, train: Array, held: Array) -> Setup:
    """A plain network of 32 rectifiers on the same examples."""
    n_outputs = max(e.n_outputs, 1)
    output = "softmax" if n_outputs > 1 else "sigmoid"
    coded = one_hot(labels, n_outputs) if n_outputs > 1 else (labels[:, None] > 0) * 1.0
    x, train = e.program.x, train[:MOST_EXAMPLES]
    low, spread = float(x.min()), max(float(np.ptp(x)), 1e-12)
    twin = Twin(
        hidden=("relu",),
        output=output,
        training_output=output,
        output_delta=right_deltas(output_form(output))[0],
        coding=codings(coded, n_outputs)[0],
        links=(Link(), Link()),
        update=UpdateRule(0.1, "mean"),
        bias_modes=("inside", "inside"),
    )
    empty = Parameters(
        [np.zeros((x.shape[1], 32), np.float32), np.zeros((32, n_outputs), np.float32)],
        [np.zeros(32, np.float32), np.zeros(n_outputs, np.float32)],
    )
    setup = Setup(
        twin,
        empty,
        ((x[train] - low) / spread).astype(np.float32),
        coded[train].astype(np.float32),
        labels[train],
        ((x[held] - low) / spread).astype(np.float32),
        coded[held].astype(np.float32),
        labels[held],
        min(20, len(train)),
        600,
    )
    return with_fresh_initialisation(replace(setup, seed=3))


def judge_by_own_training(e: Examination, evidence: dict[str, list[Evidence]], found: Verdicts) -> None:
    """What can be said without a twin: whether the program learns, and which choices keep its own loop from it."""
    task = find_task(e)
    if task is None:
        return
    found.learns = learns(e, task, 0.4 * work.OWN_TRAINING)
    if "B14" in evidence and found.learns is not None:
        found.matters["B14"] = not found.learns
    kept_by = None if found.learns else cause(e, task, evidence, 0.5 * work.OWN_TRAINING)
    if kept_by is not None:
        found.settings = list(kept_by.codes)
        found.trials.append(Trial(kept_by.codes, kept_by.before, kept_by.after, 0, 0, kept_by.seconds))
        if kept_by.times != 1:
            said = (
                f"the program does not learn by its own steps, and does with each taken {kept_by.times:g} times as far"
            )
            evidence[kept_by.codes[0]] = [Evidence(MEASURED, said, {"times_as_far": kept_by.times})]
    if found.learns or kept_by is not None:
        found.matters |= {code: code in found.settings for code in found.choices}
