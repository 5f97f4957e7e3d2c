"""The method, top-down.

1. forward      which layout and which activations give the user's own outputs
2. step         which output delta, way back, gradients and update rule give the user's own changes
3. rules        what that, and the data, the initial state and the evaluation, say about faults
4. experiments  which of them matter: the twin as it is, put right, and with the user's choices put back
5. report       findings, notes, what could not be examined; and the portrait that its page draws
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

from unstuck.diagnosis.case import Case, with_plain_beliefs
from unstuck.diagnosis.examination import examine_forward, examine_step, follow
from unstuck.diagnosis.examination.evidence import Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.experiments import setup_as_it_is as baseline
from unstuck.diagnosis.experiments.cures import LONG, find_cures
from unstuck.diagnosis.experiments.judge import decide
from unstuck.diagnosis.experiments.outside_the_step import read_twice, train_twice
from unstuck.diagnosis.experiments.repairs import mended
from unstuck.diagnosis.experiments.verdicts import MATTERS, Verdicts
from unstuck.diagnosis.program.program import Program
from unstuck.diagnosis.report.conclusion import conclude
from unstuck.diagnosis.report.contents import Finding
from unstuck.diagnosis.report.portrait.portrait import Portrait, portray
from unstuck.diagnosis.report.report import Report
from unstuck.diagnosis.rules import RULES, in_order
from unstuck.diagnosis.source.change import change_line

DECIDING, CURING = 6.0, 15.0  # seconds, of a budget that is not raised on purpose
Listener = Callable[[str], None]
T = TypeVar("T")
SECONDS_A_RUN = 0.86  # of a training that a page shows


def diagnose(case: Case, budget: float = 30.0, cures: bool = True, listen: Listener | None = None) -> Report:
    """Name the faults of a network by reproducing what it did.

    case    what is known of the network; it is left exactly as it was found
    budget  seconds to spend at most, about
    cures   whether to search for the smallest cure as well; without, experiments only decide what matters
    listen  called with a line of text as soon as something is known
    """
    started = time.perf_counter()
    case, complaints = with_plain_beliefs(case)
    program = Program(case)
    try:
        e = Examination(case, program)
        for complaint in complaints:
            e.leave_unchecked("what the user believes", complaint)
        safely(e, "the forward pass", lambda: examine_forward(e))
        if listen is not None and e.forward_proved and e.forward is not None:
            sizes, residual = "-".join(map(str, e.sizes)), max(e.forward.residual, 1e-17)
            listen(f"network {sizes}, {e.forward.describe()}: outputs reproduced to {residual:.0e}")
        safely(e, "the step", lambda: examine_step(e))
        evidence = look(e, listen, started + budget)
        settings = {code: RULES[code].setting for code in evidence}
        left = budget - (time.perf_counter() - started)
        found = safely(e, "what matters", lambda: decide(e, evidence, settings, min(left, DECIDING), left))
        verdicts = found or Verdicts()
        if cures:
            cure(e, evidence, verdicts, started + budget)
        report = conclude(e, evidence, verdicts, time.perf_counter() - started)
        report.portrait = safely(e, "what the page draws", lambda: sit(e, report, verdicts))
        report.findings = safely(e, "lines to change", lambda: with_changes(report)) or report.findings
        return report
    finally:
        program.close()


def safely(e: Examination, what: str, function: Callable[[], T]) -> T | None:
    """The function's answer; where this package itself fails, the report says so and goes on without."""
    try:
        return function()
    except Exception as error:
        e.program.restore()
        e.leave_unchecked(what, f"a correction in unstuck: {type(error).__name__}: {error} (please report it)")
        if os.environ.get("UNSTUCK_STRICT"):
            raise
        return None


def cure(e: Examination, evidence: dict[str, list[Evidence]], verdicts: Verdicts, ends: float) -> None:
    """Puts the cures that were run into the place of the experiments that decided what matters."""

    def left() -> float:
        return ends - time.perf_counter()

    def share() -> float:
        return left() if left() > LONG else min(left(), CURING)

    safely(e, "how far the twin follows", lambda: follow(e))
    found = safely(e, "the cure", lambda: find_cures(e, verdicts, share())) or verdicts.trials
    for name, compare in (("what is read", read_twice), ("the user's own training", train_twice)):
        found = [*found, *(safely(e, name, partial(compare, e, list(evidence), 0.8 * share())) or [])]
    verdicts.trials = found
    for trial in found:
        if len(trial.changes) == 1 and trial.after - trial.before >= MATTERS:
            verdicts.matters.setdefault(trial.changes[0], True)


def sit(e: Examination, report: Report, verdicts: Verdicts) -> Portrait | None:
    """The portrait of what was examined: as it is, and with that put right which the findings name."""
    codes = [finding.rule.code for finding in report.findings]
    if verdicts.cured is not None:
        return portray(e, codes, *verdicts.cured, verdicts.spoilt)
    made = baseline.as_it_is(e, SECONDS_A_RUN) if e.twin is not None else None
    before = None if made is None else made[0]
    if before is None or not codes:
        return portray(e, codes, before, None)
    settings = any(RULES[code].setting for code in codes)
    after = verdicts.right if settings else mended(before, e, codes, verdicts.meant)
    return portray(e, codes, before, after)


def with_changes(report: Report) -> list[Finding]:
    """The findings, those that have a line with the change of it that puts them right, where it is known."""
    found, portrait = [], report.portrait
    columns = portrait is not None and portrait.has_columns
    for finding in report.findings:
        code, place = finding.rule.code, finding.location
        factor = portrait.factor(code) if portrait is not None else None
        change = change_line(code, place.text, factor, columns) if place is not None else None
        found.append(replace(finding, change=change))
    return found


def look(e: Examination, listen: Listener | None = None, ends: float = math.inf) -> dict[str, list[Evidence]]:
    """What every rule sees, by code, in the order data flows. Past `ends` no more of the user's code is run for the
    data and the evaluation, and the report says so."""
    seen: dict[str, list[Evidence]] = {}
    for code in in_order(list(RULES)):
        if time.perf_counter() > ends and code[0] in "DE":
            e.leave_unchecked(f"{code} {RULES[code].name}", "a larger budget")
            continue
        found = safely(e, f"{code} {RULES[code].name}", partial(RULES[code].look, e))
        if found:
            seen[code] = found
            if listen is not None and not RULES[code].setting and not all(item.asleep for item in found):
                listen(f"{code} {RULES[code].name} ({found[0].grade}): {found[0].summary}")
    return seen
