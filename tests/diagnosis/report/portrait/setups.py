"""A small network on digits as a Setup, right in everything."""

import itertools

import numpy as np

from tests.diagnosis.trials.digits import load_digits
from unstuck.diagnosis.formulas.forward import output_form
from unstuck.diagnosis.formulas.output_deltas import right_deltas
from unstuck.diagnosis.formulas.targets import codings, one_hot
from unstuck.diagnosis.twin.parameters import Parameters
from unstuck.diagnosis.twin.training import Setup
from unstuck.diagnosis.twin.twin import Link, Twin
from unstuck.diagnosis.twin.update_rule import UpdateRule

SIZES = (49, 12, 10)


def digits_setup(updates=100, rate=0.5, batch_size=10) -> Setup:
    """49-12-10, sigmoid and softmax, on 7 by 7 digits."""
    images, labels, images_held, labels_held = load_digits(49)
    x, x_held = (rows.reshape(len(rows), -1) / 255 for rows in (images[:600], images_held[:200]))
    labels, labels_held = labels[:600].astype(int), labels_held[:200].astype(int)
    targets, targets_held = one_hot(labels, 10, 0.0, 1.0), one_hot(labels_held, 10, 0.0, 1.0)
    generator = np.random.default_rng(0)
    weights = [generator.standard_normal((a, b)) / np.sqrt(a) for a, b in itertools.pairwise(SIZES)]
    cross_entropy = next(f for f in right_deltas(output_form("softmax")) if f.name == "cross_entropy")
    twin = Twin(
        sizes=SIZES,
        hidden=("sigmoid",),
        output="softmax",
        training_output="softmax",
        output_delta=cross_entropy,
        coding=codings(targets, 10)[0],
        links=(Link(), Link()),
        update=UpdateRule(learning_rate=rate),
        bias_modes=("inside", "inside"),
    )
    parameters = Parameters(weights, [np.zeros(n) for n in SIZES[1:]])
    return Setup(twin, parameters, x, targets, labels, x_held, targets_held, labels_held, batch_size, updates)
