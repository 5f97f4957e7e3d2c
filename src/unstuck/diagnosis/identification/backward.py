"""Stages two and three: which output delta, and layer by layer which way back, explain how the parameters changed.

Each layer is identified given the one above it. Formulas are tried by the number of slips they contain, right ones
first; the first level at which something fits to rounding decides, and everything that fits equally well is kept as a
look-alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from unstuck.diagnosis.formulas import gradients
from unstuck.diagnosis.formulas.formula import Formula
from unstuck.diagnosis.identification.biases import directions, fit_bias, observed, only_rounding, vanishes
from unstuck.diagnosis.identification.fit import (
    Fit,
    Transform,
    decaying,
    fit_clipped,
    fit_decaying,
    fit_each,
    is_clipped,
    rounding_floor,
    stack,
    tolerance,
)
from unstuck.diagnosis.identification.forward import Forward
from unstuck.diagnosis.identification.guesses import Guess, Level, Setting, View, hidden_levels, output_levels
from unstuck.diagnosis.identification.results import EACH, PLAN, Backward, Entry, LayerResult, Plan
from unstuck.diagnosis.program import work
from unstuck.diagnosis.program.observations import Record
from unstuck.sandbox import clock

Array = np.ndarray
RIGHT = "the right formula"
MOST_GUESSES = 12
LEAST_BY_BIAS = 20  # numbers of different sizes, so that a wrong delta does not fit by chance
LEAST_OWN_FACTORS = 20  # numbers per record, so that a factor for each record explains little by itself


@dataclass(frozen=True)
class SearchOptions:
    """How formulas are sought.

    transform      turns a layer's gradients into directions, where the update rule is not proportional to them (Adam
                   and its kind)
    plan           which guesses are tried, in which order
    levels         the guesses of the output's delta, where they have been made before
    only_top       the layers below the output are left out
    least_allowed  the share of a change that a formula may leave over, whatever rounding leaves
    allowed        the work that may be done
    """

    transform: Transform | None = None
    plan: Plan = PLAN
    levels: Sequence[Level] = ()
    only_top: bool = False
    least_allowed: float = 0.0
    allowed: float = work.BACKWARD


BY_PLAN = SearchOptions()


def identify_backward(
    records: Sequence[Record],
    forward: Forward,
    epsilon: float,
    n_outputs: int,
    options: SearchOptions = BY_PLAN,
) -> Backward:
    """Explain the changes in `records` (all of one batch size, each from a fresh state) by formulas.

    epsilon is the rounding unit of the user's parameters.
    """
    views = [View.of(r, forward) for r in records]
    setting = Setting(views, forward, epsilon, options.transform, options.plan, options.least_allowed, options.allowed)
    depth = len(forward.hidden) + 1
    results: list[LayerResult] = []
    with np.errstate(all="ignore"):
        top = _identify_layer(setting, depth - 1, options.levels or output_levels(setting, n_outputs))
        results.append(top)
        for l in () if options.only_top else range(depth - 2, -1, -1):
            above = results[-1]
            guesses = _surviving(above, setting, n_outputs)
            results.append(_identify_layer(setting, l, hidden_levels(setting, l, guesses)))
    return Backward(results[::-1], options.allowed - setting.left)


def _surviving(above: LayerResult, setting: Setting, n_outputs: int) -> list[Guess]:
    """The deltas above that are still possible: the one found, or, above a frozen layer, all right ones."""
    if above.guess is not None:
        return [above.guess]
    if above.layer == len(setting.forward.hidden):
        levels = output_levels(setting, n_outputs)
        return [guess for _, guess in zip(range(MOST_GUESSES), next(iter(levels))(), strict=False)]
    return []


def _identify_layer(setting: Setting, l: int, levels: Sequence[Level]) -> LayerResult:
    views = setting.views
    changes = [view.weight_changes[l] for view in views]
    bias_changes = [view.bias_changes[l] for view in views]
    biased = all(change is not None for change in bias_changes)
    result = LayerResult(l, None, rival_residual=np.inf)
    result.weights_frozen = not any(np.any(change) for change in changes)
    result.bias_frozen = biased and not any(np.any(change) for change in bias_changes)
    if _hides(setting, l, levels, result):
        return result
    cancelled = not result.weights_frozen and only_rounding(
        [view.weights[l] for view in views], changes, setting.epsilon
    )
    if not all(np.isfinite(change).all() for change in changes):
        return result
    by_bias = result.weights_frozen or cancelled
    if by_bias and (result.bias_frozen or not biased):
        return result
    floor = rounding_floor(*observed(views, l, by_bias), setting.epsilon)
    result.allowed = max(tolerance(floor), setting.least_allowed)
    known: dict[int, list[Guess]] = {}
    for entry in setting.plan:
        index, with_weights, how = entry
        if index >= len(levels) or (with_weights and by_bias):
            continue
        clock.check()
        if setting.left < 0:
            result.stopped = True
            break
        if how == "each" and (setting.transform is not None or changes[0].size < LEAST_OWN_FACTORS):
            continue
        if how == "clipped" and (by_bias or setting.transform is not None or not is_clipped(stack(changes))):
            continue
        if index not in known:
            known[index] = list(levels[index]())
        if _try_level(setting, l, known[index], entry, by_bias, result):
            result.found_at = entry
            fit_bias(setting, l, result)
            if cancelled:
                _name_cancelling(setting, l, result)
            return result
    if cancelled and (not biased or result.bias_frozen or only_rounding(*observed(views, l, True), setting.epsilon)):
        result.weights_frozen, result.bias_frozen = True, biased  # rounding errors of a gradient that is nothing
    elif not by_bias and biased and not result.bias_frozen:
        _identify_by_bias(setting, l, known, result)
    return result


def _identify_by_bias(setting: Setting, l: int, known: dict[int, list[Guess]], result: LayerResult) -> None:
    """The delta alone, from the biases, where no formula gives the weights' change: the layers below need it."""
    values, changes = observed(setting.views, l, bias=True)
    sizes = np.abs(stack(changes))
    if len(np.unique(np.round(sizes / sizes.max(), 6))) < LEAST_BY_BIAS:
        return
    unexplained = replace(result)
    result.allowed = max(tolerance(rounding_floor(values, changes, setting.epsilon)), setting.least_allowed)
    levels = [index for index in sorted(known) if index == 0 or setting.transform is None]
    if any(_try_level(setting, l, known[index], (index, False, "plain"), True, result) for index in levels):
        result.bias = gradients.RIGHT_BIAS
    result.rival, result.rival_residual = unexplained.rival, unexplained.rival_residual
    result.allowed = unexplained.allowed


