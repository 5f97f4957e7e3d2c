"""The catalogue of faults as Markdown: one page a rule with its plotted example, and an index. `scripts/docs` writes
them to docs/rules.
"""

from __future__ import annotations

import re

from unstuck.charts import Axis, Series, line_chart
from unstuck.diagnosis.catalogue.examples.curves import Curves, recorded
from unstuck.diagnosis.report.page.style import CHART, DARK, LIGHT
from unstuck.diagnosis.rules import RULES, in_order
from unstuck.diagnosis.rules.rule import SECTIONS, Rule

INTRODUCTION = """\
# Faults

Every fault that `unstuck diagnose` knows, in the order in which data flow through a training step. The letter of a code
is its stage; codes and names never change. `unstuck rules CODE` prints the same pages in a terminal.

Rules marked *setting* judge a choice (a rate, an initialisation, a size) and not a formula: such a choice is a fault
only where it keeps the network from learning and an experiment shows that it does.
"""


def page_name(rule: Rule) -> str:
    """The file name of a rule's page."""
    return f"{rule.code}-{rule.name}.md"


def index_markdown() -> str:
    """The table of all rules: code, name, stage, fact."""
    lines = [INTRODUCTION, "| code | name | stage | the fault |", "|---|---|---|---|"]
    for code in in_order(list(RULES)):
        rule = RULES[code]
        stage = f"{rule.stage}, *setting*" if rule.setting else rule.stage
        lines.append(f"| {code} | [{rule.name}]({page_name(rule)}) | {stage} | {rule.fact} |")
    return "\n".join(lines) + "\n"


def rule_markdown(rule: Rule) -> str:
    """A rule's documentation, with links to the rules that it names."""
    about = f"Stage: {rule.stage}{', a setting' if rule.setting else ''}. [All faults](index.md)"
    parts = [f"# {rule.code} {rule.name}", rule.fact, about]
    for title in SECTIONS:
        if title in rule.sections:
            parts += [f"## {title}", _linked(rule.sections[title], rule)]
    curves = recorded().get(rule.code)
    if curves is not None:
        parts += ["## Example", f"![{alternative_text(curves)}]({picture_name(rule)})", in_words(curves)]
    return "\n\n".join(parts) + "\n"


def picture_name(rule: Rule) -> str:
    """The file name of the picture of a rule's example."""
    return f"{rule.code}.svg"


def in_words(curves: Curves) -> str:
    """What was trained, and what came of it."""
    kept = "" if curves.finite else " before its numbers are no longer finite"
    return (
        f"{curves.network}, on 1,500 digits of 7 by 7 pixels; with the fault: {curves.words}. Accuracy on 500 others "
        f"after {curves.updates[-1]:,} updates: {curves.healthy[-1]:.1%}; with the fault {curves.faulty[-1]:.1%}"
        f"{f' after {curves.updates_faulty[-1]:,}' if curves.updates_faulty[-1] != curves.updates[-1] else ''}{kept}."
    )


def alternative_text(curves: Curves) -> str:
    return f"Learning curves: {curves.healthy[-1]:.0%} without the fault, {curves.faulty[-1]:.0%} with it"


def picture(curves: Curves) -> str:
    """The learning curves as an SVG file of its own, for light and dark."""
    last = max(curves.updates[-1], curves.updates_faulty[-1])
    series = [
        Series(f"{curves.faulty[-1]:.0%} with the fault", curves.updates_faulty, curves.faulty, "before"),
        Series(f"{curves.healthy[-1]:.0%} without it", curves.updates, curves.healthy, "after"),
    ]
    if curves.updates_faulty[-1] < last:
        ends = [curves.faulty[-1]] * 2
        series.append(Series("", [curves.updates_faulty[-1], last], ends, "before afterwards"))
    x, y = Axis(0, last, "updates"), Axis(0, 1, "accuracy", percent=True)
    drawn = line_chart(series, x, y, alternative_text(curves), 520, 230)
    rules = "\n".join(rule for rule in CHART.split("\n") if _used(rule, drawn))
    style = f".chart {{ {LIGHT} }}\n@media (prefers-color-scheme: dark) {{ .chart {{ {DARK} }} }}\n{rules}"
    return drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ').replace(
        "<title>", f"<style>{style}</style><title>", 1
    )


def _used(rule: str, drawn: str) -> bool:
    """Whether the picture has marks of the classes that a line of the style sheet names."""
    classes = set(re.findall(r"[.](\w+)", rule.partition("{")[0])) - {"chart"}
    marks = [set(names.split()) for names in re.findall(r'class="([^"]*)"', drawn)]
    return bool(rule) and any(classes <= names for names in marks)


def _linked(text: str, rule: Rule) -> str:
    """The text with every code of another rule outside of `code` made a link to its page."""

    def link(match: re.Match[str]) -> str:
        found = RULES.get(match[0])
        return match[0] if found is None or found is rule else f"[{found.code}]({page_name(found)})"

    pieces = re.split(r"(`[^`]*`)", text)
    return "".join(piece if piece.startswith("`") else re.sub(r"\b[A-Z]\d\d\b", link, piece) for piece in pieces)
