"""Gradients that no formula of the tables explains."""

from __future__ import annotations

import math

import numpy as np

from unstuck.diagnosis.examination.evidence import MEASURED, PROVED, SUSPECTED, Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.identification.adaptive import looks_adaptive
from unstuck.diagnosis.identification.backward import RIGHT
from unstuck.diagnosis.measurements.central_differences import beside_the_loss, follows_loss, is_turned_round_in_part
from unstuck.diagnosis.measurements.dropped_units import Astray, units_astray
from unstuck.diagnosis.measurements.own_loss import losses_of_training, raised_by_training
from unstuck.diagnosis.measurements.targets_at_work import mixed_examples, what_targets_fail_to_do
from unstuck.diagnosis.rules.rule import rule

HALVED = 0.5  # of the loss: a training that brings it so far down learns
HARMLESS = 1e-2  # share of a change that nothing explains beside the right formula


@rule("B14")
def gradient_unexplained(e: Examination) -> list[Evidence]:
    """The gradient of an array is neither the right one nor that of any known fault.

    What it detects: An array whose change fits no formula of the tables, right or wrong, in any of their
    combinations.

    Why it hurts: The update is not the gradient of the loss identified above it. How much that costs, an
    experiment with your own training shows.

    Cure: Compare this array with central differences of your loss: `(loss(w + h) - loss(w - h)) / (2 * h)`
    entry by entry, or with `unstuck.check_gradients`.

    Evidence: The array, the nearest formula, its residual, and the share of the change that it explains.
    Suspected by that alone; nothing is said where the right formula leaves less than a hundredth. Proved where a batch
    does not change the output weights by the sum of what its examples do one by one, in any common measure. With
    `loss`, central differences of it: nothing is said where the gradient equals them, and it is proved where this one
    does not and that of a layer above does, or where it does but for the sign in some places; measured where it does
    not and the whole training raises that loss. Of networks of any other kind, proved where the changes of some arrays
    are these derivatives and those of others are not, or have the other sign; of the first step of Adam, RMSProp and
    their kind the signs are compared. With dropout, proved where units that were left out learn all the same. In a
    plain script it is proved by the exact derivative of the script's own forward pass, with the expression at which
    the gradient departs.

    Look-alikes: An unusual optimiser, clipping or noise inside the step look the same. Faults that the tables
    know have names of their own.
    """
    if e.backward is None or e.forward is None or _hidden_by_an_adaptive_rule(e):
        return _by_arrays(e)
    found = []
    for r in reversed(e.backward.layers):  # as the way back goes: what lies below an unexplained layer is not known
        place = e.forward.chain[r.layer]
        if r.weights is None and not r.weights_frozen:
            if follows_loss(e, place.weights):
                continue
            if what_targets_fail_to_do(e):
                break  # said of the output error that all gradients start from
            if _unlike_the_loss(e, r.layer, place.weights):
                found.append(_disproved(e, r.layer + 1, "weights"))
            elif is_turned_round_in_part(e, place.weights):
                found.append(_turned_round(r.layer + 1))
            elif r.layer == len(e.forward.chain) - 1 and mixed_examples(e):
                found.append(_mixed(e, r.layer + 1))
            elif _departs_from_loss(e, r.layer, place.weights):
                found.append(_not_of_the_loss(e, r.layer + 1))
            elif r.rival and not (r.rival == RIGHT and r.rival_residual < HARMLESS):
                found.append(_unexplained(r.layer + 1, "weights", r.rival, r.rival_residual))
            break
        has_bias = e.forward.bias_modes[r.layer] in ("inside", "outside")
        unknown_bias = r.weights is not None and has_bias and r.bias is None and not r.bias_frozen
        unknown_bias &= not r.bias_fit.residual < HARMLESS
        if unknown_bias and (place.bias is None or not follows_loss(e, place.bias)):
            found.append(_unexplained(r.layer + 1, "biases", "sum of the deltas", r.bias_fit.residual))
    return found


def _by_arrays(e: Examination) -> list[Evidence]:
    """Of a network whose layers or gradients are not known; nothing that matters where training halves the loss."""
    astray = units_astray(e)
    if astray is not None:
        return [_astray(astray)]
    beside = beside_the_loss(e)
    if beside is None or not (beside.wrong or beside.climbing):
        return []
    if not beside.right:
        return _no_array_of_the_loss(e) if beside.by_signs and beside.wrong else []
    shapes = [array.shape for array in e.program.as_found]
    right, wrong, climbing = (
        ", ".join(f"{i + 1} {shapes[i]}" for i in arrays) for arrays in (beside.right, beside.wrong, beside.climbing)
    )
    if beside.by_signs:
        apart, along = "goes up your loss in some places and down in others", "goes down it everywhere"
    else:
        apart, along = "is not the derivative of your loss", "is that derivative with the right sign"
    said = [f"the change of array {wrong} {apart}"] if wrong else []
    said += [f"array {climbing} moves up your loss, along its derivative"] if climbing else []
    losses = losses_of_training(e)
    learns = losses is not None and losses[1] < HALVED * losses[0]
    summary = f"{'; '.join(said)}; the change of array {right} {along}"
    return [Evidence(PROVED, summary, {"arrays": [i + 1 for i in beside.wrong + beside.climbing]}, asleep=learns)]


