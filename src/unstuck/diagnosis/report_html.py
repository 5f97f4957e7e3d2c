"""The report as one HTML page that needs nothing but itself: no network, no script; for light, dark and paper."""

from __future__ import annotations

import math
import os
import tempfile
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from unstuck.diagnosis.report import (
    EXPERIMENTS,
    NOTES,
    UNCHECKED,
    Cure,
    Finding,
    Report,
    matters_line,
    network_line,
    path_from_here,
    residual_line,
    verdict_sentence,
)
from unstuck.diagnosis.rule import STAGES
from unstuck.errors import UnstuckError

FAULTY, RIGHT, PARTLY, UNEXAMINED = "faulty", "right", "examined in part", "not examined"
MARKS = {FAULTY: "✗", RIGHT: "✓", PARTLY: "?", UNEXAMINED: "?"}
IDENTIFIED = {"forward": "output", "loss": "loss", "backward": "loss"}  # stage: what is known once it was examined


def write_html(report: Report, path: str | os.PathLike[str]) -> None:
    """Write the page beside its place first, so that nothing half-written is ever found there. Raises UnstuckError."""
    place = Path(path)
    if place.is_dir():
        raise UnstuckError(f"{place}: is a folder, expected the name of an HTML file")
    if not place.parent.is_dir():
        raise UnstuckError(f"{place}: there is no folder {place.parent}")
    handle, temporary = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(as_html(report))
        os.chmod(temporary, 0o644)
        os.replace(temporary, place)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def as_html(report: Report) -> str:
    """The whole page."""
    title = f"{report.name or 'network'}: {report.verdict}"
    return PAGE.substitute(title=escape(title), style=STYLE, body=as_fragment(report))


def as_notebook_cell(report: Report) -> str:
    """The page's content with its style, for a cell of a notebook."""
    return f'<div class="unstuck-report"><style>{STYLE}</style>{as_fragment(report)}</div>'


def as_fragment(report: Report) -> str:
    parts = [
        f'<header class="{report.verdict}">',
        f"<h1>{escape(verdict_sentence(report))}</h1><p>{escape(network_line(report.network))}</p></header>",
        chain(report),
        section("Findings", [finding_article(finding) for finding in report.findings]),
        section(EXPERIMENTS, [cure_table(report.cures)] if report.cures else []),
        section(NOTES, [note_list(report.notes)] if report.notes else []),
        section(UNCHECKED, [unchecked_list(report)] if report.unchecked else []),
        f"<footer>{report.seconds:.1f} s</footer>",
    ]
    return "\n".join(part for part in parts if part)


def section(title: str, parts: list[str]) -> str:
    return f"<section><h2>{escape(title)}</h2>\n{''.join(parts)}</section>" if parts else ""


# -- the chain of the training step ------------------------------------------------------------------------------------


def stage_states(report: Report) -> dict[str, str]:
    """For every link of the training step: faulty, right, examined in part or not examined."""
    return {stage: _state(report, stage) for stage in STAGES.values()}


def _state(report: Report, stage: str) -> str:
    """Right is said only of what was looked at, and looked at in full."""
    if any(finding.stage == stage for finding in report.findings):
        return FAULTY
    network, left_out = report.network, " ".join(entry.what for entry in report.unchecked)
    if "everything" in left_out:
        return UNEXAMINED
    if stage == "data":
        return PARTLY if any(word in left_out for word in ("inputs", "labels", "examples", "shuffles")) else RIGHT
    if stage == "evaluation":
        return UNEXAMINED if any(word in left_out for word in ("accuracy", "evaluation")) else RIGHT
    if stage == "initial state":
        known = network.get("sizes") and "initialisation" not in left_out
    elif stage == "update":
        known = (network.get("update") or {}).get("learning_rate") is not None
    else:
        known = network.get(IDENTIFIED[stage]) is not None
    return RIGHT if known else UNEXAMINED


def chain(report: Report) -> str:
    """The links as boxes in the order data flow."""
    boxes = []
    for stage, state in stage_states(report).items():
        codes = " ".join(dict.fromkeys(finding.rule.code for finding in report.findings if finding.stage == stage))
        label = f"{state} <b>{escape(codes)}</b>" if codes else state
        kind = state.replace(" ", "-")
        boxes.append(f'<li class="{kind}"><span class="mark">{MARKS[state]}</span> {stage}<small>{label}</small></li>')
    return f'<ol class="chain" aria-label="the training step">{"".join(boxes)}</ol>'


