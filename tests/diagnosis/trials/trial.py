"""One trial: a right setup, the faults planted in it, the wiring; what must be found, and whether it matters."""

import functools
from dataclasses import dataclass

import numpy as np

from .architectures import ARCHITECTURES
from .faults import FAULTS, plant
from .programs import Program
from .setup import Setup
from .wiring import digits_for, wire

BLIND = {"predict_only", "no_parameters", "whole_training_only"}  # wirings that do not show the formulas


@dataclass(frozen=True)
class Trial:
    """`where` names the architecture, or is a Setup itself; `faults` are names of FAULTS; none: a healthy program."""

    where: str | Setup
    faults: tuple[str, ...] = ()
    wiring: str = "full"
    seed: int = 0
    label: str = ""  # of a Setup without a name

    @property
    def setup(self) -> Setup:
        return ARCHITECTURES[self.where] if isinstance(self.where, str) else self.where

    @property
    def name(self) -> str:
        where = self.where if isinstance(self.where, str) else self.label
        planted = " + ".join(self.faults) or "healthy"
        return f"{planted} in {where}, {self.wiring}"

    def make(self, seed: int) -> Program:
        construct, setup = plant(self.setup, *(FAULTS[name] for name in self.faults))
        return construct(setup, seed)

    def case(self):
        return wire(self.make, self.wiring, self.seed)

    @property
    def slots(self) -> list[frozenset[str]]:
        """One set of codes for each fault; any code of the set names it."""
        return [FAULTS[name].named_by for name in self.faults]

    @property
    def fair(self) -> frozenset[str]:
        """Codes that are no false alarm."""
        return frozenset().union(*(FAULTS[name].named_by | FAULTS[name].also for name in self.faults))

    def loss_of_accuracy(self) -> float:
        """What the faults cost, measured by training the right and the faulty program from the same seeds."""
        seeds = (self.seed, self.seed + 1)
        return float(np.mean([outcome(Trial(self.where), seed) - outcome(self, seed) for seed in seeds]))

    def right_accuracy(self) -> float:
        """What the right program learns from the same seed and as many examples as a twin, read on the others."""
        right = Trial(self.where).make(self.seed)
        (x, targets, labels), _ = right.load(digits_for(right))
        few = 4 * len(x) // 5
        right.train(x[:few].copy(), targets[:few].copy())
        return Program.accuracy(right, x[few:], labels[few:])

    @property
    def true_notes(self) -> frozenset[str]:
        """What may be said in a note, being true and harmless."""
        return frozenset(["B09"] * (self.setup.reduction == "sum") + ["F07"] * (self.setup.biases == "none"))

    @property
    def needed(self) -> list[bool]:
        """Which faults must be named: a setting only if it leaves less than 0.6 of what the right program learns."""
        if self.wiring in BLIND:
            return [False] * len(self.faults)
        if not any(FAULTS[name].measured for name in self.faults):
            return [True] * len(self.faults)
        right, faulty = (
            chance_corrected(outcome(one, self.seed), self.setup.n_classes) for one in (Trial(self.where), self)
        )
        return [not FAULTS[name].measured or faulty < 0.6 * right for name in self.faults]


def chance_corrected(accuracy: float, n_classes: int) -> float:
    return (accuracy - 1 / n_classes) / (1 - 1 / n_classes)


@functools.cache
def outcome(trial: Trial, seed: int) -> float:
    """Accuracy after the program's own training, on its own test images, counted rightly; 0 if it raises."""
    program = trial.make(seed)
    with np.errstate(all="ignore"):
        training, test = program.load(digits_for(program))
        try:
            program.train(training[0].copy(), training[1].copy())
        except (ValueError, TypeError, FloatingPointError):
            return 0.0
        return Program.accuracy(program, test[0], test[2])
