"""From evidence and experiments to a report: what is a finding, what is a note, and what the verdict is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from unstuck.diagnosis.examination.evidence import MEASURED, SUSPECTED, Evidence
from unstuck.diagnosis.examination.examination import WANT_OF_TIME, Examination
from unstuck.diagnosis.experiments.verdicts import MATTERS, Verdicts
from unstuck.diagnosis.report.contents import Cure, Finding
from unstuck.diagnosis.report.report import Report
from unstuck.diagnosis.rules import RULES, in_order
from unstuck.diagnosis.source.location import find_all
from unstuck.diagnosis.twin.update_rule import UpdateRule

CONSEQUENCES = ("F03", "U13")  # numbers that stop being finite: often the work of another fault
QUIET = ("U07", "U08", "U09", "U10")  # every network has a rate, a number of updates and a decay: no news by themselves


def conclude(
    e: Examination,
    evidence: dict[str, list[Evidence]],
    decided: Verdicts | None,
    seconds: float,
    followed: Sequence[float] = (),
) -> Report:
    """Sort the evidence by what the experiments said; None where there was no time for them. What only they can tell
    is then not examined, and what is shown without them stays a finding. `followed` is how far the twin was from the
    program after each of the updates that were compared."""
    verdicts = decided or Verdicts()
    findings: list[Finding] = []
    notes: list[Finding] = []
    for code in verdicts.settings:
        evidence.setdefault(code, [Evidence(MEASURED, "the network learns only with this put right", {})])
    for code in in_order(list(evidence)):
        for item in evidence[code]:
            matters = _matters(code, item, verdicts, evidence)
            finding = _finding(code, item, matters)
            shown = not RULES[code].setting and item.grade != SUSPECTED
            if matters or (matters is None and shown):
                findings.append(finding)
            elif matters is None and decided is None and code not in QUIET:
                e.leave_unchecked(f"whether {code} {RULES[code].name} is in the way: {item.summary}", WANT_OF_TIME)
            elif code not in QUIET:
                notes.append(finding)
    if verdicts.alternatives:
        notes += [
            _finding(code, item, False)
            for code in verdicts.alternatives
            for item in evidence.get(code, [])
            if code in QUIET
        ]
    return Report(
        name=str(e.case.name).encode("utf-8", "replace").decode("utf-8"),  # a lone surrogate cannot be written
        verdict=_verdict(e, findings, verdicts),
        seconds=seconds,
        network=describe_network(e, followed),
        findings=_located(e, findings),
        notes=notes,
        cures=[
            Cure(
                t.changes,
                t.before,
                t.after,
                t.updates,
                t.seed,
                t.seconds,
                t.seeds,
                (t.before_spread, t.after_spread),
                dict(t.worth),
                dict(t.words),
            )
            for t in verdicts.trials
            if findings and t.after - t.before >= MATTERS
        ],
        unchecked=list(e.unchecked),
    )


def _matters(code: str, item: Evidence, verdicts: Verdicts, codes: Collection[str]) -> bool | None:
    if code in CONSEQUENCES and verdicts.mended_finite and any(verdicts.matters.values()):
        return False  # with the other faults put right the numbers stay finite
    if code == "U13" and {"D15", "U17"} & set(codes):
        return False  # a target that is no number leads there at any rate; so does an optimiser put together wrongly
    if code == "L03" and verdicts.loss_stays_finite:
        return False
    if item.falsifies:
        return True
    if code in verdicts.settings:
        return True
    if item.asleep:
        return False
    return verdicts.matters.get(code)


def _finding(code: str, item: Evidence, matters: bool | None) -> Finding:
    return Finding(
        RULES[code], item.grade, item.summary, dict(item.numbers), matters, item.layer, None, tuple(item.look_alikes)
    )


def _located(e: Examination, findings: list[Finding]) -> list[Finding]:
    """The findings with the line of the user's source that each implies, where there is exactly one."""
    places = find_all(e.case, [finding.rule.code for finding in findings])
    return [replace(finding, location=places.get(finding.rule.code)) for finding in findings]


def _verdict(e: Examination, findings: list[Finding], verdicts: Verdicts) -> str:
    if findings:
        return "faulty"
    if e.undecided or verdicts.stuck is None:
        return "inconclusive"
    if e.faithful:
        return "healthy" if verdicts.learnable else "inconclusive"
    return "healthy" if verdicts.learns and e.case.step is not None else "inconclusive"


def _stated_rate(rule: UpdateRule) -> float:
    """The rate as a program states it: Nesterov's form on gradients takes 1 + momentum times as much at first."""
    kind, beta = rule.response
    return rule.learning_rate / (1 + beta) if kind == "nesterov gradient" else rule.learning_rate


def describe_network(e: Examination, followed: Sequence[float]) -> dict[str, Any]:
    """Sizes, functions, update rule and how far the twin follows them; None where that was not found."""
    twin, forward = e.twin, e.forward
    update: dict[str, Any] = {"learning_rate": None, "reduction": None, "momentum": None, "l2": None}
    if twin is not None and e.source == "step":
        rule = twin.update
        update = {
            "learning_rate": _stated_rate(rule),
            "reduction": e.update.reduction if e.update is not None else None,
            "momentum": rule.response[1] if rule.response[0] != "plain" else 0.0,
            "l2": rule.decay / rule.learning_rate + 0.0 if rule.learning_rate else None,
            "rule": rule.adaptive.name if rule.adaptive else "gradient descent",
        }
    return {
        "sizes": e.sizes or None,
        "hidden": list(forward.hidden) if e.forward_proved and forward else None,
        "output": forward.output if e.forward_proved and forward else None,
        "loss": twin.output_delta.name if twin is not None else None,
        "update": update,
        "followed": {"updates": len(followed), "departure": max(followed)} if followed else None,
    }
