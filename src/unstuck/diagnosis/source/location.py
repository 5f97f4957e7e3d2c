"""Where a fault stands in the user's source: the line whose form the proven fault implies."""

from __future__ import annotations

import linecache
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from unstuck.diagnosis.source.reading import Match, Source, read, read_script
from unstuck.diagnosis.source.table import FORMS
from unstuck.errors import is_strict


@dataclass(frozen=True)
class Location:
    """A line of the user's program; line counts from 1, text is the line without its indentation. The column, from 1,
    is that of the expression, where that is known."""

    file: str
    line: int
    text: str
    column: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """The place as JSON values."""
        column = {} if self.column is None else {"column": self.column}
        return {"file": self.file, "line": self.line, "text": self.text, **column}


def location_of(file: str, line: int) -> Location | None:
    """The place as one that can be told; None where the text of the file is not known."""
    text = linecache.getline(file, line).strip()
    return Location(file, line, text) if text else None


def find(case: Any, code: str) -> Location | None:
    """The line where the fault of this code stands, or None.

    The fault must have been proven (or measured): only the form it implies is looked for, in the functions behind the
    callables of the Case. Where several places fit equally well, or no source text is known, there is no answer. The
    same form repeated within one function (one weight matrix after the other, say) is answered by the first.
    """
    return find_all(case, [code]).get(code)


def find_all(case: Any, codes: Iterable[str]) -> dict[str, Location]:
    """The lines of several faults of one Case, read once; codes without a sure line are left out."""
    return _found(read(case), codes)


def find_in_script(file: str, case: Any, codes: Iterable[str]) -> dict[str, Location]:
    """The same for a script that was run as it stands, and the Case that was made of it."""
    return _found(read_script(file, case), codes)


def _found(source: Source, codes: Iterable[str]) -> dict[str, Location]:
    found = {}
    for code in codes:
        try:
            location = _locate(source, code)
        except Exception:  # an unforeseen form of code costs the line, not the report
            if is_strict():
                raise
            continue
        if location is not None:
            found[code] = location
    return found


def _locate(source: Source, code: str) -> Location | None:
    for form in FORMS.get(code, ()):
        matches = list(form(source))
        if matches:
            return _single(matches)
    return None


def _single(matches: list[Match]) -> Location | None:
    """The only match, or the first of several in one and the same function."""
    if len({id(unit.tree) for unit, _ in matches}) != 1:
        return None
    unit, node = min(matches, key=lambda match: match[1].lineno)
    return location_of(unit.file, node.lineno)
