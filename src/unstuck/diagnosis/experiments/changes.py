"""Changes of a training run's examples: other inputs, other targets, an output for each class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unstuck.diagnosis.formulas.targets import codings, one_hot
from unstuck.diagnosis.program.program import with_zeros
from unstuck.diagnosis.twin.training import Change, Setup
from unstuck.diagnosis.twin.twin import Parameters

Array = np.ndarray


def with_right_inputs(images: Array, x: Array) -> Change:
    """The inputs x (n, n_features) as they were meant: the straight line in the raw images that they follow where
    nothing wrapped around, which is below the jump or above it, whichever is nearer to being centred."""
    column = int(np.argmax(images.std(axis=0)))
    raw, first = np.unique(images[:, column], return_index=True)
    became = x[first, column]
    slope = float(np.median(np.diff(became) / np.diff(raw)))
    starts = (became[0] - slope * raw[0], became[-1] - slope * raw[-1])
    start = min(starts, key=lambda at: abs(at + slope * images.max() / 2))

    def change(s: Setup) -> Setup:
        meant = (slope * images + start).astype(s.x.dtype)
        return replace(s, x=meant[s.rows], x_held=meant[s.rows_held])

    return change


def with_finite_inputs(setup: Setup) -> Setup:
    """0 in the place of inputs that are NaN or infinite."""
    return replace(setup, x=with_zeros(setup.x), x_held=with_zeros(setup.x_held))


def with_images(images: Array) -> Change:
    """These images (n, n_features) as inputs, scaled to 0 to 1."""
    most = max(float(images.max()), 1e-12)

    def change(s: Setup) -> Setup:
        x, x_held = ((images[rows] / most).astype(s.x.dtype) for rows in (s.rows, s.rows_held))
        return replace(s, x=x, x_held=x_held)

    return change


def with_classes(classes: Array) -> Change:
    """These classes (n,) of the user's examples, and targets that say them."""
    return lambda s: right_targets(replace(s, labels=classes[s.rows], labels_held=classes[s.rows_held]))


def with_an_output_for_each_class(setup: Setup) -> Setup:
    """As many outputs as classes, with weights drawn from those that the one output has, and one-hot targets."""
    if setup.labels is None:
        return setup
    generator = np.random.default_rng(3000 + setup.seed)
    n_outputs = int(setup.labels.max()) + 1
    weights, biases = list(setup.parameters.weights), list(setup.parameters.biases)
    weights[-1] = generator.choice(weights[-1].ravel(), (len(weights[-1]), n_outputs))
    if (bias := biases[-1]) is not None:
        biases[-1] = generator.choice(bias, n_outputs)
    targets = np.zeros((len(setup.targets), n_outputs), setup.targets.dtype)
    return right_targets(replace(setup, parameters=Parameters(weights, biases), targets=targets))


def right_targets(setup: Setup) -> Setup:
    """One right coding of the targets, from the labels where the targets as given carry nothing."""
    n_outputs = setup.targets.shape[1]
    low, high = (-1.0, 1.0) if setup.twin.training_output in ("tanh", "softsign", "arctan") else (0.0, 1.0)
    if setup.labels is not None and n_outputs > 1:
        coded = one_hot(setup.labels, n_outputs, low, high)
    elif setup.labels is not None:
        coded = low + (high - low) * (setup.labels[:, None] > 0)
    else:
        assert setup.given is not None
        coded = next(c for c in codings(setup.given, n_outputs) if not c.fault).compute(setup.given)
    return replace(setup, targets=coded.astype(setup.x.dtype))
