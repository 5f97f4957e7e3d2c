"""The cure: the smallest set of changes that makes the network learn, each shown to be needed, all of it run.

The twin is trained from the user's own parameters, on the user's own data, for as long as the user trains: as it is,
with everything put right that was found, and with one change left out at a time. What can be left out is left out. The
set that remains is run with several seeds, and claimed only if it gains more than the seeds differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.experiments import setup_as_it_is as baseline
from unstuck.diagnosis.experiments.changes import with_falling_rate, with_rate, with_small_batches, with_width
from unstuck.diagnosis.experiments.choices import ASPECTS, in_words, with_right
from unstuck.diagnosis.experiments.repairs import mended
from unstuck.diagnosis.experiments.verdicts import MATTERS, Trial, Verdicts
from unstuck.diagnosis.program import work
from unstuck.diagnosis.twin.training import Allowance, Outcome, Setup, affordable, run

Array = np.ndarray
SEEDS = (0, 1, 2)
PASSES, FEW_BATCHES, MORE = 30, 200, "more updates"  # of that further training
LAST_RATE = 0.03  # of its first rate
WIDTHS = (32, 64)
MORE_UPDATES = 4
WORTHWHILE = 0.05  # of accuracy: what a change must bring that is not needed to learn
Changes = frozenset[str]
NOTHING: Changes = frozenset()


@dataclass
class Search:
    """One search for a cure: the user's run, the changes at hand, and the runs made so far."""

    e: Examination
    found: Verdicts
    user: Setup
    right: Setup
    allowance: Allowance
    per_run: float  # work
    outcomes: dict[tuple[Changes, int], Outcome] = field(default_factory=dict)

    def setup(self, changes: Changes, seed: int = 0) -> Setup:
        """The user's run with these changes made, and no others."""
        setup = baseline.redrawn(self.user, seed)
        setup = mended(setup, self.e, changes & set(self.found.formulas), self.found.meant)
        for code in in_order_of_making(changes):
            setup = with_right(code, self.right)(setup)
        return setup

    def run(self, changes: Changes, seed: int = 0) -> Outcome:
        key = (changes, seed)
        if key not in self.outcomes:
            self.outcomes[key] = self.allowance.run(self.setup(changes, seed), 2 * self.per_run)
        return self.outcomes[key]

    def score(self, changes: Changes) -> float:
        return self.run(changes).score


def in_order_of_making(changes: Changes) -> list[str]:
    """The settings among the changes; the rate last, since a batch size may change it too."""
    order = ["inputs", "updates", "width", "biases", "initialisation", "decay", "rate"]
    return sorted((code for code in changes if code in ASPECTS), key=lambda code: order.index(ASPECTS[code]))


def find_cures(e: Examination, found: Verdicts) -> list[Trial]:
    """The smallest cure, with the worth of each of its changes; and that with one more, where this brings much.

    Empty where no twin speaks for the program, where nothing can be put right, or where the gain is within the spread
    over the seeds.
    """
    codes = [*found.formulas, *(code for code in found.settings if code in ASPECTS)]
    if not codes:
        return []
    search = prepared(e, found, codes)
    if search is None:
        return []
    everything = frozenset(codes)
    search.right = found.right = finer(search, everything)
    doubtful_first = sorted(codes, key=lambda code: (bool(found.matters.get(code)), code not in ASPECTS))
    enough = 2 * len(SEEDS) * search.per_run
    smallest = smallest_of(everything, doubtful_first, search.score, lambda: search.allowance.left > enough)
    cure = compared(search, smallest, codes)
    if cure is None and smallest != everything:  # what costs little one by one may cost much together
        smallest, cure = everything, compared(search, everything, codes)
    if cure is None:
        if any(found.matters.get(code) for code in codes):
            say_what_was_compared(search, codes)
        return []
    found.cured = (search.setup(NOTHING), search.setup(smallest))
    found.spoilt = {code: search.setup(smallest - {code}) for code in codes if code in smallest}
    more = extended(search, smallest)
    wider = compared(search, more, [*codes, *found.choices]) if more != smallest else None
    return [trial for trial in (cure, wider) if trial is not None]


def prepared(e: Examination, found: Verdicts, codes: list[str]) -> Search | None:
    """A search whose runs are as long as the user's training, or as the work allows for so many of them."""
    made = baseline.as_it_is(e, np.inf)
    if made is None or found.right is None:
        return None
    others = len(list(variants(found.right, frozenset(codes))))
    runs = 3 * len(SEEDS) + others + 2 + (len(codes) + 1 if len(codes) > 1 else 0)
    per_run = 0.9 * work.CURING / runs
    user = baseline.in_order(made[0]) if "D12" in codes else made[0]
    user = replace(user, updates=affordable(user, per_run))
    return Search(e, found, user, found.right, Allowance(work.CURING), per_run)


def finer(search: Search, changes: Changes) -> Setup:
    """The right setup with the rate and the width that do best among a few, where these are to be changed."""
    best, right = search.score(changes), search.right
    for variant in variants(right, changes):
        if search.allowance.left < 0.6 * work.CURING:
            break
        tried = replace(search, right=variant, outcomes={})
        if tried.score(changes) >= best + 0.5 * MATTERS:
            best, right = tried.score(changes), variant
            search.outcomes = tried.outcomes
    return right


