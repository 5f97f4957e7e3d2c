"""Which adaptive rule turns gradients into changes: Adam, RMSProp, AdaGrad and their kind, right or with a slip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from unstuck.diagnosis.formulas.updates import ADAPTIVE, OTHER_FORM, AdaptiveRule
from unstuck.diagnosis.identification.backward import RIGHT, identify_backward
from unstuck.diagnosis.identification.fit import Transform
from unstuck.diagnosis.identification.forward import Forward
from unstuck.diagnosis.identification.guesses import Guess, Level, Setting, View, output_levels
from unstuck.diagnosis.identification.results import BY_STEP, PLAN, QUICK, Backward, LayerResult, Plan
from unstuck.diagnosis.program import work
from unstuck.diagnosis.program.observations import Record

Array = np.ndarray
Found = list[tuple[AdaptiveRule, LayerResult]]
EPSILON_UNKNOWN = 2e-2  # what Adam's epsilon, unknown as the corrections are, can make of small gradients
USUAL = ("adam(beta1=0.9, beta2=0.999", "rms_prop(decay=0.9", "ada_grad(epsilon=1e-08")  # families looked at in full
COARSE, MAGNIFIED = 1e-10, 1e-2  # rounding units of less than 64 bits, and what saturated units make of them at most


@dataclass(frozen=True)
class Adaptive:
    """The adaptive rule, the gradients' formulas seen through it, and the factor on the summed gradient it was given;
    `stopped` where the work allowed was done before all had been tried."""

    rule: AdaptiveRule | None = None
    backward: Backward | None = None
    factor: float = 1.0
    stopped: bool = False


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
    runs: list[list[Record]], forward: Forward, epsilon: float, n_outputs: int, plan: Plan = PLAN
) -> Adaptive:
    """The rule is sought by the output layer alone, with the guesses of `plan`.

    The factor hardly shows (only against epsilon), so the rule is found first and factor and epsilon after it.
    """
    search = _Search(runs, forward, epsilon, n_outputs)
    if not search.records:
        return Adaptive()
    found = next((found for found in search.attempts(plan) if found), [])
    if not found:
        return search.with_other_corrections(stopped=search.left < 0)
    rule, factor, residual = search.nearest(found)
    allowed = min(1e-3, max(1e-6, 30 * residual))
    backward = search.backward(rule, factor, least_allowed=allowed)
    if epsilon > COARSE and _right_but_for_rounding(backward):
        backward = search.backward(rule, factor, least_allowed=MAGNIFIED)
    return Adaptive(rule, backward, factor)


def _right_but_for_rounding(backward: Backward) -> bool:
    """Whether right formulas all but explain what is left: a gradient near 0 moves its weight as far as any other, so
    that its rounding shows in full."""
    unexplained = [layer for layer in backward.layers if not layer.explained and not layer.weights_frozen]
    first = unexplained[-1] if unexplained else None  # below it nothing is known yet
    return first is not None and first.rival == RIGHT and first.rival_residual < MAGNIFIED


@dataclass
class _Search:
    """Runs of consecutive steps, seen through one rule after the other."""

    runs: list[list[Record]]
    forward: Forward
    epsilon: float
    n_outputs: int
    left: float = work.ADAPTIVE

    @cached_property
    def records(self) -> list[Record]:
        return [record for run in self.runs for record in run]

    @cached_property
    def levels(self) -> list[Level]:
        """The guesses of the output's delta: the same through every rule, so they are made once."""
        views = [View.of(record, self.forward) for record in self.records]
        setting = Setting(views, self.forward, self.epsilon, self.through(ADAPTIVE[0], 1.0))
        return [_made_once(level) for level in output_levels(setting, self.n_outputs)]

    def through(self, rule: AdaptiveRule, factor: float) -> Transform:
        def transform(gradients: list[Array]) -> list[Array]:
            directions, start = [], 0
            for run in self.runs:
                directions += rule.directions([g * factor for g in gradients[start : start + len(run)]])
                start += len(run)
            return directions

        return transform

    def backward(
        self,
        rule: AdaptiveRule,
        factor: float,
        plan: Plan = PLAN,
        least_allowed: float = 1e-2,
        only_top: bool = False,
        allowed: float = work.BACKWARD,
    ) -> Backward:
        return identify_backward(
            self.records,
            self.forward,
            self.epsilon,
            self.n_outputs,
            transform=self.through(rule, factor),
            plan=plan,
            only_top=only_top,
            least_allowed=least_allowed,
            levels=self.levels,
            allowed=allowed,
        )

    def top(self, rule: AdaptiveRule, factor: float, plan: Plan) -> LayerResult:
        return self.backward(rule, factor, plan, only_top=True).layers[-1]

    def attempts(self, plan: Plan) -> Iterator[Found]:
        """The rules that explain the output layer: by its weights, by its biases alone, by rarer guesses."""
        families = list({rule.family: rule for rule in reversed(ADAPTIVE)}.values())
        usual = [rule for rule in families if rule.family in USUAL]
        for entry in plan[:QUICK]:
            yield [(rule, top) for rule, top in self._tops(families, (entry,)) if top.explained]
        yield [(rule, top) for rule, top in self._tops(families, plan[:1]) if top.guess is not None]
        for entry in plan[QUICK:]:
            yield [(rule, top) for rule, top in self._tops(usual, (entry,)) if top.explained]

    def _tops(self, rules: list[AdaptiveRule], plan: Plan) -> Iterator[tuple[AdaptiveRule, LayerResult]]:
        size = len(self.records[0].x)
        for rule in rules:
            if self.left < 0:
                return
            made = self.backward(rule, 1 / size, plan, only_top=True, allowed=self.left)
            self.left -= made.work
            yield rule, made.layers[-1]

    def nearest(self, found: Found) -> tuple[AdaptiveRule, float, float]:
        """Of the likeliest rule the form, epsilon and factor that leave least, and what they leave."""
        size = len(self.records[0].x)
        likeliest, result = min(found, key=lambda entry: entry[1].delta_fit.residual * (1 + entry[1].slips))
        family = [rule for rule in ADAPTIVE if rule.family == likeliest.family]
        factors = (1 / size, 1.0, 2 / size, 2.0, 1 / (size * self.n_outputs), 2 / (size * self.n_outputs))
        tried = [
            (self.top(rule, factor, (result.found_at,)).delta_fit.residual, rule, factor)
            for factor in factors
            for rule in family
        ]
        finite = [entry for entry in tried if np.isfinite(entry[0])]
        residual, rule, factor = min(finite, key=lambda entry: round(np.log10(max(entry[0], 1e-12))))
        return rule, factor, residual

    def with_other_corrections(self, stopped: bool) -> Adaptive:
        """Adam's running means with a factor of its own for every step: corrections, or a rate, of another form."""
        factor, left = 1 / len(self.records[0].x), work.OTHER_CORRECTIONS
        for rule in (rule for rule in ADAPTIVE if rule.name.endswith(OTHER_FORM)):
            made = self.backward(rule, factor, BY_STEP, EPSILON_UNKNOWN, allowed=left)
            left -= made.work
            if made.layers[-1].explained:
                return Adaptive(rule, made, factor)
        return Adaptive(stopped=stopped)


def _made_once(level: Level) -> Level:
    """The same guesses each time, kept from the first."""

    @cache
    def kept() -> list[Guess]:
        return list(level())

    return lambda: iter(kept())
