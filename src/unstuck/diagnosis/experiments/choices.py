"""Choices, not formulas: which of the user's settings keep a network from learning.

Found by putting everything right and then the user's choices back one at a time (backward elimination).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unstuck.diagnosis.examination.evidence import Evidence
from unstuck.diagnosis.experiments.changes import (
    shuffled,
    with_biases,
    with_fresh_initialisation,
    with_hidden_layer,
    with_inputs_scaled,
    with_mean_gradient,
    with_rate,
    with_rate_times,
    with_small_batches,
    with_targets_standardised,
    with_width,
    without_decay,
)
from unstuck.diagnosis.measurements.plain_data import UNEVEN, unevenness
from unstuck.diagnosis.program import work
from unstuck.diagnosis.twin import training as twin_training
from unstuck.diagnosis.twin.training import Allowance, Change, Outcome, Setup

Array = np.ndarray
KEPT = 0.8  # share of the reference that a change may cost and still be called harmless
SMALL_BATCH, MANY_UPDATES = 20, 1200
TINY, HUGE = 0.1, 8.0  # largest inputs outside of which scaling them is tried
LEAST_RATES = 3  # tried whatever is left: without a network that learns nothing is known
INITIAL = ("A01", "A05", "A07", "A06", "A03", "A02", "A04")
ASPECTS = {
    **dict.fromkeys(INITIAL, "initialisation"),
    **dict.fromkeys(("U07", "U08", "B09"), "rate"),
    "U09": "updates",
    "U10": "decay",
    "D02": "inputs",
    "A08": "width",
    "F07": "biases",
}


def reference(setup: Setup, allowance: Allowance) -> tuple[Setup, Outcome]:
    """Everything put right: fresh weights, scaled inputs, small batches, enough updates, no decay, the best rate."""
    right = setup
    for change in _everything(setup).values():
        right = change(right)
    return _best_rate(right, allowance)


def _everything(setup: Setup) -> dict[str, Change]:
    changes: dict[str, Change] = {"order": shuffled}
    if setup.twin.update.decay > 0:
        changes["decay"] = without_decay
    if setup.parameters.weights[0].shape[0] > 1 and _wants_scaling(setup.x):
        changes["inputs"] = with_inputs_scaled
    if has_large_targets(setup):
        changes["targets"] = with_targets_standardised
    changes["updates"] = with_small_batches(SMALL_BATCH, MANY_UPDATES)
    if len(setup.parameters.weights) > 1 and setup.labels is not None:  # of real values a bottleneck may be meant
        width = max(2 * setup.targets.shape[1], 16)
        if min(w.shape[1] for w in setup.parameters.weights[:-1]) < min(setup.targets.shape[1], width):
            changes["width"] = with_width(width)
    if all(mode == "none" for mode in setup.twin.bias_modes):
        changes["biases"] = with_biases
    changes["initialisation"] = with_fresh_initialisation
    if setup.twin.update.reduction == "sum":
        changes["mean"] = with_mean_gradient
    return changes


def _wants_scaling(x: Array) -> bool:
    """Whether inputs (n, n_features) are tiny, huge, nearer to each other than any is to 0, or in units far
    apart."""
    low, high = float(x.min()), float(x.max())
    return not TINY <= max(-low, high) <= HUGE or high - low < max(low, -high) or unevenness(x) > UNEVEN


def has_large_targets(setup: Setup) -> bool:
    """Whether real targets are so large that no usual rate suits the gradient of their squared error."""
    size = float(np.sqrt(np.mean(setup.targets.astype(float) ** 2)))
    squared = setup.twin.output == "linear" and setup.twin.output_delta.name == "squared_error"
    return setup.labels is None and squared and size > HUGE


def _rates(setup: Setup) -> list[float]:
    if setup.twin.update.adaptive:
        return [1e-3, 1e-2, 1e-4]
    if setup.twin.update.reduction == "each":
        return [0.1, 0.02, 0.5, 2.0]
    return [0.3, 0.05, 2.0]


def _best_rate(setup: Setup, allowance: Allowance) -> tuple[Setup, Outcome]:
    momentum = (
        setup.twin.update.response[1] if setup.twin.update.response[0] in ("momentum", "nesterov gradient") else 0.0
    )
    brake = max(1 - momentum, 0.02)
    best: tuple[Setup, Outcome] | None = None
    for tries, rate in enumerate([setup.twin.update.learning_rate, *(r * brake for r in _rates(setup))]):
        if best is not None and tries >= LEAST_RATES and allowance.left < work.ONE_RUN:
            break
        tried = with_rate(rate)(setup)
        outcome = allowance.run(tried, 2 * work.ONE_RUN)
        if best is None or outcome.score > best[1].score + 0.01:
            best = (tried, outcome)
    assert best is not None
    return best


def aspects_of(user: Setup, right: Setup) -> list[str]:
    """In which choices the user's run may differ from the one with everything right."""
    aspects = list(_everything(user))
    mine, best = user.twin.update, right.twin.update
    if (mine.learning_rate, mine.rate_law) != (best.learning_rate, best.rate_law) or "mean" in aspects:
        aspects.append("rate")
    return [a for a in aspects if a not in ("order", "mean")]


