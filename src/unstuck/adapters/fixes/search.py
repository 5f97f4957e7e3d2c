"""From a report to a fix: edits are proposed, the changed copies are run under watch, and what holds is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from itertools import islice
from typing import Any

from unstuck.adapters.fixes import (  # noqa: F401 - registers their edits
    accumulators,
    backward,
    choices,
    data,
    derivative,
    engines,
    forward,
    initial,
    operands,
    pairing,
    sums,
    training,
    update,
)
from unstuck.adapters.fixes.edit import Edit, Fault, alternatives, applied
from unstuck.adapters.fixes.fix import Fix
from unstuck.adapters.fixes.frameworks import evaluation, graph, inputs, losses, optimizers, updates  # noqa: F401 - likewise
from unstuck.adapters.fixes.syntax import Syntax

Diagnosis = Callable[[str, bool], "dict[str, Any] | None"]
"""Runs a text in the program's place, with or without cures; its report as data, or None where it could not be run."""

UNEXPLAINED = "B14"
MOST_ROUNDS = 3  # a fault may hide the next one
SIGNS = {"B10", "U01"}  # one turned where another should be gives the other code
CONSEQUENCES = ("U13",)  # of other faults, where there are some
MOST_ALTERNATIVES = 8
MOST_TOGETHER = 6  # sets of changes, one for each finding
MOST_RUNS = 24  # of changed copies

Finding = dict[str, Any]
Key = tuple[str, int]  # a code and a line


@dataclass(frozen=True)
class Change:
    """The edits of a text that put one of its findings right."""

    finding: Finding
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class Copy:
    """A changed copy of the program and its report.

    codes     by line of the program as it was, the rules concerned
    without   by code of a setting, what the diagnosis says of the copy without that change alone
    given_up  findings for which no change was found
    """

    text: str
    report: dict[str, Any]
    codes: dict[int, tuple[str, ...]] = field(default_factory=dict)
    without: dict[str, dict[str, Any]] = field(default_factory=dict)
    given_up: frozenset[Key] = frozenset()


def find_fix(text: str, report: dict[str, Any], diagnose: Diagnosis) -> Fix:
    """The fix of a program with this report; nothing is offered where no change holds."""
    copy, run = Copy(text, report), _limited(diagnose)
    for _ in range(MOST_ROUNDS):
        open_ = [finding for finding in copy.report["findings"] if _key(finding) not in copy.given_up]
        if copy.report["verdict"] != "faulty" or not open_:
            break
        open_ = [finding for finding in open_ if finding["code"] not in CONSEQUENCES] or open_
        made = _all_at_once(text, copy, open_, run) or _one_by_one(text, copy, open_, run)
        copy = made if made.text == copy.text else _with_cures(made, run)
    holds = copy.text != text and copy.report["verdict"] == "healthy"
    if not holds:
        copy = Copy(text, report)
    remaining = tuple(_in_words(finding) for finding in copy.report["findings"])
    before, after = outcome(report), outcome(copy.report)
    return Fix(text, copy.text, copy.codes, remaining, before, after, holds, copy.without)


def _limited(diagnose: Diagnosis) -> Diagnosis:
    """The diagnosis of so many texts, each of them once; None of those beyond."""
    known: dict[tuple[str, bool], dict[str, Any] | None] = {}

    def run(text: str, cures: bool) -> dict[str, Any] | None:
        if (text, cures) not in known and len(known) < MOST_RUNS:
            known[text, cures] = diagnose(text, cures)
        return known.get((text, cures))

    return run


def _with_cures(copy: Copy, diagnose: Diagnosis) -> Copy:
    """The copy with what the experiments chose for settings that are still wrong: the next changes are made of it."""
    report = diagnose(copy.text, True) if copy.report["verdict"] == "faulty" else None
    return copy if report is None else replace(copy, report=report)


def outcome(report: dict[str, Any]) -> dict[str, Any]:
    """What is told of a program before and after: the verdict, its findings, and the accuracy it was seen to reach."""
    cures = report["cures"]
    return {
        "verdict": report["verdict"],
        "findings": [finding["code"] for finding in report["findings"]],
        "accuracy": cures[0]["accuracy_before"] if cures else None,
        "printed": None,
    }


def _key(finding: Finding) -> Key:
    return finding["code"], int((finding["location"] or {}).get("line", 0))


def _in_words(finding: Finding) -> str:
    place = finding["location"]
    where = f"line {place['line']}: " if place else ""
    return f"{where}{finding['code']} {finding['name']}: {finding['cure']}"


def _proposed(copy: Copy, finding: Finding) -> Iterator[tuple[Edit, ...]]:
    fault = Fault(finding, copy.report, Syntax(copy.text))
    return islice(alternatives(fault), MOST_ALTERNATIVES)


def _all_at_once(text: str, copy: Copy, findings: list[Finding], diagnose: Diagnosis) -> Copy | None:
    """Edits of all findings together, where the copy is then healthy, or shows what was hidden."""
    proposed = [(finding, found) for finding in findings if (found := list(_proposed(copy, finding)))]
    waiting, tried = [(0,) * len(proposed)], set[tuple[int, ...]]()
    while waiting and len(tried) < MOST_TOGETHER:
        chosen = waiting.pop(0)
        tried.add(chosen)
        changes = [Change(finding, found[at]) for at, (finding, found) in zip(chosen, proposed, strict=True)]
        made = _with(copy, changes, diagnose)
        if made is None:
            continue
        codes = {change.finding["code"] for change in changes}
        if made.report["verdict"] == "healthy" or _shows_others(copy, made, codes):
            return _smallest(text, copy, made, changes, diagnose)
        still = [not _is_gone(copy, made, finding) for finding, _ in proposed]
        following = [_next(chosen, still, proposed), *_one_further(chosen, proposed)]
        waiting += [one for one in following if one not in tried and one not in waiting]
    return None


