"""Which moments an optimiser keeps, and how it puts them together, from its gradients and changes alone.

The factor of every step is left free at first, so that neither the bias corrections nor the rate are needed to find
what is divided by what. The factors of the steps then tell the corrections and the law of the rate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from unstuck.diagnosis.formulas.corrections import CORRECTIONS, RIGHT, UNKNOWN, factors
from unstuck.diagnosis.formulas.updates import DIVIDED, GATHERED, SQUARED, AdaptiveRule, Moments, moved
from unstuck.diagnosis.twin.update_rule import CONSTANT, RateLaw

Array = np.ndarray
Run = list[Array]  # one array's gradients, or changes, in consecutive steps, flattened

BETA1 = (0.9, 0.5, 0.8, 0.95, 0.99, 0.1, 0.0)  # where the search of the betas starts: the usual ones, and 1 - 0.9
BETA2 = (0.999, 0.99, 0.9, 0.95, 0.8, 0.5, 0.9999, 0.01)
FAR_FROM_NOTHING = 3e-2  # of their root mean square, so that epsilon hardly matters
LEAST_SAMPLE, SAMPLE = 12, 200  # numbers of an array that are compared
PROMISING, MOST_PROMISING = 0.5, 12  # what may be left over before the betas are sought, and how many are then tried
IMPROVEMENTS, SHIFT = 25, 1e-6  # of the betas by Gauss and Newton; the difference by which their effect is measured
EPSILON_SHIFT = 1e-3  # of its logarithm
LEAST_EPSILON, MOST_EPSILON = np.log(1e-12), np.log(0.1)
ROUND = 4  # significant digits of 1 - beta to which a beta is rounded, where that leaves no more over
STEADY = 1e-4  # relative spread of factors that are called the same
LEAST_STEPS = 5  # so many factors tell a law of the rate from a wrong correction


@dataclass(frozen=True)
class Moved:
    """A rule and what it leaves over with a free factor for every step; `scales` by step (negative: descends);
    `decays`: a share of the values is taken off beside it."""

    rule: AdaptiveRule
    residual: float
    scales: tuple[float, ...]
    law: RateLaw = CONSTANT
    decays: bool = False


@dataclass(frozen=True)
class _Seen:
    """Gradients and changes by run and step; `values`, where a share of them may be taken off beside the rule."""

    gradients: list[Run]
    changes: list[Run]
    values: list[Run] | None = None

    def beside(self, run: int, step: int, array: Array) -> Array:
        """The array (…, n), less what of it is a multiple of the values in that step."""
        if self.values is None:
            return array
        value = self.values[run][step]
        return array - (array @ value / (value @ value or 1.0))[..., None] * value

    def steps(self) -> Iterator[tuple[int, int]]:
        """Run and place in it of all steps, one after the other."""
        return ((n, t) for n, run in enumerate(self.changes) for t in range(len(run)))


def find_moments(
    gradients: list[Run], changes: list[Run], allowed: float, values: list[Run] | None = None
) -> Moved | None:
    """The rule that makes these changes of these gradients but for what is `allowed`; one list of steps for each run.

    With `values`, the numbers that change, any share of them may be taken off beside it (AdamW, Loshchilov and Hutter
    2019). Of rules that fit, the one with the fewest slips. None where no rule of these moments fits.
    """
    seen = _sampled(gradients, changes, values)
    if not seen.changes or not all(np.isfinite(a).all() for run in (*seen.gradients, *seen.changes) for a in run):
        return None
    with np.errstate(all="ignore"):
        started = [(_coarse(rule, seen), rule) for rule in _structures()]
        promising = sorted((found, n) for n, ((found, _, _), _) in enumerate(started) if found < PROMISING)
        refined = [
            _refined(rule, b1, b2, seen) for (_, b1, b2), rule in (started[n] for _, n in promising[:MOST_PROMISING])
        ]
    fitting = [found for found in refined if found.residual <= allowed]
    if not fitting:
        return None
    best = min((_with_corrections(found) for found in fitting), key=_unlikeliness)
    return replace(best, decays=values is not None)


def _unlikeliness(found: Moved) -> tuple[int, int, int]:
    """What is left over by orders of ten, then slips, then means that are kept."""
    slips = len(found.rule.slips) + bool(found.rule.corrected_wrongly) + found.rule.unknown_corrections
    means = _uses_first(found.rule) + _uses_second(found.rule)
    return round(float(np.log10(max(found.residual, 1e-9)))), slips, means


def _structures() -> Iterator[AdaptiveRule]:
    """All ways to put moments together, right ones first; of corrections only those that stay in what they correct."""
    for divided, squared, gathered, rooted in product(DIVIDED, SQUARED, GATHERED, (True, False)):
        rule = AdaptiveRule(divided, squared, gathered, rooted)
        if divided != "sign":
            yield rule
            yield replace(rule, corrections=("none", "none"))  # the same but for what epsilon is added to
        if (divided, squared, gathered, rooted) == ("mean", "squares", "mean", True):
            yield from (replace(rule, corrections=(RIGHT, RIGHT), keeps=keeps) for keeps in ("first", "second", "both"))


def _sampled(gradients: list[Run], changes: list[Run], values: list[Run] | None) -> _Seen:
    """The same few numbers of all steps of a run: those whose first gradient is far from nothing."""
    parts = [gradients, changes] if values is None else [gradients, changes, values]
    some: list[list[Run]] = [[] for _ in parts]
    for n, run in enumerate(gradients):
        picked = np.flatnonzero(np.abs(run[0]) > FAR_FROM_NOTHING * np.sqrt(np.mean(run[0] ** 2)))
        picked = picked[:: max(1, len(picked) // SAMPLE)][:SAMPLE]
        if len(picked) < LEAST_SAMPLE:
            return _Seen([], [])
        for kept, part in zip(some, parts, strict=True):
            kept.append([array.ravel()[picked] for array in part[n]])
    return _Seen(*some)


def _directions(rule: AdaptiveRule, gradients: list[Run], beta1: Array | float, beta2: Array | float) -> list[Array]:
    """The directions of all runs, one after the other."""
    made = []
    for run in gradients:
        moments: Moments = {}
        made += [moved(rule, moments, g, beta1, beta2) for g in run]
    return made


def _coarse(rule: AdaptiveRule, seen: _Seen) -> tuple[float, float, float]:
    """What the best pair of the usual betas leaves over by the first run, and that pair."""
    pairs = np.array(list(product(BETA1 if _uses_first(rule) else (0.9,), BETA2 if _uses_second(rule) else (0.999,))))
    first, second = pairs[:, :1], pairs[:, 1:]
    left, size = np.zeros(len(pairs)), np.zeros(len(pairs))
    for step, direction in enumerate(_directions(rule, seen.gradients[:1], first, second)):
        change = seen.beside(0, step, seen.changes[0][step])
        direction = seen.beside(0, step, np.broadcast_to(direction, (len(pairs), len(change))))
        square = np.sum(direction**2, axis=1)
        left += change @ change - (direction @ change) ** 2 / square
        size += change @ change
    residuals = np.sqrt(np.maximum(left, 0) / size)
    best = int(np.argmin(np.where(np.isfinite(residuals), residuals, np.inf)))
    b1, b2 = map(float, pairs[best])
    return (float(residuals[best]) if np.isfinite(residuals[best]) else np.inf), b1, b2


def _uses_first(rule: AdaptiveRule) -> bool:
    return rule.divided != "gradient" or rule.squared in ("squares of the mean", "squares apart from the mean")


def _uses_second(rule: AdaptiveRule) -> bool:
    return rule.gathered != "sum"


def _left_over(rule: AdaptiveRule, settings: Array, seen: _Seen) -> tuple[Array, list[float]]:
    """All that is left of the changes, as a share of their size, and the factor of each step of each run."""
    b1, b2, log_epsilon = map(float, settings)
    rule = replace(rule, epsilon=float(np.exp(log_epsilon)))
    rest, scales, changes = [], [], []
    for (run, step), direction in zip(seen.steps(), _directions(rule, seen.gradients, b1, b2), strict=True):
        change = seen.beside(run, step, seen.changes[run][step])
        direction = seen.beside(run, step, direction)
        scale = float(direction @ change / (direction @ direction))
        rest.append(change - scale * direction)
        scales.append(scale)
        changes.append(change)
    return np.concatenate(rest) / np.linalg.norm(np.concatenate(changes)), scales


def _refined(rule: AdaptiveRule, b1: float, b2: float, seen: _Seen) -> Moved:
    """The betas and epsilon that leave least over, by Gauss and Newton, then rounded where that leaves no more."""
    settings = np.array([b1, b2, np.log(rule.epsilon)])
    betas = [n for n, used in enumerate((_uses_first(rule), _uses_second(rule))) if used]
    for free in (betas, [*betas, 2]):  # epsilon shows only where the betas are right
        settings = _improved(rule, settings, free, seen)
    residual = float(np.linalg.norm(_left_over(rule, settings, seen)[0]))
    rounded = np.array([*(_rounded(beta) for beta in settings[:2]), np.log(float(f"{np.exp(settings[2]):.2g}"))])
    plain = float(np.linalg.norm(_left_over(rule, rounded, seen)[0]))
    if plain <= 2 * residual + 1e-10:
        settings, residual = rounded, plain
    _, scales = _left_over(rule, settings, seen)
    steps = np.array(scales).reshape(len(seen.changes), -1)
    if not np.isfinite(steps).all() or np.any(np.ptp(steps, axis=0) > STEADY * np.abs(steps).max(axis=0)):
        residual = np.inf  # a factor for every step, not for every step of every run
    epsilon = float(f"{np.exp(settings[2]):.2g}")
    found = replace(rule, beta1=float(settings[0]), beta2=float(settings[1]), epsilon=epsilon)
    return Moved(found, residual if np.isfinite(residual) else np.inf, tuple(map(float, steps.mean(axis=0))))


def _improved(rule: AdaptiveRule, settings: Array, free: list[int], seen: _Seen) -> Array:
    """The settings (beta1, beta2, log epsilon) after steps of Gauss and Newton in those that are free."""
    rest, _ = _left_over(rule, settings, seen)
    for _ in range(IMPROVEMENTS if free else 0):
        slopes = []
        for n in free:
            shift = np.zeros(3)
            shift[n] = SHIFT * max(1 - settings[n], 1e-3) if n < 2 else EPSILON_SHIFT
            slopes.append((_left_over(rule, settings - shift, seen)[0] - rest) / -shift[n])
        matrix = np.stack(slopes, axis=1)
        if not np.isfinite(matrix).all() or not np.isfinite(rest).all():
            break
        move, share = np.linalg.lstsq(matrix, -rest, rcond=None)[0], 1.0
        while share > 1e-3:
            tried_at = settings.copy()
            tried_at[free] += share * move
            tried_at = np.clip(tried_at, (0, 0, LEAST_EPSILON), (1 - 1e-6, 1 - 1e-6, MOST_EPSILON))
            tried, _ = _left_over(rule, tried_at, seen)
            if np.linalg.norm(tried) < np.linalg.norm(rest):
                break
            share /= 2
        else:
            break
        settings, rest = tried_at, tried
    return settings


def _rounded(beta: float) -> float:
    """To a few significant digits of what is left to 1, or of itself."""
    return round(beta, _decimals(1 - beta) if beta > 0.5 else _decimals(beta))


def _decimals(value: float) -> int:
    return ROUND - 2 - int(np.floor(np.log10(max(value, 1e-9))))


def _with_corrections(found: Moved) -> Moved:
    """The corrections and the law of the rate that make these factors of the steps: right ones with any law first."""
    rule, scales = found.rule, np.array(found.scales)
    if rule.keeps or rule.kind in ("rms_prop", "ada_grad"):
        return replace(found, law=_law(scales) or CONSTANT)
    forms = sorted(product(CORRECTIONS, CORRECTIONS), key=lambda pair: sum(name != RIGHT for name in pair))
    if rule.gathered != "mean":
        forms = [pair for pair in forms if pair[1] == RIGHT]
    with np.errstate(all="ignore"):
        sought_with = np.array([_factor(rule, rule.corrections, t) for t in range(1, len(scales) + 1)])
    by_law: Moved | None = None
    for pair in forms:
        with np.errstate(all="ignore"):
            made = [_factor(rule, pair, t) for t in range(1, len(scales) + 1)]
            law = _law(scales * sought_with / np.array(made))
        if law is None or (law != CONSTANT and len(scales) < LEAST_STEPS):
            continue
        if law == CONSTANT or pair == (RIGHT, RIGHT):
            return replace(found, rule=replace(rule, corrections=pair), law=law)
        if by_law is None or _steepness(law) < _steepness(by_law.law):
            by_law = replace(found, rule=replace(rule, corrections=pair), law=law)
    return by_law or replace(found, rule=replace(rule, corrections=(UNKNOWN, UNKNOWN)))


def _factor(rule: AdaptiveRule, pair: tuple[str, str], t: int) -> float:
    """What these corrections multiply the direction by in step t, epsilon apart."""
    first, second = factors(pair, t, np.float64(rule.beta1), np.float64(rule.beta2))
    second = second if rule.gathered in ("mean", "largest mean") else 1.0
    return float(first / (np.sqrt(second) if rule.rooted else second))


def _steepness(law: RateLaw) -> float:
    return float(abs(np.log(law.share(1))))


def _law(rates: Array) -> RateLaw | None:
    """The law of these rates, one for each update; None where it is none of those known."""
    if not np.isfinite(rates).all() or np.any(rates == 0):
        return None
    share, updates = rates / rates[0], np.arange(len(rates))
    if np.ptp(share) <= STEADY:
        return CONSTANT
    if np.any(share <= 0):
        return None
    geometric = RateLaw("geometric", float(share[-1] ** (1 / updates[-1])))
    inverse = RateLaw("inverse", float((1 / share[-1] - 1) / updates[-1]))
    for law in (geometric, inverse) if share[-1] < 1 else (geometric,):
        if max(abs(law.share(int(n)) - s) for n, s in zip(updates, share, strict=True)) <= STEADY:
            return law
    return None
