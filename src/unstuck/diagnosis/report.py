"""What a diagnosis says: its findings as data, as JSON and as text. All wording that is not a rule's own is here."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unstuck.diagnosis.examination import Missing
from unstuck.diagnosis.rule import Rule

if TYPE_CHECKING:
    from unstuck.diagnosis.portrait.portrait import Portrait

VERDICTS = ("faulty", "healthy", "inconclusive")


@dataclass(frozen=True)
class Finding:
    """One fault, or, among the notes, one true but harmless fact.

    matters: True and False were decided by experiment; None where no experiment could be run.
    """

    rule: Rule
    grade: str
    summary: str
    evidence: dict[str, Any]
    matters: bool | None
    layer: int | None = None
    location: Any = None  # .file, .line, .text
    look_alikes: tuple[str, ...] = ()
    change: Any = None  # .line, .remark: what should stand at the location, where that is known

    @property
    def stage(self) -> str:
        """The link of the training step that it concerns."""
        return self.rule.stage

    @property
    def cure(self) -> str:
        """What to do about it."""
        return self.rule.cure

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON values."""
        place = self.location
        return {
            "code": self.rule.code,
            "name": self.rule.name,
            "stage": self.stage,
            "grade": self.grade,
            "matters": self.matters,
            "layer": self.layer,
            "location": place and {"file": str(place.file), "line": int(place.line), "text": place.text},
            "evidence": plain(self.evidence),
            "summary": self.summary,
            "cure": self.cure,
            "look_alikes": list(self.look_alikes),
        }


@dataclass(frozen=True)
class Cure:
    """An experiment that was run: the changes, and the mean accuracy on held-out examples before and after.

    seeds   how many runs each mean is over, the first with `seed`; spread holds their standard deviations
    worth   by change, the accuracy that is lost when only this one is left out
    words   by change, what was chosen instead, where it is a setting
    """

    changes: tuple[str, ...]
    accuracy_before: float
    accuracy_after: float
    updates: int
    seed: int
    seconds: float
    seeds: int = 1
    spread: tuple[float, float] = (0.0, 0.0)  # before, after
    worth: dict[str, float] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The experiment as JSON values."""
        return {
            "changes": list(self.changes),
            "accuracy_before": plain(self.accuracy_before),
            "accuracy_after": plain(self.accuracy_after),
            "updates": self.updates,
            "seed": self.seed,
            "seconds": round(self.seconds, 3),
            "seeds": self.seeds,
            "spread": plain(self.spread),
            "worth": plain(self.worth),
            "settings": dict(self.words),
        }


@dataclass
class Report:
    """The outcome of a diagnosis. findings are in the order data flows; notes are true and harmless.

    portrait: what the page draws beside the words; None where no twin could be trained.
    """

    name: str
    verdict: str
    seconds: float
    network: dict[str, Any]
    findings: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    cures: list[Cure] = field(default_factory=list)
    unchecked: list[Missing] = field(default_factory=list)
    portrait: Portrait | None = field(default=None, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data: valid against `unstuck.diagnosis.schema()`, the same after a trip through JSON."""
        return {
            "name": self.name,
            "verdict": self.verdict,
            "seconds": round(self.seconds, 3),
            "network": plain(self.network),
            "findings": [finding.to_dict() for finding in self.findings],
            "notes": [note.to_dict() for note in self.notes],
            "cures": [cure.to_dict() for cure in self.cures],
            "unchecked": [{"what": entry.what, "missing": entry.missing} for entry in self.unchecked],
        }

    def __str__(self) -> str:
        return as_text(self)

    def to_html(self, path: str) -> None:
        """Write the report as one self-contained HTML file."""
        from unstuck.diagnosis.page.document import write_html

        write_html(self, path)

    def _repr_html_(self) -> str:
        from unstuck.diagnosis.page.document import as_notebook_cell

        return as_notebook_cell(self)


