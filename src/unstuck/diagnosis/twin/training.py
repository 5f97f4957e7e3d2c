"""Training twins: a Setup is run, or changed and run again.

A Setup is everything one training run depends on; a change is a function Setup -> Setup. Nothing here knows rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from unstuck.diagnosis.formulas.forward import LOGITS, output_form
from unstuck.diagnosis.program import work
from unstuck.diagnosis.twin.parameters import Parameters
from unstuck.diagnosis.twin.twin import Twin
from unstuck.diagnosis.twin.update_rule import State
from unstuck.sandbox import clock

Array = np.ndarray
LOOK = 50  # updates from one look at the numbers to the next
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
    work: float = 0.0
    seconds: float = 0.0  # to be read only

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
    middle = 0.0 if output_form(output).family == "tanh" else 0.5
    return (outputs[:, 0] > middle).astype(int)


def score(setup: Setup, parameters: Parameters) -> float:
    """Share of held-out labels that are right; for real targets the share of their variance explained, at least 0, and
    for several tags that are answered by scores how far these go along with them."""
    with np.errstate(all="ignore"):
        twin = setup.twin
        outputs = twin.predict(parameters, setup.x_held)
        if setup.labels_held is not None:
            return float(np.mean(decide(outputs, twin.output) == setup.labels_held))
        if are_tags(setup.targets_held) and twin.output in LOGITS:
            return going_along(outputs, setup.targets_held)
        left = np.sum((outputs - setup.targets_held) ** 2)
        whole = np.sum((setup.targets_held - setup.targets_held.mean(0)) ** 2)
        return float(np.clip(1 - left / max(whole, 1e-12), 0, 1)) if np.isfinite(left) else 0.0


def are_tags(targets: Array) -> bool:
    """Whether targets (n, k) are answers to several questions of yes or no."""
    return targets.shape[1] > 1 and len(np.unique(targets)) <= 2


def going_along(outputs: Array, wanted: Array) -> float:
    """The share of the variance of wanted (m, k) that goes along with the outputs (m, k), column by column: their
    squared correlation, 0 where they go the other way; of tags the correlation, which is nearer to a share of right
    ones."""
    if not np.isfinite(outputs).all():
        return 0.0
    a, b = outputs - outputs.mean(axis=0), wanted - wanted.mean(axis=0)
    both, variance = (a * b).sum(axis=0), (b**2).sum(axis=0)
    shared = np.maximum(both, 0) ** 2 / np.maximum((a**2).sum(axis=0), 1e-300)
    share = float(shared.sum() / max(float(variance.sum()), 1e-300))
    return float(np.sqrt(share)) if are_tags(wanted) else share


def chance(setup: Setup) -> float:
    """The score of always answering the commonest label."""
    if setup.labels_held is None or len(setup.labels_held) == 0:
        return 0.0
    return float(np.bincount(setup.labels_held.astype(int)).max() / len(setup.labels_held))


def corrected(score: float, chance: float) -> float:
    """0 at chance, 1 when all is right."""
    return (score - chance) / max(1 - chance, 1e-9)


def work_of_update(setup: Setup) -> float:
    """One update of the setup's batch, or one after every example of it."""
    weights, rule = setup.parameters.weights, setup.twin.update
    arrays = 8 if rule.adaptive else 1 if rule.response[0] == "plain" else 2
    sizes = sum(w.size for w in weights), len(weights)
    size = min(setup.batch_size, len(setup.x))
    if rule.reduction == "each":
        return size * work.of_update(*sizes, 1, arrays)
    return work.of_update(*sizes, size, arrays)


def affordable(setup: Setup, allowed: float) -> int:
    """How many of the setup's updates this work allows: one at least."""
    return int(np.clip(allowed / work_of_update(setup), 1, setup.updates))


def run(setup: Setup, allowed: float = 10 * work.SECOND, enough: float = np.inf) -> Outcome:
    """Train a copy for setup.updates updates, or as many of them as the work allows; stops when `enough` is reached or
    numbers are not finite. Raises OutOfBudget."""
    return train(setup, setup.parameters.copy(), allowed, enough)


def train(setup: Setup, parameters: Parameters, allowed: float = 10 * work.SECOND, enough: float = np.inf) -> Outcome:
    """The same on these parameters, which change in place."""
    outcome, started, state = Outcome(), clock.real_now(), State()
    last = affordable(setup, allowed)
    marks = [max(1, round(last * share)) for share in CHECKPOINTS]
    with np.errstate(all="ignore"):
        for update, (x, targets) in zip(range(1, last + 1), batches(setup), strict=False):
            setup.twin.step(parameters, state, x, targets)
            if update % LOOK == 0 or update in marks:
                clock.check()
                outcome.updates, outcome.finite = update, parameters.finite
                if update in marks or not outcome.finite:
                    outcome.scores.append(score(setup, parameters))
                if not outcome.finite or (outcome.scores and outcome.scores[-1] >= enough):
                    break
    outcome.work, outcome.seconds = outcome.updates * work_of_update(setup), clock.real_now() - started
    return outcome


@dataclass
class Allowance:
    """Work left to spend on training runs."""

    left: float

    def run(self, setup: Setup, at_most: float, enough: float = np.inf) -> Outcome:
        """The run, paid for."""
        outcome = run(setup, at_most, enough)
        self.left -= outcome.work
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