def _hides(setting: Setting, l: int, levels: Sequence[Level], result: LayerResult) -> bool:
    """Whether rounding of the stored parameters would hide the right change at the scale of the layer above."""
    scale, guess = setting.has_scale.get(l + 1), next(levels[0](), None)
    if not scale or guess is None or setting.transform is not None:
        return False
    pairs = list(zip(guess.passes, guess.deltas, strict=True))
    meant = [scale * gradients.RIGHT_WEIGHTS.compute(p, l, d) for p, d in pairs]
    if not only_rounding([view.weights[l] for view in setting.views], meant, setting.epsilon):
        return False
    result.hidden, result.guess = True, guess
    result.weights_frozen = result.bias_frozen = False
    result.weights, result.weight_fit = gradients.RIGHT_WEIGHTS, Fit(0.0, scale)
    result.bias, result.bias_fit = gradients.RIGHT_BIAS, Fit(0.0, scale)
    setting.has_scale[l] = scale
    return True


def _name_cancelling(setting: Setting, l: int, result: LayerResult) -> None:
    """Weights moved by rounding errors only: the right change may be lost in them, or a gradient cancels to nothing, as
    the deltas of a softmax do that sum to 0."""
    guess = result.guess
    assert guess is not None
    pairs = list(zip(guess.passes, guess.deltas, strict=True))
    meant = [result.bias_fit.scale * gradients.RIGHT_WEIGHTS.compute(p, l, d) for p, d in pairs]
    if only_rounding([view.weights[l] for view in setting.views], meant, setting.epsilon):
        result.hidden, result.weights = True, gradients.RIGHT_WEIGHTS
        result.weight_fit = Fit(0.0, result.bias_fit.scale)
        return
    for formula in gradients.weight_formulas(guess.passes[0], l)[1:]:
        if vanishes(formula, gradients.RIGHT_WEIGHTS, guess, l):
            faults, parts = guess.with_part("weights", l, formula)
            result.guess = Guess(guess.passes, guess.deltas, faults, parts, guess.output, guess.coding)
            result.weights, result.weight_fit = formula, Fit(result.bias_fit.residual, result.bias_fit.scale)
            return
    result.weights_frozen = True


