"""Which adaptive rule turns gradients into changes: Adam, RMSProp, AdaGrad and their kind, right or with a slip."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from unstuck.diagnosis.formulas.updates import ADAPTIVE, OTHER_FORM, AdaptiveRule
from unstuck.diagnosis.identification.backward import (
    BY_STEP,
    PLAN,
    QUICK,
    Backward,
    LayerResult,
    Plan,
    identify_backward,
)
from unstuck.diagnosis.identification.fit import Transform
from unstuck.diagnosis.identification.forward import Forward
from unstuck.diagnosis.program import Record

Array = np.ndarray
EPSILON_UNKNOWN = 2e-2  # what Adam's epsilon, unknown as the corrections are, can make of small gradients
USUAL = ("adam(beta1=0.9, beta2=0.999", "rms_prop(decay=0.9", "ada_grad(epsilon=1e-08")  # families looked at in full


def looks_adaptive(records: list[Record]) -> bool:
    """Whether all entries that changed did so by nearly the same amount, up or down, as in the first step of Adam."""
    shares, upward = [], []
    for record in records:
        for change in record.changes:
            sizes = np.abs(change[change != 0])
            if sizes.size >= 20 and np.isfinite(sizes).all():
                shares.append(np.quantile(sizes, 0.25) / max(np.quantile(sizes, 0.9), 1e-300))
                upward.append(float(np.mean(change[change != 0] > 0)))
    return bool(shares) and float(np.median(shares)) > 0.9 and any(0.02 < share < 0.98 for share in upward)


def identify_adaptive(
    runs: list[list[Record]], forward: Forward, epsilon: float, n_outputs: int
) -> tuple[AdaptiveRule | None, Backward | None, float]:
    """The adaptive rule, the gradients' formulas seen through it, and the factor on the summed gradient it was given.

    The factor hardly shows (only against epsilon), so the rule is found first and factor and epsilon after it.
    """
    records = [record for run in runs for record in run]
    if not records:
        return None, None, 1.0
    lengths, size = [len(run) for run in runs], len(records[0].x)

    def through(rule: AdaptiveRule, factor: float) -> Transform:
        def transform(gradients: list[Array]) -> list[Array]:
            directions, start = [], 0
            for length in lengths:
                directions += rule.directions([g * factor for g in gradients[start : start + length]])
                start += length
            return directions

        return transform

    def top(rule: AdaptiveRule, factor: float, plan: Plan) -> LayerResult:
        made = identify_backward(
            records, forward, epsilon, n_outputs, through(rule, factor), plan, only_top=True, least_allowed=1e-2
        )
        return made.layers[-1]

    families = list({rule.family: rule for rule in reversed(ADAPTIVE)}.values())
    usual = [rule for rule in families if rule.family in USUAL]
    stages = [*((PLAN[i : i + 1], families) for i in range(QUICK)), (PLAN[QUICK:], usual)]
    found: list[tuple[AdaptiveRule, LayerResult]] = []
    for plan, rules in stages:
        found = [(rule, result) for rule in rules if (result := top(rule, 1 / size, plan)).explained]
        if found:
            break
    else:
        found = [(rule, result) for rule in families if (result := top(rule, 1 / size, PLAN[:1])).guess is not None]
    if not found:
        return _with_other_corrections(records, forward, epsilon, n_outputs, through)
    likeliest, result = min(found, key=lambda entry: entry[1].delta_fit.residual * (1 + entry[1].slips))
    tried = [
        (top(rule, factor, (result.found_at,)).delta_fit.residual, order, rule, factor)
        for order, (factor, rule) in enumerate(
            (f, r)
            for f in (1 / size, 1.0, 2 / size, 2.0, 1 / (size * n_outputs), 2 / (size * n_outputs))
            for r in ADAPTIVE
            if r.family == likeliest.family
        )
    ]
    residual, _, rule, factor = min(
        (entry for entry in tried if np.isfinite(entry[0])),
        key=lambda entry: (round(np.log10(max(entry[0], 1e-12))), entry[1]),
    )
    full = identify_backward(
        records,
        forward,
        epsilon,
        n_outputs,
        through(rule, factor),
        least_allowed=min(1e-3, max(1e-6, 30 * residual)),
    )
    return rule, full, factor


def _with_other_corrections(
    records: list[Record],
    forward: Forward,
    epsilon: float,
    n_outputs: int,
    through: Callable[[AdaptiveRule, float], Transform],
) -> tuple[AdaptiveRule | None, Backward | None, float]:
    """Adam's running means with a factor of its own for every step: bias corrections, or a rate, of another form."""
    size = len(records[0].x)
    for rule in (rule for rule in ADAPTIVE if rule.name.endswith(OTHER_FORM)):
        made = identify_backward(
            records, forward, epsilon, n_outputs, through(rule, 1 / size), BY_STEP, least_allowed=EPSILON_UNKNOWN
        )
        if made.layers[-1].explained:
            return rule, made, 1 / size
    return None, None, 1.0
