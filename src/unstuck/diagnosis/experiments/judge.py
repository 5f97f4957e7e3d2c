"""What matters is decided by experiment: the twin as it is, with its faults put right, with everything put right, and
with the user's choices put back one at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from unstuck.diagnosis.examination.evidence import MEASURED, Evidence, any_shown
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.experiments import own_training
from unstuck.diagnosis.experiments import setup_as_it_is as baseline
from unstuck.diagnosis.experiments.changes import with_fresh_initialisation, with_hidden_layer, with_negative_weights
from unstuck.diagnosis.experiments.choices import KEPT, aspects_of, causes_of_log_of_zero, needed, reference, with_right
from unstuck.diagnosis.experiments.cures import in_order_of_making
from unstuck.diagnosis.experiments.outside_the_step import users_loss_stays_finite
from unstuck.diagnosis.experiments.repairs import MEANT, changes_for, leaves_activation_open, mended, put_back
from unstuck.diagnosis.experiments.task import ENOUGH, LEARNABLE
from unstuck.diagnosis.experiments.verdicts import MATTERS, Runs, Verdicts
from unstuck.diagnosis.program import work
from unstuck.diagnosis.twin.training import Allowance, Outcome, Setup, affordable, chance, corrected, run, score

OF_OUTPUTS_AT_ZERO = ("D02", "U07")  # the choices that causes_of_log_of_zero knows
UNITS = 16  # of the hidden layer that is tried in a network without one
HALFWAY = 0.4  # share of what a network that is not stuck learns, from which on chance may decide


def decide(
    e: Examination, evidence: dict[str, list[Evidence]], settings: dict[str, bool], as_planned: float = work.AS_PLANNED
) -> Verdicts:
    """Runs the experiments that the evidence calls for. `settings` says which codes are choices, not formulas;
    `as_planned` is the work for a run as long as the user's training.

    Raises OutOfBudget: then nothing is decided."""
    found = Verdicts(choices=[code for code in evidence if settings[code]])
    made = baseline.as_it_is(e, work.ONE_RUN) if e.source == "step" or e.faithful else None
    if made is None:
        own_training.judge_by_own_training(e, evidence, found)
        return found
    user, updates = made
    if "D12" in evidence and any_shown(evidence["D12"]):
        user = baseline.in_order(user)
    found.chance = chance(user)
    if not e.faithful:
        own_training.judge_by_own_training(e, evidence, found)
        if found.settings:
            return found
    found.formulas = [
        code
        for code, items in evidence.items()
        if not settings[code] and changes_for(code, e) and not _asleep(items) and _may_be_tried(e, code, items)
    ]
    Judge(e, evidence, found, Allowance(work.DECIDING), updates, as_planned).judge(user)
    if found.stuck is None:
        e.leave_unchecked(
            f"whether the network stays stuck: trained as it is for {found.run_for:,} of the {updates:,} updates "
            f"planned, it reached {found.mended:.0%}",
            "a larger budget",
        )
    elif e.faithful or found.learns:
        found.matters |= {code: code in found.settings for code in found.choices}
    return found


@dataclass
class Judge:
    """Finds out by training what matters; `updates` are those of the user's training."""

    e: Examination
    evidence: dict[str, list[Evidence]]
    found: Verdicts
    allowance: Allowance
    updates: int
    as_planned: float

    def judge(self, user: Setup) -> None:
        """Of formulas and settings, beginning with the user's own run."""
        found = self.found
        runs = self.first_runs(user)
        right, learnt = reference(runs.mended, self.allowance)
        found.reference, found.right = max(learnt.score, runs.put_right.score), right
        found.learnable = self.corrected(found.reference) > LEARNABLE
        hidden_layer = None if found.learnable else self.hidden_layer(runs)
        if hidden_layer is not None:
            right, learnt = hidden_layer
            found.reference, found.right, found.learnable = learnt.score, right, True
        runs = self.without_repairs_that_ruin(runs)
        if found.learnable and self.e.faithful and self.corrected(runs.as_it_is.best) < self.goal:
            found.stuck = self.is_stuck(runs.mended, runs.put_right)
        stuck = bool(found.stuck)
        self.judge_formulas(runs, right, stuck)
        if stuck:
            longer = replace(runs.mended, updates=min(self.updates, 5 * runs.mended.updates))
            longer = longer if hidden_layer is None else with_right("A08", right)(longer)
            aspects = [a for a in aspects_of(longer, right) if a != "updates" or self.e.case.updates is not None]
            goal = self.score_of(KEPT * self.corrected(found.reference))
            found.settings, found.alternatives = needed(longer, right, aspects, goal, self.allowance, self.evidence)
            found.settings += ["A08"] if hidden_layer is not None else []
            found.trials.append(runs.trial([*found.formulas, *found.settings], learnt))
        if "L03" in self.evidence:
            found.loss_stays_finite = self.loss_stays_finite(runs.user, right)
            causes = [] if found.loss_stays_finite else causes_of_log_of_zero(runs.mended)
            found.settings += [code for code in causes if code not in found.settings]

    def corrected(self, score: float) -> float:
        return corrected(score, self.found.chance)

    def score_of(self, corrected_score: float) -> float:
        """The score that is so much when corrected for chance."""
        return corrected_score * (1 - self.found.chance) + self.found.chance

    @property
    def goal(self) -> float:
        """The chance-corrected score from which on a network is not stuck."""
        return ENOUGH * self.corrected(self.found.reference or 0.0)

    def first_runs(self, user: Setup) -> Runs:
        """As it is, and with all faults of formula put right."""
        found = self.found
        as_it_is = self.run(user)
        found.meant = self.meant_activation(user)
        right = mended(user, self.e, found.formulas, found.meant)
        runs = Runs(user, right, as_it_is, self.run(right) if found.formulas else as_it_is)
        found.as_it_is, found.mended, found.mended_finite = as_it_is.score, runs.put_right.score, runs.put_right.finite
        if found.formulas:
            found.trials.append(runs.trial(found.formulas))
        return runs

    def hidden_layer(self, runs: Runs) -> tuple[Setup, Outcome] | None:
        """Everything put right and a hidden layer, where a network that has none learns nothing: classes that no
        straight line parts. None where that does not help."""
        if runs.mended.twin.hidden or runs.mended.labels is None:
            return None
        right, learnt = reference(with_hidden_layer(UNITS)(runs.mended), self.allowance)
        if self.corrected(learnt.score) < ENOUGH:
            return None
        said = "no hidden layer: the classes are not parted by a straight line"
        self.evidence.setdefault("A08", [Evidence(MEASURED, said, {"hidden_layers": 0})])
        return right, learnt

    def meant_activation(self, user: Setup) -> str:
        """Where layers do not tell which activation was meant: the one that learns best with the user's choices."""
        formulas = self.found.formulas
        if not leaves_activation_open(user) or not {"F05", "F08"} & set(formulas):
            return MEANT[-1]
        return max(MEANT, key=lambda name: self.run(mended(user, self.e, formulas, name)).score)

    def run(self, setup: Setup) -> Outcome:
        """One of the short runs."""
        return self.allowance.run(setup, 2 * work.ONE_RUN)

    def longer(self, runs: Runs) -> Runs:
        """The same for as many of the user's updates as the work for longer runs allows."""
        whole = [replace(setup, updates=self.updates) for setup in (runs.user, runs.mended)]
        updates = min(affordable(setup, work.LONGER) for setup in whole)
        user, right = (replace(setup, updates=updates) for setup in whole)
        return Runs(user, right, run(user, work.LONGER), run(right, work.LONGER))

    def may_run_longer(self, runs: Runs) -> bool:
        return runs.user.updates < self.updates

    def without_repairs_that_ruin(self, runs: Runs) -> Runs:
        """The runs; or, where putting formulas right ruins a network that learns, the user's own alone."""
        found = self.found
        if self.is_ruined(runs) and self.may_run_longer(runs):  # what is right may be slow at first
            runs = self.longer(runs)
            found.as_it_is, found.mended = runs.as_it_is.score, runs.put_right.score
        if not self.is_ruined(runs):
            return runs
        found.matters, found.formulas = dict.fromkeys(found.formulas, False), []
        found.mended, found.mended_finite = runs.as_it_is.score, runs.as_it_is.finite
        return Runs(runs.user, runs.user, runs.as_it_is, runs.as_it_is)

    def is_ruined(self, runs: Runs) -> bool:
        """Whether a network that gets well on its way to the goal is worse off with its formulas put right."""
        best = runs.as_it_is.best
        return self.corrected(best) >= HALFWAY * self.goal and best - runs.put_right.best >= MATTERS

    def loss_stays_finite(self, user: Setup, right: Setup) -> bool:
        """Whether the user's own loss does so with everything put right that matters. Where that is the range of the
        inputs or the rate, which anybody may choose, a loss has to stand it."""
        found = self.found
        formulas = [code for code in found.formulas if found.matters.get(code)]
        if not (formulas or found.settings) or set(found.settings) & set(OF_OUTPUTS_AT_ZERO):
            return False
        cured = mended(user, self.e, formulas, found.meant)
        for code in in_order_of_making(frozenset(found.settings)):
            cured = with_right(code, right)(cured)
        return users_loss_stays_finite(self.e, cured)

    # -- formulas ------------------------------------------------------------------------------------------------------

    def judge_formulas(self, runs: Runs, right: Setup, stuck: bool) -> None:
        """Proved faults matter if putting them right, alone or together, is worth two points; in a network that stays
        stuck for another reason, if putting them back into the one that learns costs two points."""
        found, formulas, mended_setup = self.found, self.found.formulas, runs.mended
        together = self.gains(runs)
        if formulas and not together and not stuck and self.may_run_longer(runs):
            runs = self.longer(runs)  # a run that is shorter than the user's shows no fault to be harmless
            together = self.gains(runs)
        if formulas and not together and self.corrected(score(runs.user, runs.user.parameters)) >= self.goal:
            together = self.gains_elsewhere(runs)  # its start answers right before anything is learnt
        if not together and not found.learnable:
            return  # nothing learns: a proved fault stays a finding
        found.matters |= dict.fromkeys(formulas, together)
        if together and len(formulas) > 1 and self.allowance.left > work.ONE_RUN:
            self.drop_harmless(runs)
        if not together and stuck and right is not mended_setup:
            self.put_each_back(runs.user, right)

    def gains(self, runs: Runs) -> bool:
        """Whether putting right gains something, and again with the examples in another order."""
        if runs.gain < MATTERS or not runs.as_it_is.finite:
            return runs.gain >= MATTERS
        user, right = (baseline.reseeded(setup, 1) for setup in (runs.user, runs.mended))
        again = Runs(user, right, run(user, work.LONGER), run(right, work.LONGER))
        return again.gain >= MATTERS / 2 or again.put_right.score - again.as_it_is.score >= MATTERS

    def gains_elsewhere(self, runs: Runs) -> bool:
        """Whether putting right gains something from other first weights: the negatives, or fresh ones."""
        for change in (with_negative_weights, with_fresh_initialisation):
            user, right = change(runs.user), change(runs.mended)
            if Runs(user, right, self.run(user), self.run(right)).gain >= MATTERS:
                return True
        return False

    def put_each_back(self, user: Setup, right: Setup) -> None:
        """Which of the formulas spoil the network that learns."""
        for code in self.found.formulas:
            if self.allowance.left < work.ONE_RUN:
                del self.found.matters[code]  # not tried: a proved fault stays a finding
                continue
            spoilt = self.run(put_back(user, right, code, self.e))
            self.found.matters[code] = (self.found.reference or 0) - spoilt.score >= 5 * MATTERS

    def drop_harmless(self, runs: Runs) -> None:
        """Update faults that put back into the mended network cost nothing, and alone mend nothing, are notes."""
        formulas = self.found.formulas
        for code in [c for c in formulas if c[0] == "U"]:
            others = [c for c in formulas if c != code]
            without = self.run(mended(runs.user, self.e, others, self.found.meant))
            if runs.put_right.score - without.score < MATTERS and self.allowance.left > 0:
                self.found.matters[code] = False

    # -- settings ------------------------------------------------------------------------------------------------------

    def is_stuck(self, setup: Setup, outcome: Outcome) -> bool | None:
        """Whether the network stays below the goal for all the updates of the user's own training: a late start is no
        standstill. None where that training is too long to be run to its end, unless it is well on its way."""
        found, goal = self.found, self.goal
        if self.corrected(outcome.best) >= goal:
            return False
        if outcome.updates < self.updates and outcome.finite:
            setup = replace(setup, updates=self.updates)
            outcome = run(setup, self.as_planned, self.score_of(goal))
            found.mended, found.run_for = outcome.score, outcome.updates
        if self.corrected(outcome.best) >= goal:
            return False
        if outcome.updates >= self.updates or not outcome.finite:
            return not self.learns_in_another_order(setup, outcome)
        gained = outcome.score - outcome.scores[0]
        if gained < 2 * np.sqrt(outcome.score * (1 - outcome.score) / len(setup.x_held)):
            return None  # two standard errors: no more than chance
        hoped_for = outcome.score + 2 * gained / 0.75 * (self.updates / outcome.updates - 1)  # twice as fast as so far
        return False if self.corrected(hoped_for) >= goal else None

    def learns_in_another_order(self, setup: Setup, outcome: Outcome) -> bool:
        """Whether a run that learns something, but too little, was only unlucky in the order of its examples."""
        if self.corrected(outcome.best) < HALFWAY * self.goal:
            return False
        enough = self.score_of(self.goal)
        others = (run(baseline.reseeded(setup, seed), self.as_planned, enough) for seed in (1, 2))
        return any(self.corrected(other.best) >= self.goal for other in others)


def _asleep(items: list[Evidence]) -> bool:
    return all(item.asleep for item in items)


def _may_be_tried(e: Examination, code: str, items: list[Evidence]) -> bool:
    """Whether an experiment says something of it: of a suspicion only in a twin that follows, which has the user's data
    but not the user's loop."""
    return any_shown(items) or (e.faithful and code[0] != "D")
