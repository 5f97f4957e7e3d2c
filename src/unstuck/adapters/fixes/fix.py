"""A fix as it is told: the difference, its edits with their places, and what was seen before and after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher, unified_diff
from typing import Any

from unstuck.adapters.fixes.syntax import Span


@dataclass(frozen=True)
class Fix:
    """A change of a program that was run and holds, or why there is none.

    text       the whole program, changed; as it is where nothing is offered
    codes      by line of the program as it is, the rules whose faults the change there puts right
    remaining  sentences on what is not put right by a change of the source
    without    by code of a setting, what the diagnosis says where that change alone is left out, of several
    before, after  verdict and findings of the diagnosis, the accuracy of its experiments, and what the program prints
    """

    original: str
    text: str
    codes: dict[int, tuple[str, ...]]
    remaining: tuple[str, ...]
    before: dict[str, Any]
    after: dict[str, Any]
    verified: bool
    without: dict[str, dict[str, Any]] = field(default_factory=dict)

    def diff(self, name: str) -> str:
        """The unified difference, with the name of the file on both sides."""
        first, second = self.original.splitlines(keepends=True), self.text.splitlines(keepends=True)
        return "".join(unified_diff(first, second, name, f"{name} (fixed)"))

    def to_dict(self, name: str) -> dict[str, Any]:
        """The fix as JSON values."""
        edits = [
            {
                "line": span.line,
                "column": span.column,
                "end_line": span.end_line,
                "end_column": span.end_column,
                "replacement": words,
                "codes": list(self.codes.get(span.line, ())),
            }
            for span, words in changes(self.original, self.text)
        ]
        return {
            "diff": self.diff(name),
            "edits": edits,
            "before": self.before,
            "after": self.after,
            "without": self.without,
            "verified": self.verified,
            "remaining": list(self.remaining),
        }


def withdrawn(fix: Fix, why: str) -> Fix:
    """No fix, in the place of one that does not hold after all."""
    return replace(
        fix, text=fix.original, codes={}, without={}, remaining=(why, *fix.remaining), after=fix.before, verified=False
    )


def changes(old: str, new: str) -> Iterator[tuple[Span, str]]:
    """The smallest spans of a text that are replaced, with the words in their place; a line at a time."""
    first, second = old.splitlines(keepends=True), new.splitlines(keepends=True)
    for kind, start, stop, begin, end in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        if stop - start == end - begin:
            for line, (was, now) in enumerate(zip(first[start:stop], second[begin:end], strict=True), start + 1):
                head = _common(was, now)
                tail = _common(was[head:][::-1], now[head:][::-1])
                yield Span(line, head + 1, line, len(was) - tail + 1), now[head : len(now) - tail]
        else:
            yield Span(start + 1, 1, stop + 1, 1), "".join(second[begin:end])


def _common(first: str, second: str) -> int:
    """How many characters two texts begin with together."""
    same = 0
    while same < min(len(first), len(second)) and first[same] == second[same]:
        same += 1
    return same