def _try_level(
    setting: Setting, l: int, guesses: list[Guess], entry: Entry, by_bias: bool, result: LayerResult
) -> bool:
    """Whether some guess of this entry of the plan explains the layer; the best is put into `result`."""
    _, with_weights, how = entry
    fitting: list[tuple[float, int, Guess, Formula, Fit]] = []
    values, changes = observed(setting.views, l, by_bias)
    flat = stack(changes)
    inputs = [view.x for view in setting.views] if l == 0 and not by_bias else []
    decays = decaying(values, inputs) if how == "decay" else []
    for order, guess in enumerate(guesses):
        if by_bias:
            formulas = gradients.bias_formulas(guess.passes[0], l)[:1]
        else:
            table = gradients.weight_formulas(guess.passes[0], l)
            formulas = table[1:] if with_weights else table[:1]
        for formula in formulas:
            predicted = directions(
                setting, [formula.compute(p, l, d) for p, d in zip(guess.passes, guess.deltas, strict=True)]
            )
            setting.left -= _work_of_fit(setting, flat.size)
            if how == "clipped":
                found = fit_clipped(flat, stack(predicted))
            elif how in EACH:
                found = fit_each(changes, predicted)
                if how == "each" and found.residual > result.allowed:
                    found = fit_each(changes, predicted, values)
            else:
                found = fit_decaying(flat, stack(predicted), decays)
            if found.residual <= result.allowed:
                slips = len(guess.faults) + bool(formula.fault) + _off_scale(setting, l, found.scale)
                fitting.append((slips, order, guess, formula, found))
            elif found.residual < result.rival_residual:
                result.rival, result.rival_residual = _describe(guess, formula, l), found.residual
    if not fitting:
        return False
    fitting.sort(key=lambda entry: entry[:2])
    slips, _, guess, formula, found = fitting[0]
    if formula.fault:
        faults, parts = guess.with_part("weights", l, formula)
        guess = Guess(guess.passes, guess.deltas, faults, parts, guess.output, guess.coding)
    result.guess, result.own_factors = guess, how in EACH
    if by_bias:
        result.bias_fit = found
    else:
        result.weights, result.weight_fit = formula, found
    setting.has_scale[l] = found.scale
    seen = {codes(guess.faults)}
    for other_slips, _, other, other_formula, _ in fitting[1:]:
        faults = other.faults + ((other_formula.fault, l, other_formula.name),) * bool(other_formula.fault)
        if int(other_slips) == int(slips) and codes(faults) not in seen and faults:
            seen.add(codes(faults))
            result.look_alikes.append(faults)
    return True


def _work_of_fit(setting: Setting, n_numbers: int) -> float:
    """One formula beside the changes of one layer; through an adaptive rule every number is moved several times."""
    return (1 if setting.transform is None else 4) * (work.FORMULA + work.NUMBER * n_numbers)


def codes(faults: tuple[tuple[str, int, str], ...]) -> frozenset[tuple[str, int]]:
    return frozenset((code, layer) for code, layer, _ in faults)


def _off_scale(setting: Setting, l: int, scale: float) -> float:
    """Half a slip for a factor other than the layer's above: of two equal explanations the one in scale is likelier."""
    above = setting.has_scale.get(l + 1)
    return 0.5 if above and abs(scale / above - 1) > 1e-3 else 0.0


def _describe(guess: Guess, formula: Formula, l: int) -> str:
    said = [part.name for _, layer, part in guess.parts if layer == l and part.fault] + [formula.name] * bool(
        formula.fault
    )
    return "; ".join(said) or RIGHT
