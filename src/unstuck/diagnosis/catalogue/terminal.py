"""The catalogue of faults as text for a terminal."""

from __future__ import annotations

import textwrap

from unstuck.diagnosis.catalogue.examples.curves import recorded
from unstuck.diagnosis.catalogue.markdown import in_words
from unstuck.diagnosis.rules import RULES, find_rule, in_order
from unstuck.diagnosis.rules.rule import SECTIONS, Rule
from unstuck.errors import CaseError

WIDTH = 100


def rules_text(code_or_name: str | None) -> str:
    """The catalogue, one line a rule, or one rule in full. Raises CaseError for a name that is not in it."""
    if code_or_name is None:
        return "\n".join(f"{code}  {RULES[code].name:34}  {RULES[code].fact}" for code in in_order(list(RULES)))
    found = find_rule(code_or_name)
    if found is None:
        raise CaseError(f"{code_or_name}: no such rule; `unstuck rules` lists all {len(RULES)}")
    return rule_page(found)


def rule_page(rule: Rule) -> str:
    """A rule in full, in lines that fit a terminal, with the learning curves of its example."""
    kind = f"{rule.stage}, a setting" if rule.setting else rule.stage
    sections = {title: rule.sections[title] for title in SECTIONS if title in rule.sections}
    parts = [f"{rule.code} {rule.name} ({kind})\n{rule.fact}", *(_paragraph(*section) for section in sections.items())]
    curves = recorded().get(rule.code)
    if curves is not None:
        drawn = {"with the fault": curves.faulty, "without it": curves.healthy}
        lines = [f"  {sparkline(scores)}  {scores[-1]:4.0%} {words}" for words, scores in drawn.items()]
        parts.append("\n".join([_paragraph("Example", in_words(curves)), *lines]))
    return "\n\n".join(parts)


def _paragraph(title: str, words: str) -> str:
    lines = textwrap.wrap(words, WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join([title, *lines])


def sparkline(shares: list[float]) -> str:
    """Shares from 0 to 1 as blocks of eight heights."""
    return "".join("▁▂▃▄▅▆▇█"[min(int(8 * share), 7)] for share in shares)
