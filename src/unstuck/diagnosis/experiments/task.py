"""What a program is to learn, and how much of it a plain network of 32 rectifiers learns from the same examples."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.experiments.changes import with_fresh_initialisation
from unstuck.diagnosis.formulas.forward import output_form
from unstuck.diagnosis.formulas.output_deltas import right_deltas
from unstuck.diagnosis.formulas.targets import codings, one_hot
from unstuck.diagnosis.measurements.plain_data import typical_spread
from unstuck.diagnosis.measurements.target_coding import labels_of, numeric_targets
from unstuck.diagnosis.twin.parameters import Parameters
from unstuck.diagnosis.twin.training import Setup, are_tags, chance, corrected, decide, going_along, run
from unstuck.diagnosis.twin.twin import Link, Twin
from unstuck.diagnosis.twin.update_rule import UpdateRule

Array = np.ndarray
ENOUGH = 0.7  # chance-corrected share of the reference below which a network is stuck
LEARNABLE = 0.1  # chance-corrected share below which nothing was learnt at all
FEWEST_EXAMPLES, MOST_EXAMPLES = 100, 20_000  # the plain network's updates take no more
RATES = (0.1, 0.02)  # of the plain network; the second where it is to learn numbers and the first may be too high


@dataclass(frozen=True)
class Task:
    """What the program is to learn, and what a plain network learns of it.

    wanted is (n,) classes, or numbers: (n, n_outputs), or (n, 1) where only one of the outputs may stand for them, as a
    mean beside a spread does. train and held are rows of the examples.
    """

    wanted: Array
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

    @property
    def of_classes(self) -> bool:
        return self.wanted.ndim == 1

    def score(self, outputs: Array, output: str) -> float:
        """How much of the held-out examples (m, n_outputs) of a program's outputs tell: the chance-corrected share of
        right classes, or the share of the variance of the numbers that goes along with them, whatever their scale."""
        wanted = self.wanted[self.held]
        if not self.of_classes:
            return max(going_along(part, wanted) for part in _parts(outputs, wanted))
        answers = [decide(outputs, output)]
        answers += [(outputs[:, 0] > 0).astype(int)] if outputs.shape[1] == 1 else []  # of scores, or signs of classes
        return corrected(max(float(np.mean(answer == wanted)) for answer in answers), self.chance)

    def in_units(self, outputs: Array) -> bool:
        """Whether the outputs (m, n_outputs) of the held-out examples are no worse than the mean of the numbers wanted:
        false for logarithms of them, say. Classes and tags have no units."""
        wanted = self.wanted[self.held]
        if self.of_classes or are_tags(wanted):
            return True
        whole = np.sum((wanted - wanted.mean(axis=0)) ** 2)
        return any(np.sum((part - wanted) ** 2) <= whole for part in _parts(outputs, wanted))


def find_task(e: Examination) -> Task | None:
    """None without a hundred examples whose targets are classes, or one number or as many as there are outputs; and
    where a network of 32 units learns nothing from them."""
    labels, n = labels_of(e) if e.outputs is not None else None, len(e.program.x)
    if labels is not None and e.n_outputs == 1 and labels.max() > 1:
        labels = None  # a count, or a grade: a number
    wanted = labels if labels is not None else _numbers(e)
    if wanted is None or n < FEWEST_EXAMPLES:
        return None
    order = np.random.default_rng(77).permutation(n)
    held, train = order[: min(500, n // 5)], order[min(500, n // 5) :]
    if labels is not None:
        tried = [_reference(e, labels, train, held)]
    else:
        tried = [_reference_for_numbers(e, wanted, train, held, rate) for rate in RATES]
    scores = [run(reference).score for reference in tried]
    best = int(np.argmax(scores))
    goal = corrected(scores[best], chance(tried[best]))
    return Task(wanted, train, held, tried[best], goal) if goal >= LEARNABLE else None


def _numbers(e: Examination) -> Array | None:
    """(n, n_outputs) targets, or (n, 1)."""
    targets = numeric_targets(e) if e.outputs is not None else None
    rows = None if targets is None else targets.reshape(len(targets), -1)
    return rows if rows is not None and rows.shape[1] in (1, e.n_outputs) and np.ptp(rows, axis=0).any() else None


def _parts(outputs: Array, wanted: Array) -> list[Array]:
    """The outputs (m, n_outputs), or each of them where one number is wanted."""
    return [outputs] if outputs.shape == wanted.shape else [outputs[:, [k]] for k in range(outputs.shape[1])]


def _reference(e: Examination, labels: Array, train: Array, held: Array) -> Setup:
    """The plain network, to learn classes."""
    n_outputs = max(e.n_outputs, 1)
    output = "softmax" if n_outputs > 1 else "sigmoid"
    coded = one_hot(labels, n_outputs) if n_outputs > 1 else (labels[:, None] > 0) * 1.0
    low, spread = float(e.program.x.min()), max(float(np.ptp(e.program.x)), 1e-12)
    setup = _setup(e, output, coded, train, held, RATES[0])
    x, x_held = ((rows - low) / spread for rows in (setup.x, setup.x_held))
    return _of_floats(replace(setup, x=x, x_held=x_held, labels=labels[setup.rows], labels_held=labels[held]))


def _reference_for_numbers(e: Examination, numbers: Array, train: Array, held: Array, rate: float) -> Setup:
    """The plain network, to learn numbers in units of their own spread; inputs that hardly vary are not blown up."""
    setup = _setup(e, "linear", _in_spreads(numbers, numbers[train]), train, held, rate)
    x, x_held = (_in_spreads(rows, setup.x) for rows in (setup.x, setup.x_held))
    return _of_floats(replace(setup, x=x, x_held=x_held))


def _in_spreads(rows: Array, of: Array) -> Array:
    return (rows - of.mean(axis=0)) / typical_spread(of)


def _setup(e: Examination, output: str, coded: Array, train: Array, held: Array, rate: float) -> Setup:
    n_outputs, x = coded.shape[1], e.program.x
    train = train[:MOST_EXAMPLES]
    twin = Twin(
        hidden=("relu",),
        output=output,
        training_output=output,
        output_delta=right_deltas(output_form(output))[0],
        coding=codings(coded, n_outputs)[0],
        links=(Link(), Link()),
        update=UpdateRule(rate, "mean"),
        bias_modes=("inside", "inside"),
    )
    empty = Parameters(
        [np.zeros((x.shape[1], 32), np.float32), np.zeros((32, n_outputs), np.float32)],
        [np.zeros(32, np.float32), np.zeros(n_outputs, np.float32)],
    )
    return Setup(
        twin=twin,
        parameters=empty,
        x=x[train],
        targets=coded[train],
        labels=None,
        x_held=x[held],
        targets_held=coded[held],
        labels_held=None,
        batch_size=min(20, len(train)),
        updates=600,
        rows=train,
    )


def _of_floats(setup: Setup) -> Setup:
    """In single precision, and with weights by the book."""
    kind = np.float32
    single = replace(
        setup,
        x=setup.x.astype(kind),
        targets=setup.targets.astype(kind),
        x_held=setup.x_held.astype(kind),
        targets_held=setup.targets_held.astype(kind),
        seed=3,
    )
    return with_fresh_initialisation(single)
