"""A report in words: all wording that is not a rule's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from unstuck.diagnosis.formulas.written import WRITTEN
from unstuck.diagnosis.report.listing import LISTING, listing_lines
from unstuck.diagnosis.report.reading import reading_lines

if TYPE_CHECKING:
    from unstuck.diagnosis.report.contents import Contents, Cure, Finding

READ = "How it was read"
EXPERIMENTS = "Experiments (accuracy on held-out training examples)"
NOTES = "Notes (true, but nothing that had to be put right)"
HELPFUL_NOTES = "Notes (true; it learns without, and better with these put right)"
UNTRIED_NOTES = "Notes (true; whether these had to be put right could not be tried)"
UNCHECKED = "Not examined"


def as_text(report: Contents) -> str:
    """The report as a person reads it in a terminal."""
    lines = [] if report.reading is None else [READ, *reading_lines(report.reading), ""]
    lines += [verdict_sentence(report), network_line(report.network)]
    lines += [line] if (line := followed_line(report.network)) else []
    for finding in report.findings:
        lines += ["", *finding_lines(finding)]
    if report.listing and (marked := listing_lines(report.listing)):
        lines += ["", f"{LISTING}:", *marked]
    if report.cures:
        lines += ["", f"{EXPERIMENTS}:", *(f"  {line}" for cure in report.cures for line in cure_lines(cure))]
    for heading, notes in note_groups(report).items():
        lines += ["", f"{heading}:"]
        lines += [f"  {note.rule.code} {note.rule.name} ({note.grade}): {note.summary}" for note in notes]
    if report.unchecked:
        lines += ["", f"{UNCHECKED}:"]
        lines += [f"  {entry.what}: for that, unstuck needs {entry.missing}" for entry in report.unchecked]
    lines += ["", f"{report.seconds:.1f} s"]
    return "\n".join(lines)


def note_groups(report: Contents) -> dict[str, list[Finding]]:
    """The notes by what the experiments said of them."""
    alone = {cure.changes[0] for cure in report.cures if len(cure.changes) == 1}
    helpful = alone.union(*(cure.worth for cure in report.cures))
    groups: dict[str, list[Finding]] = {}
    for heading in (HELPFUL_NOTES, UNTRIED_NOTES, NOTES):
        for note in report.notes:
            untried = note.matters is None and note.rule.setting
            if heading == (HELPFUL_NOTES if note.rule.code in helpful else UNTRIED_NOTES if untried else NOTES):
                groups.setdefault(heading, []).append(note)
    return groups


def verdict_sentence(report: Contents) -> str:
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
        f"check: rebuilt from this description, the network makes the first {followed['updates']} updates of your "
        f"program, but for {followed['departure']:.0e} of the way"
    )


def finding_lines(finding: Finding) -> list[str]:
    """A finding in a few lines: the fault, its numbers, its place, its cure."""
    rule = finding.rule
    lines = [f"{rule.code} {rule.name} ({finding.grade})", f"  {rule.fact}", f"  {finding.summary}"]
    lines += [f"  {line}" for line in (written_line(finding), residual_line(finding), matters_line(finding)) if line]
    if finding.location is not None:
        place = finding.location
        cell = getattr(place, "cell", None)
        where = f":{place.line}" if cell is None else f", cell {cell}, line {place.line}"
        lines.append(f"  {path_from_here(place.file)}{where}: {place.text.strip()}")
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
    line = f"your program's numbers are those of this formula, but for {residual:.1e} of their size"
    if isinstance(rival, float):
        other = finding.evidence.get("nearest_other_formula")
        line += f"; those of the nearest other formula, {other}, are off by {rival:.1e}"
    return line


def written_line(finding: Finding) -> str:
    """The faulty formula and the right one, as one would write them in NumPy, where they are known."""
    names = str(finding.evidence.get("formula", "")).split("; ")
    written = [f"{WRITTEN[name][0]}, where {WRITTEN[name][1]} is right" for name in names if name in WRITTEN]
    return f"in NumPy: {'; '.join(written)}" if written else ""


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
