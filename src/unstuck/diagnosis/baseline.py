"""From an examination to training runs: the user's network as it is, and the same with its formulas put right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unstuck.diagnosis.examination import Examination
from unstuck.diagnosis.formulas.forward import hidden_form, output_form
from unstuck.diagnosis.formulas.gradients import RIGHT_BIAS, RIGHT_WEIGHTS
from unstuck.diagnosis.formulas.hidden_deltas import RIGHT_BACK, RIGHT_FACTOR
from unstuck.diagnosis.formulas.output_deltas import right_deltas
from unstuck.diagnosis.formulas.targets import codings, one_hot
from unstuck.diagnosis.twin import Parameters, Twin
from unstuck.diagnosis.twin_training import Change, Setup

Array = np.ndarray
FLOPS_PER_SECOND = 1.5e10
SECONDS_PER_UPDATE = 8e-5


def labels_of(e: Examination) -> Array | None:
    """Integer training labels: as given, or read off the targets; None where the targets are real values."""
    case, targets = e.case, np.asarray(e.program.targets)
    if case.labels is not None:
        return np.asarray(case.labels).reshape(-1).astype(int)
    rows = targets.reshape(len(targets), -1)
    if rows.shape[1] > 1:
        levels = np.unique(np.round(rows[:500].astype(float), 6))
        return rows.argmax(1) if len(levels) <= 3 else None
    values = np.unique(rows)
    if e.n_outputs > 1 and np.array_equal(values, values.astype(int)):
        return rows[:, 0].astype(int)
    if len(values) == 2:
        return (rows[:, 0] > values.mean()).astype(int)
    return None


def as_it_is(e: Examination, seconds: float, seed: int = 0) -> tuple[Setup, int] | None:
    """The user's network, data and settings as a Setup that trains in about `seconds`, on fewer examples or updates
    if need be; and the number of updates that the user's own training makes."""
    if e.twin is None or e.initial is None:
        return None
    n = len(e.program.x)
    if n < 4 or not e.initial.finite or not np.isfinite(e.program.x).all():
        return None
    batch_size = _batch_size(e, n)
    updates = e.case.updates or max(1, round(3 * n / batch_size))
    n_parameters = sum(w.size for w in e.initial.weights)
    keep = n
    if batch_size >= n:
        keep = int(np.clip(seconds * FLOPS_PER_SECOND / (6 * n_parameters * min(updates, 1000)), min(n, 400), n))
    keep = min(keep, 4000)
    train, held = _split(n, keep, seed)
    twin = e.twin
    if batch_size >= n:
        if twin.update.reduction == "sum":
            twin = _with_rate_times(twin, n / len(train))
        batch_size = len(train)
    twin = _with_decay_for(twin, e, batch_size if batch_size < len(train) else n)
    cost = SECONDS_PER_UPDATE * len(twin.links) / 2 + 6 * min(batch_size, len(train)) * n_parameters / FLOPS_PER_SECOND
    affordable = int(np.clip(updates, 1, max(20, seconds / cost)))
    targets = np.asarray(e.program.targets)
    labels = labels_of(e)
    coded = twin.coding.compute(targets)
    kind = np.float32
    setup = Setup(
        twin=twin,
        parameters=e.initial.copy(kind),
        x=e.program.x[train].astype(kind),
        targets=coded[train].astype(kind),
        labels=None if labels is None else labels[train],
        x_held=e.program.x[held].astype(kind),
        targets_held=coded[held].astype(kind),
        labels_held=None if labels is None else labels[held],
        batch_size=batch_size,
        updates=affordable,
        shuffled=True,
        seed=seed,
        given=targets[train],
        rows=train,
        rows_held=held,
    )
    return setup, updates


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


# -- putting formulas right --------------------------------------------------------------------------------------------

INTENDED = {
    "sigmoid without the minus": "sigmoid",
    "1 / (1 + exp(-z)) without brackets": "sigmoid",
    "derivative of the sigmoid": "sigmoid",
    "derivative of tanh": "tanh",
    "scores over their sum": "softmax",
    "softmax over the largest": "softmax",
    "exp without normalisation": "softmax",
}


def intended(name: str, is_output: bool, n_outputs: int) -> str:
    """The right activation in the place of a faulty one."""
    if name in INTENDED:
        return INTENDED[name]
    if is_output:
        if name.startswith("softmax") and n_outputs > 1:
            return "softmax"
        return "sigmoid"
    return "relu" if name not in ("softmax", "linear") and not name.startswith("softmax") else "sigmoid"


def right_forward(setup: Setup) -> Setup:
    twin = setup.twin
    n_outputs = setup.targets.shape[1]
    hidden = tuple(intended(h, False, n_outputs) if _is_faulty(h, False) else h for h in twin.hidden)
    output = intended(twin.output, True, n_outputs) if output_form(twin.output).fault else twin.output
    training = (
        intended(twin.training_output, True, n_outputs)
        if output_form(twin.training_output).fault
        else twin.training_output
    )
    modes = tuple("inside" if mode in ("outside", "unused") else mode for mode in twin.bias_modes)
    changed = twin.plant(hidden=hidden, output=output, training_output=training, bias_modes=modes)
    if training != twin.training_output and twin.output_delta.name not in [
        f.name for f in right_deltas(output_form(training))
    ]:
        changed = changed.plant(output_delta=right_deltas(output_form(training))[0])
    return replace(setup, twin=changed)


