"""What matters is decided by experiment: the twin as it is, with its faults put right, with everything put right, and
with the user's choices put back one at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from unstuck.diagnosis import baseline, own_training
from unstuck.diagnosis.examination import Examination
from unstuck.diagnosis.own_training import ENOUGH, LEARNABLE
from unstuck.diagnosis.repairs import MEANT, changes_for, leaves_activation_open, mended, put_back
from unstuck.diagnosis.rule import SUSPECTED, Evidence
from unstuck.diagnosis.settings import Clock, causes_of_log_of_zero, needed, reference
from unstuck.diagnosis.twin_training import Outcome, Setup, chance, corrected, run

MATTERS = 0.02  # difference of accuracy that counts
HALFWAY = 0.4  # share of what a network that is not stuck learns, from which on chance may decide


@dataclass
class Trial:
    """One comparison that was run: the changes, and the mean score before and after them over the seeds.

    worth: by change, how much is lost without it. words: by change, what was chosen.
    """

    changes: tuple[str, ...]
    before: float
    after: float
    updates: int
    seed: int
    seconds: float
    seeds: int = 1
    before_spread: float = 0.0  # standard deviations over the seeds
    after_spread: float = 0.0
    worth: dict[str, float] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)


@dataclass
class Verdicts:
    """Which evidence matters, by code; which codes a cure needs; what was run."""

    matters: dict[str, bool] = field(default_factory=dict)
    settings: list[str] = field(default_factory=list)
    alternatives: list[str] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)  # all settings that something was seen of, in the way or not
    trials: list[Trial] = field(default_factory=list)
    as_it_is: float | None = None
    mended: float | None = None
    mended_finite: bool = False
    learnable: bool = True  # whether any network trained on these data learnt something
    reference: float | None = None
    chance: float = 0.0
    formulas: list[str] = field(default_factory=list)  # faults of formula that can be put right
    meant: str = "sigmoid"  # the activation taken for layers that do not tell which one was meant
    right: Setup | None = None  # the twin's run with everything put right, at the best rate found
    cured: tuple[Setup, Setup] | None = None  # the runs without and with the smallest cure
    spoilt: dict[str, Setup] = field(default_factory=dict)  # by code: the cured run without this one of its changes
    learns: bool | None = None  # whether the user's own program learns, where no twin could be trained in its stead


def decide(
    e: Examination, evidence: dict[str, list[Evidence]], settings: dict[str, bool], seconds: float, wall_seconds: float
) -> Verdicts:
    """Runs the experiments that the evidence calls for. `settings` says which codes are choices, not formulas."""
    found, clock = Verdicts(), Clock(seconds, wall_seconds)
    per_run = float(np.clip(seconds / 14, 0.15, 1.0))
    made = baseline.as_it_is(e, per_run) if e.source == "step" or e.faithful else None
    if made is None:
        found.choices = [code for code in evidence if settings[code]]
        _decide_by_own_training(e, evidence, found, seconds)
        return found
    setup, updates = made
    in_order = "D12" in evidence and _any_shown(evidence["D12"])
    if in_order:
        setup = baseline.in_order(setup)
    found.chance = chance(setup)
    if not e.faithful:
        task = own_training.find_task(e, 0.2 * seconds)
        found.learns = None if task is None else own_training.learns(e, task, 0.2 * seconds)
    formulas = [
        code
        for code, items in evidence.items()
        if not settings[code] and changes_for(code, e) and not _asleep(items) and _may_be_tried(e, code, items)
    ]
    as_it_is = run(setup, 3 * per_run)
    found.formulas, found.meant = formulas, _meant_activation(setup, e, formulas, per_run)
    mended_setup = mended(setup, e, formulas, found.meant)
    mended_run = run(mended_setup, 3 * per_run) if formulas else as_it_is
    found.as_it_is, found.mended, found.mended_finite = as_it_is.score, mended_run.score, mended_run.finite
    if formulas:
        found.trials.append(_trial(formulas, as_it_is, mended_run, setup))
    found.choices = [code for code in evidence if settings[code]]
    reference_setup, learnt = reference(mended_setup, clock, per_run)
    found.reference, found.right = max(learnt.score, mended_run.score), reference_setup
    goal = corrected(found.reference, found.chance)
    found.learnable = goal > LEARNABLE
    ruined = _is_ruined(as_it_is, mended_run, ENOUGH * goal, found.chance)
    if ruined and setup.updates < updates and clock.left > 4 * per_run:  # what is right may be slow at first
        (setup, mended_setup), (as_it_is, mended_run) = _longer((setup, mended_setup), as_it_is, updates, clock)
        found.as_it_is, found.mended = as_it_is.score, mended_run.score
        ruined = _is_ruined(as_it_is, mended_run, ENOUGH * goal, found.chance)
    if ruined:
        found.matters, found.formulas, formulas = dict.fromkeys(formulas, False), [], []
        mended_setup, mended_run, found.mended, found.mended_finite = setup, as_it_is, as_it_is.score, as_it_is.finite
    stuck = (
        found.learnable
        and e.faithful
        and corrected(as_it_is.best, found.chance) < ENOUGH * goal
        and _is_stuck(mended_setup, mended_run, updates, ENOUGH * goal, found, clock, per_run)
    )
    _judge_formulas(
        e, found, setup, mended_setup, reference_setup, as_it_is, mended_run, formulas, updates, stuck, clock, per_run
    )
    if stuck:
        user = replace(mended_setup, updates=min(updates, 5 * mended_setup.updates))
        found.settings, found.alternatives = needed(
            user, reference_setup, found.reference, found.chance, clock, per_run, evidence
        )
        found.trials.append(_trial([*formulas, *found.settings], as_it_is, learnt, setup))
    if "L03" in evidence:
        found.settings += [code for code in causes_of_log_of_zero(mended_setup) if code not in found.settings]
    if e.faithful or found.learns:
        found.matters |= {code: code in found.settings for code in found.choices}
    return found


def _decide_by_own_training(
    e: Examination, evidence: dict[str, list[Evidence]], found: Verdicts, seconds: float
) -> None:
    """What can be said without a twin: whether the program learns, and which choices keep its own loop from it."""
    task = own_training.find_task(e, 0.2 * seconds)
    if task is None:
        return
    found.learns = own_training.learns(e, task, 0.3 * seconds)
    if "B14" in evidence and found.learns is not None:
        found.matters["B14"] = not found.learns
    cause = None if found.learns else own_training.cause(e, task, evidence, 0.5 * seconds)
    if cause is not None:
        found.settings = list(cause.codes)
        found.trials.append(Trial(cause.codes, cause.before, cause.after, 0, 0, cause.seconds))
    if found.learns or cause is not None:
        found.matters |= {code: code in found.settings for code in found.choices}


def _meant_activation(setup: Setup, e: Examination, formulas: list[str], seconds: float) -> str:
    """Where layers do not tell which activation was meant: the one that learns best with the user's other choices."""
    if not leaves_activation_open(setup) or not {"F05", "F08"} & set(formulas):
        return MEANT[-1]
    return max(MEANT, key=lambda name: run(mended(setup, e, formulas, name), seconds).score)


