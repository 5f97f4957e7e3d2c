"""Backward faults: the way back through the layers, and the gradients made on it."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.examination import Examination
from unstuck.diagnosis.proof import proved
from unstuck.diagnosis.rule import MEASURED, PROVED, Evidence, rule

NEARLY = 1e-3


@rule("B01")
def activation_instead_of_derivative(e: Examination) -> Evidence | None:
    """The error is multiplied by the activation instead of its derivative."""
    return proved(e, "B01")


@rule("B02")
def derivative_missing(e: Examination) -> Evidence | None:
    """The derivative of the activation is left out on the way back."""
    return proved(e, "B02")


@rule("B03")
def derivative_at_wrong_point(e: Examination) -> Evidence | None:
    """The derivative is taken at the activation where it belongs at the sum, or the reverse."""
    return proved(e, "B03")


@rule("B04")
def derivative_applied_twice(e: Examination) -> Evidence | None:
    """The derivative of the activation is multiplied in twice."""
    return proved(e, "B04")


@rule("B05")
def weights_of_wrong_layer(e: Examination) -> Evidence | None:
    """The errors are sent back through other weights than those they came through."""
    return proved(e, "B05")


@rule("B06")
def weights_already_updated(e: Examination) -> Evidence | None:
    """The errors are sent back through weights that this same step has already changed."""
    return proved(e, "B06")


@rule("B07", look_alikes=("B16",))
def inputs_of_wrong_layer(e: Examination) -> Evidence | None:
    """The weight gradient uses the activations of another layer than the one that feeds the weights."""
    return proved(e, "B07")


@rule("B08", look_alikes=("B13", "B17"))
def bias_gradient_wrong(e: Examination) -> list[Evidence]:
    """The bias gradient is not the sum of the deltas: it is missing, collapsed, or multiplied by something."""
    found = [evidence for evidence in [proved(e, "B08")] if evidence]
    if e.backward is None:
        return found
    frozen = [r for r in e.backward.layers if r.bias_frozen and not r.weights_frozen and _bias_used(e, r.layer)]
    if frozen and any(not r.weights_frozen for r in e.backward.layers):
        where = ", ".join(f"layer {r.layer + 1}" for r in frozen)
        found.append(
            Evidence(PROVED, f"{where}: the biases never change", {"layers": [r.layer + 1 for r in frozen]}, frozen[0].layer + 1)
        )
    return found


def _bias_used(e: Examination, layer: int) -> bool:
    return e.forward is not None and e.forward.bias_modes[layer] in ("inside", "outside")


@rule("B09", setting=True, look_alikes=("U07",))
def gradient_summed_not_averaged(e: Examination) -> Evidence | None:
    """The gradient is the sum over the batch: the step grows with the batch size."""
    update = e.update
    if update is None or e.source != "step" or update.reduction != "sum" or not e.case.batch_size or e.case.batch_size < 2:
        return None
    return Evidence(
        MEASURED,
        f"a batch of {e.case.batch_size} moves the parameters by the sum of its gradients, {e.case.batch_size} times their mean",
        {"batch_size": e.case.batch_size, "change_per_example": abs(_reference(e)), "observed_at": sorted(update.scales_by_size)},
    )


def _reference(e: Examination) -> float:
    assert e.update is not None and e.backward is not None
    return e.update.scales.get(("w", len(e.backward.layers) - 1), 0.0)


@rule("B10", look_alikes=("U01",))
def gradient_sign_wrong(e: Examination) -> Evidence | None:
    """The gradient of some arrays has the wrong sign: they climb while the others descend."""
    signs = _signs(e)
    wrong = [key for key, sign in signs.items() if sign < 0]
    if not wrong or len(wrong) == len(signs) or e.source != "step":
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
    """The derivative of the softmax is reduced to its diagonal a (1 - a)."""
    return proved(e, "B11")


@rule("B12")
def error_discarded(e: Examination) -> Evidence | None:
    """The derivative replaces the error instead of multiplying it."""
    return proved(e, "B12")


@rule("B13", look_alikes=("U05",))
def layer_without_gradient(e: Examination) -> Evidence | None:
    """One layer's weights never change while others do."""
    if e.backward is None:
        return None
    frozen = [r.layer + 1 for r in e.backward.layers if r.weights_frozen]
    if not frozen or len(frozen) == len(e.backward.layers) and all(r.bias_frozen for r in e.backward.layers):
        return None
    where = ", ".join(f"layer {layer}" for layer in frozen)
    return Evidence(PROVED, f"{where}: the weights never change", {"layers": frozen}, frozen[0])


@rule("B14")
def gradient_unexplained(e: Examination) -> list[Evidence]:
    """The gradient of an array is neither the right one nor that of any known fault."""
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
        MEASURED,
        f"layer {layer}: the change of the {what} follows no formula tried; the nearest, {rival}, explains {share:.0%} of it",
        {"nearest_formula": rival, "residual": residual if np.isfinite(residual) else None, "explained_share": share},
        layer,
    )


@rule("B15")
def gradient_transposed(e: Examination) -> Evidence | None:
    """The weight gradient is transposed or reshaped into place."""
    return proved(e, "B15")


@rule("B16", look_alikes=("B07",))
def gradient_collapsed(e: Examination) -> Evidence | None:
    """The weight gradient is one number, one row or one column in every place."""
    return proved(e, "B16")


@rule("B17", look_alikes=("B08", "B09"))
def gradient_scaled(e: Examination) -> Evidence | None:
    """The gradients of the arrays are right but for factors that differ between them."""
    if e.twin is None or e.twin.update.adaptive:
        return None
    scales = {("w", l): abs(link.weight_scale) for l, link in enumerate(e.twin.links)}
    scales |= {("b", l): abs(link.bias_scale) for l, link in enumerate(e.twin.links)}
    odd = {key: scale for key, scale in scales.items() if scale and abs(scale - 1) > NEARLY and not _own_factors(e, key[1])}
    if not odd:
        return None
    names = ", ".join(
        f"{'weights' if kind == 'w' else 'biases'} of layer {layer + 1} × {scale:.4g}" for (kind, layer), scale in sorted(odd.items())
    )
    return Evidence(PROVED, f"relative to the output weights: {names}", {"factors": names}, sorted(odd)[0][1] + 1)


def _own_factors(e: Examination, layer: int) -> bool:
    return e.backward is not None and e.backward.layers[layer].own_factors


@rule("B18")
def derivative_of_another_function(e: Examination) -> Evidence | None:
    """The derivative belongs to another activation than the one applied."""
    return proved(e, "B18")


@rule("B19")
def examples_averaged_before_product(e: Examination) -> Evidence | None:
    """Inputs and deltas are averaged over the batch before they are multiplied, so that examples mix."""
    return proved(e, "B19")


@rule("B20")
def gradient_of_one_example(e: Examination) -> Evidence | None:
    """Only one example of each batch contributes to the gradient."""
    return proved(e, "B20")
