"""What the proof by derivative adds to the report of a script, and the verdict that follows from both.

The tables name formulas, the derivative names places. Where a formula of the tables explains a step, the tables decide;
a fault of theirs takes the place from the derivative. Elsewhere the derivative's word stands: every gradient proved
wrong whose place is known is a finding, unless an experiment shows that it does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from unstuck.adapters.scripts.proof.climbing import ascending
from unstuck.adapters.scripts.proof.proof_findings import (
    FEW,
    UNEXPLAINED,
    never_cleared,
    never_updated,
    nothing_changes,
    wrong_gradients,
)
from unstuck.adapters.scripts.proof.proving import Proved
from unstuck.autodiff.meetings import forward_nodes
from unstuck.autodiff.proof import Proof
from unstuck.autodiff.step import is_recurrent
from unstuck.diagnosis.examination.examination import Missing
from unstuck.diagnosis.report.contents import Finding, Location
from unstuck.diagnosis.report.report import Report
from unstuck.diagnosis.report.text import listed
from unstuck.diagnosis.rules import RULES, in_order

OF_SCALE = ("B09", "B17")  # rules about a factor, of which a derivative up to a factor says nothing
OF_ERRORS = "L04"  # the rule about the error at the outputs
OF_OUTPUTS = ("D09", "F10")  # rules about the number of outputs
OF_MEMORY = ("U02", "U03", "U04", "U14")  # rules about what an update keeps of the one before
OF_TARGETS = ("D07", "D08", "D09", "D13")  # rules about the numbers that stand for a class
OF_ROWS = ("D04", "D07", "D08", "D09", "D10", "D12", "D13", "A04", "F10", "F14")  # rules about rows that are examples


def joined(report: Report, proved: Proved | None, learns: Callable[[], bool | None]) -> Report:
    """The report with the proof's findings in it, and the verdict that both together allow.

    learns  says whether the script's own loss falls; asked only where nothing else tells that it learns
    """
    explained = bool(report.network.get("loss"))  # the tables gave the program's own step
    if proved is None:
        return _unproved(report, explained, "an update whose forward pass was recorded")
    if not explained:
        targets = (report.reading or {}).get("targets") or {}
        kept = [finding for finding in report.findings if not misread(finding, proved, targets.get("line"))]
        if report.findings and not kept:
            report.verdict = "inconclusive"
        report.findings = kept
    found = list(wrong_gradients(proved))
    if found:
        report.notes = [note for note in report.notes if note.rule.code != UNEXPLAINED]
    named = _named(report.findings)
    if explained or named:
        report.findings = _with_places(report.findings, found, proved)
        if not explained and len(found) > len(named):
            lines = {finding.location.line for finding in report.findings if finding.location is not None}
            others = [
                one
                for one in found
                if one.matters is not False and one.location is not None and one.location.line not in lines
            ]
            report.findings = in_order_of_data([*report.findings, *others])
    else:
        kept = [finding for finding in report.findings if not found or finding.rule.code != UNEXPLAINED]
        report.findings = in_order_of_data([*kept, *(one for one in found if one.matters is not False)])
        report.notes = in_order_of_data([*report.notes, *(one for one in found if one.matters is False)])
    if any(finding.rule.code == "U06" for finding in report.findings):  # numbers cut off are no gradients
        report.findings = [finding for finding in report.findings if finding.rule.code != UNEXPLAINED]
    if not _named(report.findings):
        report.findings = in_order_of_data([*report.findings, *never_updated(proved)])
    if not explained and all(finding.rule.code not in OF_MEMORY for finding in report.findings):
        report.findings = in_order_of_data([*report.findings, *never_cleared(proved)])
    if not explained and not report.findings:
        report.findings = list(ascending(proved, learns))
    if report.findings:
        report.verdict = "faulty"
    elif not explained and not proved.harmless:
        return _unproved(report, explained, _what_hinders(proved))
    elif not explained and report.verdict == "inconclusive" and learns():
        report.verdict = "healthy"
    return report


def misread(finding: Finding, proved: Proved, targets_line: int | None = None) -> bool:
    """Whether a finding rests on examples and outputs as rows, which no formula of the tables confirms, and the
    derivative saw otherwise: outputs that meet their targets entry by entry, or other targets in the loss as
    written, a sequence whose rows are its steps, or gradients that are zero, on whose way no output meets a target."""
    proof, code = proved.first, finding.rule.code
    if code in OF_ROWS and nothing_changes(proof):
        return True
    met = bool(proof.meetings) and any(verdict.right for verdict in proof.verdicts)
    return (
        (code in OF_OUTPUTS and met)
        or (code in OF_TARGETS and _are_no_targets(proof, targets_line))
        or (code in OF_ROWS and is_recurrent(proof.step))
    )


def _are_no_targets(proof: Proof, line: int | None) -> bool:
    """Whether what outputs meet in a line are other values than their targets in the loss as written."""
    if proof.hypothesis is None or proof.hypothesis.rank > 0:
        return False
    graph = proof.step.graph
    of_loss = graph.ancestors(proof.hypothesis.seeds)
    loss = [one for one in proof.meetings if any(graph.same[node.number] in of_loss for node in one.nodes)]
    here = [one for one in proof.meetings if one.site is not None and one.site.line == line]
    alike = any(
        len(one.targets) == len(other.targets) and all(map(np.array_equal, one.targets, other.targets))
        for one in loss
        for other in here
    )
    return bool(loss) and bool(here) and not alike


def _named(findings: Sequence[Finding]) -> list[Finding]:
    """Those in which the tables name what is wrong with a gradient, beyond a factor."""
    return [f for f in findings if f.rule.code[0] == "B" and f.rule.code not in (*OF_SCALE, UNEXPLAINED)]


def _with_places(findings: Sequence[Finding], found: Sequence[Finding], proved: Proved) -> list[Finding]:
    """The tables' findings; where both sides name exactly one wrong gradient, at the derivative's place.

    Not beside a fault of the forward pass or of the loss: from its outputs on, every derivative is another than the one
    that the author meant, and departs further up. But of a wrong output error it is the place, where changing that one
    expression makes the gradients those of the loss as written.
    """
    formulas = [finding for finding in findings if finding.rule.code[0] in "FLB"]
    named = _named(findings)
    if len(formulas) == 1 and formulas[0].rule.code == OF_ERRORS and _is_repaired(proved):
        named = formulas
    elif any(finding.rule.code[0] in "FL" for finding in formulas):
        named = []
    if len(named) != 1 or len(found) != 1:
        return list(findings)
    if named[0].location is not None and (_is_last_resort(proved) or _serves_outputs(found[0].location, proved)):
        return list(findings)
    place = found[0].location
    return [replace(f, location=place or f.location) if f is named[0] else f for f in findings]


def _is_last_resort(proved: Proved) -> bool:
    """Whether the derivative only says in which update a wrong gradient arrives: nothing before it is an adjoint."""
    made = [node for verdict in proved.first.verdicts for node in verdict.parameter.change]
    changes = [node.site for one in made for node in (one, *one.parents())]
    updates = {(site.file, site.line) for site in changes if site is not None}
    places = [(one.site.file, one.site.line) for one in proved.departures if one.site is not None and not one.by_repair]
    return bool(places) and places[0] in updates


def _serves_outputs(place: Location | None, proved: Proved) -> bool:
    """Whether outputs are made on this line too, and right: the fault is then where the way back calls it."""
    nodes = proved.first.step.graph.tape.nodes
    sites = (nodes[number].site for number in forward_nodes(proved.first.step, proved.first.meetings))
    return place is not None and any(site is not None and site.line == place.line for site in sites)


def _is_repaired(proved: Proved) -> bool:
    """Whether one change makes all wrong gradients those of the loss as written."""
    hypothesis, departures = proved.first.hypothesis, proved.departures
    written = hypothesis is not None and hypothesis.rank == 0
    return written and len(departures) == 1 and departures[0].by_repair


def not_yet_named(new: Iterable[Finding], findings: Sequence[Finding]) -> list[Finding]:
    """Those of other codes and of other lines: a fault that the tables know has its own name."""
    codes = {finding.rule.code for finding in findings}
    lines = {finding.location.line for finding in findings if finding.location is not None}
    return [one for one in new if one.rule.code not in codes and (not one.location or one.location.line not in lines)]


def with_seen(report: Report, seen: Sequence[Finding]) -> Report:
    """The report with what the recording shows by itself. No gradient behind a wrong output error is explained."""
    if any(one.rule.code == OF_ERRORS for one in seen):
        report.findings = [one for one in report.findings if one.rule.code != UNEXPLAINED]
    if seen:
        report.findings, report.verdict = in_order_of_data([*report.findings, *seen]), "faulty"
    return report


def in_order_of_data(findings: Sequence[Finding]) -> list[Finding]:
    """Most upstream first."""
    order = {code: index for index, code in enumerate(in_order(list(RULES)))}
    return sorted(findings, key=lambda finding: order[finding.rule.code])


def _what_hinders(proved: Proved) -> str:
    """Why not every gradient is proved right."""
    if proved.wrong is not None:
        return "the place where a gradient that is proved wrong departs"
    unknown = proved.unknown
    if not unknown:
        return "an update that depends on the loss"
    kinds = list(dict.fromkeys(verdict.kind for verdict in unknown))
    return f"what can be differentiated on the way to {listed([v.parameter.name for v in unknown[:FEW]])}: {kinds[0]}"


def _unproved(report: Report, explained: bool, missing: str) -> Report:
    """Without examined gradients nothing is called healthy."""
    if not explained and not report.findings:
        report.unchecked.append(Missing("whether the gradients are right", missing))
        if report.verdict == "healthy":
            report.verdict = "inconclusive"
    return report
