"""A written program as a trial, and what it reaches."""

import functools
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .edits import Edit, load_case


@functools.cache
def folder(program: str, edit: Edit | None) -> Path:
    """A folder of its own for each text: the diagnosis may read the file again."""
    return Path(tempfile.mkdtemp(prefix="written-"))


@dataclass(frozen=True)
class WrittenTrial:
    """One program, as it is or with one mistake; the same questions as to a Trial."""

    program: str
    edit: Edit | None = None
    seed: int = 0

    @property
    def name(self) -> str:
        return f"{self.program}: {self.edit.named_by[0]} {self.edit.new.strip()[:60]!r}" if self.edit else self.program

    @property
    def faults(self) -> tuple[str, ...]:
        return self.edit.named_by[:1] if self.edit else ()

    @property
    def slots(self) -> list[frozenset[str]]:
        return [frozenset(self.edit.named_by)] if self.edit else []

    @property
    def fair(self) -> frozenset[str]:
        return frozenset(self.edit.named_by + self.edit.also) if self.edit else frozenset()

    def case(self):
        return load_case(self.program, folder(self.program, self.edit), self.edit, self.seed)

    def loss_of_accuracy(self) -> float:
        seeds = (self.seed, self.seed + 1)
        return float(
            np.mean([outcome(self.program, None, seed) - outcome(self.program, self.edit, seed) for seed in seeds])
        )

    @property
    def true_notes(self) -> frozenset[str]:
        return frozenset()

    @property
    def needed(self) -> list[bool]:
        return [True for _ in self.slots]

    def mislocated(self, document: dict) -> list[str]:
        """Findings that name the fault but point to a line that does not hold the mistake."""
        wrong = []
        for found in document["findings"] + document["notes"]:
            line = (found.get("location") or {}).get("line")
            if self.edit and line and found["code"] in self.edit.named_by and line not in self.edit.lines:
                wrong.append(f"{found['code']} at line {line}, not {self.edit.lines.start}")
        return wrong


@functools.cache
def outcome(program: str, edit: Edit | None = None, seed: int = 0) -> float:
    """Accuracy on the program's own test inputs after its own training, counted by us; 0 if it raises."""
    case = load_case(program, folder(program, edit), edit, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            case.train(case.x, case.targets)
        except (ValueError, TypeError, IndexError, OverflowError):
            return 0.0
        outputs = np.asarray(case.predict(case.x_test))
    return float(np.mean(outputs.argmax(axis=1) == np.asarray(case.labels_test)))
