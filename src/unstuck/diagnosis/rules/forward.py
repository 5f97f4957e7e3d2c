"""Forward faults: what a layer makes of its sums, and the network of its scores."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.examination.evidence import MEASURED, PROVED, Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.identification.forward import Forward, propagate
from unstuck.diagnosis.identification.layout import read_chain
from unstuck.diagnosis.identification.stepping import batch
from unstuck.diagnosis.measurements.first_updates import first_updates
from unstuck.diagnosis.measurements.proof import proved
from unstuck.diagnosis.measurements.target_coding import labels_of
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


@rule("F04")
def sigmoid_without_minus(e: Examination) -> Evidence | None:
    """The sigmoid lacks its minus: 1 / (1 + exp(z)) falls where it should rise.

    What it detects: A sigmoid without its minus, `1 / (1 + np.exp(z))`, or a softmax of `-z`; also `1 +
    np.exp(-z)`, the sigmoid without its brackets.

    Why it hurts: The function falls where its derivative `a * (1 - a)` says that it rises: gradients point
    the wrong way through this layer.

    Cure: Write `1 / (1 + np.exp(-z))`, with the brackets and the minus.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: None in the outputs. In the updates alone it looks like B10; it is named here because
    `predict` shows it first.
    """
    return proved(e, "F04")


@rule("F05")
def activation_missing(e: Examination) -> Evidence | None:
    """A hidden layer is linear: it adds nothing to the layers around it.

    What it detects: A hidden layer whose outputs equal its sums.

    Why it hurts: Linear layers in a row are one linear layer: depth and width add nothing that a single layer
    could not do.

    Cure: Apply the activation to the sums, `a = np.maximum(x @ W + b, 0)`, and use its derivative on the way
    back.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula. A derivative that belongs to the missing activation is not reported a second time. A note where
    the experiment shows that a linear network does as well.

    Look-alikes: B18 where the layer is meant to be linear and the derivative is too much.
    """
    return proved(e, "F05")


@rule("F06")
def activation_on_logits(e: Examination) -> Evidence | None:
    """Another activation is applied to the scores before the output function.

    What it detects: Outputs that equal the output function applied to activated sums, such as
    `softmax(relu(z))`; or such a pair in training, between the outputs and the loss.

    Why it hurts: The inner function cuts off what the outer one needs: after a ReLU no score is below 0,
    after a sigmoid the ten scores differ by at most 1, so that no class can get a probability near 1.

    Cure: Give the plain sums of the last layer to the output function: `softmax(a @ W + b)`.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: L01 is the same slip with a softmax inside.
    """
    return proved(e, "F06")


@rule("F07")
def bias_missing(e: Examination) -> Evidence | None:
    """The layers have no bias, or one that the forward pass does not add.

    What it detects: Bias arrays that the forward pass does not add (whatever their values); or, as a note,
    layers that have none.

    Why it hurts: Without a bias each unit's boundary passes through the origin of its inputs. An array that
    is stored but not added is also not what its author believes to be training.

    Cure: Add it to the sums before the activation: `z = x @ W + b`.

    Evidence: Proved where the array exists and is not added: the formula, its residual against your numbers,
    and the residual of the nearest other formula, with biases of size 0.5. Measured, and never more than a
    note, where there is no bias at all.

    Look-alikes: A bias that is added and never changes is B08; one added after the activation is F12.
    """
    found = proved(e, "F07")
    if found or not e.forward_proved or e.forward is None:
        return found
    if all(mode == "none" for mode in e.forward.bias_modes):
        return Evidence(MEASURED, "no layer has a bias", {"layers": len(e.forward.bias_modes)}, asleep=True)
    return None


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


@rule("F09")
def activation_in_place(e: Examination) -> Evidence | None:
    """The sums are overwritten by the activation and used later as if they were still sums.

    What it detects: Sums that the activation has overwritten (`z[...] = f(z)`, `out=z`) and that a derivative
    written for sums reads afterwards.

    Why it hurts: The derivative is taken at the activation, not at the sum: for a sigmoid it never falls
    below 0.19, saturated units included.

    Cure: Let the activation return a new array, `a = f(z)`, and keep `z`; or write the derivative in terms of
    `a`.

    Evidence: Proved where it is named: the formula, its residual against your numbers, and the residual of
    the nearest other formula. The numbers of one step are those of B03; only the source tells that an array
    was overwritten.

    Look-alikes: B03, whose numbers are the same.
    """
    return proved(e, "F09")


@rule("F10")
def output_too_narrow(e: Examination) -> Evidence | None:
    """One output unit stands for more than two classes.

    What it detects: A network with one output whose labels, or whole-number targets, have more than two
    values.

    Why it hurts: One number cannot hold the scores of several classes. Read as a class number, it says that
    class 1 lies between 0 and 2.

    Cure: Give the last layer one output for each class and use one-hot targets: `np.eye(n_classes)[labels]`
    with a softmax.

    Evidence: Proved by counting: outputs and classes.

    Look-alikes: A regression with a few whole-number values looks the same; real-valued (float) targets
    without `labels` are taken for one.
    """
    labels = labels_of(e) if e.outputs is not None and e.n_outputs == 1 else None
    if labels is None:
        return None
    n_classes = len(np.unique(labels))
    if n_classes <= 2:
        return None
    return Evidence(PROVED, f"one output for {n_classes} classes", {"outputs": 1, "classes": n_classes})


@rule("F11")
def activation_malformed(e: Examination) -> Evidence | None:
    """The function applied is none that a network can learn with: a step, an absolute value, a derivative in its place.

    What it detects: Activations that no network learns well with: a step, an absolute value, a minimum, a
    plain exponential, a derivative in the activation's place, a softmax that is not divided by the sum of its
    own exponentials.

    Why it hurts: The function has no useful slope, or not the one that the way back assumes, or it grows or
    changes sign where a probability was meant.

    Cure: Apply the function that the derivative belongs to, such as `np.maximum(z, 0)` or `1 / (1 +
    np.exp(-z))`.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: None known: each of these functions gives other outputs.
    """
    return proved(e, "F11")


@rule("F12")
def bias_outside_activation(e: Examination) -> Evidence | None:
    """The bias is added after the activation instead of before it.

    What it detects: Outputs that equal `f(x @ W) + b` in one or all layers, instead of `f(x @ W + b)`.

    Why it hurts: The bias cannot move the point where a unit switches on; it only shifts the unit's output,
    and outputs may leave the range of their function.

    Cure: Write `a = f(x @ W + b)`: the bias goes inside the brackets.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula, with biases of size 0.5.

    Look-alikes: None where the activation is not linear; in a linear layer both are the same and neither is a
    fault.
    """
    return proved(e, "F12")
