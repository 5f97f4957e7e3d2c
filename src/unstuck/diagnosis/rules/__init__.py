"""The catalogue of faults, one module per stage of the training step; importing it collects all rules in RULES."""

import importlib
import pkgutil

from unstuck.diagnosis.rules.rule import RULES, STAGES, Rule

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

_STAGE_ORDER = {letter: i for i, letter in enumerate(STAGES)}


def in_order(codes: list[str]) -> list[str]:
    """Codes in the order data flows through a training step."""
    return sorted(codes, key=lambda code: (_STAGE_ORDER[code[0]], code))


def find_rule(code_or_name: str) -> Rule | None:
    """The rule with this code or name, None where there is none."""
    wanted = code_or_name.strip().lower().replace("_", "-")
    return next((r for r in RULES.values() if wanted in (r.code.lower(), r.name)), None)


__all__ = ["RULES", "find_rule", "in_order"]
