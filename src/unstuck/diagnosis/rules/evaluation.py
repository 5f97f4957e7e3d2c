"""Faults of the evaluation: the network is what it is, the number its author reads is another."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.examination.evidence import MEASURED, PROVED, Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.measurements.counting import (
    Counted,
    all_pairs,
    constant_answer,
    constant_divisor,
    is_right,
    orders,
    reproduces,
    wrong_forms,
)
from unstuck.diagnosis.measurements.own_accuracy import Evaluations, evaluations, spread_of_predictions
from unstuck.diagnosis.rules.rule import rule

Array = np.ndarray


@rule("E01", look_alikes=("E02",))
def accuracy_computed_wrongly(e: Examination) -> Evidence | None:
    """The accuracy differs from counting right answers.

    What it detects: The user's own accuracy on the test set against a count of the largest outputs (of one output
    above its threshold), with the labels as they are and with labels made from the network's own answers, so that
    chance cannot hide a difference; under the parameters as found and under others.

    Why it hurts: Training may be right and the number that says so wrong: good changes are thrown away, bad ones kept.

    Cure: `np.mean(outputs.argmax(axis=1) == labels)`: the largest output of each row, one comparison for each example,
    divided by the number of examples.

    Evidence: The number read and the number counted; the formula that gives every number read.

    Look-alikes: E02 predictions-out-of-order, where single answers are right and stand beside other labels.
    """
    seen = evaluations(e)
    if seen is None or seen.random or seen.right or _out_of_order(seen) is not None:
        return None
    worst = max((c for c in seen.counted if not is_right(c)), key=lambda c: c.truth[0])
    counted = worst.truth[0] / worst.n
    numbers = {"read": worst.value, "counted": counted, "examples": worst.n}
    said = f"the accuracy reads {worst.value:.4g} where counting gives {counted:.4g}"
    if not np.isfinite(worst.value):
        return Evidence(MEASURED, said, {**numbers, "read": str(worst.value)}, falsifies=True)
    formula = _formula(e, seen) if sum(not is_right(c) for c in seen.counted) > 1 else None
    if formula is None:
        return None if _depends_on_batch(e) else Evidence(MEASURED, said, numbers, falsifies=True)
    return Evidence(PROVED, f"{said}: it {formula}", {**numbers, "formula": formula}, falsifies=True)


def _depends_on_batch(e: Examination) -> bool:
    """Whether an example's outputs are others in another batch, as in the training form of batch normalisation: an
    accuracy that answers by its other form may count other answers than these."""
    x, half = e.program.x[:20], len(e.program.x[:20]) // 2
    together, first = e.program.predict(x), e.program.predict(x[:half])
    if together is None or first is None:
        return False
    return not np.allclose(together[:half], first, rtol=1e-4, atol=1e-6)


def _formula(e: Examination, seen: Evaluations) -> str | None:
    """The wrong formula that gives all the numbers."""
    counted = seen.clear if len(seen.clear) > 1 else seen.counted
    divisor = constant_divisor(counted)
    if divisor is not None:
        return f"divides by {divisor:.6g}, not by the {counted[0].n} examples"
    answer = constant_answer(counted)
    if answer is not None:
        return f"takes every answer for class {answer}"
    fits = [name for name, form in wrong_forms(e.case.batch_size).items() if reproduces(form, counted)]
    return " or ".join(fits[:3]) if fits else None


@rule("E02", look_alikes=("E01", "D11"))
def predictions_out_of_order(e: Examination) -> Evidence | None:
    """The predictions are compared with the labels of other examples.

    What it detects: An accuracy that is right whenever all labels are the same, and otherwise wrong as if the answers
    had been sorted, reversed, moved or shuffled. In a script: a function that is given examples and takes others from
    around it in their place; answers to the inputs of one set that are held against the labels of another.

    Why it hurts: A perfect network reads as chance.

    Cure: Keep the order of the examples from the inputs to the comparison: no shuffling and no sorting between the
    prediction and its label.

    Evidence: The number read and the number counted, with labels as they are and with one label for all; the order that
    gives every number, where it is a known one.

    Look-alikes: D11 test-labels-misaligned, where the data themselves are out of order; E01 accuracy-computed-wrongly.
    """
    seen = evaluations(e)
    if seen is None:
        return None
    found = _out_of_order(seen)
    if found is None:
        return None
    worst = max((c for c in seen.counted if not is_right(c)), key=lambda c: c.truth[0])
    return Evidence(
        PROVED,
        f"the accuracy reads {worst.value:.4g} where counting gives {worst.truth[0] / worst.n:.4g}: {found}",
        {"read": worst.value, "counted": worst.truth[0] / worst.n, "order": found, "examples": worst.n},
        falsifies=True,
    )


def _out_of_order(seen: Evaluations) -> str | None:
    """What is wrong with the order of the answers, None where nothing is."""
    wrong = [c for c in seen.counted if not is_right(c)]
    if len(wrong) < 2:
        return None
    if not seen.random:
        for name, form in orders().items():
            if reproduces(form, seen.counted):
                return name
    informative = [c for c in seen.one_label if 0 < c.truth[0] < c.n]
    if len(informative) < 2 or not all(is_right(c) for c in seen.one_label) or reproduces(all_pairs, seen.counted):
        return None
    if all(_as_if_shuffled(c) for c in wrong):
        return "it is right where all labels are the same, and as if shuffled where they differ"
    return None


def _as_if_shuffled(c: Counted) -> bool:
    """Whether the number is what a random order of these answers would give, within five standard deviations."""
    by_chance = all_pairs(c)
    spread = np.sqrt(by_chance * (1 - by_chance) / c.n)
    return any(abs(c.value / unit - by_chance) <= 5 * spread + 1e-9 for unit in (1.0, 100.0, c.n))


@rule("E03")
def evaluated_in_training_mode(e: Examination) -> Evidence | None:
    """The network answers at random: dropout or noise is still on while it is evaluated.

    What it detects: Outputs that differ between two calls of predict from the same state with other random numbers. In
    a script: answers to other examples than those of an update that are made with entries dropped at random, or with
    the statistics of their own batch where running averages are kept.

    Why it hurts: Every accuracy is that of a thinned or noisy network, lower than what was learnt and never twice the
    same.

    Cure: Switch dropout and noise off for prediction (`model.eval()`, a flag `training=False`), and scale the weights
    or the kept units so that sums stay as large.

    Evidence: How far the two outputs lie apart, as a share of their spread; in a script, the recorded operations of the
    evaluation.

    Look-alikes: None: outputs that do not repeat are a fact. An accuracy of the batch that is learnt from may be told
    in the form of training; noise that a network is to take away, or to make something from, is no dropout.
    """
    if e.outputs is None:
        return None
    apart, others = spread_of_predictions(e)
    if not apart:
        return None
    return Evidence(
        PROVED,
        f"two predictions of the same examples from the same state differ by {apart:.1%} of their size"
        + (f", {others:.0%} of the answers are others" if others else ""),
        {"difference": apart, "other_answers": others},
        falsifies=True,
    )
