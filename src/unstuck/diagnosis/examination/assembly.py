"""Putting the twin together from the formulas and factors that were identified."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from unstuck.diagnosis.formulas.formula import Formula
from unstuck.diagnosis.formulas.forward import output_form
from unstuck.diagnosis.formulas.gradients import RIGHT_BIAS, RIGHT_WEIGHTS
from unstuck.diagnosis.formulas.hidden_deltas import RIGHT_BACK, RIGHT_FACTOR
from unstuck.diagnosis.formulas.output_deltas import right_deltas
from unstuck.diagnosis.formulas.targets import codings
from unstuck.diagnosis.identification.results import LayerResult
from unstuck.diagnosis.identification.update import Response, Update
from unstuck.diagnosis.twin.twin import Link, Twin
from unstuck.diagnosis.twin.update_rule import UpdateRule

if TYPE_CHECKING:
    from unstuck.diagnosis.examination.examination import Examination


def build_twin(e: Examination) -> Twin | None:
    """The chain of identified formulas; None where a layer is not explained."""
    forward, backward, update = e.forward, e.backward, e.update
    if forward is None or backward is None or update is None:
        return None
    explained = [layer for layer in backward.layers if layer.guess is not None]
    if not explained or not all(layer.explained or layer.weights_frozen for layer in backward.layers):
        return None
    guess = next(layer.guess for layer in backward.layers if layer.guess is not None)
    parts: dict[tuple[str, int], Formula] = {}
    for layer in backward.layers[::-1]:
        if layer.guess is not None:
            parts.update({(kind, l): formula for kind, l, formula in layer.guess.parts})
    top = len(backward.layers) - 1
    factors = [update.factor(key) for key in sorted(update.scales, reverse=True) if update.scales[key]]
    reference = abs(factors[0]) if factors else 1.0  # of the output weights
    if e.source == "gradients" and sum(np.sign(factors)) > 0:
        reference = -reference  # gradients() gives the gradient itself, not the change
    links = tuple(_link(layer, parts, update, reference) for layer in backward.layers)
    rate = abs(reference)
    if e.source == "gradients":
        rate = e.case.learning_rate or 0.1
    taken = -1.0  # of a change, what has the sign of the weights is added; of a gradient, it will be taken away
    if e.source == "gradients":
        taken = rate if reference < 0 else -rate
    response = _uppermost(update, "w", top)
    bias_response = _uppermost(update, "b", top)
    if all(r.kind == "frozen" for key, r in update.responses.items() if key[0] == "b"):
        bias_response = update.responses.get(("b", top))
    assert guess is not None
    coding = guess.coding or next(iter(codings(e.program.targets, e.n_outputs)), None)
    if coding is None:
        return None
    return Twin(
        hidden=forward.hidden,
        output=forward.output,
        training_output=guess.output,
        output_delta=parts.get(("output delta", top)) or right_deltas(output_form(guess.output))[0],
        coding=coding,
        links=links,
        update=UpdateRule(
            learning_rate=rate,
            reduction="mean" if update.reduction == "mean" else "each" if update.reduction == "each" else "sum",
            response=_plain(response),
            bias_response=None if bias_response is None else _plain(bias_response),
            decay=taken * update.decays.get(("w", top), 0.0),
            bias_decay=taken * update.decays.get(("b", top), 0.0),
            adaptive=update.adaptive,
            rate_law=update.rate_law,
            remembers_decay=response is not None and response.with_decay,
            spared=backward.layers[0].weight_fit.spared,
        ),
        bias_modes=forward.bias_modes,
    )


def _uppermost(update: Update, kind: str, top: int) -> Response | None:
    """What the uppermost layer whose changes tell it says of the memory of weights, or of biases: the bias of a single
    output is too few numbers."""
    told = (update.responses.get((kind, layer)) for layer in range(top, -1, -1))
    return next((r for r in told if r is not None and r.kind not in ("frozen", "unexplained")), None)


def _plain(response: Response | None) -> tuple[str, float]:
    if response is None or response.kind in ("plain", "frozen", "unexplained", "other"):
        return ("plain", 0.0)
    return ("momentum" if response.kind == "accumulate" else response.kind, response.beta)


def _link(layer: LayerResult, parts: dict[tuple[str, int], Formula], update: Update, reference: float) -> Link:
    l = layer.layer
    adaptive = update.adaptive is not None
    weight_scale, bias_scale = (-update.factor((kind, l)) / reference for kind in ("w", "b"))
    if adaptive:
        weight_scale = -np.sign(layer.weight_fit.scale) if layer.explained else 0.0
        bias_scale = -np.sign(layer.bias_fit.scale) if layer.bias is not None else 0.0
    return Link(
        back=parts.get(("back", l), RIGHT_BACK),
        factor=parts.get(("factor", l), RIGHT_FACTOR),
        weights=parts.get(("weights", l), RIGHT_WEIGHTS),
        bias=layer.bias or RIGHT_BIAS,
        weight_scale=0.0 if layer.weights_frozen else float(weight_scale),
        bias_scale=0.0 if layer.bias_frozen else float(bias_scale),
        weight_divisions=update.divisions(("w", l)),
        bias_divisions=update.divisions(("b", l)),
    )
