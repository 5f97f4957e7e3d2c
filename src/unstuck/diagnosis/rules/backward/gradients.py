"""Faults of the gradients: what is made of a layer's error and its inputs."""

from __future__ import annotations

from unstuck.diagnosis.examination.evidence import PROVED, SUSPECTED, Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.identification.results import LayerResult
from unstuck.diagnosis.measurements.proof import proved
from unstuck.diagnosis.rules.rule import rule


@rule("B07", look_alikes=("B16",))
def inputs_of_wrong_layer(e: Examination) -> Evidence | None:
    """The weight gradient uses the activations of another layer than the one that feeds the weights.

    What it detects: A weight gradient whose inputs are not those of the layer: another layer's activations,
    the sums below, the derivative below, the layer's own outputs.

    Why it hurts: The product is a gradient with respect to nothing; it fits the shapes where neighbouring
    layers have one width, or where sums stand for activations.

    Cure: Use what was multiplied with these weights in the forward pass: `z = a_below @ W` has the gradient
    `a_below.T @ delta`.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: B16, where the inputs are left out altogether.
    """
    return proved(e, "B07")


@rule("B08", look_alikes=("B13", "B17"))
def bias_gradient_wrong(e: Examination) -> list[Evidence]:
    """The bias gradient is not the sum of the deltas: it is missing, collapsed, or multiplied by something.

    What it detects: A bias gradient that is not the sum of the deltas over the batch: one number for the
    whole layer, one example's delta, multiplied by inputs, outputs, sums or the bias, summed along the wrong
    axis, or missing, so that biases never change.

    Why it hurts: The bias of a unit is moved for reasons that are not its own; a bias that is far off drowns
    what the weights have learnt.

    Cure: Write `delta.sum(axis=0)` for examples as rows (or `mean`, like the weights), with one entry for
    each unit.

    Evidence: Proved: the formula, layers and residual, or the layers whose biases stay the same bit for bit
    while their weights change.

    Look-alikes: B17 where the bias gradient is right up to a factor; B13 where the weights do not change
    either.
    """
    found = [evidence for evidence in [proved(e, "B08")] if evidence]
    if e.backward is None:
        return found
    frozen = [
        r
        for r in e.backward.layers
        if r.bias_frozen and not r.weights_frozen and _bias_used(e, r.layer) and not _may_cancel(e, r)
    ]
    if frozen and any(not r.weights_frozen for r in e.backward.layers):
        where = ", ".join(f"layer {r.layer + 1}" for r in frozen)
        found.append(
            Evidence(
                PROVED,
                f"{where}: the biases never change",
                {"layers": [r.layer + 1 for r in frozen]},
                frozen[0].layer + 1,
            )
        )
    return found


def _may_cancel(e: Examination, layer: LayerResult) -> bool:
    """Whether a bias may stay because its derivative is 0: all examples of a shared softmax have it in common, or an
    unknown loss goes by the differences between the outputs of examples."""
    if e.forward is None or layer.explained:
        return False
    return e.forward.couples_examples or layer.layer == len(e.forward.chain) - 1


def _bias_used(e: Examination, layer: int) -> bool:
    """Whether the layer adds a bias that could change; integers that stay are a fault of another name."""
    if e.forward is None or e.forward.bias_modes[layer] not in ("inside", "outside"):
        return False
    array = e.forward.chain[layer].bias
    return array is None or e.program.dtypes[array].kind not in "iu"


@rule("B13", look_alikes=("U05",))
def layer_without_gradient(e: Examination) -> Evidence | None:
    """One layer's weights never change while others do.

    What it detects: A layer whose weights stay the same bit for bit in every observed step, while something
    else changes.

    Why it hurts: The layer keeps its initial random weights. The others learn around it, which hides the
    fault from a falling loss.

    Cure: Update every array: check the range of the loop over layers, and that its gradient is not zero by
    construction (`range(len(W) - 1)`, a fresh array, `continue`).

    Evidence: Proved by the observed steps, random ones too: the layers that never change. The layer's own delta
    cannot be seen, and rivals for the layer below are kept open. Suspected where the forward pass is not known.

    Look-alikes: U05 where nothing changes at all.
    """
    frozen = _layers_that_stay(e)
    if not frozen:
        return None
    where = ", ".join(f"layer {layer}" for layer in frozen)
    grade = PROVED if e.forward_proved else SUSPECTED  # without a forward pass, which array is a layer's is a guess
    return Evidence(grade, f"{where}: the weights never change", {"layers": frozen}, frozen[0])


def _layers_that_stay(e: Examination) -> list[int]:
    """The layers, counted from 1, whose weights never change while something else does."""
    if e.backward is not None:
        layers = e.backward.layers
        if all(r.weights_frozen and r.bias_frozen for r in layers):
            return []
        return [r.layer + 1 for r in layers if r.weights_frozen]
    if e.stepping is None or not e.stepping.unmoved:
        return []
    chain = e.forward.chain if e.forward_proved and e.forward is not None else e.chains[0]
    return [l for l, layer in enumerate(chain, start=1) if layer.weights in e.stepping.unmoved]


@rule("B15")
def gradient_transposed(e: Examination) -> Evidence | None:
    """The weight gradient is transposed or reshaped into place.

    What it detects: A weight gradient that is the right one transposed, or reshaped from the other
    orientation.

    Why it hurts: The numbers are right and in the wrong places: weight (i, j) moves for weight (j, i). NumPy
    does not complain if the shapes agree.

    Cure: Write `a_below.T @ delta` for weights (n_in, n_out), `delta.T @ a_below` for (n_out, n_in).
    `reshape` does not transpose; `.T` does.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: None known: at two or more units on each side the numbers differ from every other formula of
    the table.
    """
    return proved(e, "B15")


@rule("B16", look_alikes=("B07",))
def gradient_collapsed(e: Examination) -> Evidence | None:
    """The weight gradient is one number, one row or one column in every place.

    What it detects: A weight gradient in which all rows, all columns or all entries are equal: a sum or dot
    product where an outer product was meant, or a factor left out.

    Why it hurts: All weights of a unit, or of the layer, move together: units cannot specialise.

    Cure: Use the outer product: `np.outer(a_below, delta)` for one example, `a_below.T @ delta` for a batch.
    `np.dot` of two vectors is one number.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: B07 where the inputs are replaced and not left out.
    """
    return proved(e, "B16")


@rule("B19")
def examples_averaged_before_product(e: Examination) -> Evidence | None:
    """Inputs and deltas are averaged over the batch before they are multiplied, so that examples mix.

    What it detects: A gradient of means: inputs and deltas averaged over the batch and then multiplied, or
    one mean error sent back for all examples.

    Why it hurts: The mean of products is not the product of means: which input belonged to which error is
    lost, and with it nearly all of the signal.

    Cure: Multiply first, then average: `a_below.T @ delta / len(x)`.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula, at a batch of several examples. A note where the program only passes single examples.

    Look-alikes: With a batch of one example both are the same.
    """
    return proved(e, "B19")


@rule("B20")
def gradient_of_one_example(e: Examination) -> Evidence | None:
    """Only one example of each batch contributes to the gradient.

    What it detects: A weight gradient made of the first or the last example of the batch.

    Why it hurts: The rest of the batch is computed and thrown away: the step is as noisy as with one example,
    at the price of many.

    Cure: Add up over the batch, `a_below.T @ delta`, or `dW += np.outer(a[i], delta[i])` inside the loop
    where `=` stands, or where the line slipped out of the loop.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula, at a batch of several examples.

    Look-alikes: B08 where only the bias does so.
    """
    return proved(e, "B20")