def _longer(
    setups: tuple[Setup, Setup], before: Outcome, updates: int, clock: Clock
) -> tuple[tuple[Setup, Setup], tuple[Outcome, Outcome]]:
    """Both setups run for as many of these updates as time allows, by the time that the run before took."""
    pace = max(before.seconds, 0.02) / setups[0].updates
    most = max(2 * setups[0].updates, int(0.3 * clock.left / pace))
    first, second = (replace(setup, updates=min(updates, most)) for setup in setups)
    return (first, second), (run(first, 0.4 * clock.left), run(second, 0.4 * clock.left))


def _is_ruined(before: Outcome, after: Outcome, goal: float, level: float) -> bool:
    """Whether a network that gets well on its way to the goal is worse off with its formulas put right."""
    return corrected(before.best, level) >= HALFWAY * goal and before.best - after.best >= MATTERS


def _is_stuck(
    setup: Setup, outcome: Outcome, updates: int, goal: float, found: Verdicts, clock: Clock, per_run: float
) -> bool:
    """Whether the network stays below the goal for all the updates of the user's own training. A run that was cut short
    is given more time as long as it gets better; where time does not suffice to see, it is not called stuck."""
    if corrected(outcome.best, found.chance) >= goal:
        return False
    if setup.updates >= updates:
        return not _learns_in_another_order(setup, outcome, goal, found, clock, per_run)
    enough = goal * (1 - found.chance) + found.chance
    if len(outcome.scores) > 1 and outcome.finite:
        gain = max(outcome.score - outcome.scores[0], 0.0) / (0.75 * setup.updates)
        if corrected(outcome.score + 4 * gain * (updates - setup.updates), found.chance) < goal:
            return True  # at four times its pace so far it would not get there
    factor = min(updates / setup.updates, max(2.0, 0.5 * clock.left / max(outcome.seconds, 0.05)))
    longer = run(replace(setup, updates=int(setup.updates * factor)), max(0.5 * clock.left, 2 * per_run), enough)
    if corrected(longer.best, found.chance) >= goal:
        return False
    found.mended = longer.score
    if longer.updates >= updates or not longer.finite:
        return not _learns_in_another_order(replace(setup, updates=updates), longer, goal, found, clock, per_run)
    per_update = (longer.score - outcome.score) / max(longer.updates - outcome.updates, 1)
    hoped_for = longer.score + 2 * max(per_update, 0.0) * (updates - longer.updates)  # twice as fast as so far
    return corrected(hoped_for, found.chance) < goal