def variants(right: Setup, changes: Changes) -> Iterator[Setup]:
    """Other values of the settings that are to be changed."""
    aspects = {ASPECTS[code] for code in changes if code in ASPECTS}
    if "rate" in aspects:
        rate = right.twin.update.learning_rate
        yield from (with_rate(factor * rate)(right) for factor in (3, 1 / 3))
    if "width" in aspects:
        yield from (with_width(width)(right) for width in WIDTHS)
    if "updates" in aspects:
        yield replace(right, updates=MORE_UPDATES * right.updates)


def smallest_of(
    changes: Changes, order: list[str], score: Callable[[Changes], float], work_is_left: Callable[[], bool]
) -> Changes:
    """The changes without those that cost less than two points when left out, tried one after the other."""
    for code in order:
        fewer = changes - {code}
        if fewer and work_is_left() and score(changes) - score(fewer) < MATTERS:
            changes = fewer
    return changes


def extended(search: Search, changes: Changes) -> Changes:
    """The changes, and with them the one further setting that brings most, if that is worth five points."""
    aspects = {ASPECTS[code] for code in changes if code in ASPECTS}
    others = {ASPECTS[code]: code for code in search.found.choices if code in ASPECTS}
    scores: dict[Changes, float] = {}
    for aspect, code in others.items():
        if aspect not in {*aspects, "rate"} and search.allowance.left > len(SEEDS) * search.per_run:
            scores[changes | {code}] = search.score(changes | {code})
    best = max(scores, key=lambda more: scores[more], default=changes)
    return best if scores.get(best, 0.0) - search.score(changes) >= WORTHWHILE else changes


def compared(search: Search, changes: Changes, order: list[str]) -> Trial | None:
    """These changes against none over several seeds, with the worth of each; None if the gain is not sure."""
    before, after = over_seeds(search, changes)
    gain = after.mean() - before.mean()
    if gain < max(MATTERS, 2 * np.hypot(before.std(ddof=1), after.std(ddof=1)) / np.sqrt(len(SEEDS))):
        return None
    setup = search.setup(changes)
    return Trial(
        changes=tuple(code for code in dict.fromkeys(order) if code in changes),
        before=float(before.mean()),
        after=float(after.mean()),
        updates=search.run(changes).updates,
        seed=SEEDS[0],
        seconds=sum(outcome.seconds for outcome in search.outcomes.values()),
        seeds=len(SEEDS),
        before_spread=float(before.std(ddof=1)),
        after_spread=float(after.std(ddof=1)),
        worth={
            code: float(after.mean() - search.score(changes - {code}))
            for code in dict.fromkeys(order)
            if code in changes and (len(changes) == 1 or search.allowance.left > search.per_run)
        },
        words={code: in_words(code, setup) for code in in_order_of_making(changes)},
    )


def over_seeds(search: Search, changes: Changes) -> tuple[Array, Array]:
    """The scores without and with these changes, one for each seed."""
    pairs = [(search.run(NOTHING, seed).score, search.run(changes, seed).score) for seed in SEEDS]
    before, after = np.array(pairs).T
    return before, after


def say_what_was_compared(search: Search, codes: list[str]) -> None:
    """Why no cure is claimed, although something is in the way at some point of the training."""
    changes = frozenset(codes)
    before, after = (f"{scores.mean():.1%} ± {100 * scores.std(ddof=1):.1f}" for scores in over_seeds(search, changes))
    search.e.leave_unchecked(
        f"a cure: {before} before, {after} after with {' + '.join(dict.fromkeys(codes))} put right "
        f"({search.run(changes).updates:,} updates, {len(SEEDS)} seeds)",
        "a gain of two points that is larger than the seeds differ, or longer runs",
    )


def trained_further(e: Examination, found: Verdicts, cure: Trial) -> Trial | None:
    """The cured network trained on all examples, in small batches, at a rate that falls, for as many updates as the
    work allows; None if that brings nothing."""
    made = baseline.as_it_is(e, np.inf, all_examples=True)
    if made is None or found.right is None:
        return None
    setup = Search(e, found, made[0], found.right, Allowance(work.FURTHER), work.FURTHER).setup(frozenset(cure.changes))
    if setup.batch_size > FEW_BATCHES:
        setup = with_small_batches(found.right.batch_size, setup.updates)(setup)
    setup = replace(setup, updates=PASSES * len(setup.x) // setup.batch_size)
    setup = replace(setup, updates=affordable(setup, work.FURTHER))
    setup = with_falling_rate(LAST_RATE)(setup)
    outcome = run(setup, work.FURTHER)
    if outcome.score < cure.after + 0.005:
        return None
    return Trial(
        (*cure.changes, MORE),
        cure.before,
        outcome.score,
        outcome.updates,
        setup.seed,
        outcome.seconds,
        words={
            MORE: f"{outcome.updates:,} updates on batches of {setup.batch_size} of {len(setup.x):,} examples, "
            f"the rate falling to {LAST_RATE:.0%}"
        },
    )
