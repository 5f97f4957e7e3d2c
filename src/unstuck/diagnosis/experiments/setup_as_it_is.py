"""From an examination to training runs: the user's network as it is, and the same with its formulas put right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.measurements.target_coding import labels_of
from unstuck.diagnosis.twin import training as twin_training
from unstuck.diagnosis.twin.parameters import Parameters
from unstuck.diagnosis.twin.training import Setup
from unstuck.diagnosis.twin.twin import Twin

Array = np.ndarray
LEAST_UPDATES = 20
UNSTATED_UPDATES = 1200  # at least, of a program that does not say: as many as the one with everything right is given
LEAST_EXAMPLES, MOST_EXAMPLES = 400, 4000  # of a batch of all examples, and of any training set


def as_it_is(e: Examination, allowed: float, seed: int = 0, all_examples: bool = False) -> tuple[Setup, int] | None:
    """The user's network, data and settings as a Setup that trains within the work allowed, on fewer examples or
    updates if need be; and the number of updates that the user's own training makes."""
    if e.twin is None or e.initial is None:
        return None
    n = len(e.program.x)
    if n < 4 or not e.initial.finite:
        return None
    batch_size = _batch_size(e, n)
    updates = e.case.updates or max(UNSTATED_UPDATES, round(3 * n / batch_size))
    n_parameters = sum(w.size for w in e.initial.weights)
    keep = n
    if batch_size >= n:
        affordable = allowed / (3 * n_parameters * min(updates, 1000))
        keep = int(np.clip(affordable, min(n, LEAST_EXAMPLES), n))
    keep = n if all_examples else min(keep, MOST_EXAMPLES)
    train, held = _split(n, keep, seed)
    twin = e.twin
    if batch_size >= n:
        if twin.update.reduction == "sum":
            twin = _with_rate_times(twin, n / len(train))
        batch_size = len(train)
    twin = _with_decay_for(twin, e, batch_size if batch_size < len(train) else n)
    targets = np.asarray(e.program.targets)
    labels = labels_of(e)
    coded = twin.coding.compute(targets)
    is_meant = twin.coding.fault and targets.shape == coded.shape  # then the outputs are held against what was given
    meant = targets if is_meant else coded
    kind = np.float32
    setup = Setup(
        twin=twin,
        parameters=e.initial.copy(kind),
        x=e.program.x_as_given[train].astype(kind),
        targets=coded[train].astype(kind),
        labels=None if labels is None else labels[train],
        x_held=e.program.x_as_given[held].astype(kind),
        targets_held=meant[held].astype(kind),
        labels_held=None if labels is None else labels[held],
        batch_size=batch_size,
        updates=updates,
        shuffled=True,
        seed=seed,
        given=targets[train],
        rows=train,
        rows_held=held,
    )
    return replace(setup, updates=max(min(updates, LEAST_UPDATES), twin_training.affordable(setup, allowed))), updates


def _batch_size(e: Examination, n: int) -> int:
    if e.update is not None and e.update.reduction == "each":
        return 1
    if e.case.batch_size:
        return int(min(e.case.batch_size, n))
    return min(32, n)


def _split(n: int, keep: int, seed: int) -> tuple[Array, Array]:
    """Training and held-out indices, in the user's order; fewer than 40 examples are read on what they trained on."""
    if n < 40:
        return np.arange(n), np.arange(n)
    generator = np.random.default_rng(77)
    chosen = generator.permutation(n)
    n_held = min(1000, max(n // 5, 8))
    return np.sort(chosen[n_held : n_held + keep]), np.sort(chosen[:n_held])


def _with_rate_times(twin: Twin, factor: float) -> Twin:
    return twin.plant(update=replace(twin.update, learning_rate=twin.update.learning_rate * factor))


def _with_decay_for(twin: Twin, e: Examination, batch_size: int) -> Twin:
    """A decay that is divided by the number of examples, at the user's batch size."""
    if e.update is None or not e.update.decay_over_batch:
        return twin
    share = e.update.batch_size / batch_size
    rule = replace(twin.update, decay=twin.update.decay * share, bias_decay=twin.update.bias_decay * share)
    return twin.plant(update=rule)


def in_order(setup: Setup) -> Setup:
    return replace(setup, shuffled=False)


def redrawn(setup: Setup, seed: int) -> Setup:
    """Another run like the user's: another order of the examples and, but for seed 0, each array's values shuffled."""
    if seed == 0:
        return reseeded(setup, 0)
    generator = np.random.default_rng(500 + seed)

    def shuffled(array: Array) -> Array:
        return generator.permuted(array.ravel()).reshape(array.shape)

    drawn = Parameters(
        [shuffled(w) for w in setup.parameters.weights],
        [None if b is None else shuffled(b) for b in setup.parameters.biases],
    )
    return replace(setup, seed=seed, parameters=drawn)


def reseeded(setup: Setup, seed: int) -> Setup:
    """Another order of the examples; the parameters stay the user's."""
    return replace(setup, seed=seed)
