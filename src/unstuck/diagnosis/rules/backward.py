"""Backward faults: the way back through the layers, and the gradients made on it."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.examination import Examination
from unstuck.diagnosis.proof import formula_faults, proved
from unstuck.diagnosis.rule import MEASURED, PROVED, SUSPECTED, Evidence, rule

NEARLY = 1e-3


@rule("B01")
def activation_instead_of_derivative(e: Examination) -> Evidence | None:
    """The error is multiplied by the activation instead of its derivative.

    What it detects: A delta that carries the activation (or the activation of it, or the sum) where its
    derivative belongs.

    Why it hurts: For a sigmoid `a` instead of `a * (1 - a)` is largest where the unit is saturated; for other
    functions it can even have the wrong sign.

    Cure: Multiply by the derivative: `delta = (delta_above @ W.T) * a * (1 - a)` for a sigmoid, `* (1 -
    a**2)` for tanh, `* (z > 0)` for a ReLU.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: B03 takes the right derivative at the wrong point; B18 takes another function's.
    """
    return proved(e, "B01")


@rule("B02")
def derivative_missing(e: Examination) -> Evidence | None:
    """The derivative of the activation is left out on the way back.

    What it detects: A delta without the factor of the activation's derivative, in a hidden layer or at an
    output whose loss needs it.

    Why it hurts: Units that do not react to their sums are moved like those that do: dead rectifiers and
    saturated sigmoids get the full error.

    Cure: Multiply the errors sent back by the derivative at this layer's sums: `delta = (delta_above @ W.T) *
    derivative(z)`.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: None at a hidden layer that is not linear. At a softmax or sigmoid output with cross-entropy,
    `a - t` without a further factor is right.
    """
    return proved(e, "B02")


@rule("B03", look_alikes=("F09",))
def derivative_at_wrong_point(e: Examination) -> Evidence | None:
    """The derivative is taken at the activation where it belongs at the sum, or the reverse.

    What it detects: A derivative written for sums and fed activations, `f'(f(z))`, or one written for
    activations and fed sums, `z * (1 - z)`.

    Why it hurts: The factor is far from the derivative: `f'(a)` of a sigmoid lies between 0.19 and 0.25 for
    every unit, `z * (1 - z)` is negative and unbounded.

    Cure: Match them: `a * (1 - a)` with the activation, or `sigmoid(z) * (1 - sigmoid(z))` with the sum.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: F09 gives the same numbers if the activation has overwritten its sums; look for `z[...] =` or
    `out=z`.
    """
    return proved(e, "B03")


@rule("B04")
def derivative_applied_twice(e: Examination) -> Evidence | None:
    """The derivative of the activation is multiplied in twice.

    What it detects: A delta with the derivative squared: multiplied in once in the delta and again on the way
    back, or twice at the output.

    Why it hurts: For a sigmoid each extra factor is at most 0.25: the gradient shrinks most where the unit is
    nearly saturated.

    Cure: Multiply by the derivative once per layer. If the delta function already contains it, the loop must
    not apply it again.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: None for sigmoid and tanh. The derivative of a ReLU is 0 or 1, so there twice is the same as
    once, and no fault.
    """
    return proved(e, "B04")


@rule("B05")
def weights_of_wrong_layer(e: Examination) -> Evidence | None:
    """The errors are sent back through other weights than those they came through.

    What it detects: Errors sent back through other weights: not transposed, of another layer, with another
    row than the bias cut off, made absolute, squared or normalised, or not sent through any weights.

    Why it hurts: Each hidden unit gets the blame of another one. The output layer still learns on top of
    features that move at random.

    Cure: Send the delta of the layer above through that layer's own weights: `delta @ W.T` for `z = a @ W`,
    without the bias row where the bias is folded in.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: B06 where only the time is wrong. Products of square matrices hide a missing transpose from
    the shapes, not from the numbers.
    """
    return proved(e, "B05")


@rule("B06")
def weights_already_updated(e: Examination) -> Evidence | None:
    """The errors are sent back through weights that this same step has already changed.

    What it detects: Errors sent back through the weights above as they are after this step's change.

    Why it hurts: The gradient of the lower layers belongs to a network that did not make the error. The
    difference is of the size of one step, so it shows at high rates only.

    Cure: Compute all deltas first, then update: two loops, or `delta_below = delta @ W.T` before `W -= ...`.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula, with the changed weights as observed. Often a note: at a small rate it costs nothing.

    Look-alikes: None, unless the rate is so small that old and new weights agree to rounding; then it is not
    named.
    """
    return proved(e, "B06")


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
    frozen = [r for r in e.backward.layers if r.bias_frozen and not r.weights_frozen and _bias_used(e, r.layer)]
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


def _bias_used(e: Examination, layer: int) -> bool:
    """Whether the layer adds a bias that could change; integers that stay are a fault of another name."""
    if e.forward is None or e.forward.bias_modes[layer] not in ("inside", "outside"):
        return False
    array = e.forward.chain[layer].bias
    return array is None or e.program.dtypes[array].kind not in "iu"


@rule("B09", setting=True, look_alikes=("U07",))
def gradient_summed_not_averaged(e: Examination) -> Evidence | None:
    """The gradient is the sum over the batch: the step grows with the batch size.

    What it detects: A step that is the sum of the batch's gradients: the same examples twice give twice the
    step. Seen at two batch sizes, or from the rate stated.

    Why it hurts: The rate that works depends on the batch size; a rate meant for the mean is as many times
    too high as there are examples in a batch.

    Cure: Divide by the number of examples, `a_below.T @ delta / len(x)`, or lower the rate by that factor.

    Evidence: Measured: the batch size, and the change for each example. A sum with a rate to match is right,
    so it is a finding only if the network stays stuck and a lower rate is among what it needs.

    Look-alikes: U07: a sum with rate r and a mean with rate r times the batch size are the same numbers.
    """
    update = e.update
    if (
        update is None
        or e.source != "step"
        or update.reduction != "sum"
        or not e.case.batch_size
        or e.case.batch_size < 2
    ):
        return None
    return Evidence(
        MEASURED,
        f"a batch of {e.case.batch_size} moves the parameters by the sum of its gradients, "
        f"{e.case.batch_size} times their mean",
        {
            "batch_size": e.case.batch_size,
            "change_per_example": abs(_reference(e)),
            "observed_at": sorted(update.scales_by_size),
        },
    )


def _reference(e: Examination) -> float:
    assert e.update is not None
    assert e.backward is not None
    return e.update.scales.get(("w", len(e.backward.layers) - 1), 0.0)


@rule("B10", look_alikes=("U01",))
def gradient_sign_wrong(e: Examination) -> Evidence | None:
    """The gradient of some arrays has the wrong sign: they climb while the others descend.

    What it detects: Arrays that climb the loss in the same step in which others descend.

    Why it hurts: These arrays undo what the others gain; with one layer climbing, the deltas below are made
    from weights that get worse.

    Cure: Give every array the same sign: with `delta = a - t` all of them are changed by `-=`; with `t - a`,
    all by `+=`.

    Evidence: Proved: the formulas of all arrays fit to rounding, and the fitted factors have both signs; the
    arrays are listed.

    Look-alikes: U01 where all arrays climb.
    """
    signs = _signs(e)
    wrong = [key for key, sign in signs.items() if sign < 0]
    if not wrong or len(wrong) == len(signs):
        return None
    names = ", ".join(f"{'weights' if kind == 'w' else 'biases'} of layer {layer + 1}" for kind, layer in sorted(wrong))
    return Evidence(PROVED, f"{names} climb the loss", {"arrays": names}, sorted(wrong)[0][1] + 1)


def _signs(e: Examination) -> dict[tuple[str, int], float]:
    """+1 where an array descends, -1 where it climbs."""
    if e.twin is None:
        return {}
    found: dict[tuple[str, int], float] = {}
    for l, link in enumerate(e.twin.links):
        for kind, scale in (("w", link.weight_scale), ("b", link.bias_scale)):
            if scale:
                found[kind, l] = np.sign(scale)
    return found


@rule("B11", look_alikes=("L04",))
def softmax_derivative_diagonal(e: Examination) -> Evidence | None:
    """The derivative of the softmax is reduced to its diagonal a (1 - a).

    What it detects: An output delta of a softmax in which the error is multiplied by `a * (1 - a)`, the
    diagonal of its Jacobian.

    Why it hurts: Each output of a softmax depends on every score. Without these terms the delta is no
    gradient of any loss, and vanishes where the network is surely wrong.

    Cure: With cross-entropy write `a - t`, where all terms have cancelled. With squared error write `a * (g -
    (g * a).sum(axis=1, keepdims=True))`, `g = a - t`.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula, over batches with several examples and classes.

    Look-alikes: L04. For a single sigmoid output the same formula is right.
    """
    return proved(e, "B11")


@rule("B12")
def error_discarded(e: Examination) -> Evidence | None:
    """The derivative replaces the error instead of multiplying it.

    What it detects: A delta made of the derivative alone, or of ones or weight sums, in which the error of
    the outputs does not appear.

    Why it hurts: The step no longer depends on the targets: every label would give the same update.

    Cure: Multiply: `delta = error * derivative`, with `error = a - t` at the output and `delta_above @ W.T`
    below. An `=` where `*=` was meant is enough.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: None known.
    """
    return proved(e, "B12")


@rule("B13", look_alikes=("U05",))
def layer_without_gradient(e: Examination) -> Evidence | None:
    """One layer's weights never change while others do.

    What it detects: A layer whose weights stay the same bit for bit in every observed step, while something
    else changes.

    Why it hurts: The layer keeps its initial random weights. The others learn around it, which hides the
    fault from a falling loss.

    Cure: Update every array: check the range of the loop over layers, and that its gradient is not zero by
    construction (`range(len(W) - 1)`, a fresh array, `continue`).

    Evidence: Proved by the observed steps: the layers that never change. The layer's own delta cannot be
    seen, and rivals for the layer below are kept open.

    Look-alikes: U05 where nothing changes at all.
    """
    if e.backward is None:
        return None
    frozen = [r.layer + 1 for r in e.backward.layers if r.weights_frozen]
    if not frozen or (len(frozen) == len(e.backward.layers) and all(r.bias_frozen for r in e.backward.layers)):
        return None
    where = ", ".join(f"layer {layer}" for layer in frozen)
    return Evidence(PROVED, f"{where}: the weights never change", {"layers": frozen}, frozen[0])


@rule("B14")
def gradient_unexplained(e: Examination) -> list[Evidence]:
    """The gradient of an array is neither the right one nor that of any known fault.

    What it detects: An array whose change fits no formula of the tables, right or wrong, in any of their
    combinations.

    Why it hurts: The update is not the gradient of the loss identified above it. How much that costs, an
    experiment with your own training shows.

    Cure: Compare this array with central differences of your loss: `(loss(w + h) - loss(w - h)) / (2 * h)`
    entry by entry, or with `unstuck.check_gradients`.

    Evidence: Measured, never proved: the array, the nearest formula, its residual, and the share of the
    change that it explains.

    Look-alikes: An unusual optimiser, clipping or noise inside the step look the same. Faults that the tables
    know have names of their own.
    """
    if e.backward is None or (e.stepping is not None and e.stepping.random):
        return []
    found = []
    for r in e.backward.layers:
        if r.weights is None and not r.weights_frozen:
            found.append(_unexplained(r.layer + 1, "weights", r.rival, r.rival_residual))
            break
        has_bias = e.forward is not None and e.forward.bias_modes[r.layer] in ("inside", "outside")
        if r.weights is not None and has_bias and r.bias is None and not r.bias_frozen:
            found.append(_unexplained(r.layer + 1, "biases", "sum of the deltas", r.bias_fit.residual))
    return found


def _unexplained(layer: int, what: str, rival: str, residual: float) -> Evidence:
    share = max(0.0, 1 - residual**2) if np.isfinite(residual) else 0.0
    return Evidence(
        SUSPECTED,
        f"layer {layer}: the change of the {what} follows no formula tried; the nearest, {rival}, "
        f"explains {share:.0%} of it",
        {"nearest_formula": rival, "residual": residual if np.isfinite(residual) else None, "explained_share": share},
        layer,
    )


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


@rule("B17", look_alikes=("B08", "B09"))
def gradient_scaled(e: Examination) -> Evidence | None:
    """The gradients of the arrays are right but for factors that differ between them.

    What it detects: Arrays whose gradients are right up to a constant that differs from that of the output
    weights.

    Why it hurts: Layers learn at different rates that nobody chose; divided by the batch size twice, a layer
    hardly moves.

    Cure: Use one factor for all arrays: divide every gradient by `len(x)` exactly once and use the same rate.

    Evidence: Proved: the formulas fit to rounding, and the factor of each array relative to the output
    weights is listed.

    Look-alikes: B08 for biases alone, B09 where all arrays share the factor. Rates chosen for each layer on
    purpose are the same numbers. Where errors were discarded (B12), their factor went with them, and the
    layers below cannot be compared.
    """
    if e.twin is None or e.twin.update.adaptive:
        return None
    scales = {("w", l): abs(link.weight_scale) for l, link in enumerate(e.twin.links)}
    scales |= {("b", l): abs(link.bias_scale) for l, link in enumerate(e.twin.links)}
    discarded = [fault.layer for fault in formula_faults(e) if fault.code == "B12"]
    incomparable = max((layer for layer in discarded if layer < len(e.twin.links)), default=0)
    odd = {
        key: scale
        for key, scale in scales.items()
        if scale and abs(scale - 1) > NEARLY and key[1] >= incomparable and not _own_factors(e, key[1])
    }
    if not odd:
        return None
    names = ", ".join(
        f"{'weights' if kind == 'w' else 'biases'} of layer {layer + 1} × {scale:.4g}"
        for (kind, layer), scale in sorted(odd.items())
    )
    return Evidence(PROVED, f"relative to the output weights: {names}", {"factors": names}, sorted(odd)[0][1] + 1)


def _own_factors(e: Examination, layer: int) -> bool:
    return e.backward is not None and e.backward.layers[layer].own_factors


@rule("B18")
def derivative_of_another_function(e: Examination) -> Evidence | None:
    """The derivative belongs to another activation than the one applied.

    What it detects: A delta with the derivative of an activation other than the one applied: `1 - a**2` after
    a sigmoid, `a * (1 - a)` after tanh, a ReLU's step after a smooth function.

    Why it hurts: The factor has another size, and in places another sign, than the slope of the function that
    was applied.

    Cure: Keep value and derivative together: sigmoid with `a * (1 - a)`, tanh with `1 - a**2`, ReLU with `z >
    0`.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: B01 and B03 where the factor is made of this activation itself.
    """
    return proved(e, "B18")


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
