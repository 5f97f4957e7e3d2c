"""The changed copies of a script, each run in a process of its own like the original: the file is never touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from unstuck.adapters.fixes.fix import Fix, withdrawn
from unstuck.adapters.fixes.printed import is_worse
from unstuck.adapters.fixes.search import find_fix
from unstuck.adapters.scripts.running.job import Job
from unstuck.adapters.scripts.running.process import attempt, diagnose_script
from unstuck.adapters.scripts.text.source import read_source
from unstuck.errors import CaseError

PRINTING = 0.25  # of the budget, for each of the runs that are only listened to
SEEDS = (0, 1, 2)
OTHER_LOSS = {"D02", "D07", "D08", "D09", "F05", "F06", "F10", "U10", "A04"}  # and all of L: the loss becomes another
FALSIFIED = {"E01", "E02", "E03", "D05", "D06", "D11"}  # faults that tell a wrong accuracy: the right one may be lower


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
    return _as_printed(job, fix)


def _as_printed(job: Job, fix: Fix) -> Fix:
    """The fix with what is printed before and after, from three starts where the script draws at random; nothing is
    offered that prints a lower accuracy or a far higher loss, unless the accuracy was what was told wrongly."""
    befores: list[list[str]] = []
    afters: list[list[str]] = []
    for seed in SEEDS:
        before, ended = printed(job, fix.original, seed)
        if seed and befores == [before]:
            break  # it sets its own seed
        after, ended_too = printed(job, fix.text, seed)
        befores.append(before)
        afters.append(after)
        if not (ended and ended_too):
            break  # of a long script only the beginning is seen
    told = {code for codes in fix.codes.values() for code in codes}
    same_loss = not any(code[0] == "L" or code in OTHER_LOSS for code in told)
    worse = [is_worse(*pair, same_loss) for pair in zip(befores, afters, strict=True)]
    if 2 * sum(worse) > len(worse) and not told & FALSIFIED:
        return withdrawn(fix, "A change was found that puts the formulas right, but its copy prints a worse outcome.")
    last = min(len(befores[0]), len(afters[0])) - 1
    if last < 0:
        return fix
    sides = []
    for outcome, runs in ((fix.before, befores), (fix.after, afters)):
        lines = [run[min(last, len(run) - 1)] for run in runs if run]
        sides.append({**outcome, "printed": lines[0], "printed_by_seed": lines})
    return replace(fix, before=sides[0], after=sides[1])


def printed(job: Job, text: str, seed: int = 0) -> tuple[list[str], bool]:
    """The lines that a text prints in the script's place within a part of the budget, and whether it came to its
    end."""
    alone = replace(job, text=text, printed=True, html=False, budget=PRINTING * job.budget, seed=seed)
    try:
        report = attempt(alone, lambda line: None, patient=True).report or {}
    except CaseError:
        return [], False
    return list(report.get("printed", [])), bool(report.get("ended"))


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
