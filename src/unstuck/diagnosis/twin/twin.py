"""The twin: a network put together from the formulas that were identified, every link a value that can be replaced.

A fault planted in a twin, `twin.plant(...)`, is the hypothesis that reproduces a user's numbers; taken out, it is the
cure. Experiments train twins, never the user's program.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from unstuck.diagnosis.formulas.formula import Formula, Pass
from unstuck.diagnosis.formulas.forward import hidden_form, output_form
from unstuck.diagnosis.formulas.functions import Form
from unstuck.diagnosis.formulas.gradients import RIGHT_BIAS, RIGHT_WEIGHTS
from unstuck.diagnosis.formulas.hidden_deltas import RIGHT_BACK, RIGHT_FACTOR
from unstuck.diagnosis.twin.parameters import Parameters
from unstuck.diagnosis.twin.update_rule import State, UpdateRule

Array = np.ndarray
RIGHT_FORMULAS = {"back": RIGHT_BACK, "factor": RIGHT_FACTOR, "weights": RIGHT_WEIGHTS, "bias": RIGHT_BIAS}


@dataclass(frozen=True)
class Link:
    """The backward formulas of one layer, and the factors of its two gradients relative to the learning rate.

    A factor of 1 is right; -1 ascends; 0 never changes; 10 moves ten times as fast as the rate says. Divisions are by
    the number of examples, beyond the update's reduction; 0 is right.
    back and factor belong to a hidden layer: how its delta comes from the layer above.
    """

    back: Formula = RIGHT_BACK
    factor: Formula = RIGHT_FACTOR
    weights: Formula = RIGHT_WEIGHTS
    bias: Formula = RIGHT_BIAS
    weight_scale: float = 1.0
    bias_scale: float = 1.0
    weight_divisions: int = 0
    bias_divisions: int = 0

    @property
    def formulas(self) -> dict[str, Formula]:
        """By the slot that each fills."""
        return {slot: getattr(self, slot) for slot in RIGHT_FORMULAS}

    @property
    def faults(self) -> set[str]:
        """The codes of the faults that its formulas have."""
        return {code for formula in self.formulas.values() for code in formula.faults}

    def without(self, code: str) -> Link:
        """The right formula in every slot whose own one has this fault."""
        right: dict[str, Any] = {
            slot: RIGHT_FORMULAS[slot] for slot, formula in self.formulas.items() if code in formula.faults
        }
        return replace(self, **right)

    def scales(self, n: int) -> tuple[float, float]:
        """The factors on the gradients of weights and biases of a batch of n examples."""
        return self.weight_scale / n**self.weight_divisions, self.bias_scale / n**self.bias_divisions


@dataclass(frozen=True)
class Twin:
    """A feed-forward network and its training step as a chain of formulas."""

    hidden: tuple[str, ...]
    output: str
    training_output: str
    output_delta: Formula
    coding: Formula
    links: tuple[Link, ...]
    update: UpdateRule = field(default_factory=UpdateRule)
    bias_modes: tuple[str, ...] = ()

    # -- forward and backward ------------------------------------------------------------------------------------------

    def forms(self, output: str | None = None) -> list[Form]:
        return [*(hidden_form(name) for name in self.hidden), output_form(output or self.output)]

    def predict(self, parameters: Parameters, x: Array) -> Array:
        """(n, n_features) -> (n, n_outputs)."""
        return self._propagate(parameters, x, self.output)[1][-1]

    def _propagate(self, parameters: Parameters, x: Array, output: str) -> tuple[list[Array], list[Array]]:
        sums: list[Array] = []
        activations = [x]
        for w, b, form, mode in zip(
            parameters.weights, parameters.biases, self.forms(output), self.bias_modes, strict=True
        ):
            if len(x) == 1 and not sums:
                seen = np.flatnonzero(x[0])
                z = x[:, seen] @ w[seen]  # most inputs of an image are zero
            else:
                z = activations[-1] @ w  # (n, n_{l+1})
            if b is not None and mode == "inside":
                z += b
            a = form.value(z)
            if b is not None and mode == "outside":
                a = a + b
            sums.append(z)
            activations.append(a)
        return sums, activations

    def forward_pass(self, parameters: Parameters, x: Array, targets: Array) -> Pass:
        sums, activations = self._propagate(parameters, x, self.training_output)
        return Pass(
            activations,
            sums,
            list(parameters.weights),
            list(parameters.biases),
            targets,
            self.hidden,
            self.training_output,
        )

    def deltas(self, p: Pass, l: int, above: Array | None) -> Array:
        """The delta of layer l (n, n_{l+1}), given that of the layer above."""
        if above is None:
            return self.output_delta.compute(p.sums[-1], p.activations[-1], p.targets)
        sent = self.links[l].back.compute(p, l, above)
        return sent * self.links[l].factor.compute(hidden_form(self.hidden[l]), p, l)

    def gradients(self, p: Pass, without_first: bool = False) -> list[tuple[Array | None, Array | None]]:
        """(weights, bias) gradients per layer, first layer first, by this chain of formulas, summed over the batch."""
        found: list[tuple[Array | None, Array | None]] = []
        delta: Array | None = None
        for l in range(p.depth - 1, -1, -1):
            delta = self.deltas(p, l, delta)
            link = self.links[l]
            bias = link.bias.compute(p, l, delta) if p.biases[l] is not None else None
            found.append((None if without_first and l == 0 else link.weights.compute(p, l, delta), bias))
        p.first_delta = delta
        return found[::-1]

    # -- one step ------------------------------------------------------------------------------------------------------

    def step(self, parameters: Parameters, state: State, x: Array, targets: Array) -> None:
        """One call of the user's step: one update, or one for every example; parameters and state change in place.

        targets (n, n_outputs) as `coding` gives them.
        """
        if self.update.reduction == "each":
            for i in range(len(x)):
                self._update(parameters, state, x[i : i + 1], targets[i : i + 1])
        else:
            self._update(parameters, state, x, targets)

    def _update(self, parameters: Parameters, state: State, x: Array, targets: Array) -> None:
        """One update: look ahead where the optimiser does, forward, backward, change."""
        rule = self.update
        ahead = rule.looks_ahead_by if state.updates > 0 else 0.0
        if ahead:
            state.look_ahead(parameters, ahead)
        p = self.forward_pass(parameters, x, targets)
        if ahead:
            state.look_back(parameters, ahead)
        share = 1 / len(x) if rule.reduction == "mean" else 1.0
        if any("B06" in link.back.fault for link in self.links):
            self._update_while_going_back(parameters, state, p, share)
        else:
            sparse = len(x) == 1 and self._first_layer_is_plain
            for l, (weights, bias) in enumerate(self.gradients(p, without_first=sparse)):
                of_weights, of_bias = self.links[l].scales(len(x))
                self._change(parameters, state, "w", l, weights, share * of_weights)
                self._change(parameters, state, "b", l, bias, share * of_bias)
            if sparse:
                self._change_first_layer(parameters, p, share * rule.rate_law.share(state.updates))
        state.updates += 1

    @property
    def _first_layer_is_plain(self) -> bool:
        """Whether inputs of zero leave their weights alone, so that only the others need be touched."""
        rule = self.update
        return (
            self.links[0].weights is RIGHT_WEIGHTS
            and rule.response[0] == "plain"
            and not rule.decay
            and not rule.adaptive
        )

    def _change_first_layer(self, parameters: Parameters, p: Pass, share: float) -> None:
        """The plain update of the first weights for one example, on the rows whose inputs are not zero."""
        assert p.first_delta is not None
        x, seen = p.activations[0], np.flatnonzero(p.activations[0][0])
        step = -self.update.learning_rate * share * self.links[0].weight_scale
        parameters.weights[0][seen] += x[0, seen, None] * (step * p.first_delta)

    def _update_while_going_back(self, parameters: Parameters, state: State, p: Pass, share: float) -> None:
        """Each layer changed as soon as its gradient is known, so that the layers below see weights already updated."""
        p.weights_after, p.biases_after = list(p.weights), list(p.biases)
        p.weights, p.biases = [w.copy() for w in p.weights], [None if b is None else b.copy() for b in p.biases]
        delta: Array | None = None
        for l in range(p.depth - 1, -1, -1):
            delta = self.deltas(p, l, delta)
            bias = self.links[l].bias.compute(p, l, delta) if p.biases[l] is not None else None
            weights = self.links[l].weights.compute(p, l, delta)
            of_weights, of_bias = self.links[l].scales(len(p.activations[0]))
            self._change(parameters, state, "w", l, weights, share * of_weights)
            self._change(parameters, state, "b", l, bias, share * of_bias)
            p.weights_after[l], p.biases_after[l] = parameters.weights[l], parameters.biases[l]

    def _change(
        self, parameters: Parameters, state: State, kind: str, l: int, gradient: Array | None, scale: float
    ) -> None:
        if gradient is None or scale == 0:
            return
        arrays = parameters.weights if kind == "w" else parameters.biases
        values = arrays[l]
        assert values is not None
        values += state.change(self.update, (kind, l), gradient, scale, values)

    # -- planting and curing -------------------------------------------------------------------------------------------

    def plant(self, **changes: Any) -> Twin:
        """The same twin with some of its links replaced."""
        return replace(self, **changes)

    def plant_link(self, layer: int, **changes: Any) -> Twin:
        links = list(self.links)
        links[layer] = replace(links[layer], **changes)
        return replace(self, links=tuple(links))
