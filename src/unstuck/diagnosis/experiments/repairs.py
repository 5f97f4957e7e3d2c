"""Putting right: for every code that is a formula, the change that turns a twin's training run into one without it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.experiments.changes import (
    right_targets,
    shuffled,
    with_an_output_for_each_class,
    with_biases,
    with_classes,
    with_finite_inputs,
    with_images,
    with_right_inputs,
)
from unstuck.diagnosis.formulas.forward import hidden_form, output_form, right_hidden, right_output
from unstuck.diagnosis.formulas.gradients import INCOMPARABLE, RIGHT_BIAS
from unstuck.diagnosis.formulas.hidden_deltas import RIGHT_FACTOR
from unstuck.diagnosis.formulas.output_deltas import right_deltas
from unstuck.diagnosis.measurements.preparation import images_in_order, images_of_examples, raw_classes
from unstuck.diagnosis.twin.parameters import Parameters
from unstuck.diagnosis.twin.training import Change, Setup
from unstuck.diagnosis.twin.twin import Link

Array = np.ndarray


def mended(setup: Setup, e: Examination, codes: Iterable[str], meant: str = "sigmoid") -> Setup:
    """The setup with these faults of formula put right, and no others; `meant` as in `with_right_forward`."""
    for code in sorted(set(codes)):
        for change in changes_for(code, e, meant):
            setup = change(setup)
    return setup


def changes_for(code: str, e: Examination, meant: str = "sigmoid") -> list[Change]:
    """The changes that put right one code, all its occurrences together; none if it is not a formula."""
    if code == "D03":
        images = images_of_examples(e)
        return [] if images is None else [with_right_inputs(images, e.program.x)]
    if code == "D04":
        images = images_in_order(e)
        images = images_of_examples(e) if images is None else images
        return [] if images is None else [with_images(images)]
    if code == "D10":
        classes = raw_classes(e)
        return [] if classes is None else [with_classes(classes)]
    if code in FORWARD:
        changes = [with_right_forward(meant)]
        changes += [right_output_delta] if code in ("F01", "F02", "L01") else []
        return changes + ([with_biases] if code == "F07" else [])
    if code in CHANGES:
        in_delta = e.twin is not None and code in e.twin.output_delta.faults
        return [CHANGES[code], right_output_delta] if in_delta else [CHANGES[code]]
    return _changes_of_the_way_back(code, e)


def _changes_of_the_way_back(code: str, e: Examination) -> list[Change]:
    """The right formulas in the place of those that have this fault, the output's delta among them."""
    if e.twin is None:
        return []
    changes: list[Change] = [right_output_delta] if code in e.twin.output_delta.faults else []
    if any(code in link.faults for link in e.twin.links):
        changes.append(with_right_links(code))
    if code == "B12" and changes:
        changes.append(with_right_scales(weights=True, biases=True))  # the factors went with the errors
    return changes


# -- forward -----------------------------------------------------------------------------------------------------------


MEANT = ("relu", "tanh", "sigmoid")  # what a layer whose fault does not tell may have been meant to apply


def leaves_activation_open(setup: Setup) -> bool:
    """Whether a faulty hidden activation does not tell which one was meant."""
    return any(hidden_form(name).leaves_open for name in setup.twin.hidden)


def with_right_forward(meant: str = "sigmoid") -> Change:
    """Right activations, inside of which biases are; `meant` in hidden layers that do not tell which one was meant."""

    def change(setup: Setup) -> Setup:
        twin, n_outputs = setup.twin, setup.targets.shape[1]
        training = right_output(twin.training_output, n_outputs)
        changed = twin.plant(
            hidden=tuple(right_hidden(name, meant) for name in twin.hidden),
            output=right_output(twin.output, n_outputs),
            training_output=training,
            bias_modes=tuple("inside" if mode in ("outside", "unused") else mode for mode in twin.bias_modes),
        )
        if training != twin.training_output:
            fitting = right_deltas(output_form(training))
            if twin.output_delta.name not in [formula.name for formula in fitting]:
                changed = changed.plant(output_delta=fitting[0])
        for l, name in enumerate(twin.hidden):
            if hidden_form(name).leaves_open:
                changed = changed.plant_link(l, factor=RIGHT_FACTOR)
        return replace(setup, twin=changed)

    return change


def within_reach(setup: Setup) -> Setup:
    """Class targets coded in the range of the outputs; for real values a linear output, which reaches all of them."""
    if setup.labels is not None:
        return right_targets(setup)
    return right_output_delta(replace(setup, twin=setup.twin.plant(output="linear", training_output="linear")))


def right_output_delta(setup: Setup) -> Setup:
    """The delta of the loss that belongs to the output function (the user's own where it is right)."""
    twin = setup.twin
    training = twin.training_output
    if twin.output not in ("linear", "log_softmax", "log_sigmoid") and training != twin.output:
        training = twin.output
    if twin.output == "linear" and twin.output_delta.name == "error of the sums":
        training = "linear"  # the error was that of a linear output, whatever else was multiplied in
    form = output_form(training)
    table = right_deltas(form)
    own = next((f for f in table if f.name == twin.output_delta.name), None)
    squared = next((f for f in table if f.name == "squared_error"), table[0])
    best = own or (table[0] if form.family == "softmax" else squared)
    return replace(setup, twin=twin.plant(output_delta=best, training_output=training))


