"""What matters is decided by experiment: the twin as it is, with its faults put right, with everything put right, and
with the user's choices put back one at a time.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from unstuck.diagnosis import baseline, own_training, twin_training
from unstuck.diagnosis.examination import Examination
from unstuck.diagnosis.proof import formula_faults
from unstuck.diagnosis.rule import Evidence
from unstuck.diagnosis.rules.data.preparation import images_of_examples
from unstuck.diagnosis.twin_training import Change, Outcome, Setup, chance, corrected, run

ENOUGH = 0.7  # chance-corrected share of the reference below which a network is stuck
KEPT = 0.8  # share of the reference that a change may cost and still be called harmless
MATTERS = 0.02  # difference of accuracy that counts
SMALL_BATCH, MANY_UPDATES = 20, 1200
LEAST_RATES = 3  # tried whatever the clock says: without a network that learns nothing is known
LEARNABLE = 0.1  # chance-corrected share below which nothing was learnt at all

FORMULA_CHANGES: dict[str, Change] = {
    **dict.fromkeys(("F01", "F02", "F04", "F05", "F06", "F08", "F11", "F12", "L01"), baseline.right_forward),
    **dict.fromkeys(("L01", "L02", "L04", "B11", "F01", "F02"), baseline.right_output_delta),
    **dict.fromkeys(("D07", "D08", "D09"), baseline.right_targets),
    **dict.fromkeys(("U02", "U03", "U04", "U12", "U14", "U15"), baseline.right_update),
}
INITIAL = ("A01", "A05", "A07", "A06", "A03", "A02", "A04")


@dataclass
class Trial:
    """One comparison that was run: the changes, and the outcome before and after them."""

    changes: tuple[str, ...]
    before: float
    after: float
    updates: int
    seed: int
    seconds: float


@dataclass
class Verdicts:
    """Which evidence matters, by code; which codes a cure needs; what was run."""

    matters: dict[str, bool] = field(default_factory=dict)
    settings: list[str] = field(default_factory=list)
    alternatives: list[str] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    as_it_is: float | None = None
    mended: float | None = None
    mended_finite: bool = False
    learnable: bool = True  # whether any network trained on these data learnt something
    reference: float | None = None
    chance: float = 0.0
    ran: bool = False
    learns: bool | None = None  # whether the user's own program learns, where no twin could be trained in its stead


class Clock:
    """Processor seconds left to spend, so that a busy machine changes no verdict; never past the wall clock's end."""

    def __init__(self, seconds: float, wall_seconds: float) -> None:
        self.ends, self.wall_ends = time.thread_time() + seconds, time.perf_counter() + wall_seconds

    @property
    def left(self) -> float:
        return min(self.ends - time.thread_time(), self.wall_ends - time.perf_counter())


def mended(setup: Setup, e: Examination, codes: Iterable[str]) -> Setup:
    """The setup with these faults of formula put right, and no others."""
    wanted = set(codes)
    for code in sorted(wanted):
        for change in _changes_for(code, e):
            setup = change(setup)
    return setup


def _changes_for(code: str, e: Examination) -> list[Change]:
    """The changes that put right one code, all its occurrences together."""
    if code in ("F01", "F02", "L01"):
        return [baseline.right_forward, baseline.right_output_delta]
    if code == "F07":
        return [baseline.right_forward, baseline.with_biases]
    if code in FORMULA_CHANGES:
        return [FORMULA_CHANGES[code]]
    if code == "D03":
        images = images_of_examples(e)
        return [] if images is None else [baseline.right_inputs(images, e.program.x)]
    if code == "D12":
        return [twin_training.shuffled]
    if code == "B13":
        return [baseline.right_scales(weights=True)]
    if code in ("B08",):
        return [baseline.right_biases]
    if code in ("B10", "U01", "B17"):
        return [baseline.right_scales(weights=True, biases=True)]
    top = len(e.twin.links) if e.twin is not None else 0
    changes: list[Change] = []
    for fault in formula_faults(e):
        if fault.code != code:
            continue
        if fault.layer == top and code not in ("B07", "B15", "B16", "B19", "B20"):
            changes.append(baseline.right_output_delta)
        if code in ("B07", "B15", "B16", "B19", "B20"):
            changes.append(baseline.right_slots(fault.layer - 1, "weights", "back"))
        elif code in ("B05", "B06"):
            changes.append(baseline.right_slots(fault.layer - 1, "back"))
        else:
            changes.append(baseline.right_slots(fault.layer - 1, "factor", "back"))
    return changes


