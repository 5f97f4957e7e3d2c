"""What a rule saw, and how far it is to be believed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PROVED, MEASURED, SUSPECTED = "proved", "measured", "suspected"


@dataclass(frozen=True)
class Evidence:
    """What a rule saw.

    grade     proved: the faulty formula gives the user's numbers to rounding and the right one does not (or the fact is
              exact, such as equal arrays); measured: a number outside a reasoned bound; suspected: everything else
    summary   the fault in this program, in one sentence with its numbers
    numbers   what was measured, by name; plain numbers, strings and short lists only
    layer     counted from 1, None where the fault belongs to no layer
    asleep    true of the program, but without effect in the way it is used: never more than a note
    falsifies the fault makes the user read a wrong number (a wrong accuracy, a NaN loss): a finding whatever is learnt
    """

    grade: str
    summary: str
    numbers: dict[str, Any] = field(default_factory=dict)
    layer: int | None = None
    asleep: bool = False
    falsifies: bool = False
    look_alikes: tuple[str, ...] = ()


def any_shown(items: list[Evidence]) -> bool:
    """Whether there is more than a suspicion."""
    return any(item.grade != SUSPECTED for item in items)