# -- findings, cures, notes --------------------------------------------------------------------------------------------


def finding_article(finding: Finding) -> str:
    rule, grade = finding.rule, f'<span class="grade {finding.grade}">{finding.grade}</span>'
    parts = [
        f"<h3><code>{rule.code}</code> {escape(rule.name)} {grade}</h3>",
        f'<p class="fact">{escape(rule.fact)}</p><p>{escape(finding.summary)}</p>',
    ]
    parts += [f"<p>{escape(line)}</p>" for line in (residual_line(finding), matters_line(finding)) if line]
    parts.append(residual_scale(finding.evidence))
    if finding.location is not None:
        place = finding.location
        parts.append(
            f"<figure><figcaption>{escape(path_from_here(place.file))}, line {place.line}</figcaption>"
            f"<pre>{escape(place.text.strip())}</pre></figure>"
        )
    if finding.look_alikes:
        parts.append(f"<p>The same numbers would come from {escape(', '.join(finding.look_alikes))}.</p>")
    if finding.cure:
        parts.append(f'<p class="cure"><b>Cure</b> {with_code(finding.cure)}</p>')
    parts.append(numbers_table(finding.evidence))
    return f"<article>{''.join(parts)}</article>"


def with_code(text: str) -> str:
    """Text whose `parts in backquotes` are code."""
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(escape(text).split("`")))


def residual_scale(evidence: dict[str, Any]) -> str:
    """How far this formula and the nearest other one are from the program's numbers, in powers of ten."""
    found, other = evidence.get("residual"), evidence.get("nearest_other_residual")
    if not isinstance(found, float) or not isinstance(other, float):
        return ""
    points = []
    for value, label in ((found, "this formula"), (other, "nearest other")):
        left = 100 * (1 + max(min(_log10(value), 0.0), -18.0) / 18)
        points.append(f'<i style="left:{left:.1f}%" title="{label}: {value:.1e}"></i>')
    return (
        '<div class="scale" role="img" aria-label="distance from your numbers, in powers of ten">'
        f'{"".join(points)}</div><div class="ends"><span>10⁻¹⁸: same numbers</span><span>1: unrelated</span></div>'
    )


def _log10(value: float) -> float:
    return math.log10(value) if value > 0 else -18.0


def numbers_table(evidence: dict[str, Any]) -> str:
    if not evidence:
        return ""
    rows = "".join(
        f"<tr><th>{escape(name.replace('_', ' '))}</th><td>{escape(_number(value))}</td></tr>"
        for name, value in evidence.items()
    )
    return f"<details><summary>numbers</summary><table>{rows}</table></details>"