def _astray(found: Astray) -> Evidence:
    if found.learning >= found.silenced:
        said = "units that a step left out (dropout) learn all the same: the way back does not leave them out"
    else:
        said = "the way back leaves out other units than the way forward did (dropout)"
    numbers = {"learning_though_left_out": found.learning, "left_out_on_the_way_back_alone": found.silenced}
    return Evidence(PROVED, f"layer {found.layer}: {said}", numbers, found.layer)


def _no_array_of_the_loss(e: Examination) -> list[Evidence]:
    """Suspected, as another loss may be reported than the one that is learnt; measured where training raises it."""
    raised = raised_by_training(e)
    said = "no array goes down your loss everywhere, by central differences: what is learnt is another one"
    if raised is None:
        return [Evidence(SUSPECTED, said, {})]
    said += f"; your whole training raises yours from {raised[0]:.3g} to {raised[1]:.3g}"
    return [Evidence(MEASURED, said, {"loss_before": raised[0], "loss_after": raised[1]})]


def _hidden_by_an_adaptive_rule(e: Examination) -> bool:
    """Whether only the signs of the output layer's gradient are seen, so that no formula of it is known."""
    assert e.backward is not None
    top = e.backward.layers[-1]
    return not top.explained and not top.weights_frozen and looks_adaptive(e.sight.steps)


def _departs_from_loss(e: Examination, layer: int, array: int) -> bool:
    """Whether the output weights change otherwise than the user's own loss says, and no adaptive rule may be why."""
    is_output = e.forward is not None and layer == len(e.forward.chain) - 1
    return is_output and not looks_adaptive(e.sight.steps) and follows_loss(e, array) is False


def _unlike_the_loss(e: Examination, layer: int, array: int) -> bool:
    """Whether this gradient is not that of the user's own loss, while that of a layer above is: the loss is the one."""
    if e.forward is None or (e.source != "gradients" and looks_adaptive(e.sight.steps)):
        return False
    if follows_loss(e, array) is not False:
        return False
    return any(follows_loss(e, above.weights) for above in e.forward.chain[layer + 1 :])


def _disproved(e: Examination, layer: int, what: str) -> Evidence:
    """Suspected of steps alone, whose gradients may have been cut off in this layer."""
    said = f"layer {layer}: the gradient of the {what} is not the derivative of your loss; that of a layer above is"
    return Evidence(PROVED if e.source == "gradients" else SUSPECTED, said, {"array": what}, layer)


def _not_of_the_loss(e: Examination, layer: int) -> Evidence:
    """Suspected, as another loss may be reported than the one that is learnt; measured where training raises it."""
    said = f"layer {layer}: the change of the weights is not the derivative of your loss, by central differences"
    raised = raised_by_training(e)
    if raised is None:
        return Evidence(SUSPECTED, said, {"array": "weights"}, layer)
    said += f"; your whole training raises that loss from {raised[0]:.3g} to {raised[1]:.3g}"
    return Evidence(MEASURED, said, {"loss_before": raised[0], "loss_after": raised[1]}, layer)


def _turned_round(layer: int) -> Evidence:
    said = (
        f"layer {layer}: the change of the weights is the derivative of your loss, but with its sign turned round in "
        "some places: there the loss is climbed"
    )
    return Evidence(PROVED, said, {}, layer)


def _mixed(e: Examination, layer: int) -> Evidence:
    share = mixed_examples(e)
    return Evidence(
        PROVED,
        f"layer {layer}: the change of the weights by a batch is not the sum of what its examples give one by one, in "
        f"whatever measure ({share:.0%} of it is something else): the error of one example depends on the others",
        {"share_not_of_single_examples": share},
        layer,
    )


def _unexplained(layer: int, what: str, rival: str, residual: float) -> Evidence:
    share = max(0.0, 1 - residual**2) if np.isfinite(residual) else 0.0
    return Evidence(
        SUSPECTED,
        f"layer {layer}: the change of the {what} follows no formula tried; the nearest, {rival}, "
        f"explains {math.floor(100 * share)}% of it",
        {"nearest_formula": rival, "residual": residual if np.isfinite(residual) else None, "explained_share": share},
        layer,
    )
