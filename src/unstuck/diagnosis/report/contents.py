"""What a diagnosis says, as data: findings, cures, and their JSON values."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from unstuck.diagnosis.examination.examination import Missing
from unstuck.diagnosis.rules.rule import Rule
from unstuck.diagnosis.source.location import Location as Location  # what a finding's place is, for its readers
from unstuck.diagnosis.source.location import find_in_script as find_in_script  # and for those that place findings

if TYPE_CHECKING:
    from unstuck.diagnosis.report.portrait.portrait import Portrait


@dataclass(frozen=True)
class Finding:
    """One fault, or, among the notes, one true but harmless fact.

    matters: True and False were decided by experiment; None where no experiment could be run.
    """

    rule: Rule
    grade: str
    summary: str
    evidence: dict[str, Any]
    matters: bool | None
    layer: int | None = None
    location: Location | None = None
    look_alikes: tuple[str, ...] = ()
    change: Any = None  # .line, .remark: what should stand at the location, where that is known

    @property
    def stage(self) -> str:
        """The link of the training step that it concerns."""
        return self.rule.stage

    @property
    def cure(self) -> str:
        """What to do about it."""
        return self.rule.cure

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON values."""
        place = self.location
        return {
            "code": self.rule.code,
            "name": self.rule.name,
            "stage": self.stage,
            "grade": self.grade,
            "matters": self.matters,
            "layer": self.layer,
            "location": place and place_as_data(place),
            "evidence": plain(self.evidence),
            "summary": self.summary,
            "cure": self.cure,
            "look_alikes": list(self.look_alikes),
        }


@dataclass(frozen=True)
class Cure:
    """An experiment that was run: the changes, and the mean accuracy on held-out examples before and after.

    seeds   how many runs each mean is over, the first with `seed`; spread holds their standard deviations
    worth   by change, the accuracy that is lost when only this one is left out
    words   by change, what was chosen instead, where it is a setting
    """

    changes: tuple[str, ...]
    accuracy_before: float
    accuracy_after: float
    updates: int
    seed: int
    seconds: float
    seeds: int = 1
    spread: tuple[float, float] = (0.0, 0.0)  # before, after
    worth: dict[str, float] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The experiment as JSON values."""
        return {
            "changes": list(self.changes),
            "accuracy_before": plain(self.accuracy_before),
            "accuracy_after": plain(self.accuracy_after),
            "updates": self.updates,
            "seed": self.seed,
            "seconds": round(self.seconds, 3),
            "seeds": self.seeds,
            "spread": plain(self.spread),
            "worth": plain(self.worth),
            "settings": dict(self.words),
        }


@dataclass
class Contents:
    """What a Report holds, before it is told in words or drawn.

    reading: how a plain script was read, as data (see `reading_lines`); None for a Case that was wired by hand.
    proof: what the derivative of a script's own forward pass says of its gradients, as data; None where it was not
    taken.
    listing: the lines of a script's training step with what is proved of each, as data (see `listing_lines`).
    """

    name: str
    verdict: str
    seconds: float
    network: dict[str, Any]
    findings: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    cures: list[Cure] = field(default_factory=list)
    unchecked: list[Missing] = field(default_factory=list)
    portrait: Portrait | None = field(default=None, repr=False, compare=False)
    reading: dict[str, Any] | None = None
    proof: dict[str, Any] | None = None
    listing: list[dict[str, Any]] | None = None

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data: valid against `unstuck.diagnosis.schema()`, the same after a trip through JSON."""
        more = {"reading": self.reading, "proof": self.proof, "listing": self.listing}
        return {
            "name": self.name,
            "verdict": self.verdict,
            "seconds": round(self.seconds, 3),
            "network": plain(self.network),
            "findings": [finding.to_dict() for finding in self.findings],
            "notes": [note.to_dict() for note in self.notes],
            "cures": [cure.to_dict() for cure in self.cures],
            "unchecked": [{"what": entry.what, "missing": entry.missing} for entry in self.unchecked],
            **{name: plain(value) for name, value in more.items() if value is not None},
        }


def place_as_data(place: Any) -> dict[str, Any]:
    """A location: file, line and text; the column (from 1) and the cell of a notebook where they are known."""
    more = {name: getattr(place, name, None) for name in ("column", "cell")}
    data = {"file": str(place.file), "line": int(place.line), "text": place.text}
    return data | {name: int(value) for name, value in more.items() if value}


def plain(value: Any) -> Any:
    """Numbers, strings, lists and dicts as JSON has them; NaN and infinity become strings."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        listed = value.tolist()
        return plain(float(listed) if type(listed) is type(value) else listed)  # a long double stays one
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)