def with_right_links(code: str) -> Change:
    """The links without the formulas that have this fault; beside another sum over the examples no factor tells."""

    def righted(link: Link) -> Link:
        right = link.without(code)
        if code in INCOMPARABLE and right.weights is not link.weights:
            return replace(right, weight_scale=1.0, weight_divisions=0)
        return right

    return lambda s: replace(s, twin=s.twin.plant(links=tuple(righted(link) for link in s.twin.links)))


def right_biases(setup: Setup) -> Setup:
    links = tuple(
        replace(
            link,
            bias=RIGHT_BIAS,
            bias_scale=link.weight_scale or 1.0,
            bias_divisions=link.weight_divisions if link.weight_scale else 0,
        )
        for link in setup.twin.links
    )
    return replace(setup, twin=setup.twin.plant(links=links))


def with_right_scales(weights: bool = False, biases: bool = False) -> Change:
    """All arrays descend at one rate."""

    def change(setup: Setup) -> Setup:
        links = tuple(
            replace(
                link,
                weight_scale=1.0 if weights else link.weight_scale,
                bias_scale=1.0 if biases else link.bias_scale,
                weight_divisions=0 if weights else link.weight_divisions,
                bias_divisions=0 if biases else link.bias_divisions,
            )
            for link in setup.twin.links
        )
        return replace(setup, twin=setup.twin.plant(links=links))

    return change


def put_back(user: Setup, right: Setup, code: str, e: Examination) -> Setup:
    """The right setup with the user's formulas in the place where this fault is."""
    mine, twin = user.twin, right.twin
    if code in FORWARD or CHANGES.get(code) is right_output_delta:
        twin = twin.plant(
            hidden=mine.hidden,
            output=mine.output,
            training_output=mine.training_output,
            output_delta=mine.output_delta,
            bias_modes=mine.bias_modes,
        )
    elif code == "D08" and user.labels is None:
        twin = twin.plant(output=mine.output, training_output=mine.training_output, output_delta=mine.output_delta)
    elif code[0] == "B":
        twin = twin.plant(links=mine.links, output_delta=mine.output_delta)
    elif CHANGES.get(code) is right_update:
        twin = twin.plant(
            update=replace(
                twin.update,
                response=mine.update.response,
                bias_response=mine.update.bias_response,
                ahead=mine.update.ahead,
                adaptive=mine.update.adaptive,
            )
        )
    elif code == "U01":
        twin = twin.plant(links=mine.links)
    if code in ("D01", "D04"):
        return replace(right, x=user.x, x_held=user.x_held)
    if code == "D10":
        return replace(right, targets=user.targets, labels=user.labels, labels_held=user.labels_held)
    if code == "F10":
        return replace(right, parameters=_with_one_output(right.parameters), targets=user.targets)
    as_wide = user.targets.shape == right.targets.shape
    targets = user.targets if code in ("D07", "D08", "D09") and as_wide else right.targets
    if code in mine.output_delta.faults:
        twin = twin.plant(output_delta=mine.output_delta)
    return replace(right, twin=twin, targets=targets)


def _with_one_output(p: Parameters) -> Parameters:
    last = p.biases[-1]
    return Parameters([*p.weights[:-1], p.weights[-1][:, :1]], [*p.biases[:-1], None if last is None else last[:1]])


def right_update(setup: Setup) -> Setup:
    """Momentum in units of the rate, accumulators cleared, bias correction as published; the rate is a setting."""
    rule = setup.twin.update

    def mended(response: tuple[str, float] | None) -> tuple[str, float] | None:
        if response is None:
            return None
        kind, beta = response
        if kind == "accumulate and momentum":
            return ("momentum", beta)
        if kind == "raw":
            share = abs(beta) * rule.learning_rate
            return ("momentum", share if share < 1 else 0.9)
        if kind in ("momentum", "nesterov") and beta < 0:
            return (kind, min(-beta, 0.95))
        return ("plain", 0.0) if kind == "momentum" and beta > 0.9999 else response

    adaptive = rule.adaptive.righted() if rule.adaptive is not None else None
    new = replace(
        rule,
        response=mended(rule.response) or rule.response,
        bias_response=mended(rule.bias_response),
        ahead=None,
        adaptive=adaptive,
        decay=max(rule.decay, 0.0),
        bias_decay=max(rule.bias_decay, 0.0),
    )
    return replace(setup, twin=setup.twin.plant(update=new))


FORWARD = ("F01", "F02", "F04", "F05", "F06", "F07", "F08", "F11", "F12", "L01")
CHANGES: dict[str, Change] = {
    "D01": with_finite_inputs,
    **dict.fromkeys(("L02", "L04", "B11"), right_output_delta),
    **dict.fromkeys(("D07", "D09"), right_targets),
    "D08": within_reach,
    **dict.fromkeys(("U02", "U03", "U04", "U12", "U14", "U15", "U17"), right_update),
    **dict.fromkeys(("B10", "U01", "B17", "U06"), with_right_scales(weights=True, biases=True)),
    "B08": right_biases,
    "B13": with_right_scales(weights=True),
    "D12": shuffled,
    "F10": with_an_output_for_each_class,
}
