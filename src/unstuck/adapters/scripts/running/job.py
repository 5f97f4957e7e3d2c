"""What is asked of the process that runs a script, and what it answers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from unstuck.errors import CaseError


@dataclass(frozen=True)
class Job:
    """One diagnosis of one script.

    path        the script or notebook
    folder      a temporary folder, empty, that is removed afterwards
    arguments   for its sys.argv
    budget      seconds for running and diagnosing together
    cures       whether to search for the smallest cure
    data        a path to the user's own data for stand-ins, or None
    stand_ins   whether what is missing may be stood in for
    share       of the training examples of a stand-in
    names       of the program's parameters, inputs, targets and outputs, where the user gives them
    html        whether the page is wanted too
    text        a changed text that is run in the place of the file's, or None
    printed     whether the script is only run for what it prints, which is then the report
    seed        of the random numbers of a script that sets none
    """

    path: str
    folder: str = ""
    arguments: tuple[str, ...] = ()
    budget: float = 60.0
    cures: bool = True
    data: str | None = None
    stand_ins: bool = True
    share: float = 1.0
    names: dict[str, str] = field(default_factory=dict)
    html: bool = False
    text: str | None = None
    printed: bool = False
    seed: int = 0

    def to_json(self) -> str:
        """As one line of text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Job:
        """The job that `to_json` wrote."""
        values = json.loads(text)
        return cls(**{**values, "arguments": tuple(values["arguments"])})


@dataclass(frozen=True)
class Answer:
    """What came of it.

    report    as data, with its verdict; None where there is none
    text      the report as a person reads it, below its reading, which is told as soon as it is known
    html      the report as a page, if it was wanted
    sentence  why there is no report, or none on the whole
    """

    report: dict[str, Any] | None = None
    text: str = ""
    html: str = ""
    sentence: str = ""

    def reported(self) -> dict[str, Any]:
        """The report. Raises CaseError, which says why, where there is none."""
        if self.report is None:
            raise CaseError(self.sentence)
        return self.report
