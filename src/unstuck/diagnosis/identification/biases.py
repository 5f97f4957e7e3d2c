"""Given the delta of a layer, the formula of its bias gradient; and what of a change is rounding only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unstuck.diagnosis.formulas import gradients
from unstuck.diagnosis.formulas.formula import Formula
from unstuck.diagnosis.identification.fit import Fit, compare_clipped, fit, fit_each, rounding_floor, stack, tolerance
from unstuck.diagnosis.identification.guesses import Guess, Setting, View
from unstuck.diagnosis.identification.results import LayerResult

Array = np.ndarray


def observed(views: list[View], l: int, bias: bool) -> tuple[list[Array], list[Array]]:
    """What the weights or the bias of a layer held before, and by how much they changed, per record."""
    if not bias:
        return [view.weights[l] for view in views], [view.weight_changes[l] for view in views]
    values = [view.biases[l] for view in views]
    changes = [view.bias_changes[l] for view in views]
    return [b for b in values if b is not None], [c for c in changes if c is not None]


def only_rounding(values: list[Array], changes: list[Array], epsilon: float) -> bool:
    """Whether the changes are so small beside the values that they are rounding and nothing else."""
    return rounding_floor(values, changes, epsilon) > 0.02


def vanishes(formula: Formula, right: Formula, guess: Guess, l: int) -> bool:
    """Whether this gradient cancels to rounding errors where the right one does not."""
    pairs = list(zip(guess.passes, guess.deltas, strict=True))
    made = stack([np.asarray(formula.compute(p, l, d), float) for p, d in pairs])
    meant = stack([np.asarray(right.compute(p, l, d), float) for p, d in pairs])
    return bool(np.linalg.norm(made) <= 1e-9 * np.linalg.norm(meant))


def directions(setting: Setting, predicted: list[Array]) -> list[Array]:
    return setting.transform(predicted) if setting.transform is not None else predicted


def fit_bias(setting: Setting, l: int, result: LayerResult) -> None:
    """Given the delta, the formula of the bias gradient."""
    views, guess = setting.views, result.guess
    if guess is None or any(view.bias_changes[l] is None for view in views):
        return
    biases, changes = observed(views, l, bias=True)
    pairs = list(zip(guess.passes, guess.deltas, strict=True))
    meant = [result.weight_fit.scale * gradients.RIGHT_BIAS.compute(p, l, d) for p, d in pairs]
    if result.weights is not None and setting.transform is None and only_rounding(biases, meant, setting.epsilon):
        result.bias, result.bias_frozen = gradients.RIGHT_BIAS, False  # would not show: taken for right
        result.bias_fit = Fit(0.0, result.weight_fit.scale)
        return
    if result.bias_frozen:
        return
    if only_rounding(biases, changes, setting.epsilon):
        for formula in gradients.bias_formulas(guess.passes[0], l)[1:]:
            if vanishes(formula, gradients.RIGHT_BIAS, guess, l):
                result.bias, result.bias_fit = formula, Fit(result.weight_fit.residual, result.weight_fit.scale)
                return
        result.bias_frozen = True
        return
    allowed = max(tolerance(rounding_floor(biases, changes, setting.epsilon)), setting.least_allowed)
    if setting.transform is None and result.weights is not None:
        found = compare_clipped(stack(changes), stack(meant), 1.0)
        if found.residual <= allowed:
            result.bias, result.bias_fit = gradients.RIGHT_BIAS, replace(found, scale=result.weight_fit.scale)
            return
    for decay in (None, biases):
        for formula in gradients.bias_formulas(guess.passes[0], l):
            predicted = directions(
                setting,
                [np.asarray(formula.compute(p, l, d), float) for p, d in zip(guess.passes, guess.deltas, strict=True)],
            )
            if result.own_factors:
                found = fit_each(changes, predicted, decay)
            else:
                found = fit(stack(changes), stack(predicted), None if decay is None else stack(decay))
            if found.residual <= allowed:
                result.bias, result.bias_fit = formula, found
                return
            if found.residual < result.bias_fit.residual and decay is None and not formula.fault:
                result.bias_fit, result.bias_rival_residual = found, found.residual
