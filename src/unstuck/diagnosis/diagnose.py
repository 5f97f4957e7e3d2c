"""The method, top-down.

1. forward      which layout and which activations give the user's own outputs
2. step         which output delta, way back, gradients and update rule give the user's own changes
3. rules        what that, and the data, the initial state and the evaluation, say about faults
4. experiments  which of them matter: the twin as it is, put right, and with the user's choices put back
5. report       findings, notes, what could not be examined; and the portrait that its page draws
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TypeVar

from unstuck.diagnosis.case import Case, with_plain_beliefs
from unstuck.diagnosis.examination import examine_forward, examine_step, follow
from unstuck.diagnosis.examination.evidence import Evidence
from unstuck.diagnosis.examination.examination import WANT_OF_TIME, Examination
from unstuck.diagnosis.experiments import setup_as_it_is as baseline
from unstuck.diagnosis.experiments.cures import find_cures, trained_further
from unstuck.diagnosis.experiments.judge import decide
from unstuck.diagnosis.experiments.outside_the_step import read_twice, train_twice
from unstuck.diagnosis.experiments.repairs import mended
from unstuck.diagnosis.experiments.verdicts import MATTERS, Verdicts
from unstuck.diagnosis.measurements.as_found import say_if_trained
from unstuck.diagnosis.measurements.value_lines import line_of_fault
from unstuck.diagnosis.program import work
from unstuck.diagnosis.program.program import Program
from unstuck.diagnosis.report.conclusion import conclude
from unstuck.diagnosis.report.contents import Finding
from unstuck.diagnosis.report.portrait.portrait import Portrait, portray
from unstuck.diagnosis.report.report import Report
from unstuck.diagnosis.rules import RULES, in_order
from unstuck.diagnosis.source.change import change_line
from unstuck.diagnosis.source.location import location_of
from unstuck.errors import is_strict
from unstuck.nn.blas_threads import single_threaded
from unstuck.sandbox import clock

USUAL_BUDGET, LONG = 30.0, 45.0  # seconds: with more than LONG, raised on purpose, the cure is trained further
Listener = Callable[[str], None]
T = TypeVar("T")


def diagnose(case: Case, budget: float = USUAL_BUDGET, cures: bool = True, listen: Listener | None = None) -> Report:
    """Name the faults of a network by reproducing what it did.

    case    what is known of the network; it is left exactly as it was found
    budget  seconds to spend at most, about. What does not fit into them is left out as a whole, last things first, and
            the report says so; what is said does not depend on how fast the machine is
    cures   whether to search for the smallest cure as well; without, experiments only decide what matters
    listen  called with a line of text as soon as something is known

    Raises CaseError where the budget is no time.
    """
    clock.expect_budget(budget)
    started = clock.real_now()
    case, complaints = with_plain_beliefs(case)
    with single_threaded(), closing(Program(case)) as program, clock.until(clock.now() + budget):
        e = Examination(case, program)
        for complaint in complaints:
            e.leave_unchecked("what the user believes", complaint)
        if len(program.x) < 2:
            e.leave_unchecked(
                "whether anything is learnt", "two examples or more: one alone can be learnt by heart", decides=True
            )
        e = safely(e, "the forward pass", partial(examine_forward, e)) or e
        if listen is not None and e.forward_proved and e.forward is not None:
            sizes, residual = "-".join(map(str, e.sizes)), max(e.forward.residual, 1e-17)
            listen(f"network {sizes}, {e.forward.describe()}: outputs reproduced to {residual:.0e}")
        safely(e, "whether it is trained already", partial(say_if_trained, e), decides=False)
        e = safely(e, "the step", partial(examine_step, e)) or e
        evidence = look(e, listen)
        settings = {code: RULES[code].setting for code in evidence}
        as_planned = work.AS_PLANNED * max(1.0, budget / USUAL_BUDGET)
        verdicts = safely(e, "what matters", partial(decide, e, evidence, settings, as_planned))
        followed: list[float] = []
        if cures and verdicts is not None:
            followed = safely(e, "how far the twin follows", partial(follow, e), decides=False) or []
            cure(e, evidence, verdicts, budget > LONG)
        report = conclude(e, evidence, verdicts, clock.real_now() - started, followed)
        located = partial(with_lines_of_values, e, report)
        report.findings = safely(e, "lines by their values", located, decides=False) or report.findings
        drawn = partial(sit, e, report, verdicts or Verdicts())
        report.portrait = safely(e, "what the page draws", drawn, decides=False)
        changed = partial(with_changes, report)
        report.findings = safely(e, "lines to change", changed, decides=False) or report.findings
        return report


def safely(e: Examination, what: str, function: Callable[[], T], decides: bool = True) -> T | None:
    """The function's answer; where this package itself fails, or the budget is spent, all that the function did is left
    out, and the report says so. `decides`: it may find a fault, so that without it nothing is called healthy."""
    noted = list(e.unchecked)
    try:
        return function()
    except clock.OutOfBudget:
        e.unchecked[:] = noted
        e.leave_unchecked(what, WANT_OF_TIME, decides)
    except Exception as error:
        failure = f"a correction in unstuck: {type(error).__name__}: {error} (please report it)"
        e.leave_unchecked(what, failure, decides)
        if is_strict():
            raise
    e.program.restore()
    return None


def cure(e: Examination, evidence: dict[str, list[Evidence]], verdicts: Verdicts, further: bool) -> None:
    """Puts the cures that were run into the place of the experiments that decided what matters; `further` trains them
    longer."""
    found = safely(e, "the cure", partial(find_cures, e, verdicts), decides=False) or []
    if found and further:
        longer = safely(e, "the cure, trained further", lambda: trained_further(e, verdicts, found[-1]), decides=False)
        found += [longer] if longer is not None else []
    found = found or verdicts.trials
    codes = list(evidence)
    found += safely(e, "what is read", lambda: read_twice(e, codes, further), decides=False) or []
    found += safely(e, "the user's own training", lambda: train_twice(e, codes), decides=False) or []
    verdicts.trials = found
    for trial in found:
        if len(trial.changes) == 1 and trial.after - trial.before >= MATTERS:
            verdicts.matters.setdefault(trial.changes[0], True)


def sit(e: Examination, report: Report, verdicts: Verdicts) -> Portrait | None:
    """The portrait of what was examined: as it is, and with that put right which the findings name."""
    codes = [finding.rule.code for finding in report.findings]
    if verdicts.cured is not None:
        return portray(e, codes, *verdicts.cured, verdicts.spoilt)
    made = baseline.as_it_is(e, work.DRAWN_RUN) if e.twin is not None else None
    before = None if made is None else made[0]
    if before is None or not codes:
        return portray(e, codes, before, None)
    settings = any(RULES[code].setting for code in codes)
    after = verdicts.right if settings else mended(before, e, codes, verdicts.meant)
    return portray(e, codes, before, after)


def with_lines_of_values(e: Examination, report: Report) -> list[Finding]:
    """The findings, those whose line the form of the source does not tell with the line that their numbers tell."""
    found = []
    for finding in report.findings:
        place = None
        if finding.location is None:
            place = line_of_fault(e, finding.rule.code, finding.layer or 0, finding.evidence)
        found.append(finding if place is None else replace(finding, location=location_of(*place)))
    return found


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


def look(e: Examination, listen: Listener | None = None) -> dict[str, list[Evidence]]:
    """What every rule sees, by code, in the order data flows."""
    seen: dict[str, list[Evidence]] = {}
    for code in in_order(list(RULES)):
        found = safely(e, f"{code} {RULES[code].name}", partial(RULES[code].look, e))
        if found:
            seen[code] = found
            if listen is not None and not RULES[code].setting and not all(item.asleep for item in found):
                listen(f"{code} {RULES[code].name} ({found[0].grade}): {found[0].summary}")
    return seen
