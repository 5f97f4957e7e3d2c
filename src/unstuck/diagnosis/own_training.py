"""Where no twin can stand in for a program: does the user's own training learn, step by step, what the data allow?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unstuck.diagnosis.baseline import labels_of
from unstuck.diagnosis.examination import Examination
from unstuck.diagnosis.formulas.forward import output_form
from unstuck.diagnosis.formulas.output_deltas import right_deltas
from unstuck.diagnosis.formulas.targets import codings, one_hot
from unstuck.diagnosis.twin import Link, Parameters, Twin
from unstuck.diagnosis.twin_training import Setup, chance, corrected, decide, run, with_fresh_initialisation
from unstuck.diagnosis.update_rule import UpdateRule

Array = np.ndarray
ENOUGH = 0.7


def learns(e: Examination, seconds: float) -> bool | None:
    """Whether the program, trained by its own step for a while, reaches most of what a plain network of 32 units does.

    None where this cannot be seen: no step, no labels, no outputs, or it was still improving when time was up.
    """
    labels = labels_of(e) if e.outputs is not None else None
    if e.case.step is None or labels is None or e.outputs is None or len(labels) < 100:
        return None
    generator = np.random.default_rng(77)
    order = generator.permutation(len(labels))
    held, train = order[: min(500, len(order) // 5)], order[min(500, len(order) // 5) :]
    reference = _reference(e, labels, train, held)
    goal = corrected(run(reference, 0.5 * seconds).score, chance(reference))
    scores = _own_scores(e, labels, train, held, 0.5 * seconds, reference)
    if not scores or goal < 0.1:
        return None
    if max(scores) >= ENOUGH * goal:
        return True
    still_rising = len(scores) > 2 and scores[-1] > scores[len(scores) // 2] + 0.02
    return None if still_rising else False


def _own_scores(
    e: Examination, labels: Array, train: Array, held: Array, seconds: float, reference: Setup
) -> list[float]:
    """Chance-corrected accuracy of the user's program along its own training."""
    program, scores = e.program, []
    stated, seen = e.case.batch_size, e.stepping
    if seen is not None and seen.acts_on and (stated is None or stated < min(seen.acts_on)):
        stated = seen.batch_size  # a smaller batch was seen to change nothing
    size = int(min(stated or 32, len(train)))
    started, position, generator = program.now(), 0, np.random.default_rng(5)
    output = e.forward.output if e.forward_proved and e.forward is not None else "softmax"
    try:
        order, next_look = train, 0.2
        while program.now() - started < seconds:
            if position + size > len(order):
                order, position = generator.permutation(train), 0
            rows = order[position : position + size]
            position += size
            if program.call("step", program.typed(program.x[rows]), program.targets[rows]).failed:
                break
            if program.now() - started > next_look * seconds:
                next_look += 0.2
                outputs = program.predict(program.x[held], restore=False)
                if outputs is None:
                    break
                right = float(np.mean(decide(outputs, output) == labels[held]))
                scores.append(corrected(right, chance(reference)))
    finally:
        program.restore()
    return scores


def _reference(e: Examination, labels: Array, train: Array, held: Array) -> Setup:
    """A plain network of 32 rectifiers on the same examples."""
    n_outputs = max(e.n_outputs, 1)
    output = "softmax" if n_outputs > 1 else "sigmoid"
    coded = one_hot(labels, n_outputs) if n_outputs > 1 else (labels[:, None] > 0) * 1.0
    x = e.program.x
    x = ((x - x.min()) / max(np.ptp(x), 1e-12)).astype(np.float32)
    twin = Twin(
        sizes=(),
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
        x[train],
        coded[train].astype(np.float32),
        labels[train],
        x[held],
        coded[held].astype(np.float32),
        labels[held],
        min(20, len(train)),
        600,
    )
    return with_fresh_initialisation(replace(setup, seed=3))
