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
    """The catalogue, one line a rule; one rule in full; or the rules that mention these words. Raises CaseError."""
    if code_or_name is None:
        return "\n".join(_line(RULES[code]) for code in in_order(list(RULES)))
    found = find_rule(code_or_name)
    if found is not None:
        return rule_page(found)
    alike = search(code_or_name)
    if not alike:
        raise CaseError(
            f"{code_or_name}: no such rule, and none that mentions it; `unstuck rules` lists all {len(RULES)}"
        )
    return "\n".join(_line(rule) for rule in alike)


def search(words: str) -> list[Rule]:
    """The rules that mention all of these words: first those whose name or fact does, then those whose page does."""
    wanted = words.lower().replace("-", " ").split()

    def mention(text: str) -> bool:
        return all(word in text.lower().replace("-", " ") for word in wanted)

    rules = [RULES[code] for code in in_order(list(RULES))]
    first = [rule for rule in rules if mention(f"{rule.name} {rule.fact}")]
    return first + [rule for rule in rules if rule not in first and mention(rule.documentation)] if wanted else []


def _line(rule: Rule) -> str:
    return f"{rule.code}  {rule.name:34}  {rule.fact}"


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
