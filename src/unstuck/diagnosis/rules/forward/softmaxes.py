"""Faults of softmaxes: along which axis they sum, whether they overflow, where they stand."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.examination.evidence import PROVED, Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.identification.forward import Forward, propagate
from unstuck.diagnosis.identification.layout import read_chain
from unstuck.diagnosis.identification.stepping import batch
from unstuck.diagnosis.measurements.first_updates import first_updates
from unstuck.diagnosis.measurements.proof import proved
from unstuck.diagnosis.rules.rule import rule

Array = np.ndarray


@rule("F01")
def softmax_over_batch(e: Examination) -> Evidence | None:
    """The softmax divides by one sum over the whole batch.

    What it detects: Outputs, or the outputs that training uses, that equal exponentials over one sum of the
    whole batch. Looked for with several examples at once: with one, it equals a softmax.

    Why it hurts: The outputs of an example depend on the others in its batch and no longer add up to 1, and
    their size falls with the batch size.

    Cure: Sum along the classes only: `e / e.sum(axis=1, keepdims=True)` with examples as rows, `axis=0` with
    examples as columns.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula. A note where the program only ever passes single examples.

    Look-alikes: F02 sums along the other axis; at two or more examples and classes their numbers differ.
    """
    return proved(e, "F01")


@rule("F02")
def softmax_over_examples(e: Examination) -> Evidence | None:
    """The softmax is normalised along the examples instead of along the classes.

    What it detects: Outputs, or the outputs that training uses, in which every class is normalised over the
    examples of the batch. In a script also: the weights of an attention, normalised along another axis than the
    one that the weighted sum goes over.

    Why it hurts: Each column adds up to 1 over the batch, whatever the example: a single example gets 1 for
    every class, and the labels are no longer compared with probabilities.

    Cure: Sum along the classes: `e / e.sum(axis=1, keepdims=True)` with examples as rows. `sum(e)` and
    `axis=0` add up the rows.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: F01 uses one sum for all; at two or more examples and classes their numbers differ.
    """
    return proved(e, "F02")


@rule("F03")
def softmax_overflow(e: Examination) -> Evidence | None:
    """The softmax takes exponentials without subtracting each example's maximum first: large scores give NaN.

    What it detects: A softmax that gives NaN or infinity when the parameters are multiplied by a thousand, where one
    shifted by each example's own maximum gives probabilities: nothing is subtracted, or one maximum for the whole
    batch.

    Why it hurts: `np.exp` overflows above 709 in float64 and above 88 in float32, and infinity over infinity is NaN.
    With one maximum for the whole batch, all exponentials of an example whose scores are far below it become 0, and 0 /
    0 is NaN too. One update later so is every parameter.

    Cure: Subtract the maximum first: `e = np.exp(z - z.max(axis=1, keepdims=True))`. The quotient is
    mathematically the same.

    Evidence: Proved by the outputs themselves: the share that is not finite. A finding if it happens within
    the first updates of this training, else a note.

    Look-alikes: U13 (parameters that are already not finite) and D02 or U07, which make scores grow that far.
    """
    if (
        not e.forward_proved
        or e.forward is None
        or not e.forward.output.startswith("softmax")
        or "maximum" in e.forward.output  # it was subtracted: NaN is then nothing over nothing, along the wrong axis
        or not e.program.writable
    ):
        return None
    program = e.program
    x, _ = batch(program, 20)
    try:
        parameters = [1000 * array for array in program.draw_parameters(1)]
        program.set_parameters(parameters)
        outputs = program.predict(x, restore=False)
    finally:
        program.restore()
    if outputs is None or np.isfinite(outputs).all():
        return None
    happens = [moment.updates for moment in first_updates(e) if not moment.finite]
    when = f", and does so after {happens[0]} updates of this training" if happens else ""
    return Evidence(
        PROVED,
        f"{_how_it_overflows(e.forward, parameters, x, outputs)}{when}",
        {"not_finite_share": float(np.mean(~np.isfinite(outputs)))},
        layer=len(e.forward.hidden) + 1,
        asleep=not happens,
        falsifies=bool(happens),
    )


def _how_it_overflows(forward: Forward, parameters: list[Array], x: Array, outputs: Array) -> str:
    """By the example with the largest score of all: it stays finite only where its maximum was subtracted."""
    with np.errstate(all="ignore"):
        weights, biases = read_chain(forward.chain, parameters)
        scores = propagate(x, weights, biases, forward.forms, forward.bias_modes)[0][-1]
    if np.isfinite(scores).all() and np.isfinite(outputs[int(scores.max(axis=1).argmax())]).all():
        return (
            "the maximum of the whole batch is subtracted: with scores in the thousands, examples far below it become "
            "0 / 0, which is NaN"
        )
    return "with scores in the thousands the softmax gives NaN where one shifted by the maximum gives probabilities"


@rule("F08")
def softmax_in_hidden_layer(e: Examination) -> Evidence | None:
    """A hidden layer ends in a softmax: its units share one unit of signal among them.

    What it detects: A hidden layer whose outputs are a softmax, along the classes, the examples or the whole
    batch.

    Why it hurts: The outputs of the layer add up to 1, so that its units have to push each other down to be
    heard; with 100 units each is about 0.01, and the gradient shrinks as much.

    Cure: Use an activation of each unit by itself (`np.maximum(z, 0)`, `np.tanh(z)`, sigmoid) in hidden
    layers; keep the softmax for the output.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: None in the outputs; the derivative `a * (1 - a)` that often goes with it is not reported a
    second time.
    """
    return proved(e, "F08")