def plain(value: Any) -> Any:
    """Numbers, strings, lists and dicts as JSON has them; NaN and infinity become strings."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


# -- text --------------------------------------------------------------------------------------------------------------

EXPERIMENTS = "Experiments (accuracy on held-out training examples)"
NOTES = "Notes (true, but nothing that had to be put right)"
HELPFUL_NOTES = "Notes (true; it learns without, and better with these put right)"
UNTRIED_NOTES = "Notes (true; whether these had to be put right could not be tried)"
UNCHECKED = "Not examined"


def as_text(report: Report) -> str:
    """The report as a person reads it in a terminal."""
    lines = [verdict_sentence(report), network_line(report.network)]
    lines += [line] if (line := followed_line(report.network)) else []
    for finding in report.findings:
        lines += ["", *finding_lines(finding)]
    if report.cures:
        lines += ["", f"{EXPERIMENTS}:", *(f"  {line}" for cure in report.cures for line in cure_lines(cure))]
    for heading, notes in note_groups(report).items():
        lines += ["", f"{heading}:"]
        lines += [f"  {note.rule.code} {note.rule.name} ({note.grade}): {note.summary}" for note in notes]
    if report.unchecked:
        lines += ["", f"{UNCHECKED}:"]
        lines += [f"  {entry.what}; it would take {entry.missing}" for entry in report.unchecked]
    lines += ["", f"{report.seconds:.1f} s"]
    return "\n".join(lines)


def note_groups(report: Report) -> dict[str, list[Finding]]:
    """The notes by what the experiments said of them."""
    helpful = {change for cure in report.cures for change in cure.changes}
    groups: dict[str, list[Finding]] = {}
    for heading in (HELPFUL_NOTES, UNTRIED_NOTES, NOTES):
        for note in report.notes:
            untried = note.matters is None and note.rule.setting
            if heading == (HELPFUL_NOTES if note.rule.code in helpful else UNTRIED_NOTES if untried else NOTES):
                groups.setdefault(heading, []).append(note)
    return groups


def verdict_sentence(report: Report) -> str:
    """The verdict with its reasons: `net: faulty, because of F01 softmax-over-batch and B02 derivative-missing`."""
    name = report.name or "network"
    faults = list(dict.fromkeys(f"{finding.rule.code} {finding.rule.name}" for finding in report.findings))
    if report.verdict == "faulty":
        return f"{name}: faulty, because of {listed(faults)}"
    if report.verdict == "healthy":
        return f"{name}: healthy, no fault found in what was examined"
    return f"{name}: inconclusive, too little could be examined for a verdict"


REDUCTIONS = {
    "mean": "on the gradient averaged over the batch",
    "sum": "on the gradient summed over the batch",
    "each": "after every example",
}


def network_line(network: dict[str, Any]) -> str:
    """What network it is, as identified from its own numbers."""
    if not network.get("sizes"):
        return "network: not identified"
    parts = ["-".join(map(str, network["sizes"]))]
    if network.get("output"):
        hidden = list(dict.fromkeys(network.get("hidden") or []))
        parts += ["hidden " + " and ".join(hidden)] if hidden else []
        parts += [f"output {network['output']}"]
    if network.get("loss"):
        parts.append(f"loss {network['loss']}".replace("_", " "))
    update = network.get("update") or {}
    if update.get("learning_rate") is not None:
        if update.get("rule", "gradient descent") != "gradient descent":
            parts.append(update["rule"])
        parts.append(f"rate {update['learning_rate']:.4g} {REDUCTIONS.get(update['reduction'], '')}".strip())
    if update.get("momentum"):
        parts.append(f"momentum {update['momentum']:.4g}")
    return "network: " + ", ".join(parts)


def followed_line(network: dict[str, Any]) -> str:
    """How closely the twin follows the program's own training."""
    followed = network.get("followed")
    if not followed:
        return ""
    return (
        f"twin: after each of the first {followed['updates']} updates where your program is, "
        f"but for {followed['departure']:.0e} of the way"
    )


def finding_lines(finding: Finding) -> list[str]:
    """A finding in a few lines: the fault, its numbers, its place, its cure."""
    rule = finding.rule
    lines = [f"{rule.code} {rule.name} ({finding.grade})", f"  {rule.fact}", f"  {finding.summary}"]
    lines += [f"  {line}" for line in (residual_line(finding), matters_line(finding)) if line]
    if finding.location is not None:
        place = finding.location
        lines.append(f"  {path_from_here(place.file)}:{place.line}: {place.text.strip()}")
        if finding.change is not None:
            remark = f"  ({finding.change.remark})" if finding.change.remark else ""
            lines.append(f"  change it to: {finding.change.line}{remark}")
    if finding.look_alikes:
        lines.append(f"  the same numbers would come from {', '.join(finding.look_alikes)}")
    if finding.cure:
        lines.append(f"  cure: {finding.cure}")
    return lines


def path_from_here(file: str) -> str:
    """The path as one would type it here."""
    path = Path(file)
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def residual_line(finding: Finding) -> str:
    """How closely the faulty formula gives the program's numbers, against the nearest other one."""
    residual, rival = finding.evidence.get("residual"), finding.evidence.get("nearest_other_residual")
    if not isinstance(residual, float):
        return ""
    line = f"this formula gives your numbers to {residual:.1e}"
    if isinstance(rival, float):
        line += f"; the nearest other one, {finding.evidence.get('nearest_other_formula')}, misses by {rival:.1e}"
    return line


def matters_line(finding: Finding) -> str:
    return "no experiment could be run to see how much it matters" if finding.matters is None else ""


def cure_lines(cure: Cure) -> list[str]:
    """What was put right, what that brought, and what is lost without each part of it."""
    before, after = (
        f"{accuracy:.1%}" + (f" ± {100 * spread:.1f}" if cure.seeds > 1 else "")
        for accuracy, spread in zip((cure.accuracy_before, cure.accuracy_after), cure.spread, strict=True)
    )
    seeds = f"{cure.seeds} seeds" if cure.seeds > 1 else f"seed {cure.seed}"
    length = f"{cure.updates:,} updates" if cure.updates else "your own training loop"
    lines = [f"{' + '.join(cure.changes)} put right: accuracy {before} before, {after} after ({length}, {seeds})"]
    for change in cure.changes:
        parts = [cure.words[change]] if change in cure.words else []
        if change in cure.worth and len(cure.changes) > 1:
            parts.append(f"{cure.accuracy_after - cure.worth[change]:.1%} without it")
        lines += [f"  {change}: {'; '.join(parts)}"] if parts else []
    return lines


def listed(items: list[str]) -> str:
    """a; a and b; a, b and c."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