Proposed = list[tuple[Finding, list[tuple[Edit, ...]]]]


def _next(chosen: tuple[int, ...], still: list[bool], proposed: Proposed) -> tuple[int, ...]:
    """The next likely change of each finding that is still there, where there is one more."""
    return tuple(
        at + (there and at + 1 < len(found)) for at, there, (_, found) in zip(chosen, still, proposed, strict=True)
    )


def _one_further(chosen: tuple[int, ...], proposed: Proposed) -> Iterator[tuple[int, ...]]:
    """Where several gradients depart, which hides of each what the others do: the second likeliest change of one."""
    departing = [at for at, (finding, found) in enumerate(proposed) if finding["code"] == UNEXPLAINED and found[1:]]
    if len(departing) > 1 and not any(chosen):
        for at in departing:
            yield (*chosen[:at], 1, *chosen[at + 1 :])


def _smallest(text: str, start: Copy, made: Copy, changes: list[Change], diagnose: Diagnosis) -> Copy:
    """The copy without the settings that need no change, each left out in turn; what is proved wrong stays changed."""
    needed, without = list(changes), dict(made.without)
    for change in [one for one in changes if one.finding["grade"] != "proved"]:
        rest = [one for one in needed if one is not change]
        smaller = _with(start, rest, diagnose) if made.report["verdict"] == "healthy" else None
        if smaller is None:
            continue
        if smaller.report["verdict"] == "healthy":
            needed, made = rest, smaller
        else:
            without[change.finding["code"]] = outcome(smaller.report)
    for change in needed:
        made = _told(text, made, start.text, change)
    return replace(made, without=without)


def _one_by_one(text: str, copy: Copy, findings: list[Finding], diagnose: Diagnosis) -> Copy:
    """For each finding the first edit that puts it right, on top of the others; then what the whole does."""
    changes: list[Change] = []
    for finding in findings:
        for edits in _proposed(copy, finding):
            change = Change(finding, edits)
            made = _with(copy, [*changes, change], diagnose)
            if made is not None and _is_gone(copy, made, finding):
                changes.append(change)
                break
        else:
            copy = replace(copy, given_up=copy.given_up | {_key(finding)})
    whole = _with(copy, changes, diagnose)
    return copy if whole is None else _smallest(text, copy, whole, changes, diagnose)


def _with(copy: Copy, changes: list[Change], diagnose: Diagnosis) -> Copy | None:
    """The copy with changes of its text, and its report without cures; None where that is no program, or could not be
    run."""
    changed = _changed(copy.text, [edit for change in changes for edit in change.edits])
    report = None if changed is None else diagnose(changed, False)
    return None if changed is None or report is None else replace(copy, text=changed, report=report)


def _is_gone(before: Copy, after: Copy, finding: Finding) -> bool:
    """Whether a finding of a copy is no longer there in the next one. What is proved may not be proved at its place,
    and none may have been made of it: no other code of its kind, and not its own at a place where it was not found
    before."""
    code, old, new = finding["code"], before.text, after.text
    if finding["grade"] != "proved" and code in (one["code"] for one in after.report["findings"]):
        return False
    was, now = ([one for one in _found(copy) if one["grade"] == "proved"] for copy in (before, after))
    known = {one["code"] for one in _found(before)}
    others = {_line_in(old, new, _key(one)[1]) for one in was if one["code"] == code and one is not finding}
    here = _line_in(old, new, _key(finding)[1])
    same = {_key(one)[1] for one in now if one["code"] == code}
    made = [one["code"] for one in now if one["code"] not in known and _is_alike(code, one["code"])]
    return after.report["verdict"] != "inconclusive" and here not in same and not same - others and not made


def _is_alike(first: str, second: str) -> bool:
    """Whether two codes are of one part of the step, so that a wrong change for one would be named by the other."""
    parts = ("LB", "F", "U", "D", "A", "E")
    return {first, second} <= SIGNS or any(first[0] in part and second[0] in part for part in parts)


def _shows_others(before: Copy, after: Copy, changed: set[str]) -> bool:
    """Whether what was changed is no longer found, and what is found now was hidden behind it."""
    old = {finding["code"] for finding in _found(before)}
    new = {finding["code"] for finding in after.report["findings"]}
    hidden = not any(_is_alike(one, other) for one in changed for other in new - old)
    return after.report["verdict"] == "faulty" and not new & changed and hidden


def _found(copy: Copy) -> list[Finding]:
    """All that the report of a copy tells: its findings, and the notes beside them."""
    return [*copy.report["findings"], *copy.report["notes"]]


def _changed(text: str, edits: Any) -> str | None:
    """The text with the edits, where they do not overlap, change something, and Python can read it."""
    try:
        changed = applied(text, edits)
        compile(changed, "<fix>", "exec", dont_inherit=True)
    except (ValueError, SyntaxError):
        return None
    return changed if changed != text else None


def _line_in(old: str, new: str, line: int) -> int:
    """The line of a new text that a line of the old one has become."""
    first, second = old.splitlines(), new.splitlines()
    for _, start, stop, begin, _ in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        if start < line <= stop:
            return begin + line - start
    return line


def _told(original: str, copy: Copy, edited: str, change: Change) -> Copy:
    """The copy with the code noted at the lines of the program as it was."""
    codes = dict(copy.codes)
    for edit in change.edits:
        line = _line_in(edited, original, edit.span.line)
        codes[line] = tuple(dict.fromkeys([*codes.get(line, ()), change.finding["code"]]))
    return replace(copy, codes=codes)
