"""A rule: one fault, how it is recognised, what is said about it. A function with its documentation.

    @rule("F01")
    def softmax_over_batch(e):
        \"\"\"The softmax divides by one sum over the whole batch.

        What it detects: …   Why it hurts: …   Cure: …   Evidence: …   Look-alikes: …
        \"\"\"
        return proved(e, "F01")

The code's letter is the stage; the function's name, with hyphens, is the rule's name; the first line of the docstring
is the fault as a fact. Rules are collected as their modules are imported: `unstuck.diagnosis.rules.RULES`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from unstuck.diagnosis.examination.evidence import Evidence
    from unstuck.diagnosis.examination.examination import Examination

STAGES = {
    "D": "data",
    "A": "initial state",
    "F": "forward",
    "L": "loss",
    "B": "backward",
    "U": "update",
    "E": "evaluation",
}
SECTIONS = ("What it detects", "Why it hurts", "Cure", "Evidence", "Look-alikes")


Check = Callable[["Examination"], "Evidence | list[Evidence] | None"]


@dataclass(frozen=True)
class Rule:
    """A fault that can be recognised. `setting` marks a choice (rate, initialisation, size), a fault only where it
    keeps the network stuck."""

    code: str
    name: str
    check: Check
    documentation: str
    setting: bool = False
    look_alikes: tuple[str, ...] = ()
    of_library: bool = False

    @property
    def stage(self) -> str:
        return STAGES[self.code[0]]

    @property
    def fact(self) -> str:
        """The fault as a fact, in one sentence."""
        return self.documentation.split("\n", 1)[0]

    @property
    def sections(self) -> dict[str, str]:
        """The documentation by section title."""
        pattern = "|".join(SECTIONS)
        parts = re.split(rf"^({pattern}):\s*", self.documentation, flags=re.MULTILINE)
        return {title: " ".join(text.split()) for title, text in zip(parts[1::2], parts[2::2], strict=True)}

    @property
    def cure(self) -> str:
        return self.sections.get("Cure", "")

    def look(self, e: Examination) -> list[Evidence]:
        """What the rule sees in this examination; nothing where it does not apply."""
        with np.errstate(all="ignore"):
            found = self.check(e)
        if found is None:
            return []
        return list(found) if isinstance(found, Iterable) else [found]


RULES: dict[str, Rule] = {}


def rule(
    code: str, *, setting: bool = False, look_alikes: tuple[str, ...] = (), of_library: bool = False
) -> Callable[[Check], Rule]:
    """Turns a check with its documentation into a Rule, and collects it."""

    def collect(check: Check) -> Rule:
        if code in RULES:
            raise ValueError(f"rule {code} is defined twice: {RULES[code].name} and {check.__name__}")
        documentation = inspect.cleandoc(check.__doc__ or "")
        made = Rule(code, check.__name__.replace("_", "-"), check, documentation, setting, look_alikes, of_library)
        RULES[code] = made
        return made

    return collect
