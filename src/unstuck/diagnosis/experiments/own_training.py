"""Where no twin can stand in for a program: does the user's own training learn what the data allow, step by step and
as a whole loop? And does the loop learn from other inputs and first weights?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from unstuck.diagnosis.examination.evidence import MEASURED, Evidence, any_shown
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.experiments.changes import with_fresh_initialisation
from unstuck.diagnosis.experiments.choices import ASPECTS
from unstuck.diagnosis.experiments.task import LEARNABLE, Task, find_task
from unstuck.diagnosis.experiments.verdicts import Trial, Verdicts
from unstuck.diagnosis.identification.layout import write_chain
from unstuck.diagnosis.measurements.plain_data import to_unit_scale
from unstuck.diagnosis.program import work
from unstuck.sandbox import clock

Array = np.ndarray
HALF = 0.5  # of what is enough: a loop below it learns next to nothing beside steps that learn
LOOKS, MOST_STEPS = 5, 10_000
TIMES = (10.0, 100.0, 1000.0)  # as far as its own, a program's steps are tried
SHORTER = (0.1, 0.01, 0.001)  # the same where no formula is in doubt: shorter steps would hide its fault


@dataclass(frozen=True)
class Run:
    """One run of the user's loop: its score on the held-out examples, and whether it came to its end before the work
    allowed was spent; `in_units`: whether its outputs are no worse than the mean of the numbers that are wanted."""

    score: float
    ended: bool
    in_units: bool


@dataclass(frozen=True)
class Cause:
    """The choices without which the user's loop learns, by code, and its runs with and without them."""

    codes: tuple[str, ...]
    before: float
    after: float
    seconds: float
    times: float = 1.0  # as far as its own are the steps with which it learns


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
    if whole is not None and not whole.in_units:
        e.leave_unchecked("whether the outputs stand for the targets", "targets in the units of the outputs")
        return None
    return True


def cause(e: Examination, task: Task, codes: Iterable[str], allowed: float, formulas_right: bool) -> Cause | None:
    """What keeps the user's whole loop from learning: the smallest of the choices at hand that it does not learn with.
    `formulas_right`: none of them is in doubt, so that steps may be too long as well as too short.

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
    return _steps_of_other_size(e, task, before, share, formulas_right) if before.ended else None


def _steps_of_other_size(e: Examination, task: Task, before: Run, allowed: float, formulas_right: bool) -> Cause | None:
    """Whether the program learns by its own steps taken many times as far or as short, and not as they are: what its
    rate is to blame for, whatever the optimiser is. None for a loop that is longer than what can be tried."""
    started = clock.real_now()
    if e.case.step is None or not e.program.writable or before.score >= HALF * task.enough:
        return None
    if max(scores_by_steps(e, task, allowed), default=1.0) >= HALF * task.enough:
        return None
    for times in (*TIMES, *(SHORTER if formulas_right else ())):
        after = max(scores_by_steps(e, task, allowed, times), default=0.0)
        if after >= task.enough:
            scores = [task.chance + score * (1 - task.chance) for score in (before.score, after)]
            code = "U08" if times > 1 else "U07"
            return Cause((code,), scores[0], scores[1], clock.real_now() - started, times)
    return None


def run_loop(e: Examination, task: Task, allowed: float, right: Iterable[str] = ()) -> Run | None:
    """The user's whole loop from the parameters as found, or with these aspects put right; for so much work at most."""
    if e.case.train is None:
        return None
    program, x, targets = e.program, e.program.x_as_given, e.program.targets
    if "inputs" in right:
        x = to_unit_scale(e.program.x, e.program.x)
        targets = x.reshape(targets.shape) if _are_inputs(e, targets) else targets
    try:
        program.restore()
        if "initialisation" in right and not program.set_parameters(_fresh_parameters(e, task)):
            return None
        call = program.train(program.typed(x[task.train]), targets[task.train].copy(), allowed)
        outputs = program.predict(x[task.held], restore=False)
    finally:
        program.restore()
    if outputs is None or (call.failed and not call.cut_short):
        return None
    return Run(_score(e, task, outputs), not call.cut_short, task.in_units(outputs))


def _are_inputs(e: Examination, targets: Array) -> bool:
    """Whether the network is to give back what it is given."""
    return targets.size == e.program.x.size and np.array_equal(targets.reshape(e.program.x.shape), e.program.x)


def _fresh_parameters(e: Examination, task: Task) -> list[Array]:
    """Weights of the user's shapes drawn by the book."""
    assert e.forward is not None
    assert e.initial is not None
    twin = task.reference.twin.plant(hidden=e.forward.hidden, output=e.forward.output)
    drawn = with_fresh_initialisation(replace(task.reference, twin=twin, parameters=e.initial)).parameters
    return write_chain(e.forward.chain, drawn.weights, drawn.biases, e.program.as_found)


def _score(e: Examination, task: Task, outputs: Array) -> float:
    """How much of the task outputs (n_held, n_outputs) tell, from 0 at chance to 1."""
    output = e.forward.output if e.forward_proved and e.forward is not None else "softmax"
    return task.score(outputs, output)


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


def judge_by_own_training(e: Examination, evidence: dict[str, list[Evidence]], found: Verdicts) -> None:
    """What can be said without a twin: whether the program learns, and which choices keep its own loop from it."""
    task = find_task(e)
    if task is None:
        return
    found.learns = learns(e, task, 0.4 * work.OWN_TRAINING)
    if "B14" in evidence and found.learns is not None:
        found.matters["B14"] = not found.learns
    right = not any(any_shown(items) for code, items in evidence.items() if code not in found.choices)
    kept_by = None if found.learns else cause(e, task, evidence, 0.5 * work.OWN_TRAINING, right)
    if kept_by is not None:
        found.settings = list(kept_by.codes)
        found.trials.append(Trial(kept_by.codes, kept_by.before, kept_by.after, 0, 0, kept_by.seconds))
        if kept_by.times != 1:
            said = f"the program does not learn by its own steps, and does with each {_taken(kept_by.times)}"
            evidence[kept_by.codes[0]] = [Evidence(MEASURED, said, {"times_as_far": kept_by.times})]
    if found.learns or kept_by is not None:
        found.matters |= {code: code in found.settings for code in found.choices}
    if kept_by is not None and right:
        found.matters["B14"] = False  # what was suspected of a gradient is no hindrance


def _taken(times: float) -> str:
    return f"taken {times:g} times as far" if times > 1 else f"cut down to {times:g} of its length"
