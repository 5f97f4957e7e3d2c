"""All outcomes together: counts, causes, the links of the step, as data and as a table."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from unstuck.diagnosis.report.page.chain import FAULTY, RIGHT, UNEXAMINED
from unstuck.diagnosis.rules.rule import STAGES
from unstuck.many import outcome
from unstuck.many.outcome import Outcome

VERDICTS = (*outcome.VERDICTS, outcome.UNEXAMINED)
COLUMNS = (
    *("program", "verdict", "code", "cause", "grade", "layer", "file", "line"),
    *("accuracy", "accuracy_cured", "sentence", "report"),
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a cell begins with that spreadsheets compute


@dataclass(frozen=True)
class Group:
    """Programs with one cause, or without: those with one verdict."""

    title: str
    verdict: str
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True)
class Link:
    """One link of the training step over all programs: of how many it was looked at, and found right or faulty."""

    stage: str
    right: int
    faulty: int
    examined: int

    @property
    def share(self) -> float | None:
        """Of those where it was examined, the share where it is right; None where it never was."""
        return self.right / self.examined if self.examined else None


def count_verdicts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many programs have each verdict."""
    counts = Counter(one.verdict for one in outcomes)
    return {verdict: counts[verdict] for verdict in VERDICTS}


def counted(n: int) -> str:
    """`1 program`, `17 programs`."""
    return f"{n} program{'s' * (n != 1)}"


def group(outcomes: Sequence[Outcome]) -> list[Group]:
    """The programs by their causes, the most frequent first; then those without a fault."""
    named: dict[tuple[str, str], list[Outcome]] = {}
    for one in outcomes:
        title = str(one.cause) if one.verdict == "faulty" and one.cause else one.verdict
        named.setdefault((one.verdict, title), []).append(one)
    groups = [Group(title, verdict, tuple(members)) for (verdict, title), members in named.items()]
    return sorted(groups, key=lambda one: (VERDICTS.index(one.verdict), -len(one.outcomes), one.title))


def links(outcomes: Sequence[Outcome]) -> list[Link]:
    """The links of the training step in the order in which data flow."""
    found = []
    for stage in STAGES.values():
        states = Counter(one.stages.get(stage, UNEXAMINED) for one in outcomes)
        found.append(Link(stage, states[RIGHT], states[FAULTY], len(outcomes) - states[UNEXAMINED]))
    return found


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """1 if any program is faulty, else 2 if any could not be examined, else 0."""
    verdicts = {one.verdict for one in outcomes}
    return 1 if "faulty" in verdicts else 0 if verdicts <= {"healthy"} else 2


def as_data(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Everything as JSON values."""
    return {
        "programs": len(outcomes),
        "verdicts": count_verdicts(outcomes),
        "causes": [
            {"cause": one.title, "programs": len(one.outcomes)} for one in group(outcomes) if one.verdict == "faulty"
        ],
        "stages": {
            link.stage: {"right": link.right, "faulty": link.faulty, "examined": link.examined}
            for link in links(outcomes)
        },
        "outcomes": [one.to_dict() for one in outcomes],
    }


def as_csv(outcomes: Sequence[Outcome]) -> str:
    """One row for each program, under a header. What a spreadsheet would compute stands behind an apostrophe."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in outcomes:
        cause = one.cause
        known = [cause.code, cause.name, cause.grade, cause.layer, cause.file, cause.line] if cause else [None] * 6
        cells = [one.name, one.verdict, *known, one.before, one.after, one.sentence, one.report]
        writer.writerow([_quoted(cell) for cell in cells])
    return written.getvalue()


def _quoted(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def as_text(outcomes: Sequence[Outcome]) -> str:
    """What is told at the end: the causes with their counts, and those that no verdict came of."""
    n = len(outcomes)
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in count_verdicts(outcomes).items() if count)
    lines = [f"{counted(n)}: {verdicts}"]
    for one in group(outcomes):
        if one.verdict == "faulty":
            lines.append(f"  {len(one.outcomes)} of {n}: {one.title}")
    lines += [f"  {one.name}: {one.sentence}" for one in outcomes if one.verdict == outcome.UNEXAMINED]
    return "\n".join(lines)