def _number(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(_number(item) for item in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def cure_table(cures: list[Cure]) -> str:
    rows = "".join(
        f"<tr><td>{escape(' + '.join(cure.changes))}</td>"
        f"{_accuracy(cure.accuracy_before)}{_accuracy(cure.accuracy_after)}"
        f'<td class="number">{cure.updates:,}</td><td class="number">{cure.seed}</td></tr>'
        for cure in cures
    )
    head = "<tr><th>put right together</th><th>accuracy before</th><th>after</th><th>updates</th><th>seed</th></tr>"
    return f"<table>{head}{rows}</table>"


def _accuracy(share: float) -> str:
    width = 100 * min(max(share, 0.0), 1.0) if share == share else 0.0
    return f'<td class="number">{share:.1%}<div class="bar"><i style="width:{width:.1f}%"></i></div></td>'


def note_list(notes: list[Finding]) -> str:
    items = "".join(
        f"<li><code>{note.rule.code}</code> {escape(note.rule.name)} ({note.grade}): {escape(note.summary)}</li>"
        for note in notes
    )
    return f"<ul>{items}</ul>"


def unchecked_list(report: Report) -> str:
    items = "".join(f"<li>{escape(e.what)}; it would take {escape(e.missing)}</li>" for e in report.unchecked)
    return f"<ul>{items}</ul>"


PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>$style</style>
</head>
<body class="unstuck-report">
$body
</body>
</html>
""")

STYLE = """
.unstuck-report { --ground: #fff; --text: #1c1c1e; --soft: #5b5f66; --line: #d7d9dd; --panel: #f5f6f7;
  --bad: #b3261e; --good: #1b6e3c; --unknown: #7a6a1f; color-scheme: light dark; background: var(--ground);
  color: var(--text); font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem 1.25rem; }
@media (prefers-color-scheme: dark) { .unstuck-report { --ground: #17181a; --text: #e8e8ea; --soft: #a0a4ab;
  --line: #3a3d42; --panel: #212327; --bad: #ff8a80; --good: #7bd59b; --unknown: #e0c96a; } }
html:has(body.unstuck-report) { background: Canvas; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { html:has(body.unstuck-report) { background: #17181a; } }
.unstuck-report header { border-left: .4rem solid var(--unknown); padding-left: 1rem; }
.unstuck-report header.faulty { border-color: var(--bad); }
.unstuck-report header.healthy { border-color: var(--good); }
.unstuck-report h1 { font-size: 1.5rem; line-height: 1.25; margin: 0; }
.unstuck-report h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
.unstuck-report h3 { font-size: 1.05rem; margin: 0; }
.unstuck-report small, .unstuck-report footer, .unstuck-report figcaption,
.unstuck-report .ends, .unstuck-report summary { color: var(--soft); font-size: .875rem; }
.unstuck-report p { margin: .4rem 0; }
.unstuck-report p, .unstuck-report figcaption { overflow-wrap: anywhere; }
.unstuck-report .chain { display: grid; grid-template-columns: repeat(auto-fit, minmax(6.7rem, 1fr)); gap: .6rem 1.2rem;
  list-style: none; padding: 0; margin: 1.5rem 0; }
.unstuck-report .chain li { position: relative; border: 2px solid var(--line); border-radius: .4rem;
  padding: .4rem .5rem; background: var(--panel); font-size: .95rem; }
.unstuck-report .chain li:not(:last-child)::after { content: "→"; position: absolute; right: -1.15rem; top: .6rem;
  color: var(--soft); }
.unstuck-report .chain small { display: block; }
.unstuck-report .chain .faulty { border-color: var(--bad); }
.unstuck-report .chain .faulty .mark { color: var(--bad); }
.unstuck-report .chain .right { border-color: var(--good); }
.unstuck-report .chain .right .mark { color: var(--good); }
.unstuck-report .chain .examined-in-part, .unstuck-report .chain .not-examined { border-style: dashed; }
.unstuck-report article { border: 1px solid var(--line); border-radius: .4rem; padding: .8rem 1rem;
  margin: .8rem 0; break-inside: avoid; }
.unstuck-report .grade { border: 1px solid; border-radius: 1rem; padding: 0 .5rem; font-size: .8rem;
  font-weight: normal; }
.unstuck-report .proved { color: var(--bad); }
.unstuck-report .measured { color: var(--unknown); }
.unstuck-report .suspected { color: var(--soft); }
.unstuck-report .fact { font-weight: 600; }
.unstuck-report figure { margin: .6rem 0; }
.unstuck-report pre { background: var(--panel); border-left: 3px solid var(--bad); margin: .2rem 0;
  padding: .5rem .7rem; overflow-x: auto; }
.unstuck-report .cure b { color: var(--good); }
.unstuck-report .scale { position: relative; height: .5rem; background: linear-gradient(90deg, var(--bad), var(--line));
  border-radius: .25rem; margin: .8rem 0 .2rem; opacity: .9; }
.unstuck-report .scale i { position: absolute; top: -.25rem; width: 3px; height: 1rem; background: var(--text); }
.unstuck-report .ends { display: flex; justify-content: space-between; font-size: .75rem; }
.unstuck-report table { border-collapse: collapse; width: 100%; }
.unstuck-report th, .unstuck-report td { text-align: left; padding: .25rem .6rem .25rem 0; vertical-align: top;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.unstuck-report .number { font-variant-numeric: tabular-nums; }
.unstuck-report .bar { width: 8rem; max-width: 100%; height: .3rem; background: var(--line); border-radius: .15rem; }
.unstuck-report .bar i { display: block; height: 100%; background: var(--good); border-radius: .15rem; }
@media print { .unstuck-report { max-width: none; font-size: 11pt; } .unstuck-report details { display: none; }
  .unstuck-report .chain { grid-template-columns: repeat(auto-fit, minmax(5rem, 1fr)); } }
"""
