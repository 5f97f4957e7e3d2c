"""A check: how a fault of the catalogue is recognised in what a framework's script did.

    @check("U02")
    def gradients_kept(h):
        \"\"\"`zero_grad()` is never called …

        Cure: `optimizer.zero_grad()` before `loss.backward()`.
        \"\"\"

The code is that of a rule; the docstring says how the fault looks in a framework and what to do there.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from unstuck.adapters.watched.history import History
from unstuck.adapters.watched.values import Place
from unstuck.diagnosis.rules.rule import Rule


@dataclass(frozen=True)
class Seen:
    """What a check saw.

    grade      as for rules: proved, measured or suspected
    repair     what to put right at the seams in a second run: a name and its value; None where that cannot be tried
    certain    nothing can be learnt this way, or what is read is false: it matters without an experiment
    asleep     true, but never more than a note
    often_meant   people do this on purpose: it matters only where the outcome is far better without
    """

    code: str
    grade: str
    summary: str
    numbers: dict[str, Any] = field(default_factory=dict)
    place: Place | None = None
    repair: tuple[str, Any] | None = None
    certain: bool = False
    asleep: bool = False
    often_meant: bool = False


Check = Callable[[History], Iterable[Seen]]
CHECKS: dict[str, list[Check]] = {}


def check(code: str) -> Callable[[Check], Check]:
    """Collects a check under the code of its rule."""

    def collect(function: Check) -> Check:
        CHECKS.setdefault(code, []).append(function)
        return function

    return collect


def in_words_of(rule: Rule, framework: str) -> Rule:
    """The rule with the framework's cure, where a check has one."""
    cure = next((words for function in CHECKS.get(rule.code, []) if (words := cure_of(function, framework))), None)
    if cure is None:
        return rule
    sections = {**rule.sections, "Cure": cure}
    body = "\n\n".join(f"{title}: {text}" for title, text in sections.items())
    return replace(rule, documentation=f"{rule.fact}\n\n{body}")


def cure_of(function: Check, framework: str) -> str | None:
    """The paragraph `Cure in Keras:` of a check's docstring for Keras, or else `Cure:`."""
    paragraphs = inspect.cleandoc(function.__doc__ or "").split("\n\n")
    for title in (f"Cure in {framework}: ", "Cure: "):
        for paragraph in paragraphs:
            if paragraph.lower().startswith(title.lower()):
                return " ".join(paragraph[len(title) :].split())
    return None
