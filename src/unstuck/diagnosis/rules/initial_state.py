"""Faults of the initial state, on the parameters as found; experiments decide if they matter."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.examination.evidence import MEASURED, Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.formulas.forward import hidden_form
from unstuck.diagnosis.measurements.first_forward_pass import start
from unstuck.diagnosis.rules.rule import rule

Array = np.ndarray
STEEPEST = {"sigmoid": 0.25, "hard_sigmoid": 0.25, "tanh": 1.0}  # slopes of the functions that are flat at both ends
MOSTLY = 0.6  # a share of units or weights above which "most" is said


@rule("A01", setting=True)
def units_identical(e: Examination) -> Evidence | None:
    """Hidden units of a layer are copies of each other, and symmetric updates keep them so.

    What it detects: Hidden units of one layer whose incoming weights, biases and outgoing weights are all
    equal in the parameters as found.

    Why it hurts: Equal units compute the same output and receive the same gradient, so they stay equal: the
    layer works as a single unit, however wide it is.

    Cure: Draw the weights at random, for instance `rng.normal(size=(n_in, n_out)) / np.sqrt(n_in)`. Biases
    may start at zero.

    Evidence: The number of units that are copies, and the layer. A finding only if the network stays stuck
    and fresh initial weights are among what it needs.

    Look-alikes: A06 where the equal weights are zero, A05 where they are all positive. A single layer without
    hidden units may start at zero: its outputs are told apart by their targets.
    """
    if e.initial is None:
        return None
    for l, w in enumerate(e.initial.weights[:-1]):
        b, above = e.initial.biases[l], e.initial.weights[l + 1]
        incoming = w if b is None else np.vstack([w, b])
        if w.shape[1] > 1 and _all_equal(incoming.T) and _all_equal(above):
            return Evidence(
                MEASURED,
                f"layer {l + 1}: all {w.shape[1]} units have the same weights in and out",
                {"units": w.shape[1]},
                l + 1,
            )
    return None


def _all_equal(rows: Array) -> bool:
    return bool(np.abs(rows - rows[:1]).max() <= 1e-9 * max(1.0, np.abs(rows).max()))


@rule("A02", setting=True, look_alikes=("A07",))
def units_saturated(e: Examination) -> Evidence | None:
    """Most hidden units sit on the flat ends of their activation and pass no gradient back.

    What it detects: A sigmoid or tanh layer in which more than 60 % of the outputs, over up to 300 training
    examples, lie where the slope is below 5 % of its steepest.

    Why it hurts: The delta of a saturated unit is multiplied by a slope near zero: the layer and all below it
    hardly move.

    Cure: Draw smaller weights, `rng.normal(size=(n_in, n_out)) / np.sqrt(n_in)`, and bring the inputs to a
    range of about 1.

    Evidence: The share of saturated outputs, before the first update. A share alone proves nothing, as some
    saturated starts learn well: it is a finding only if the network stays stuck and fresh initial weights are
    among what it needs.

    Look-alikes: A07 is the same start seen from the size of the sums; A05 and D02 are frequent reasons for
    it.
    """
    seen = start(e)
    if seen is None or e.forward is None:
        return None
    for l, derivative in enumerate(seen.derivatives):
        steepest = STEEPEST.get(hidden_form(e.forward.hidden[l]).family)
        if steepest is None:
            continue
        share = float(np.mean(derivative < 0.05 * steepest))
        if share > MOSTLY:
            return Evidence(
                MEASURED, f"layer {l + 1}: {share:.0%} of the unit outputs are saturated", {"share": share}, l + 1
            )
    return None


@rule("A03", setting=True)
def units_dead(e: Examination) -> Evidence | None:
    """Most rectifiers of a layer are zero for every example.

    What it detects: A layer of rectifiers in which more than 60 % of the units give 0 for every one of up to
    300 training examples.

    Why it hurts: A rectifier that is always 0 has derivative 0 for every example, so its weights never change
    again.

    Cure: Draw the weights with `rng.normal(size=(n_in, n_out)) * np.sqrt(2 / n_in)` and start the biases at
    0. If units die during training, lower the learning rate.

    Evidence: The share of dead units and the layer, before the first update. A finding only if the network
    stays stuck and fresh initial weights are among what it needs: a layer with some dead units may learn
    well.

    Look-alikes: A learning rate that is too high (U07) kills units later; this rule reads the parameters as
    found only.
    """
    seen = start(e)
    if seen is None or e.forward is None:
        return None
    for l, name in enumerate(e.forward.hidden):
        if name in ("relu", "relu6"):
            share = float(np.mean((seen.activations[l + 1] <= 0).all(axis=0)))
            if share > MOSTLY:
                return Evidence(
                    MEASURED,
                    f"layer {l + 1}: {share:.0%} of the units give 0 for every example",
                    {"share": share},
                    l + 1,
                )
    return None


@rule("A04", setting=True, look_alikes=("A06",))
def outputs_identical(e: Examination) -> Evidence | None:
    """The outputs are the same for every input.

    What it detects: Scores (the sums of the last layer) that differ between training examples by less than a
    thousandth of their size.

    Why it hurts: Outputs that do not depend on the input can follow the class frequencies and nothing else;
    what would make them differ gets gradients as small as the differences.

    Cure: Draw weights in proportion to `1 / np.sqrt(n_in)` in every layer, and check that the inputs
    themselves differ.

    Evidence: The spread of the scores over examples and their size, measured before the output function, so
    that a wrong softmax is not mistaken for it. A finding only if the network stays stuck and fresh initial
    weights are among what it needs.

    Look-alikes: A06 is the usual reason. D04 (the inputs hardly differ) gives the same picture; where the
    inputs are all one number this rule is silent.
    """
    seen = start(e)
    if seen is None or len(seen.sums[-1]) < 2:
        return None
    spread, size = float(seen.sums[-1].std(axis=0).max()), float(np.abs(seen.sums[-1]).max())
    if spread > 1e-3 * max(size, 1e-3) or np.ptp(e.program.x) == 0:
        return None
    return Evidence(
        MEASURED,
        f"the scores are of size {size:.2g} and differ by {spread:.1g} from one input to another",
        {"spread": spread, "size": size},
    )


@rule("A05", setting=True, look_alikes=("A02", "A07"))
def weights_one_sign(e: Examination) -> Evidence | None:
    """All weights of a layer have one sign where a centred distribution was meant.

    What it detects: Layers of at least 20 weights that all have one sign, with a mean of more than half their
    standard deviation.

    Why it hurts: Sums of many terms of one sign are large and nearly equal: sigmoids saturate, units behave
    alike, and the gradients of a unit's weights share one sign.

    Cure: Centre the draw: `rng.uniform(-r, r, (n_in, n_out))` with `r = np.sqrt(6 / (n_in + n_out))`, where
    `rng.random(...)` stands now.

    Evidence: The lowest and highest weight and the layers. A finding only if the network stays stuck and
    fresh initial weights are among what it needs.

    Look-alikes: A02 and A07 are what such weights lead to.
    """
    if e.initial is None:
        return None
    found = [
        l + 1
        for l, w in enumerate(e.initial.weights)
        if w.size >= 20 and (w.min() >= 0 or w.max() <= 0) and abs(w.mean()) > 0.5 * w.std() > 0
    ]
    if not found:
        return None
    w = e.initial.weights[found[0] - 1]
    where = ("layers " if len(found) > 1 else "layer ") + ", ".join(map(str, found))
    return Evidence(
        MEASURED,
        f"{where}: all weights lie between {w.min():.3g} and {w.max():.3g}",
        {"layers": found, "lowest": float(w.min()), "highest": float(w.max())},
        found[0],
    )


@rule("A06", setting=True, look_alikes=("A04",))
def signal_vanishes(e: Examination) -> Evidence | None:
    """The weights are too small for the depth: differences between inputs fade on the way to the outputs.

    What it detects: Scores whose differences between examples are below a thousandth of those of the inputs,
    with a layer whose weights have less than 0.3 of the size that keeps a signal's; or a layer of zeros that
    passes nothing on.

    Why it hurts: What reaches the output hardly depends on the input, and gradients shrink by the same factor
    in every layer on the way back.

    Cure: Draw weights of standard deviation `1 / np.sqrt(n_in)` (sigmoid, tanh) or `np.sqrt(2 / n_in)`
    (rectifiers) instead of one small constant for all layers.

    Evidence: The spread of the inputs and of the scores, and per layer the root mean square of the weights
    times the root of the number of inputs (about 1 keeps a signal's size). A finding only if the network
    stays stuck and fresh initial weights are among what it needs.

    Look-alikes: A04 is the same start seen from the outputs. U08 and U09 (a rate too low, too few updates)
    end in the same accuracy.
    """
    seen = start(e)
    if seen is None or e.initial is None:
        return None
    start_spread = float(np.sqrt(np.mean(seen.activations[0].std(axis=0) ** 2)))
    end_spread = float(np.sqrt(np.mean(seen.sums[-1].std(axis=0) ** 2)))
    gains = [float(np.sqrt(np.mean(w**2) * w.shape[0])) for w in e.initial.weights]
    if all(np.any(w) for w in e.initial.weights) and end_spread < 1e-3 * start_spread and min(gains) < 0.3:
        return Evidence(
            MEASURED,
            f"inputs differ by {start_spread:.2g}, scores by {end_spread:.1g}",
            {"spread_of_inputs": start_spread, "spread_of_scores": end_spread, "gains": gains},
        )
    if not all(np.any(w) for w in e.initial.weights[:-1]) or (
        len(e.initial.weights) > 1 and not np.any(e.initial.weights[-1])
    ):
        return Evidence(
            MEASURED,
            "a layer starts with all weights at zero: its outputs are the same for every input",
            {"gains": gains},
        )
    return None


@rule("A07", setting=True, look_alikes=("A02",))
def signal_explodes(e: Examination) -> Evidence | None:
    """The weights are too large for the number of inputs: the sums grow far beyond what the activation can use.

    What it detects: A layer whose sums have a root mean square above 3 while its weights are more than 3
    times the size that keeps a signal's.

    Why it hurts: Sigmoids and softmaxes saturate, rectifiers give huge scores, and one update at a usual rate
    throws the parameters far away.

    Cure: Divide the draw by the root of the number of inputs: `rng.normal(size=(n_in, n_out)) /
    np.sqrt(n_in)`, or `* np.sqrt(2 / n_in)` for rectifiers.

    Evidence: The size of the sums and the factor by which the weights are too large. A finding only if the
    network stays stuck and fresh initial weights are among what it needs.

    Look-alikes: A02 is what it leads to in sigmoid and tanh layers. If the inputs are the large part, D02 is
    the cause.
    """
    seen = start(e)
    if seen is None or e.initial is None:
        return None
    for l, (z, w) in enumerate(zip(seen.sums, e.initial.weights, strict=True)):
        size = float(np.sqrt(np.mean(z**2)))
        gain = float(np.sqrt(np.mean(w**2) * w.shape[0]))
        if size > 3.0 and gain > 3.0:
            return Evidence(
                MEASURED,
                f"layer {l + 1}: weighted sums of size {size:.3g}, by weights {gain:.3g} times as large as would keep "
                "their size",
                {"size_of_sums": size, "gain": gain},
                l + 1,
            )
    return None
