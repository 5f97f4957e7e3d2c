"""From gradients to changes: a twin's rate, its law, and what its optimiser remembers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from unstuck.diagnosis.formulas.updates import AdaptiveRule, Moments

if TYPE_CHECKING:
    from unstuck.diagnosis.twin.parameters import Parameters

Array = np.ndarray


@dataclass(frozen=True)
class RateLaw:
    """How the learning rate changes from update to update: "constant", "geometric": value to the power of the updates
    made before, or "inverse": 1 / (1 + value · these updates), to a power of its own (1/2: by the square root). Where
    `keeps_steps`, momentum keeps steps as they were made with their own rate, otherwise gradients.
    """

    name: str = "constant"
    value: float = 0.0
    keeps_steps: bool = True
    power: float = 1.0

    def share(self, updates: int) -> float:
        """Of the first update's rate, after so many updates."""
        if self.name == "geometric":
            return self.value**updates
        return 1 / (1 + self.value * updates) ** self.power if self.name == "inverse" else 1.0


CONSTANT = RateLaw()


def without_rows(weights: Array, rows: tuple[int, ...]) -> Array:
    """The weights with some of their rows set to 0."""
    kept = np.array(weights)
    kept[list(rows)] = 0
    return kept


@dataclass(frozen=True)
class UpdateRule:
    """How gradients become changes.

    learning_rate  of the first update, per example where reduction is "sum" or "each"
    reduction      "sum" or "mean" over the batch, or "each": one update after every example
    response       impulse response of the optimiser: the share of the last gradients in this update. ("momentum", 0.9)
                   is 1, 0.9, 0.81, …; ("raw", 3000) is 1, 3000, 0: the previous raw gradient; ("nesterov", 0.9) looks
                   ahead
    ahead          share of the velocity by which "nesterov" looks ahead, None for as much as is kept of it
    decay          share of the weights that each update takes away (negative: adds)
    adaptive       the rule that divides by the size of recent gradients, None for a linear one
    remembers_decay    the decay is part of the gradient that momentum keeps, not taken from the weights beside it
    rate_law       how the rate changes after the first update
    spared         rows of the first weights that the decay leaves alone: those of a constant input are biases
    """

    learning_rate: float = 0.1
    reduction: str = "mean"
    response: tuple[str, float] = ("plain", 0.0)
    bias_response: tuple[str, float] | None = None
    ahead: float | None = None
    decay: float = 0.0
    bias_decay: float = 0.0
    adaptive: AdaptiveRule | None = None
    remembers_decay: bool = False
    rate_law: RateLaw = CONSTANT
    spared: tuple[int, ...] = ()

    @property
    def looks_ahead_by(self) -> float:
        """Share of the velocity at which gradients are taken before the parameters get there; 0 for most rules."""
        kind, beta = self.response
        if kind != "nesterov":
            return 0.0
        return beta if self.ahead is None else self.ahead

    def decaying(self, key: tuple[str, int], values: Array) -> Array:
        """What of one array the decay is a share of."""
        return without_rows(values, self.spared) if self.spared and key == ("w", 0) else values


@dataclass
class State:
    """What the optimiser remembers, by array."""

    memory: dict[tuple[str, int], Array] = field(default_factory=dict)
    moments: dict[tuple[str, int], Moments] = field(default_factory=dict)
    sums: dict[tuple[str, int], Array] = field(default_factory=dict)  # of gradients that were never cleared
    updates: int = 0

    def change(self, rule: UpdateRule, key: tuple[str, int], gradient: Array, scale: float, values: Array) -> Array:
        """The change of one array: the rule's response to scale · gradient and those before; may reuse `gradient`."""
        kind, beta = rule.response if key[0] == "w" or rule.bias_response is None else rule.bias_response
        decay = rule.decay if key[0] == "w" else rule.bias_decay
        decaying = rule.decaying(key, values) if decay else values
        now = rule.rate_law.share(self.updates)
        inside, outside = (now, 1.0) if rule.rate_law.keeps_steps else (1.0, now)
        if rule.adaptive is not None:
            direction = rule.adaptive.direction(self.moments.setdefault(key, {}), gradient * scale)
            change = -rule.learning_rate * now * direction
        else:
            gradient = np.multiply(
                gradient, -rule.learning_rate * inside * scale, out=gradient if gradient.flags.owndata else None
            )
            if decay and rule.remembers_decay:
                gradient -= decay * decaying
                decay = 0.0
            change = self._respond(kind, beta, key, gradient)
            if outside != 1:
                change = change * outside
        return change - decay * decaying if decay else change

    def _respond(self, kind: str, beta: float, key: tuple[str, int], move: Array) -> Array:
        """The change, given `move`, what plain descent would do."""
        if kind == "plain":
            return move
        last = self.memory.get(key)
        if kind == "raw":
            self.memory[key] = move.copy()
            return move if last is None else move + beta * last
        if kind == "accumulate and momentum":
            self.sums[key] = move = self.sums.get(key, 0.0) + move
        velocity = move if last is None else beta * last + move
        self.memory[key] = velocity.copy()
        if kind == "nesterov gradient":
            return (move + beta * velocity) / (1 + beta)
        return velocity

    def look_ahead(self, parameters: Parameters, beta: float) -> None:
        self._shift(parameters, beta)

    def look_back(self, parameters: Parameters, beta: float) -> None:
        self._shift(parameters, -beta)

    def _shift(self, parameters: Parameters, beta: float) -> None:
        for (kind, l), memory in self.memory.items():
            arrays = parameters.weights if kind == "w" else parameters.biases
            values = arrays[l]
            assert values is not None
            arrays[l] = values + beta * memory
