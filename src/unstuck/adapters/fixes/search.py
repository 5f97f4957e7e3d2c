"""From a report to a fix: edits are proposed, the changed copies are run under watch, and what holds is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from unstuck.adapters.fixes import backward, choices, data, forward, initial, operands, update  # noqa: F401 - registers their edits
from unstuck.adapters.fixes.edit import PROPOSALS, Edit, Fault, alternatives, applied
from unstuck.adapters.fixes.files import matched
from unstuck.adapters.fixes.fix import Fix
from unstuck.adapters.fixes.frameworks import evaluation, graph, inputs, losses, optimizers, updates  # noqa: F401 - likewise
from unstuck.adapters.fixes.syntax import Syntax

Diagnosis = Callable[[str, bool], "dict[str, Any] | None"]
"""Runs a text in the program's place, with or without cures; its report as data, or None where it could not be run."""

MOST_ROUNDS = 3  # a fault may hide the next one
MOST_ALTERNATIVES = 5
MOST_RUNS = 12  # of changed copies


@dataclass
class Copy:
    """A changed copy of the program and its report; codes: by line of the program as it was, the rules concerned."""

    text: str
    report: dict[str, Any]
    codes: dict[int, tuple[str, ...]] = field(default_factory=dict)
    given_up: frozenset[str] = frozenset()


def find_fix(text: str, report: dict[str, Any], diagnose: Diagnosis) -> Fix:
    """The fix of a program with this report; nothing is offered where no change holds."""
    copy, runs = Copy(text, report), iter(range(MOST_RUNS))

    def run(changed: str, cures: bool) -> dict[str, Any] | None:
        return diagnose(changed, cures) if next(runs, None) is not None else None

    for _ in range(MOST_ROUNDS):
        open_ = [f for f in copy.report["findings"] if f["code"] not in copy.given_up]
        if copy.report["verdict"] != "faulty" or not open_:
            break
        copy = _all_at_once(text, copy, open_, run) or _one_by_one(text, copy, open_, run)
    holds = copy.text != text and _is_better(report, copy.report)
    if not holds:
        copy = Copy(text, report)
    remaining = tuple(_in_words(finding) for finding in copy.report["findings"])
    return Fix(text, copy.text, copy.codes, remaining, outcome(report), outcome(copy.report), holds)


def outcome(report: dict[str, Any]) -> dict[str, Any]:
    """What is told of a program before and after: the verdict, its findings, and the accuracy it was seen to reach."""
    cures = report["cures"]
    return {
        "verdict": report["verdict"],
        "findings": [finding["code"] for finding in report["findings"]],
        "accuracy": cures[0]["accuracy_before"] if cures else None,
        "printed": None,
    }


def _in_words(finding: dict[str, Any]) -> str:
    place = finding["location"]
    where = f"line {place['line']}: " if place else ""
    return f"{where}{finding['code']} {finding['name']}: {finding['cure']}"


def _proposed(copy: Copy, finding: dict[str, Any]) -> Iterator[tuple[Edit, ...]]:
    fault = Fault(finding, copy.report, Syntax(copy.text))
    return islice(alternatives(fault), MOST_ALTERNATIVES)


def _all_at_once(text: str, copy: Copy, findings: list[dict[str, Any]], diagnose: Diagnosis) -> Copy | None:
    """The likeliest edits of all findings together, where the copy is then healthy."""
    chosen = {finding["code"]: first for finding in findings if (first := next(_proposed(copy, finding), None))}
    changed = _changed(copy.text, [edit for edits in chosen.values() for edit in edits])
    if changed is None:
        return None
    report = diagnose(changed, True)
    if report is None or not (report["verdict"] == "healthy" or _shows_others(copy.report, report, set(chosen))):
        return None
    made = replace(copy, text=changed, report=report)
    for code, edits in chosen.items():
        made = _told(text, made, copy.text, edits, code)
    return made


