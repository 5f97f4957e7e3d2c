"""Runs of consecutive steps, seen through one adaptive rule after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import islice

import numpy as np

from unstuck.diagnosis.formulas.corrections import UNKNOWN
from unstuck.diagnosis.formulas.gradients import RIGHT_WEIGHTS
from unstuck.diagnosis.formulas.updates import UNCORRECTED, USUAL, AdaptiveRule, ada_grad, rms_prop, with_epsilons
from unstuck.diagnosis.identification.backward import RIGHT, SearchOptions, identify_backward
from unstuck.diagnosis.identification.first_steps import share_against
from unstuck.diagnosis.identification.fit import Transform, rounding_floor, tolerance
from unstuck.diagnosis.identification.forward import Forward
from unstuck.diagnosis.identification.guesses import Guess, Level, Setting, View, output_levels
from unstuck.diagnosis.identification.moments import Moved, find_moments
from unstuck.diagnosis.identification.results import BY_STEP, PLAN, QUICK, Backward, Entry, LayerResult, Plan
from unstuck.diagnosis.program import work
from unstuck.diagnosis.program.observations import Record
from unstuck.diagnosis.twin.update_rule import CONSTANT, RateLaw

Array = np.ndarray
Found = list[tuple[AdaptiveRule, LayerResult]]
EPSILON_UNKNOWN = 2e-2  # what Adam's epsilon, unknown as the corrections are, can make of small gradients
LOOKED_AT_IN_FULL = (USUAL[0], rms_prop(0.9), ada_grad())
MOMENTS_ALLOWED = 1e-4  # what an unknown epsilon may leave over of gradients far above it
MOST_DELTAS = 5  # of the output, through which the moments are sought
SCALED = 1e-3  # what epsilon makes of gradients that a slip has scaled in one layer only
COARSE, MAGNIFIED = 1e-10, 1e-2  # rounding units of less than 64 bits, and what saturated units make of them at most


@dataclass(frozen=True)
class Adaptive:
    """The adaptive rule, the gradients' formulas seen through it, and the factor on the summed gradient it was given;
    `stopped` where the work allowed was done before all had been tried."""

    rule: AdaptiveRule | None = None
    backward: Backward | None = None
    factor: float = 1.0
    stopped: bool = False
    law: RateLaw = CONSTANT


def _right_but_for_rounding(backward: Backward) -> bool:
    """Whether right formulas all but explain what is left: a gradient near 0 moves its weight as far as any other, so
    that its rounding shows in full."""
    unexplained = [layer for layer in backward.layers if not layer.explained and not layer.weights_frozen]
    first = unexplained[-1] if unexplained else None  # below it nothing is known yet
    return first is not None and first.rival == RIGHT and first.rival_residual < MAGNIFIED


@dataclass
class Search:
    """Runs of consecutive steps, seen through one rule after the other."""

    runs: list[list[Record]]
    forward: Forward
    epsilon: float
    n_outputs: int
    left: float = work.ADAPTIVE
    law: RateLaw = CONSTANT

    @cached_property
    def records(self) -> list[Record]:
        return [record for run in self.runs for record in run]

    @cached_property
    def views(self) -> list[View]:
        return [View.of(record, self.forward) for record in self.records]

    @cached_property
    def levels(self) -> list[Level]:
        """The guesses of the output's delta: the same through every rule, so they are made once."""
        setting = Setting(self.views, self.forward, self.epsilon, self.through(USUAL[0], 1.0))
        return [_made_once(level) for level in output_levels(setting, self.n_outputs)]

    def through(self, rule: AdaptiveRule, factor: float) -> Transform:
        def transform(gradients: list[Array]) -> list[Array]:
            directions: list[Array] = []
            start = 0
            for run in self.runs:
                made = rule.directions([g * factor for g in gradients[start : start + len(run)]])
                directions += [d * self.law.share(n) for n, d in enumerate(made)] if self.law != CONSTANT else made
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
        options = SearchOptions(self.through(rule, factor), plan, self.levels, only_top, least_allowed, allowed)
        return identify_backward(self.records, self.forward, self.epsilon, self.n_outputs, options)

    def top(self, rule: AdaptiveRule, factor: float, plan: Plan) -> LayerResult:
        return self.backward(rule, factor, plan, only_top=True).layers[-1]

    def attempts(self, plan: Plan) -> Iterator[Found]:
        """The rules that explain the output layer by its weights, with the guesses of the plan one after the other."""
        for entry in plan:
            yield [(rule, top) for rule, top in self._tops(USUAL, (entry,)) if top.explained]

    def rarer_attempts(self, plan: Plan) -> Iterator[Found]:
        """The rules that explain the output layer by its biases alone, or by rarer guesses."""
        yield [(rule, top) for rule, top in self._tops(USUAL, plan[:1]) if top.guess is not None]
        for entry in plan[QUICK:]:
            yield [(rule, top) for rule, top in self._tops(LOOKED_AT_IN_FULL, (entry,)) if top.explained]

    def moments(self) -> Moved | None:
        """The rule found through the first of the likeliest right deltas of the output through which one is."""
        changes = _by_run(self.output_changes(), self.runs)
        values = _by_run([view.weights[-1].ravel() for view in self.views], self.runs)
        allowed = max(self.allowed, MOMENTS_ALLOWED)
        with np.errstate(all="ignore"):
            made = list(self.output_gradients())
        first, value = changes[0][0], values[0][0]
        undecayed = first - value * (first @ value) / max(value @ value, 1e-300)

        def share(gradients: list[Array]) -> float:
            return max(share_against(gradients[0], change) for change in (first, undecayed))

        likeliest = sorted(made, key=lambda gradients: -share(gradients))
        for gradients in likeliest[:MOST_DELTAS]:
            by_run = _by_run(gradients, self.runs)
            found = find_moments(by_run, changes, allowed) or find_moments(by_run, changes, allowed, values)
            if found is not None:
                return found
        return None

    def output_gradients(self) -> Iterator[list[Array]]:
        """Of the output weights in every record, by one of the right deltas after the other."""
        l, size = len(self.forward.hidden), len(self.records[0].x)
        for guess in self.levels[0]():
            pairs = zip(guess.passes, guess.deltas, strict=True)
            yield [np.ravel(RIGHT_WEIGHTS.compute(p, l, d)) / size for p, d in pairs]

    def output_changes(self) -> list[Array]:
        """Of the output weights in every record."""
        return [view.weight_changes[-1].ravel() for view in self.views]

    def always(self, law: Callable[[Array, Array], bool]) -> bool:
        """Whether the law holds in every record between some right gradient of the output weights and their change."""
        changes = self.output_changes()
        with np.errstate(all="ignore"):
            return any(
                all(law(g, c) for g, c in zip(gradients, changes, strict=True)) for gradients in self.output_gradients()
            )

    @cached_property
    def allowed(self) -> float:
        """What rounding of the stored output weights may leave over."""
        floor = rounding_floor([v.weights[-1] for v in self.views], self.output_changes(), self.epsilon)
        return tolerance(floor)

    def finished(self, rule: AdaptiveRule, factor: float, residual: float) -> Adaptive:
        """All layers, through this rule."""
        allowed = min(1e-3, max(1e-6, 30 * residual))
        backward = self.backward(rule, factor, least_allowed=allowed)
        if not backward.explained and allowed < SCALED:
            scaled = self.backward(rule, factor, least_allowed=SCALED)
            backward = scaled if scaled.explained else backward
        if self.epsilon > COARSE and _right_but_for_rounding(backward):
            backward = self.backward(rule, factor, least_allowed=MAGNIFIED)
        return Adaptive(rule, backward, factor, law=self.law)

    def _tops(self, rules: tuple[AdaptiveRule, ...], plan: Plan) -> Iterator[tuple[AdaptiveRule, LayerResult]]:
        size = len(self.records[0].x)
        for rule in rules:
            if self.left < 0:
                return
            made = self.backward(rule, 1 / size, plan, only_top=True, allowed=self.left)
            self.left -= made.work
            yield rule, made.layers[-1]

    def nearest(self, found: Found) -> tuple[AdaptiveRule, float, float]:
        """Of the likeliest rule the epsilon and factor that leave least, and what they leave."""
        likeliest, result = min(found, key=lambda entry: entry[1].delta_fit.residual * (1 + entry[1].slips))
        return self.nearest_form(likeliest, result.found_at)

    def nearest_form(self, likeliest: AdaptiveRule, entry: Entry) -> tuple[AdaptiveRule, float, float]:
        """The epsilon and factor with which this rule leaves least, and what it leaves."""
        size = len(self.records[0].x)
        factors = (1 / size, 1.0, 2 / size, 2.0, 1 / (size * self.n_outputs), 2 / (size * self.n_outputs))
        tried = [
            (self.top(rule, factor, (entry,)).delta_fit.residual, rule, factor)
            for factor in factors
            for rule in with_epsilons(likeliest)
        ]
        finite = [entry for entry in tried if np.isfinite(entry[0])]
        residual, rule, factor = min(finite, key=lambda entry: round(np.log10(max(entry[0], 1e-12))))
        return rule, factor, residual

    def with_other_corrections(self, stopped: bool) -> Adaptive:
        """Adam's running means with a factor of its own for every step: corrections, or a rate, of another form."""
        factor, left = 1 / len(self.records[0].x), work.OTHER_CORRECTIONS
        for rule in (replace(UNCORRECTED, corrections=(UNKNOWN, UNKNOWN), beta2=beta2) for beta2 in (0.999, 0.99)):
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


def _by_run(arrays: list[Array], runs: list[list[Record]]) -> list[list[Array]]:
    """The arrays of all records, in one list for each run."""
    remaining = iter(arrays)
    return [list(islice(remaining, len(run))) for run in runs]
