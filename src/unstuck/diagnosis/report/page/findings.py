"""A finding on the page: the fault, the numbers that prove it, a picture of them, the line, the cure."""

from __future__ import annotations

import linecache
import math
from collections.abc import Sequence
from html import escape
from typing import Any

from unstuck.charts import number
from unstuck.diagnosis.report.contents import Cure, Finding
from unstuck.diagnosis.report.page import pictures
from unstuck.diagnosis.report.portrait.comparison import Comparison
from unstuck.diagnosis.report.portrait.portrait import Portrait
from unstuck.diagnosis.report.text import matters_line, path_from_here, residual_line, written_line

WEIGHTS, ACTIVATIONS = ("A01", "A05", "A06", "A07"), ("A02", "A03", "A04")
ABOUT_DATA = {  # what is drawn of the data, by code
    pictures.inputs_picture: ("D02", "D03", "D04"),
    pictures.test_inputs_picture: ("D05",),
    pictures.classes_picture: ("D07", "D08", "D09", "D13"),
    pictures.order_picture: ("D12",),
    pictures.training_strip: ("D02", "D03", "D04", "D10"),
    pictures.test_strip: ("D05", "D06", "D11"),
}
AROUND = 2  # lines of source shown before and after the one that is meant
LEAST_POWER = -18.0


def finding_article(finding: Finding, portrait: Portrait | None, cures: Sequence[Cure] = ()) -> str:
    rule, grade = finding.rule, f'<span class="grade {finding.grade}">{finding.grade}</span>'
    compared = portrait.comparison(rule.code, finding.layer) if portrait is not None else None
    words = [
        f"<h3><code>{rule.code}</code> {escape(rule.name)} {grade}</h3>",
        f'<p class="fact">{escape(rule.fact)}</p><p>{escape(finding.summary)}</p>',
        *(f"<p>{escape(line)}</p>" for line in sentences(finding) if line),
        residual_scale(finding.evidence),
        comparison_table(compared) if compared is not None else "",
        source_lines(finding.location, finding.change) if finding.location is not None else "",
        f"<p>The same numbers would come from {escape(', '.join(finding.look_alikes))}.</p>"
        if finding.look_alikes
        else "",
        f'<p class="cure"><b>Cure</b> {with_code(finding.cure)}</p>' if finding.cure else "",
        experiment_line(finding.rule.code, cures),
        numbers_table(finding.evidence),
    ]
    drawn = finding_pictures(finding, portrait, compared)
    parts = [
        f'<div class="words">{"".join(words)}</div>',
        f'<div class="pictures">{"".join(drawn)}</div>' if drawn else "",
    ]
    return f'<article class="{"drawn" if drawn else "plain"}">{"".join(parts)}</article>'


def sentences(finding: Finding) -> tuple[str, ...]:
    return written_line(finding), residual_line(finding), matters_line(finding)


def experiment_line(code: str, cures: Sequence[Cure]) -> str:
    """What was put in the place of this fault in the experiment, and what is lost without that."""
    cure = next((cure for cure in cures if code in cure.changes), None)
    if cure is None:
        return ""
    words = cure.words.get(code, "")
    parts = [f"{escape(words[0].upper() + words[1:])}. "] if words else []
    if code in cure.worth and len(cure.changes) > 1:
        without = cure.accuracy_after - cure.worth[code]
        parts.append(f"Accuracy {cure.accuracy_after:.1%} with all of it put right, {without:.1%} with all but this.")
    return f'<p class="cure"><b>Experiment</b> {"".join(parts).strip()}</p>' if parts else ""


def figure(drawn: str, caption: str) -> str:
    return f"<figure>{drawn}<figcaption>{caption}</figcaption></figure>"


def finding_pictures(finding: Finding, portrait: Portrait | None, compared: Comparison | None) -> list[str]:
    """What can be drawn of a finding: the numbers of its proof, the data or layer it is about, what it costs."""
    if portrait is None:
        return []
    code, drawn = finding.rule.code, []
    if compared is not None:
        caption = (
            f"{escape(compared.what).capitalize()}: the program's own numbers against those of two formulas, "
            f"<b class='before'>with the fault</b> and <b class='after'>put right</b>. "
            "On the diagonal they are the same."
        )
        drawn.append(figure(pictures.proof_scatter(compared), caption))
    for picture, codes in ABOUT_DATA.items():
        if code in codes:
            svg, caption = picture(portrait)
            drawn += [figure(svg, caption)] if svg else []
    if code in WEIGHTS + ACTIVATIONS:
        drawn += layer_figure(finding, portrait)
    curve = pictures.curve_without(portrait, code)
    if curve:
        drawn.append(figure(curve, f"What it costs: all put right, and all but <code>{code}</code>."))
    return drawn