def _one_by_one(text: str, copy: Copy, findings: list[dict[str, Any]], diagnose: Diagnosis) -> Copy:
    """For each finding the first edit that puts it right, on top of the others; then what the whole does."""
    start, known = copy, {finding["code"] for finding in [*copy.report["findings"], *copy.report["notes"]]}
    for finding in findings:
        code = finding["code"]
        for edits in _proposed(start, finding):
            moved = edits if copy.text == start.text else _moved(start.text, copy.text, edits)
            changed = None if moved is None else _changed(copy.text, moved)
            report = None if changed is None else diagnose(changed, False)
            if changed is None or report is None or report["verdict"] == "inconclusive":
                continue
            named = {one["code"] for one in [*report["findings"], *report["notes"]] if one["grade"] == "proved"}
            if code not in named and not any(_is_alike(code, new) for new in named - known):
                copy = _told(text, replace(copy, text=changed), start.text, edits, code)
                break
        else:
            copy = replace(copy, given_up=copy.given_up | {code})
    report = diagnose(copy.text, True) if copy.text != start.text else None
    return replace(start, given_up=copy.given_up) if report is None else replace(copy, report=report)


def _is_alike(first: str, second: str) -> bool:
    """Whether two codes are of one part of the step, so that a wrong change for one would be named by the other."""
    parts = ("LB", "F", "U", "D", "A", "E")
    return any(first[0] in part and second[0] in part for part in parts)


def _shows_others(before: dict[str, Any], after: dict[str, Any], changed: set[str]) -> bool:
    """Whether what was changed is no longer found, and what is found now was hidden behind it."""
    old = {finding["code"] for finding in [*before["findings"], *before["notes"]]}
    new = {finding["code"] for finding in after["findings"]}
    hidden = not any(_is_alike(one, other) for one in changed for other in new - old)
    return after["verdict"] == "faulty" and not new & changed and hidden


def _changed(text: str, edits: Any) -> str | None:
    """The text with the edits, where they do not overlap, change something, and Python can read it."""
    try:
        changed = applied(text, edits)
        compile(changed, "<fix>", "exec", dont_inherit=True)
    except (ValueError, SyntaxError):
        return None
    return changed if changed != text else None


def _moved(old: str, new: str, edits: tuple[Edit, ...]) -> tuple[Edit, ...] | None:
    """Edits of one text as those of a text that was changed since, where their lines are still the same."""
    lines = {at + 1: number for number, (_, at) in enumerate(matched(old, new), start=1) if at is not None}
    moved = []
    for edit in edits:
        if edit.span.line not in lines or edit.span.end_line not in lines:
            return None
        span = replace(edit.span, line=lines[edit.span.line], end_line=lines[edit.span.end_line])
        moved.append(replace(edit, span=span))
    return tuple(moved)


def _told(original: str, copy: Copy, edited: str, edits: tuple[Edit, ...], code: str) -> Copy:
    """The copy with the code noted at the lines of the program as it was."""
    first, second = original.splitlines(), edited.splitlines()
    codes = dict(copy.codes)
    for edit in edits:
        line = edit.span.line if len(first) == len(second) else _line_as_it_was(original, edited, edit.span.line)
        codes[line] = tuple(dict.fromkeys([*codes.get(line, ()), code]))
    return replace(copy, codes=codes)


def _line_as_it_was(original: str, edited: str, line: int) -> int:
    """The line of the original that a line of the edited text is, or comes after."""
    before = [at for _, at in islice(matched(original, edited), line) if at is not None]
    return before[-1] + 1 if before else 1


def _is_better(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether the changed copy is healthy, or has findings left that were there before and for which no edit is
    known."""
    if after["verdict"] == "healthy":
        return True
    old, new = ({finding["code"] for finding in report["findings"]} for report in (before, after))
    return after["verdict"] == "faulty" and new < old and not any(code in PROPOSALS for code in new - old)
