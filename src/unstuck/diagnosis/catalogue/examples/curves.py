"""What each fault costs: learning curves with and without it, trained once and kept in curves.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from unstuck.diagnosis.catalogue.examples.faults import EXAMPLES
from unstuck.diagnosis.catalogue.examples.networks import Digits
from unstuck.diagnosis.program import work
from unstuck.diagnosis.report.portrait.training import train

RECORD = Path(__file__).with_name("curves.json")
N_POINTS = 16
MOST_WORK = 60 * work.SECOND  # far more than an example takes: it must never decide where a curve ends


@dataclass(frozen=True)
class Curves:
    """The example of one rule: accuracy on held-out digits after so many updates, with the fault and without it."""

    network: str
    words: str
    updates: list[int]
    healthy: list[float]
    updates_faulty: list[int]
    faulty: list[float]
    finite: bool  # False where the fault drove parameters out of the finite numbers


def measure(code: str, digits: Digits) -> dict[str, Any]:
    """Train the example of a rule with and without the fault: the entry of curves.json."""
    example = EXAMPLES[code]
    setup = example.network(digits)
    with np.errstate(all="ignore"):
        healthy, faulty = (train(s, MOST_WORK, N_POINTS) for s in (setup, example.plant(setup)))
    return {
        "network": (example.network.__doc__ or "").rstrip("."),
        "words": example.words,
        "updates": list(healthy.updates),
        "healthy": [round(score, 3) for score in healthy.scores],
        "updates_faulty": list(faulty.updates),
        "faulty": [round(score, 3) for score in faulty.scores],
        "finite": faulty.finite,
    }


@cache
def recorded() -> dict[str, Curves]:
    """All curves of curves.json by code."""
    if not RECORD.exists():
        return {}
    entries = json.loads(RECORD.read_text(encoding="utf-8"))
    return {code: Curves(**entry) for code, entry in entries.items()}


def write(entries: dict[str, dict[str, Any]]) -> None:
    """Keep the curves, one rule a line."""
    lines = (f"{json.dumps(code)}: {json.dumps(entry, ensure_ascii=False)}" for code, entry in entries.items())
    RECORD.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
