"""What became of one program among many: a line of the results."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any

from unstuck.diagnosis.report.page.chain import states_of

VERDICTS = ("faulty", "healthy", "inconclusive")
UNEXAMINED = "not examined"  # the verdict on what no report came of


@dataclass(frozen=True)
class Cause:
    """The most upstream finding of a report: what to put right first."""

    code: str
    name: str
    grade: str
    layer: int | None
    file: str
    line: int | None

    def __str__(self) -> str:
        """`B02 derivative-missing, layer 1`."""
        layer = "" if self.layer is None else f", layer {self.layer}"
        return f"{self.code} {self.name}{layer}"


@dataclass(frozen=True)
class Outcome:
    """One program with its verdict, the cause, and how well it does.

    digest    of the program and of what was asked for: a run that goes on leaves out what has not changed
    sentence  why there is no report, or no verdict
    before    accuracy as it is, on held-out examples; None where no experiment was run
    after     accuracy with the best cure
    stages    every link of the training step: faulty, right, examined in part or not examined
    report    name of its files among the reports, without suffix; "" where there is none
    """

    name: str
    path: str
    digest: str
    verdict: str
    seconds: float
    sentence: str = ""
    cause: Cause | None = None
    before: float | None = None
    after: float | None = None
    stages: dict[str, str] = field(default_factory=dict)
    report: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Outcome:
        """What `to_dict` made. Raises TypeError if it is something else."""
        cause = values.get("cause")
        return cls(**{**values, "cause": cause and Cause(**cause)})


def facts_of(report: dict[str, Any]) -> dict[str, Any]:
    """What an Outcome says of a report, given as data. Raises ValueError if that is none."""
    try:
        if report["verdict"] not in VERDICTS:
            raise ValueError(f"there is no verdict {report['verdict']!r}")
        accuracies = [(float(cure["accuracy_before"]), float(cure["accuracy_after"])) for cure in report["cures"]]
        left_out = [str(entry["what"]) for entry in report["unchecked"]]
        return {
            "verdict": report["verdict"],
            "cause": _cause(report["findings"][0]) if report["findings"] else None,
            "before": accuracies[0][0] if accuracies else None,
            "after": max(after for _, after in accuracies) if accuracies else None,
            "stages": states_of(
                {str(finding["stage"]) for finding in report["findings"]}, report["network"], " ".join(left_out)
            ),
            "sentence": f"not examined: {'; '.join(left_out)}" if report["verdict"] == "inconclusive" else "",
        }
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise ValueError(f"no report: {type(error).__name__} {error}") from error


def _cause(finding: dict[str, Any]) -> Cause:
    place, layer = finding["location"] or {}, finding["layer"]
    if not re.fullmatch(r"[A-Z]\d\d", finding["code"]):
        raise ValueError(f"{finding['code']!r} is no code of a rule")
    return Cause(
        finding["code"],
        str(finding["name"]),
        str(finding["grade"]),
        None if layer is None else int(layer),
        str(place.get("file", "")),
        int(place["line"]) if place else None,
    )