def needed(
    user: Setup,
    right: Setup,
    aspects: list[str],
    goal: float,
    allowance: Allowance,
    evidence: dict[str, list[Evidence]],
) -> tuple[list[str], list[str]]:
    """Put the user's choices back one at a time, in two orders; what cannot be put back is needed for a score of
    `goal`, which the run with everything right reaches."""
    sets: list[set[str]] = []
    for order in (aspects, aspects[::-1]):
        if sets and allowance.left < 2 * work.ONE_RUN:
            break
        kept = dict.fromkeys(aspects, True)
        for aspect in order:
            trial = {**kept, aspect: False}
            outcome = allowance.run(_mixed(user, right, trial), 2 * work.ONE_RUN, goal)
            if outcome.best >= goal:
                kept = trial
            if allowance.left < 0:
                break
        sets.append({aspect for aspect, needed in kept.items() if needed})
    always = set.intersection(*sets) or min(sets, key=len)
    codes = [code for aspect in aspects if aspect in always for code in _codes_of(aspect, user, right, evidence)]
    others = [
        code
        for aspect in aspects
        if aspect in set.union(*sets) - always
        for code in _codes_of(aspect, user, right, evidence)
    ]
    return codes, [code for code in others if code not in codes]


def _mixed(user: Setup, right: Setup, changed: dict[str, bool]) -> Setup:
    """The right setup with the user's choice in every aspect that is not changed."""
    setup = user
    for aspect, change in _everything(user).items():
        if changed.get(aspect, True) and aspect != "mean":
            setup = change(setup)
    if changed.get("rate", False):
        rule = right.twin.update
        setup = with_rate(rule.learning_rate)(with_mean_gradient(setup))
    return setup


def _codes_of(aspect: str, user: Setup, right: Setup, evidence: dict[str, list[Evidence]]) -> list[str]:
    if aspect == "initialisation":
        return [code for code in INITIAL if code in evidence][:1] or [_size_of_weights(user, right)]
    if aspect == "targets":
        return ["U07"]
    if aspect == "rate":
        mean_rate = user.twin.update.learning_rate * (user.batch_size if user.twin.update.reduction == "sum" else 1)
        if right.twin.update.learning_rate > mean_rate or user.twin.update.rate_law.share(user.updates) < 1:
            return ["U08"]
        return ["B09"] if "B09" in evidence else ["U07"]
    return [code for code, of in ASPECTS.items() if of == aspect]


def with_right(code: str, right: Setup) -> Change:
    """The change of the setting that this code complains of, to what it is in the setup where everything is right."""
    aspect = ASPECTS[code]
    if aspect == "rate":
        rate = with_rate(right.twin.update.learning_rate)
        return lambda setup: rate(with_mean_gradient(setup))
    if aspect == "updates":
        return with_small_batches(right.batch_size, right.updates)
    if aspect == "width":
        width = min(w.shape[1] for w in right.parameters.weights[:-1])
        return lambda setup: (with_width(width) if setup.twin.hidden else with_hidden_layer(width))(setup)
    return {
        "initialisation": with_fresh_initialisation,
        "decay": without_decay,
        "inputs": with_inputs_scaled,
        "biases": with_biases,
    }[aspect]


def in_words(code: str, setup: Setup) -> str:
    """What was chosen in the place of the setting that this code complains of, in a setup with it put right."""
    aspect, weights = ASPECTS[code], setup.parameters.weights
    if aspect == "rate":
        kind = "each example's" if setup.twin.update.reduction == "each" else "the mean"
        return f"rate {setup.twin.update.learning_rate:.3g} on {kind} gradient"
    if aspect == "updates":
        return f"{setup.updates:,} updates on batches of {setup.batch_size}"
    if aspect == "width":
        return f"hidden layers of {' and '.join(str(w.shape[1]) for w in weights[:-1])} units"
    if aspect == "initialisation":
        deviations = " and ".join(f"{w.std():.2g}" for w in weights)
        return f"weights drawn around 0 with standard deviations {deviations}, biases 0"
    return {
        "decay": "no decay",
        "inputs": "inputs standardised" if setup.x.min() < 0 else "inputs scaled to 0 to 1",
        "biases": "a bias in every layer, 0 at first",
    }[aspect]


def causes_of_log_of_zero(setup: Setup, updates: int = 30) -> list[str]:
    """Which setting drives the outputs to exactly 0 or 1: the range of the inputs, or else the rate."""
    exact = replace(setup, parameters=setup.parameters.copy(float), x=setup.x.astype(float), updates=updates)
    if not twin_training.reaches_zero(exact):
        return []
    if np.abs(setup.x).max() > HUGE and not twin_training.reaches_zero(with_inputs_scaled(exact)):
        return ["D02"]
    return [] if twin_training.reaches_zero(with_rate_times(0.1)(exact)) else ["U07"]


def _size_of_weights(user: Setup, right: Setup) -> str:
    """Too large or too small, by comparison with weights drawn for the number of inputs."""
    sizes = [
        np.std(mine) / max(np.std(drawn), 1e-12)
        for mine, drawn in zip(user.parameters.weights, right.parameters.weights, strict=True)
    ]
    return "A07" if max(sizes) > 1 / max(min(sizes), 1e-12) else "A06"
