"""The changed copies of a script, each run in a process of its own like the original: the file is never touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from unstuck.adapters.fixes.fix import Fix
from unstuck.adapters.fixes.search import find_fix
from unstuck.adapters.scripts.job import Job
from unstuck.adapters.scripts.process import attempt, diagnose_script
from unstuck.adapters.scripts.source import read_source
from unstuck.errors import CaseError

PRINTING = 0.25  # of the budget, for each of the two runs that are only listened to


def fix_of(job: Job, report: dict[str, Any], listen: Callable[[str], None]) -> Fix:
    """The fix of a script with this report (as data); `listen` is told of each copy that is run."""
    source = read_source(Path(job.path))
    if source.cells:
        report = _in_lines(report, source.cells)

    def diagnose(text: str, cures: bool) -> dict[str, Any] | None:
        listen(f"running a changed copy{'' if cures else ', for its formulas'} …")
        copy = replace(job, text=text, cures=cures, html=False)
        try:
            found = diagnose_script(copy, lambda line: None).report
        except CaseError:
            return None
        return _in_lines(found, source.cells) if found is not None and source.cells else found

    fix = find_fix(source.text, report, diagnose)
    if not fix.verified:
        return fix
    listen("running the script and its changed copy for what they print …")
    before, after = (printed(job, text) for text in (source.text, fix.text))
    last = min(len(before), len(after)) - 1
    if last < 0:
        return fix
    return replace(fix, before={**fix.before, "printed": before[last]}, after={**fix.after, "printed": after[last]})


def printed(job: Job, text: str) -> list[str]:
    """The lines that a text prints in the script's place, as far as it comes within a part of the budget."""
    alone = replace(job, text=text, printed=True, html=False, budget=PRINTING * job.budget)
    try:
        report = attempt(alone, lambda line: None, patient=True).report
    except CaseError:
        return []
    return list((report or {}).get("printed", []))


def _in_lines(report: dict[str, Any], cells: tuple[tuple[int, int], ...]) -> dict[str, Any]:
    """The report of a notebook with the places of its cells as lines of its whole text."""
    first = dict(cells)

    def moved(value: Any) -> Any:
        if isinstance(value, list):
            return [moved(one) for one in value]
        if not isinstance(value, dict):
            return value
        found = {key: moved(one) for key, one in value.items()}
        for line, cell in (("line", "cell"), ("updated_at", "updated_in_cell")):
            if found.get(cell) in first and found.get(line):
                found[line] += first[found.pop(cell)] - 1
        return found

    return dict(moved(report))
