"""Small changes of a Setup, from which the examples of the faults are put together: Setup -> Setup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from unstuck.diagnosis.formulas import gradients, hidden_deltas
from unstuck.diagnosis.formulas.formula import Formula
from unstuck.diagnosis.formulas.forward import hidden_form, output_form
from unstuck.diagnosis.formulas.functions import Form
from unstuck.diagnosis.formulas.output_deltas import right_deltas, wrong_deltas
from unstuck.diagnosis.twin.parameters import Parameters
from unstuck.diagnosis.twin.training import Change, Setup
from unstuck.diagnosis.twin.twin import Twin

Array = np.ndarray


def in_twin(**changes: Any) -> Change:
    return lambda s: replace(s, twin=s.twin.plant(**changes))


def in_update(**changes: Any) -> Change:
    return lambda s: replace(s, twin=s.twin.plant(update=replace(s.twin.update, **changes)))


def in_link(layer: int, **changes: Any) -> Change:
    return lambda s: replace(s, twin=s.twin.plant_link(layer, **changes))


def in_all_links(**changes: Any) -> Change:
    return lambda s: replace(s, twin=s.twin.plant(links=tuple(replace(link, **changes) for link in s.twin.links)))


def output(name: str) -> Change:
    return in_twin(output=name, training_output=name)


def delta(name: str) -> Change:
    """The output delta of this name."""

    def change(s: Setup) -> Setup:
        table = wrong_deltas(output_form(s.twin.training_output))
        return in_twin(output_delta=next(formula for formula in table if formula.name == name))(s)

    return change


def slot(name: str, layer: int, kind: str = "factor") -> Change:
    """The formula of this name in one slot of a layer's link: factor, back, weights or bias."""

    def change(s: Setup) -> Setup:
        p = s.twin.forward_pass(s.parameters, s.x[:2], s.targets[:2])
        p.weights_after, p.biases_after = p.weights, p.biases
        table = {
            "factor": lambda: hidden_deltas.factor_formulas(hidden_form(s.twin.hidden[layer])),
            "back": lambda: hidden_deltas.back_formulas(p, layer, False),
            "weights": lambda: gradients.weight_formulas(p, layer),
            "bias": lambda: gradients.bias_formulas(p, layer),
        }[kind]()
        return in_link(layer, **{kind: next(formula for formula in table if formula.name == name)})(s)

    return change


def parameters(function: Callable[[Array], Array], biases: Callable[[Array], Array] = lambda b: b) -> Change:
    """Other first weights and biases."""

    def change(s: Setup) -> Setup:
        made = [None if b is None else biases(b) for b in s.parameters.biases]
        return replace(s, parameters=Parameters([function(w) for w in s.parameters.weights], made))

    return change


def inputs(function: Callable[[Array], Array], held: Callable[[Array], Array] | None = None) -> Change:
    """Other training inputs; held-out ones the same way unless told otherwise."""
    return lambda s: replace(s, x=function(s.x), x_held=(held or function)(s.x_held))


def targets(function: Callable[[Array], Array]) -> Change:
    """Other targets than the labels say."""
    return lambda s: replace(s, targets=function(s.targets))


def keep(rows: Callable[[Array], Array]) -> Change:
    """Other training examples, or another order of them, chosen by their labels."""

    def change(s: Setup) -> Setup:
        assert s.labels is not None
        chosen = rows(s.labels)
        return replace(s, x=s.x[chosen], targets=s.targets[chosen], labels=s.labels[chosen])

    return change


def both(*changes: Change) -> Change:
    def change(s: Setup) -> Setup:
        for one in changes:
            s = one(s)
        return s

    return change


def summed(s: Setup) -> Setup:
    return in_update(reduction="sum")(s)


def delta_of(output_name: str) -> Formula:
    return right_deltas(output_form(output_name))[0]


def uniform(w: Array) -> Array:
    return np.random.default_rng(0).random(w.shape)


def shuffled(rows: Array) -> Array:
    return rows[np.random.default_rng(0).permutation(len(rows))]


# -- networks that a table of formulas cannot give ---------------------------------------------------------------------


@dataclass(frozen=True)
class Unshifted(Twin):
    """Its softmax does not subtract the maximum."""

    def forms(self, output: str | None = None) -> list[Form]:
        def value(z: Array) -> Array:
            return np.exp(z) / np.exp(z).sum(-1, keepdims=True)

        return [*super().forms(output)[:-1], Form("softmax", value)]


@dataclass(frozen=True)
class CountingOneForAll(Twin):
    """Its accuracy takes the largest output of the whole batch for every example."""

    def predict(self, parameters: Parameters, x: Array) -> Array:
        outputs = super().predict(parameters, x)
        return np.repeat(outputs[[outputs.max(axis=1).argmax()]], len(x), axis=0)


@dataclass(frozen=True)
class DroppingOut(Twin):
    """Nine of ten inputs are dropped while it is evaluated, as they were in training."""

    def predict(self, parameters: Parameters, x: Array) -> Array:
        return super().predict(parameters, x * (np.random.default_rng(0).random(x.shape) < 0.1) / 0.1)


def as_a(kind: type[Twin]) -> Change:
    return lambda s: replace(s, twin=kind(**{field.name: getattr(s.twin, field.name) for field in fields(Twin)}))
