"""The expression that each finding is about, from the recording, or else from the text of the script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from unstuck.adapters.scripts.reading.lines import Lines, location, location_of_line
from unstuck.adapters.scripts.reading.read import Read
from unstuck.adapters.scripts.reading.reading import Value
from unstuck.autodiff.tape import Node, Site
from unstuck.diagnosis.case import Case
from unstuck.diagnosis.report.contents import Finding, Location, find_in_script


def _site_of(find: Callable[[Lines, int | None], Node | None]) -> Callable[[Lines, int | None], Site | None]:
    def found(lines: Lines, layer: int | None) -> Site | None:
        node = find(lines, layer)
        return node.site if node is not None else None

    return found


def _output_error(lines: Lines, layer: int | None) -> Site | None:
    node = lines.delta(len(lines.weights))
    return node.site if node is not None else None


def _delta(lines: Lines, layer: int | None) -> Site | None:
    """Where the error of a layer is made; of one that has none of its own, its gradient, which takes a later one's."""
    node = lines.delta(layer)
    if node is not None and lines.goes_back_through_later_weights(node, layer):
        return _gradient(lines, layer)
    return node.site if node is not None else None


OF_INPUTS, OF_TARGETS = ("D01", "D02", "D03", "D04"), ("D07", "D09", "D10")
_gradient = _site_of(Lines.gradient)

ROLES: dict[str, Callable[[Lines, int | None], Site | None]] = {
    **dict.fromkeys(OF_INPUTS, Lines.inputs),
    **dict.fromkeys(("A01", "A02", "A03", "A04", "A05", "A06", "A07", "U06"), Lines.made),
    **dict.fromkeys(("F01", "F02", "F03", "F10"), Lines.output),
    **dict.fromkeys(("F05", "F07"), Lines.product),
    **dict.fromkeys(OF_TARGETS, Lines.targets),
    "D12": Lines.batches,
    **dict.fromkeys(("L04", "B11", "L01", "L02"), _output_error),
    **dict.fromkeys(("B01", "B02", "B03", "B04", "B05", "B12", "B18"), _delta),
    **dict.fromkeys(("B07", "B14", "B15", "B16"), _gradient),
    "B08": Lines.bias_gradient,
    **dict.fromkeys(("B09", "B10", "B13", "B17", "U01", "U03", "U04", "U05", "U14", "U17"), Lines.updated),
    "U02": Lines.gathered,
    "U12": Lines.correction,
    "D08": Lines.output_function,
    **dict.fromkeys(("U10", "U15"), Lines.decay),
    **dict.fromkeys(("U07", "U08", "U13"), Lines.rate),
    "U09": Lines.loop,
}
"""For the code of a finding, which expression it is about."""


OF_TEST_INPUTS, OF_TEST_TARGETS = ("D05", "D06"), ("D11",)
OF_COUNTING = ("E01", "E02")


def with_lines(findings: list[Finding], read: Read, case: Case, data: Sequence[Value]) -> list[Finding]:
    """The findings at the expressions of the recording, or else where the script's text has the form of the fault, or
    makes the test data that they are about."""
    lines, file = Lines(read), read.loop.place.site.file
    held = _lines_of(data, "training", OF_INPUTS, OF_TARGETS)
    found = []
    for finding in findings:
        place = None
        try:
            place, line = _by_role(lines, finding), held.get(finding.rule.code)
            if line is not None and lines.taken_in_turn(
                read.inputs if finding.rule.code in OF_INPUTS else read.targets
            ):
                place = _in(file, line)
        except (IndexError, AttributeError, TypeError, ValueError):  # an unforeseen program costs the line alone
            place = None
        found.append(replace(finding, location=place) if place is not None else finding)
    nowhere = [finding.rule.code for finding in found if finding.location is None]
    written = find_in_script(file, case, nowhere) if nowhere else {}
    made = _lines_of(data, "test", OF_TEST_INPUTS, OF_TEST_TARGETS)
    counted = _in(*(getattr(case.accuracy, "line", None) or (file, None)))
    placed = []
    for finding in found:
        code = finding.rule.code
        place = finding.location or written.get(code) or (counted if code in OF_COUNTING else None)
        placed.append(replace(finding, location=place or _in(file, made.get(code))))
    return placed


def _by_role(lines: Lines, finding: Finding) -> Location | None:
    """Where the finding's fault stands; None where the recording does not tell."""
    role = ROLES.get(finding.rule.code)
    site = None if role is None else role(lines, finding.layer)
    return None if site is None else location(site)


def _lines_of(
    data: Sequence[Value], role: str, of_inputs: Sequence[str], of_targets: Sequence[str]
) -> dict[str, int | None]:
    """By code of a finding on training or test data, the line that makes its inputs or its targets."""
    lines = [value.line for value in data if value.role == role]
    inputs, targets = dict.fromkeys(of_inputs, lines[0] if lines else None), lines[-1] if lines else None
    return {**inputs, **dict.fromkeys(of_targets, targets)}


def _in(file: str, line: int | None) -> Location | None:
    return None if line is None else location_of_line(file, line)