def decide(
    e: Examination, evidence: dict[str, list[Evidence]], settings: dict[str, bool], seconds: float, wall_seconds: float
) -> Verdicts:
    """Runs the experiments that the evidence calls for. `settings` says which codes are choices, not formulas."""
    found, clock = Verdicts(), Clock(seconds, wall_seconds)
    per_run = float(np.clip(seconds / 14, 0.15, 1.0))
    made = baseline.as_it_is(e, per_run) if e.source == "step" or e.faithful else None
    if made is None:
        found.learns = own_training.learns(e, 0.5 * seconds)
        for code in ("B14",):
            if code in evidence and found.learns is not None:
                found.matters[code] = not found.learns
        return found
    setup, updates = made
    in_order = "D12" in evidence
    if in_order:
        setup = baseline.in_order(setup)
    found.ran, found.chance = True, chance(setup)
    if not e.faithful:
        found.learns = own_training.learns(e, 0.4 * seconds)
    formulas = [
        code for code in evidence if not settings[code] and _changes_for(code, e) and not _asleep(evidence[code])
    ]
    as_it_is = run(setup, 3 * per_run)
    mended_setup = mended(setup, e, formulas)
    mended_run = run(mended_setup, 3 * per_run) if formulas else as_it_is
    found.as_it_is, found.mended, found.mended_finite = as_it_is.score, mended_run.score, mended_run.finite
    if formulas:
        found.trials.append(_trial(formulas, as_it_is, mended_run, setup))
    wanted_settings = [code for code in evidence if settings[code]]
    reference_setup, reference = _reference(mended_setup, clock, per_run)
    found.reference = max(reference.score, mended_run.score)
    goal = corrected(found.reference, found.chance)
    found.learnable = goal > LEARNABLE
    stuck = (
        found.learnable
        and e.faithful
        and _is_stuck(mended_setup, mended_run, updates, ENOUGH * goal, found, clock, per_run)
    )
    _judge_formulas(
        e, found, setup, mended_setup, reference_setup, as_it_is, mended_run, formulas, updates, stuck, clock, per_run
    )
    if stuck:
        user = replace(mended_setup, updates=min(updates, 5 * mended_setup.updates))
        found.settings, found.alternatives = _needed(user, reference_setup, found, clock, per_run, evidence)
        found.trials.append(_trial([*formulas, *found.settings], as_it_is, reference, setup))
    if "L03" in evidence:
        found.settings += [code for code in _causes_of_log_of_zero(mended_setup) if code not in found.settings]
    for code in wanted_settings:
        found.matters[code] = code in found.settings
    return found


def _is_stuck(
    setup: Setup, outcome: Outcome, updates: int, goal: float, found: Verdicts, clock: Clock, per_run: float
) -> bool:
    """Whether the network stays below the goal for all the updates of the user's own training. A run that was cut short
    is given more time as long as it gets better; where time does not suffice to see, it is not called stuck."""
    if corrected(outcome.best, found.chance) >= goal:
        return False
    if setup.updates >= updates:
        return True
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
        return True
    per_update = (longer.score - outcome.score) / max(longer.updates - outcome.updates, 1)
    hoped_for = longer.score + 2 * max(per_update, 0.0) * (updates - longer.updates)  # twice as fast as so far
    return corrected(hoped_for, found.chance) < goal


def _asleep(items: list[Evidence]) -> bool:
    return all(item.asleep for item in items)


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
        longer = min(updates, setup.updates * max(2, int(0.3 * clock.left / max(as_it_is.seconds, 0.02))))
        setup, mended_setup = replace(setup, updates=longer), replace(mended_setup, updates=longer)
        as_it_is, mended_run = (run(s, 0.4 * clock.left) for s in (setup, mended_setup))
        together = improvement(as_it_is, mended_run) >= MATTERS
    if together and as_it_is.finite:
        again = [run(s, 3 * per_run) for s in (_reseeded(setup, 1), _reseeded(mended_setup, 1))]
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
            spoilt = run(_spoilt(e, setup, reference_setup, code), 2 * per_run)
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
        put_back = run(mended(setup, e, others), 2 * per_run)
        if mended_run.score - put_back.score < MATTERS and clock.left > 0:
            found.matters[code] = False


def _reseeded(setup: Setup, seed: int) -> Setup:
    return baseline.reseeded(setup, seed)


def _spoilt(e: Examination, setup: Setup, reference: Setup, code: str) -> Setup:
    """The network that learns, with one fault of the user's put back."""
    return baseline.put_back(setup, reference, code, e)


# -- settings ----------------------------------------------------------------------------------------------------------


def _reference(setup: Setup, clock: Clock, per_run: float) -> tuple[Setup, Outcome]:
    """Everything put right: fresh weights, scaled inputs, small batches, enough updates, no decay, the best rate."""
    right = setup
    for change in _everything(setup).values():
        right = change(right)
    return _best_rate(right, clock, per_run)


def _everything(setup: Setup) -> dict[str, Change]:
    changes: dict[str, Change] = {"order": twin_training.shuffled}
    if setup.twin.update.decay > 0:
        changes["decay"] = twin_training.without_decay
    if setup.parameters.weights[0].shape[0] > 1 and np.abs(setup.x).max() > 8:
        changes["inputs"] = twin_training.with_inputs_scaled
    changes["updates"] = twin_training.with_small_batches(SMALL_BATCH, MANY_UPDATES)
    if len(setup.parameters.weights) > 1:
        width = max(2 * setup.targets.shape[1], 16)
        if min(w.shape[1] for w in setup.parameters.weights[:-1]) < min(setup.targets.shape[1], width):
            changes["width"] = twin_training.with_width(width)
    changes["initialisation"] = twin_training.with_fresh_initialisation
    if setup.twin.update.reduction == "sum":
        changes["mean"] = twin_training.with_mean_gradient
    return changes


