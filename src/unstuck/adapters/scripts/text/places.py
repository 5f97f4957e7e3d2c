"""Lines of a notebook's text as cells and lines of the notebook."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from unstuck.adapters.scripts.text.source import Source
from unstuck.diagnosis.report.contents import Finding

LINES = {  # where an entry of a reading says a line: where it says the cell
    "line": "cell",
    "to_line": "to_cell",
    "updated_at": "updated_in_cell",
    "rate_line": "rate_cell",
    "batch_line": "batch_cell",
    "loop_line": "loop_cell",
}


@dataclass(frozen=True)
class CellPlace:
    """A line in a cell of a notebook, both counted from 1; text is the line without its indentation."""

    file: str
    cell: int
    line: int
    text: str
    column: int | None = None


def placed(findings: list[Finding], source: Source) -> list[Finding]:
    """The findings, those in a notebook with the places of their cells."""
    return [replace(finding, location=_in_cell(finding.location, source)) for finding in findings]


def place_entries(reading: Any, source: Source) -> None:
    """Puts cells and their lines into a reading, in the place of the lines of the whole text."""
    if not source.cells:
        return
    if isinstance(reading, dict):
        for key, more in LINES.items():
            if isinstance(reading.get(key), int):
                reading[more], reading[key] = source.cell_and_line(reading[key])
    for value in reading.values() if isinstance(reading, dict) else reading:
        if isinstance(value, (dict, list)):
            place_entries(value, source)


def _in_cell(place: Any, source: Source) -> Any:
    if place is None or not source.cells or str(place.file) != source.filename:
        return place
    cell, line = source.cell_and_line(place.line)
    return CellPlace(source.filename, cell or 1, line, place.text, getattr(place, "column", None))
