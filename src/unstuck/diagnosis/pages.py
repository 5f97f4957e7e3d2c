"""The catalogue of faults as Markdown: one page a rule, and an index. `scripts/docs` writes them to docs/rules."""

from __future__ import annotations

import re

from unstuck.diagnosis.rule import SECTIONS, Rule
from unstuck.diagnosis.rules import RULES, in_order

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
    return "\n\n".join(parts) + "\n"


def _linked(text: str, rule: Rule) -> str:
    """The text with every code of another rule outside of `code` made a link to its page."""

    def link(match: re.Match[str]) -> str:
        found = RULES.get(match[0])
        return match[0] if found is None or found is rule else f"[{found.code}]({page_name(found)})"

    pieces = re.split(r"(`[^`]*`)", text)
    return "".join(piece if piece.startswith("`") else re.sub(r"\b[A-Z]\d\d\b", link, piece) for piece in pieces)