def _rates(setup: Setup) -> list[float]:
    if setup.twin.update.adaptive:
        return [1e-3, 1e-2, 1e-4]
    if setup.twin.update.reduction == "each":
        return [0.1, 0.02, 0.5]
    return [0.3, 0.05, 2.0]


def _best_rate(setup: Setup, clock: Clock, per_run: float) -> tuple[Setup, Outcome]:
    momentum = (
        setup.twin.update.response[1] if setup.twin.update.response[0] in ("momentum", "nesterov gradient") else 0.0
    )
    brake = max(1 - momentum, 0.02)
    best: tuple[Setup, Outcome] | None = None
    for tries, rate in enumerate([setup.twin.update.learning_rate, *(r * brake for r in _rates(setup))]):
        if best is not None and tries >= LEAST_RATES and clock.left < per_run:
            break
        tried = twin_training.with_rate(rate)(setup)
        outcome = run(tried, 2 * per_run)
        if best is None or outcome.score > best[1].score + 0.01:
            best = (tried, outcome)
    assert best is not None
    return best


def _needed(
    user: Setup, right: Setup, found: Verdicts, clock: Clock, per_run: float, evidence: dict[str, list[Evidence]]
) -> tuple[list[str], list[str]]:
    """Put the user's choices back one at a time, in two orders; what cannot be put back is needed."""
    aspects = list(_everything(user))
    if right.twin.update.learning_rate != user.twin.update.learning_rate or "mean" in aspects:
        aspects.append("rate")
    aspects = [a for a in aspects if a not in ("order", "mean")]
    goal = KEPT * corrected(found.reference or 0.0, found.chance)
    sets: list[set[str]] = []
    for order in (aspects, aspects[::-1]):
        if sets and clock.left < 2 * per_run:
            break
        kept = dict.fromkeys(aspects, True)
        for aspect in order:
            trial = {**kept, aspect: False}
            outcome = run(_mixed(user, right, trial), 2 * per_run, enough=goal * (1 - found.chance) + found.chance)
            if corrected(max(outcome.scores, default=0.0), found.chance) >= goal:
                kept = trial
            if clock.left < 0:
                break
        sets.append({aspect for aspect, needed in kept.items() if needed})
    always = set.intersection(*sets) or min(sets, key=len)
    codes = [code for aspect in aspects if aspect in always for code in _codes_of(aspect, user, right, evidence)]
    others = [
        code
        for aspect in aspects
        if aspect in set.union(*sets) - always
        for code in _codes_of(aspect, user, right, evidence)
    ]
    return codes, [code for code in others if code not in codes]


def _mixed(user: Setup, right: Setup, changed: dict[str, bool]) -> Setup:
    """The right setup with the user's choice in every aspect that is not changed."""
    setup = user
    for aspect, change in _everything(user).items():
        if changed.get(aspect, True) and aspect != "mean":
            setup = change(setup)
    if changed.get("rate", False):
        rule = right.twin.update
        setup = twin_training.with_rate(rule.learning_rate)(twin_training.with_mean_gradient(setup))
    return setup


def _codes_of(aspect: str, user: Setup, right: Setup, evidence: dict[str, list[Evidence]]) -> list[str]:
    if aspect == "initialisation":
        return [code for code in INITIAL if code in evidence][:1] or [_size_of_weights(user, right)]
    if aspect == "rate":
        mean_rate = user.twin.update.learning_rate * (user.batch_size if user.twin.update.reduction == "sum" else 1)
        if right.twin.update.learning_rate > mean_rate:
            return ["U08"]
        return ["B09"] if "B09" in evidence else ["U07"]
    return {"updates": ["U09"], "decay": ["U10"], "inputs": ["D02"], "width": ["A08"]}.get(aspect, [])


def _causes_of_log_of_zero(setup: Setup, updates: int = 30) -> list[str]:
    """Which setting drives the outputs to exactly 0 or 1: the range of the inputs, or else the rate."""
    exact = replace(setup, parameters=setup.parameters.copy(float), x=setup.x.astype(float), updates=updates)
    if not twin_training.reaches_zero(exact):
        return []
    if np.abs(setup.x).max() > 8 and not twin_training.reaches_zero(twin_training.with_inputs_scaled(exact)):
        return ["D02"]
    return [] if twin_training.reaches_zero(twin_training.with_rate_times(0.1)(exact)) else ["U07"]


def _size_of_weights(user: Setup, right: Setup) -> str:
    """Too large or too small, by comparison with weights drawn for the number of inputs."""
    sizes = [
        np.std(mine) / max(np.std(drawn), 1e-12)
        for mine, drawn in zip(user.parameters.weights, right.parameters.weights, strict=True)
    ]
    return "A07" if max(sizes) > 1 / max(min(sizes), 1e-12) else "A06"
