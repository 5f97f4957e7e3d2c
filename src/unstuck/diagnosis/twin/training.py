"""Training twins: a Setup is run, or changed and run again.

A Setup is everything one training run depends on; a change is a function Setup -> Setup. Nothing here knows rules.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from unstuck.diagnosis.twin.parameters import Parameters
from unstuck.diagnosis.twin.twin import Twin
from unstuck.diagnosis.twin.update_rule import State

Array = np.ndarray
BUSY = 4  # times as long as its processor seconds a run may last on a machine that others use
CHECKPOINTS = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Setup:
    """One training run of a twin.

    x (n, n_features), targets (n, n_outputs) as the coding gives them, labels (n,) integers or None for real targets;
    *_held are the examples the outcome is read from, never trained on. seed decides order and fresh initial parameters.
    """

    twin: Twin
    parameters: Parameters
    x: Array
    targets: Array
    labels: Array | None
    x_held: Array
    targets_held: Array
    labels_held: Array | None
    batch_size: int
    updates: int
    shuffled: bool = True
    seed: int = 0
    given: Array | None = None  # the training targets before coding, (n,) or (n, k)
    rows: Array | None = None  # which of the user's examples x and x_held are
    rows_held: Array | None = None


@dataclass
class Outcome:
    """Score on held-out examples at the checkpoints of a run: share of right labels, or share of variance explained."""

    scores: list[float] = field(default_factory=list)
    finite: bool = True
    updates: int = 0
    seconds: float = 0.0

    @property
    def score(self) -> float:
        return self.scores[-1] if self.scores else 0.0

    @property
    def best(self) -> float:
        return max(self.scores, default=0.0)


Change = Callable[[Setup], Setup]


def decide(outputs: Array, output: str) -> Array:
    """The class that outputs (n, k) stand for: the largest, or for one column the side of the middle."""
    if outputs.shape[1] > 1:
        return np.nan_to_num(outputs, nan=-np.inf).argmax(axis=1)
    middle = 0.0 if "tanh" in output or output == "softsign" else 0.5
    return (outputs[:, 0] > middle).astype(int)


def score(setup: Setup, parameters: Parameters) -> float:
    """Share of held-out labels that are right; for real targets the share of their variance explained, at least 0."""
    with np.errstate(all="ignore"):
        twin = setup.twin
        outputs = twin.predict(parameters, setup.x_held)
        if setup.labels_held is not None:
            return float(np.mean(decide(outputs, twin.output) == setup.labels_held))
        left = np.sum((outputs - setup.targets_held) ** 2)
        whole = np.sum((setup.targets_held - setup.targets_held.mean(0)) ** 2)
        return float(np.clip(1 - left / max(whole, 1e-12), 0, 1)) if np.isfinite(left) else 0.0


def chance(setup: Setup) -> float:
    """The score of always answering the commonest label."""
    if setup.labels_held is None or len(setup.labels_held) == 0:
        return 0.0
    return float(np.bincount(setup.labels_held.astype(int)).max() / len(setup.labels_held))


def corrected(score: float, chance: float) -> float:
    """0 at chance, 1 when all is right."""
    return (score - chance) / max(1 - chance, 1e-9)


def run(setup: Setup, seconds: float = 10.0, enough: float = np.inf) -> Outcome:
    """Train a copy for setup.updates updates; stops when `enough` is reached, numbers are not finite or so many
    processor seconds are used up."""
    return train(setup, setup.parameters.copy(), seconds, enough)


def train(setup: Setup, parameters: Parameters, seconds: float = 10.0, enough: float = np.inf) -> Outcome:
    """The same on these parameters, which change in place."""
    outcome, started, state = Outcome(), time.thread_time(), State()
    wall_ends = time.perf_counter() + BUSY * seconds
    marks = [max(1, round(setup.updates * share)) for share in CHECKPOINTS]
    with np.errstate(all="ignore"):
        for update, (x, targets) in zip(range(1, setup.updates + 1), batches(setup), strict=False):
            setup.twin.step(parameters, state, x, targets)
            if update % 50 == 0 or update in marks:
                if not parameters.finite:
                    outcome.finite = False
                late = time.thread_time() - started > seconds or time.perf_counter() > wall_ends
                if update in marks or late or not outcome.finite:
                    outcome.scores.append(score(setup, parameters))
                outcome.updates = update
                if late or not outcome.finite or (outcome.scores and outcome.scores[-1] >= enough):
                    break
    outcome.seconds = time.thread_time() - started
    return outcome


def batches(setup: Setup) -> Iterator[tuple[Array, Array]]:
    """(x, targets) of one update after the other, without end; a new order for every pass if they are shuffled."""
    generator = np.random.default_rng(setup.seed)
    n, size = len(setup.x), min(setup.batch_size, len(setup.x))
    while True:
        order = generator.permutation(n) if setup.shuffled else np.arange(n)
        for start in range(0, n - size + 1, size):
            rows = order[start : start + size]
            yield (setup.x, setup.targets) if size == n else (setup.x[rows], setup.targets[rows])


def reaches_zero(setup: Setup) -> bool:
    """Whether some output becomes exactly 0 or 1 within setup.updates updates, so that its logarithm is infinite."""
    parameters, state = setup.parameters.copy(), State()
    generator = np.random.default_rng(setup.seed)
    with np.errstate(all="ignore"):
        for _ in range(setup.updates):
            index = generator.permutation(len(setup.x))[: setup.batch_size]
            setup.twin.step(parameters, state, setup.x[index], setup.targets[index])
            outputs = setup.twin.predict(parameters, setup.x[index])
            if not parameters.finite or np.any(outputs == 0) or (outputs.shape[1] == 1 and np.any(outputs == 1)):
                return True
    return False
