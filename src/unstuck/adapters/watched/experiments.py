"""What matters, by experiment: the script itself, run again as it is and with single things put right at the seams.

Every run makes the same counted number of updates; each batch is judged before it is learnt from, over the second half
of them. Seeds are paired. Time decides nothing: how many updates there are follows from the work of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.adapters.watched.check import Seen
from unstuck.diagnosis.examination.evidence import PROVED
from unstuck.diagnosis.rules import RULES

SEEDS = (0, 1, 2)
DIFFERENCE = 0.02  # of the score, that counts
LOWER = 0.9  # of the loss, where there is no score
STUCK = 0.5  # of the score that another choice reaches: below, the choice keeps the network from learning
NEAR = 0.9  # of the loss that the targets alone give: nothing is learnt of how likely an answer is
LONGER = 5  # times as many updates, where a proved fault makes no difference at first

Repairs = Mapping[str, Any]


@dataclass(frozen=True)
class Result:
    """One run: the score and the mean loss over the second half of its updates; None where there is none.

    kind: "accuracy", or "squares" where the score is the share of the targets' squares that is explained.
    chance, chance_loss: the score and the loss that the targets alone give; None where the loss is not known.
    """

    score: float | None
    loss: float | None
    updates: int
    kind: str = "accuracy"
    chance: float = 0.0
    chance_loss: float | None = None


Train = Callable[[Repairs, int, int], Result]  # (repairs, seed, updates): the script, run again


@dataclass(frozen=True)
class Comparison:
    """The same thing with and without changes, over seeds."""

    codes: tuple[str, ...]
    before: tuple[Result, ...]
    after: tuple[Result, ...]

    @property
    def helps(self) -> bool | None:
        """Whether the change makes it better beyond the spread over seeds; None where it cannot be told."""
        scores = [[r.score for r in side] for side in (self.before, self.after)]
        if all(score is not None for side in scores for score in side):
            before, after = (np.array(side, float) for side in scores)
            gain, spread = after - before, float(np.std(after - before, ddof=1)) if len(before) > 1 else 0.0
            return bool(gain.mean() >= DIFFERENCE and gain.mean() > 2 * spread / np.sqrt(len(before)))
        losses = [[r.loss for r in side] for side in (self.before, self.after)]
        if any(loss is None for side in losses for loss in side):
            return None
        before, after = (np.array(side, float) for side in losses)
        if not np.isfinite(after).all():
            return False
        return bool((~np.isfinite(before)).all() or (after < np.where(before > 0, LOWER, 1 / LOWER) * before).all())

    @property
    def updates(self) -> int:
        return max((r.updates for r in self.after), default=0)


def merged(seen: Iterable[Seen]) -> dict[str, Any]:
    """The repairs of several things seen, as one; lines of the same repair are put together."""
    repairs: dict[str, Any] = {}
    for one in seen:
        if one.repair is not None:
            name, value = one.repair
            known = repairs.get(name)
            repairs[name] = [*known, *value] if isinstance(known, list) and isinstance(value, list) else value
    return repairs


def compare(
    train: Train, before: Repairs, after: Repairs, codes: tuple[str, ...], updates: int, seeds: tuple[int, ...] = SEEDS
) -> Comparison:
    """Both, over the seeds; the first seed alone where it makes no difference."""
    first, second = [train(before, seeds[0], updates)], [train(after, seeds[0], updates)]
    if Comparison(codes, tuple(first), tuple(second)).helps is not False:
        first += [train(before, seed, updates) for seed in seeds[1:]]
        second += [train(after, seed, updates) for seed in seeds[1:]]
    return Comparison(codes, tuple(first), tuple(second))


def decide(
    train: Train, seen: list[Seen], updates: int, given: Repairs | None = None
) -> tuple[dict[str, bool | None], list[Comparison]]:
    """Which of what was seen matters, by code, and the comparisons that say so.

    All together first; where that helps, each is left out in turn, else each is tried alone. What was proved and makes
    no difference at first is tried for longer. The repairs `given` are made in every run: where nothing at all can be
    learnt, no second fault would show.
    """
    tried = [one for one in seen if one.repair is not None]
    if not tried:
        return {}, []
    given = given or {}
    meant = {one.code for one in tried if one.often_meant}
    codes = tuple(dict.fromkeys(one.code for one in tried))

    def counts(code: str, comparison: Comparison) -> bool | None:
        return comparison.helps and is_far(code, comparison, code in meant)

    whole = compare(train, given, {**given, **merged(tried)}, codes, updates)
    if not whole.helps and any(one.grade == PROVED for one in tried):
        whole = compare(train, given, {**given, **merged(tried)}, codes, LONGER * updates, SEEDS[:2])
    if len(codes) == 1:
        return {codes[0]: counts(codes[0], whole)}, [whole]
    matters: dict[str, bool | None] = {}
    comparisons = [whole]
    for code in codes:
        others = {**given, **merged(one for one in tried if one.code != code)}
        own = {**given, **merged(one for one in tried if one.code == code)}
        if whole.helps:
            seeds = SEEDS[: len(whole.after)]
            without = Comparison((code,), tuple(train(others, seed, whole.updates) for seed in seeds), whole.after)
            matters[code] = counts(code, without)
        else:
            comparisons.append(compare(train, given, own, (code,), updates))
            matters[code] = counts(code, comparisons[-1])
    return matters, comparisons


def is_far(code: str, comparison: Comparison, often_meant: bool = False) -> bool:
    """Whether a choice, where the code is one or it is often meant, keeps the network far below what it could be.

    Always for a formula. Scores count from what the targets alone give; a loss that stays there is as far, though the
    small differences that are learnt may give many right answers.
    """
    before, after = ([r.score for r in side if r.score is not None] for side in (comparison.before, comparison.after))
    if not (RULES[code].setting or often_meant) or not before or not after:
        return True
    chance = float(np.mean([r.chance for r in (*comparison.before, *comparison.after)]))
    if float(np.mean(before)) - chance < STUCK * (float(np.mean(after)) - chance):
        return True
    first, second = _of_chance(comparison.before), _of_chance(comparison.after)
    return bool(first and second) and min(first) > NEAR and max(second) < STUCK


def _of_chance(results: Sequence[Result]) -> list[float]:
    """The losses as shares of what the targets alone give; none where any of these numbers is not known."""
    shares = [r.loss / r.chance_loss for r in results if r.loss is not None and r.chance_loss]
    return shares if len(shares) == len(results) else []
