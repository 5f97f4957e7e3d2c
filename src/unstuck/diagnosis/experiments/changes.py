"""Changes of a training run: another rate, other batches, other first weights; other inputs, other targets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unstuck.diagnosis.formulas.gradients import RIGHT_BIAS
from unstuck.diagnosis.formulas.targets import codings, one_hot
from unstuck.diagnosis.measurements.plain_data import to_unit_scale
from unstuck.diagnosis.program.handed_over import with_zeros
from unstuck.diagnosis.twin.parameters import Parameters
from unstuck.diagnosis.twin.training import Change, Setup
from unstuck.diagnosis.twin.update_rule import CONSTANT, RateLaw

Array = np.ndarray


def with_rate(rate: float) -> Change:
    """The same rate in every update."""
    return lambda s: replace(s, twin=s.twin.plant(update=replace(s.twin.update, learning_rate=rate, rate_law=CONSTANT)))


def with_rate_times(factor: float) -> Change:
    return lambda s: with_rate(s.twin.update.learning_rate * factor)(s)


def with_falling_rate(last: float) -> Change:
    """A rate that falls in equal proportions, down to this share of the first at the end of the run."""
    return lambda s: replace(
        s,
        twin=s.twin.plant(
            update=replace(s.twin.update, rate_law=RateLaw("geometric", last ** (1 / max(s.updates, 1))))
        ),
    )


def without_decay(setup: Setup) -> Setup:
    return replace(setup, twin=setup.twin.plant(update=replace(setup.twin.update, decay=0.0, bias_decay=0.0)))


def with_fresh_initialisation(setup: Setup) -> Setup:
    """Glorot and Bengio 2010 (uniform) for sigmoid and tanh, He et al. 2015 (normal) for rectifiers; zero biases."""
    generator = np.random.default_rng(1000 + setup.seed)
    weights: list[Array] = []
    for w, form in zip(setup.parameters.weights, setup.twin.forms(), strict=True):
        n_in, n_out = w.shape
        if form.family == "relu":
            drawn = generator.standard_normal((n_in, n_out)) * np.sqrt(2 / n_in)
        else:
            drawn = generator.uniform(-1, 1, (n_in, n_out)) * np.sqrt(6 / (n_in + n_out))
        weights.append(drawn.astype(w.dtype))
    biases = [None if b is None else np.zeros_like(b) for b in setup.parameters.biases]
    return replace(setup, parameters=Parameters(weights, biases))


def with_negative_weights(setup: Setup) -> Setup:
    """The first weights with the other sign, and the first biases as they are."""
    parameters = setup.parameters
    return replace(setup, parameters=Parameters([-w for w in parameters.weights], parameters.biases))


def with_inputs_scaled(setup: Setup) -> Setup:
    """Inputs moved to unit scale by the numbers of those that are trained on."""
    x, x_held = (to_unit_scale(x, setup.x).astype(setup.x.dtype) for x in (setup.x, setup.x_held))
    return replace(setup, x=x, x_held=x_held)


def with_targets_standardised(setup: Setup) -> Setup:
    """Real targets with means 0 and spread 1, by the numbers of those that are trained on."""
    mean, spread = setup.targets.mean(axis=0), max(float(setup.targets.std(axis=0).max()), 1e-12)
    kind = setup.targets.dtype
    targets, held = (((t - mean) / spread).astype(kind) for t in (setup.targets, setup.targets_held))
    return replace(setup, targets=targets, targets_held=held)


def with_small_batches(batch_size: int, updates: int) -> Change:
    """More, smaller updates at the same rate for the mean gradient."""

    def change(s: Setup) -> Setup:
        if s.batch_size <= batch_size:
            return replace(s, updates=max(updates, s.updates))
        rule = s.twin.update
        if rule.reduction == "sum":
            rule = replace(rule, learning_rate=rule.learning_rate * s.batch_size / batch_size)
        return replace(s, batch_size=batch_size, updates=max(updates, s.updates), twin=s.twin.plant(update=rule))

    return change


def with_mean_gradient(setup: Setup) -> Setup:
    if setup.twin.update.reduction != "sum":
        return setup
    return replace(setup, twin=setup.twin.plant(update=replace(setup.twin.update, reduction="mean")))


def shuffled(setup: Setup) -> Setup:
    return replace(setup, shuffled=True)


def with_biases(setup: Setup) -> Setup:
    """A bias in every layer, 0 at first where there was none."""
    biases: list[Array | None] = [
        np.zeros(w.shape[1], w.dtype) if b is None else b
        for w, b in zip(setup.parameters.weights, setup.parameters.biases, strict=True)
    ]
    modes = tuple("inside" for _ in setup.twin.bias_modes)
    links = tuple(replace(link, bias=RIGHT_BIAS, bias_scale=1.0, bias_divisions=0) for link in setup.twin.links)
    return replace(
        setup,
        parameters=Parameters(setup.parameters.weights, biases),
        twin=setup.twin.plant(bias_modes=modes, links=links),
    )


def with_hidden_layer(width: int) -> Change:
    """A layer of tanh units, drawn by Glorot and Bengio 2010, before the outputs of a network without one."""

    def change(s: Setup) -> Setup:
        (output,), bias = s.parameters.weights, s.parameters.biases[0]
        drawn = Parameters(
            [np.zeros((output.shape[0], width), output.dtype), np.zeros((width, output.shape[1]), output.dtype)],
            [np.zeros(width, output.dtype), bias],
        )
        twin = s.twin.plant(
            hidden=("tanh",),
            links=(replace(s.twin.links[0], weight_divisions=0, bias_divisions=0), *s.twin.links),
            bias_modes=("inside", *s.twin.bias_modes),
        )
        return with_fresh_initialisation(replace(s, twin=twin, parameters=drawn))

    return change


def with_width(width: int) -> Change:
    """Hidden layers of at least `width` units; new weights are drawn from those that the layer has."""

    def change(s: Setup) -> Setup:
        generator = np.random.default_rng(2000 + s.seed)
        old = s.parameters.weights
        sizes = [old[0].shape[0], *(max(w.shape[1], width) for w in old[:-1]), old[-1].shape[1]]
        weights = [
            w if w.shape == (a, b) else generator.choice(w.ravel(), (a, b))
            for w, a, b in zip(old, sizes, sizes[1:], strict=False)
        ]
        biases = [
            b if b is None or len(b) == n else generator.choice(b, n)
            for b, n in zip(s.parameters.biases, sizes[1:], strict=True)
        ]
        return replace(s, parameters=Parameters(weights, biases))

    return change


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