def layer_figure(finding: Finding, portrait: Portrait) -> list[str]:
    """The layer that the finding is about, before the first update."""
    index = min(max((finding.layer or 1) - 1, 0), len(portrait.before.parameters.weights) - 1)
    name = "weights" if finding.rule.code in WEIGHTS else "activations"
    drawn = pictures.layer_histogram(portrait.layers, index, name, 330, 170)
    if not drawn:
        return []
    kinds = (
        "as it is" if len(portrait.layers) < 2 else "<b class='before'>as it is</b> and <b class='after'>put right</b>"
    )
    words = "First weights" if name == "weights" else "Outputs of the units before the first update"
    return [figure(drawn, f"{words} of layer {index + 1}, {kinds}.")]


# -- numbers -----------------------------------------------------------------------------------------------------------


def residual_scale(evidence: dict[str, Any]) -> str:
    """How far this formula and the nearest other one are from the program's numbers, in powers of ten."""
    found, other = evidence.get("residual"), evidence.get("nearest_other_residual")
    if not isinstance(found, float) or not isinstance(other, float):
        return ""
    points = []
    for value, label in ((found, "this formula"), (other, "nearest other")):
        left = 100 * (1 + max(min(_log10(value), 0.0), LEAST_POWER) / -LEAST_POWER)
        words = f'<span style="left:{min(max(left, 12), 84):.1f}%">{label} {number(float(f"{value:.0e}"))}</span>'
        points.append(f'<i style="left:{left:.1f}%"></i>{words}')
    return (
        '<div class="scale" role="img" aria-label="distance from the program\'s numbers, in powers of ten">'
        f'{"".join(points)}</div><div class="ends"><span>10⁻¹⁸: same numbers</span><span>1: unrelated</span></div>'
    )


def _log10(value: float) -> float:
    return math.log10(value) if value > 0 else LEAST_POWER


def comparison_table(compared: Comparison) -> str:
    """A few of the numbers behind the scatter, and how far each formula misses all of them."""
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{number(own)}</td><td>{number(wrong)}</td><td>{number(right)}</td></tr>"
        for name, own, wrong, right in compared.samples
    )
    misses = "".join(
        f"<td>{number(float(f'{miss:.0e}'))}</td>" if miss < 0.01 else f"<td>{miss:.0%}</td>"
        for miss in compared.misses
    )
    head = (
        "<tr><th></th><th>the program</th><th class='before'>with the fault</th><th class='after'>put right</th></tr>"
    )
    return f'<table class="compared">{head}{rows}<tr><th>misses all of them by</th><td></td>{misses}</tr></table>'


def numbers_table(evidence: dict[str, Any]) -> str:
    if not evidence:
        return ""
    rows = "".join(
        f"<tr><th>{escape(name.replace('_', ' '))}</th><td>{escape(_number(value))}</td></tr>"
        for name, value in evidence.items()
    )
    return f"<details><summary>all numbers</summary><table>{rows}</table></details>"


def _number(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(_number(item) for item in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


# -- source ------------------------------------------------------------------------------------------------------------


def source_lines(place: Any, change: Any) -> str:
    """The line with a few around it, as long as the file still holds it there, else the line alone; and what should
    stand in its place, where that is known."""
    lines = [line.rstrip("\n") for line in linecache.getlines(place.file)]
    here = place.line - 1
    if not (0 <= here < len(lines) and lines[here].strip() == place.text.strip()):
        lines, here = [place.text.strip()], 0
    shown = [i for i in range(here - AROUND, here + AROUND + 1) if 0 <= i < len(lines)]
    while shown and not lines[shown[-1]].strip():
        shown.pop()
    while shown and not lines[shown[0]].strip():
        shown.pop(0)
    margin = min((len(lines[i]) - len(lines[i].lstrip()) for i in shown if lines[i].strip()), default=0)
    rows = []
    for i in shown:
        code = lines[i][margin:]
        rows.append(_source_line(f"{place.line + i - here:>4}", code, "wrong" if i == here else ""))
        if i == here and change is not None:
            indent = code[: len(code) - len(code.lstrip())]
            rows.append(_source_line("   →", f"{indent}{change.line}", "instead"))
    where = f"{escape(path_from_here(place.file))}, line {place.line}"
    remark = f"<figcaption>→ {escape(change.remark)}</figcaption>" if change is not None and change.remark else ""
    return f'<figure class="source"><figcaption>{where}</figcaption><pre>{"".join(rows)}</pre>{remark}</figure>'


def _source_line(line: str, code: str, kind: str) -> str:
    words = f'<span class="line">{line}</span> {escape(code)}\n'
    return f'<mark class="{kind}">{words}</mark>' if kind else words


def with_code(words: str) -> str:
    """Text whose `parts in backquotes` are code."""
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(escape(words).split("`")))
