"""For other people's test suites: a test that fails, with the diagnosis, when a network would not learn."""

from __future__ import annotations

import unittest
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from unstuck.diagnosis.case import Case
    from unstuck.diagnosis.report.report import Report

Outcome = Literal["fail", "skip", "pass"]
HINT = (
    'Nothing is known to be wrong, but too little was seen: add what is missing above, or choose inconclusive="skip".'
)


def assert_learns(case: Case, budget: float = 30.0, *, cures: bool = False, inconclusive: Outcome = "fail") -> Report:
    """Diagnose a network, and fail with the whole report if something keeps it from learning.

    case          what is known of the network, as for `unstuck.diagnose`; it is left exactly as it was found
    budget        seconds to spend at most, about
    cures         whether to search for the smallest cure too; slower, and the message says what would help
    inconclusive  what becomes of a test where too little could be examined for a verdict: "fail" (the default: a test
                  that examined nothing must not pass), "skip" (shown as skipped by unittest and pytest), or "pass"

    Returns the report of a network that is healthy, or of an inconclusive one that may pass. Raises AssertionError for
    a faulty one, unittest.SkipTest where asked to skip, ValueError for another word than these three, and what
    `unstuck.diagnose` raises for a Case that cannot be used.
    """
    from unstuck.diagnosis.diagnose import diagnose

    __tracebackhide__ = True  # pytest ends its traceback at the caller
    if inconclusive not in ("fail", "skip", "pass"):
        raise ValueError(f'inconclusive={inconclusive!r}: expected "fail", "skip" or "pass"')
    report = diagnose(case, budget=budget, cures=cures)
    if report.verdict == "healthy" or (report.verdict == "inconclusive" and inconclusive == "pass"):
        return report
    if report.verdict == "inconclusive" and inconclusive == "skip":
        raise unittest.SkipTest(str(report))
    hint = f"\n\n{HINT}" if report.verdict == "inconclusive" else ""
    raise AssertionError(f"{report}{hint}")