def _is_faulty(name: str, is_output: bool) -> bool:
    return bool((output_form(name) if is_output else hidden_form(name)).fault)


def right_output_delta(setup: Setup) -> Setup:
    """The delta of the loss that belongs to the output function (the user's own where it is right)."""
    twin = setup.twin
    training = twin.training_output
    if twin.output not in ("linear", "log_softmax", "log_sigmoid") and training != twin.output:
        training = twin.output
    if twin.output == "linear" and twin.output_delta.name == "error of the sums":
        training = "linear"  # the error was that of a linear output, whatever else was multiplied in
    table = right_deltas(output_form(training))
    own = next((f for f in table if f.name == twin.output_delta.name), None)
    squared = next((f for f in table if f.name == "squared_error"), table[0])
    best = own or (squared if training.startswith("sigmoid") or "softmax" not in training else table[0])
    return replace(setup, twin=twin.plant(output_delta=best, training_output=training))


def right_slots(layer: int, *slots: str) -> Change:
    """Some slots of one layer's link put right: back, factor, weights, bias."""
    right = {"back": RIGHT_BACK, "factor": RIGHT_FACTOR, "weights": RIGHT_WEIGHTS, "bias": RIGHT_BIAS}
    return lambda s: replace(s, twin=s.twin.plant_link(layer, **{slot: right[slot] for slot in slots}))


def right_biases(setup: Setup) -> Setup:
    links = tuple(replace(link, bias=RIGHT_BIAS, bias_scale=link.weight_scale or 1.0) for link in setup.twin.links)
    return replace(setup, twin=setup.twin.plant(links=links))


def right_scales(weights: bool = False, biases: bool = False) -> Change:
    """All arrays descend, at one rate."""

    def change(setup: Setup) -> Setup:
        links = tuple(
            replace(
                link,
                weight_scale=1.0 if weights else link.weight_scale,
                bias_scale=1.0 if biases else link.bias_scale,
            )
            for link in setup.twin.links
        )
        return replace(setup, twin=setup.twin.plant(links=links))

    return change


def in_order(setup: Setup) -> Setup:
    return replace(setup, shuffled=False)


def reseeded(setup: Setup, seed: int) -> Setup:
    """Another order of the examples; the parameters stay the user's."""
    return replace(setup, seed=seed)


def put_back(user: Setup, right: Setup, code: str, e: Examination) -> Setup:
    """The right setup with the user's formulas in the place where this fault is."""
    mine, twin = user.twin, right.twin
    if code in ("F01", "F02", "F04", "F05", "F06", "F08", "F11", "F12", "L01", "L02", "L04", "B11", "F07"):
        twin = twin.plant(
            hidden=mine.hidden,
            output=mine.output,
            training_output=mine.training_output,
            output_delta=mine.output_delta,
            bias_modes=mine.bias_modes,
        )
    elif code[0] == "B":
        twin = twin.plant(links=mine.links, output_delta=mine.output_delta)
    elif code in ("U02", "U03", "U04", "U12", "U14", "U15"):
        twin = twin.plant(
            update=replace(
                twin.update,
                response=mine.update.response,
                bias_response=mine.update.bias_response,
                adaptive=mine.update.adaptive,
            )
        )
    elif code == "U01":
        twin = twin.plant(links=mine.links)
    targets = user.targets if code in ("D07", "D08", "D09") else right.targets
    return replace(right, twin=twin, targets=targets)


def right_inputs(images: Array, x: Array) -> Change:
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


def right_update(setup: Setup) -> Setup:
    """Momentum in units of the rate, accumulators cleared, bias correction as published; the rate is a setting."""
    rule = setup.twin.update

    def mended(response: tuple[str, float] | None) -> tuple[str, float] | None:
        if response is None:
            return None
        kind, beta = response
        if kind == "raw":
            share = abs(beta) * rule.learning_rate
            return ("momentum", share if share < 1 else 0.9)
        if kind == "momentum" and beta < 0:
            return ("momentum", min(-beta, 0.95))
        return ("plain", 0.0) if kind == "momentum" and beta > 0.9999 else response

    adaptive = rule.adaptive
    if adaptive.startswith("adam") and "bias correction" in adaptive:
        adaptive = "adam(beta1=0.9, beta2=0.999, epsilon=1e-08)"
    new = replace(
        rule,
        response=mended(rule.response) or rule.response,
        bias_response=mended(rule.bias_response),
        adaptive=adaptive,
        decay=max(rule.decay, 0.0),
        bias_decay=max(rule.bias_decay, 0.0),
    )
    return replace(setup, twin=setup.twin.plant(update=new))


def with_biases(setup: Setup) -> Setup:
    biases: list[Array | None] = [
        np.zeros(w.shape[1], w.dtype) if b is None else b
        for w, b in zip(setup.parameters.weights, setup.parameters.biases, strict=True)
    ]
    modes = tuple("inside" for _ in setup.twin.bias_modes)
    links = tuple(replace(link, bias=RIGHT_BIAS, bias_scale=1.0) for link in setup.twin.links)
    return replace(
        setup,
        parameters=Parameters(setup.parameters.weights, biases),
        twin=setup.twin.plant(bias_modes=modes, links=links),
    )