def _asleep(items: list[Evidence]) -> bool:
    return all(item.asleep for item in items)


def _learns_in_another_order(
    setup: Setup, outcome: Outcome, goal: float, found: Verdicts, clock: Clock, per_run: float
) -> bool:
    """Whether a run that learns something, but too little, was only unlucky in the order of its examples."""
    if corrected(outcome.best, found.chance) < HALFWAY * goal:
        return False
    for seed in (1, 2):
        if clock.left < max(2 * outcome.seconds, per_run):
            return False
        other = run(baseline.reseeded(setup, seed), 3 * outcome.seconds + per_run)
        if corrected(other.best, found.chance) >= goal:
            return True
    return False


def _may_be_tried(e: Examination, code: str, items: list[Evidence]) -> bool:
    """Whether an experiment says something of it: of a suspicion only in a twin that follows, which has the user's data
    but not the user's loop."""
    return _any_shown(items) or (e.faithful and code[0] != "D")


def _any_shown(items: list[Evidence]) -> bool:
    return any(item.grade != SUSPECTED for item in items)


def _trial(changes: list[str], before: Outcome, after: Outcome, setup: Setup) -> Trial:
    return Trial(tuple(changes), before.score, after.score, after.updates, setup.seed, before.seconds + after.seconds)


def improvement(before: Outcome, after: Outcome) -> float:
    """The largest gain at any of the checkpoints that both runs reached."""
    pairs = list(zip(before.scores, after.scores, strict=False))
    gains = [b - a for a, b in pairs] + [after.score - before.score]
    return max(gains) if gains else 0.0


def _judge_formulas(
    e: Examination,
    found: Verdicts,
    setup: Setup,
    mended_setup: Setup,
    reference_setup: Setup,
    as_it_is: Outcome,
    mended_run: Outcome,
    formulas: list[str],
    updates: int,
    stuck: bool,
    clock: Clock,
    per_run: float,
) -> None:
    """Proved faults matter if putting them right, alone or together, is worth two points; in a network that stays stuck
    for another reason, if putting them back into the one that learns costs two points."""
    together = improvement(as_it_is, mended_run) >= MATTERS
    if formulas and not together and not stuck and setup.updates < updates and clock.left > 4 * per_run:
        (setup, mended_setup), (as_it_is, mended_run) = _longer((setup, mended_setup), as_it_is, updates, clock)
        together = improvement(as_it_is, mended_run) >= MATTERS
    if together and as_it_is.finite:
        again = [run(s, 3 * per_run) for s in (baseline.reseeded(setup, 1), baseline.reseeded(mended_setup, 1))]
        together = improvement(*again) >= MATTERS / 2 or again[1].score - again[0].score >= MATTERS
    if not together and not found.learnable:
        return  # nothing learns: a proved fault stays a finding
    for code in formulas:
        found.matters[code] = together
    if together and len(formulas) > 1 and clock.left > per_run:
        _drop_harmless(e, found, setup, mended_run, formulas, clock, per_run)
    if not together and stuck and formulas and reference_setup is not mended_setup:
        for code in formulas:
            if clock.left < per_run:
                del found.matters[code]  # not tried: a proved fault stays a finding
                continue
            spoilt = run(put_back(setup, reference_setup, code, e), 2 * per_run)
            found.matters[code] = (found.reference or 0) - spoilt.score >= 5 * MATTERS


def _drop_harmless(
    e: Examination,
    found: Verdicts,
    setup: Setup,
    mended_run: Outcome,
    formulas: list[str],
    clock: Clock,
    per_run: float,
) -> None:
    """Update faults that put back into the mended network cost nothing, and alone mend nothing, are notes."""
    for code in [c for c in formulas if c[0] == "U"]:
        others = [c for c in formulas if c != code]
        without = run(mended(setup, e, others, found.meant), 2 * per_run)
        if mended_run.score - without.score < MATTERS and clock.left > 0:
            found.matters[code] = False
