"""Which adaptive rule turns gradients into changes: Adam, RMSProp, AdaGrad and their kind, right or with a slip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import islice

import numpy as np

from unstuck.diagnosis.formulas.corrections import UNKNOWN
from unstuck.diagnosis.formulas.gradients import RIGHT_WEIGHTS
from unstuck.diagnosis.formulas.updates import UNCORRECTED, USUAL, AdaptiveRule, ada_grad, rms_prop, with_epsilons
from unstuck.diagnosis.identification.backward import RIGHT, identify_backward
from unstuck.diagnosis.identification.fit import Transform, rounding_floor, tolerance
from unstuck.diagnosis.identification.following import finite_part
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
LEAST_RUN = 3  # finite steps in a row
MOMENTS_ALLOWED = 1e-4  # what an unknown epsilon may leave over of gradients far above it
MOST_DELTAS = 5  # of the output, through which the moments are sought
SCALED = 1e-3  # what epsilon makes of gradients that a slip has scaled in one layer only
LEAST_ENTRIES, STRAIGHT = 20, 1e-3  # numbers in a first change, and the relative error of a line through them
UNROOTED = replace(ada_grad(), rooted=False)
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
    runs: list[list[Record]],
    forward: Forward,
    epsilon: float,
    n_outputs: int,
    plan: Plan = PLAN,
    longer: Callable[[], list[list[Record]]] = list,
) -> Adaptive:
    """The rule is sought by the output layer alone, with the guesses of `plan`; `longer` makes longer runs.

    The factor hardly shows (only against epsilon), so the rule is found first and factor and epsilon after it.
    """
    search = _Search(runs, forward, epsilon, n_outputs)
    if not search.records:
        return Adaptive()
    found = next((found for found in search.attempts(plan[:1]) if found), [])
    nearest = search.nearest(found) if found else None
    if nearest is None or nearest[2] > max(search.allowed, MOMENTS_ALLOWED):
        by_moments = identify_moments(longer(), forward, epsilon, n_outputs)
        if by_moments.backward is not None:
            return by_moments
    if nearest is None:
        found = next((found for found in search.attempts(plan[1:QUICK]) if found), [])
        nearest = search.nearest(found) if found else None
    if nearest is None:
        found = next((found for found in search.rarer_attempts(plan) if found), [])
        nearest = search.nearest(found) if found else None
    if nearest is None:
        return search.with_other_corrections(stopped=search.left < 0)
    return search.finished(*nearest)


def identify_moments(runs: list[list[Record]], forward: Forward, epsilon: float, n_outputs: int) -> Adaptive:
    """Any rule of one or two moments of right gradients, by the output layer; nothing where none fits."""
    runs = [part for part in map(finite_part, runs) if len(part) >= LEAST_RUN]
    length = min(map(len, runs), default=0)
    search = _Search([run[:length] for run in runs], forward, epsilon, n_outputs)
    found = search.moments() if search.records else None
    if found is None:
        return Adaptive()
    if found.rule.unknown_corrections:
        factor = 1 / len(search.records[0].x)
        return Adaptive(found.rule, search.backward(found.rule, factor, BY_STEP, EPSILON_UNKNOWN), factor)
    search.law = found.law
    return search.finished(*search.nearest_form(found.rule, PLAN[1] if found.decays else PLAN[0]))


def identify_unrooted(records: list[Record], forward: Forward, epsilon: float, n_outputs: int) -> Adaptive:
    """A rule that takes no root, by first steps from fresh states alone: they are the gradient over its own square, so
    large where it is small that the steps after them say nothing. Nothing where they are not."""
    search = _Search([[record] for record in finite_part(records)], forward, epsilon, n_outputs)
    if not search.records or not search.divided_by_squares():
        return Adaptive()
    found = search.finished(*search.nearest_form(UNROOTED, PLAN[0]))
    return found if found.backward is not None and found.backward.layers[-1].explained else Adaptive()


def takes_root_of_gradients(records: list[Record], forward: Forward, epsilon: float, n_outputs: int) -> bool:
    """Whether first steps leave no number exactly where some right gradient of the output weights is negative."""
    search = _Search([[record] for record in records], forward, epsilon, n_outputs)
    with np.errstate(all="ignore"):
        return bool(records) and any(
            all(_no_number_where_negative(g, c) for g, c in pairs) for pairs in search.gradients_and_changes()
        )


def _no_number_where_negative(gradient: Array, change: Array) -> bool:
    some = np.abs(gradient) > 1e-9 * np.abs(gradient).max(initial=0.0)
    negative, missing = gradient[some] < 0, np.isnan(change[some])
    return bool(negative.any() and not negative.all() and np.array_equal(negative, missing))


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
    law: RateLaw = CONSTANT

    @cached_property
    def records(self) -> list[Record]:
        return [record for run in self.runs for record in run]

    @cached_property
    def levels(self) -> list[Level]:
        """The guesses of the output's delta: the same through every rule, so they are made once."""
        views = [View.of(record, self.forward) for record in self.records]
        setting = Setting(views, self.forward, self.epsilon, self.through(USUAL[0], 1.0))
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
        l, size = len(self.forward.hidden), len(self.records[0].x)
        views = [View.of(record, self.forward) for record in self.records]
        changes = _by_run([view.weight_changes[l].ravel() for view in views], self.runs)
        values = _by_run([view.weights[l].ravel() for view in views], self.runs)
        allowed = max(self.allowed, MOMENTS_ALLOWED)
        with np.errstate(all="ignore"):
            made = [
                [
                    np.ravel(RIGHT_WEIGHTS.compute(p, l, d)) / size
                    for p, d in zip(guess.passes, guess.deltas, strict=True)
                ]
                for guess in self.levels[0]()
            ]
        likeliest = sorted(made, key=lambda gradients: -_share_against(gradients[0], changes[0][0]))
        for gradients in likeliest[:MOST_DELTAS]:
            by_run = _by_run(gradients, self.runs)
            found = find_moments(by_run, changes, allowed) or find_moments(by_run, changes, allowed, values)
            if found is not None:
                return found
        return None

    def gradients_and_changes(self) -> Iterator[list[tuple[Array, Array]]]:
        """Of the output weights in every record, for each of the right deltas."""
        l, size = len(self.forward.hidden), len(self.records[0].x)
        changes = [View.of(record, self.forward).weight_changes[l].ravel() for record in self.records]
        for guess in self.levels[0]():
            pairs = zip(guess.passes, guess.deltas, strict=True)
            gradients = [np.ravel(RIGHT_WEIGHTS.compute(p, l, d)) / size for p, d in pairs]
            yield list(zip(gradients, changes, strict=True))

    def divided_by_squares(self) -> bool:
        """Whether right gradients of the output weights, over their first changes, are a line in their squares."""
        with np.errstate(all="ignore"):
            return any(all(_is_line_in_squares(g, c) for g, c in pairs) for pairs in self.gradients_and_changes())

    @cached_property
    def allowed(self) -> float:
        """What rounding of the stored output weights may leave over."""
        views = [View.of(record, self.forward) for record in self.records]
        floor = rounding_floor([v.weights[-1] for v in views], [v.weight_changes[-1] for v in views], self.epsilon)
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


def _share_against(gradient: Array, change: Array) -> float:
    """Share of the numbers, in hundredths, that a first step moves against this gradient."""
    some = np.abs(gradient) > 1e-3 * np.abs(gradient).max(initial=0.0)
    return round(float(np.mean(np.sign(gradient[some]) != np.sign(change[some]))), 2) if some.any() else 0.0


def _is_line_in_squares(gradient: Array, change: Array) -> bool:
    """Whether gradient / change = a · gradient² + b, the rule that takes no root: a square and epsilon."""
    some = (change != 0) & (np.abs(gradient) > 1e-3 * np.abs(gradient).max(initial=0.0))
    if np.count_nonzero(some) < LEAST_ENTRIES or np.ptp(np.log(np.abs(gradient[some]))) < np.log(10):
        return False
    square, quotient = gradient[some] ** 2, gradient[some] / change[some]
    line = np.stack([square, np.ones_like(square)], axis=1) / quotient[:, None]  # relative errors count
    settings = np.linalg.lstsq(line, np.ones(len(line)), rcond=None)[0]
    left_over = line @ settings - 1
    return bool(settings[0] < 0 and np.sqrt(np.mean(left_over**2)) < STRAIGHT)


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
