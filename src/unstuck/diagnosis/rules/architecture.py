"""Faults of the initial state and the architecture: measured on the parameters as found; experiments decide whether they matter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unstuck.diagnosis.baseline import labels_of
from unstuck.diagnosis.examination import Examination
from unstuck.diagnosis.identification.forward import propagate
from unstuck.diagnosis.rule import MEASURED, Evidence, rule

Array = np.ndarray
MOSTLY = 0.6                                 # a share of units or weights above which "most" is said


@dataclass
class Start:
    """The forward pass of the parameters as found over some training examples."""

    sums: list[Array]
    activations: list[Array]
    derivatives: list[Array]                 # of the hidden layers


def start(e: Examination) -> Start | None:
    measured = e.__dict__.setdefault("measured", {})
    if "start" not in measured:
        measured["start"] = _start(e)
    return measured["start"]


def _start(e: Examination) -> Start | None:
    if not e.forward_proved or e.forward is None or e.initial is None:
        return None
    x = e.program.x[:: max(1, len(e.program.x) // 300)][:300]
    with np.errstate(all="ignore"):
        forms = e.forward.forms
        sums, activations = propagate(x, e.initial.weights, e.initial.biases, forms, e.forward.bias_modes)
        derivatives = [f.derivative(z, a) for f, z, a in zip(forms[:-1], sums, activations[1:], strict=False) if f.derivative]
    return Start(sums, activations, derivatives) if all(np.isfinite(a).all() for a in activations) else None


@rule("A01", setting=True)
def units_identical(e: Examination) -> Evidence | None:
    """Hidden units of a layer are copies of each other, and symmetric updates keep them so."""
    if e.initial is None:
        return None
    for l, w in enumerate(e.initial.weights[:-1]):
        b, above = e.initial.biases[l], e.initial.weights[l + 1]
        incoming = w if b is None else np.vstack([w, b])
        if w.shape[1] > 1 and _all_equal(incoming.T) and _all_equal(above):
            return Evidence(
                MEASURED, f"layer {l + 1}: all {w.shape[1]} units have the same weights in and out", {"units": w.shape[1]}, l + 1
            )
    return None


def _all_equal(rows: Array) -> bool:
    return bool(np.abs(rows - rows[:1]).max() <= 1e-9 * max(1.0, np.abs(rows).max()))


@rule("A02", setting=True, look_alikes=("A07",))
def units_saturated(e: Examination) -> Evidence | None:
    """Most hidden units sit on the flat ends of their activation and pass no gradient back."""
    seen = start(e)
    if seen is None or e.forward is None:
        return None
    for l, derivative in enumerate(seen.derivatives):
        if "sigmoid" not in e.forward.hidden[l] and "tanh" not in e.forward.hidden[l]:
            continue
        steepest = 0.25 if "sigmoid" in e.forward.hidden[l] else 1.0
        share = float(np.mean(derivative < 0.05 * steepest))
        if share > MOSTLY:
            return Evidence(MEASURED, f"layer {l + 1}: {share:.0%} of the unit outputs are saturated", {"share": share}, l + 1)
    return None


@rule("A03", setting=True)
def units_dead(e: Examination) -> Evidence | None:
    """Most rectifiers of a layer are zero for every example."""
    seen = start(e)
    if seen is None or e.forward is None:
        return None
    for l, name in enumerate(e.forward.hidden):
        if name in ("relu", "relu6"):
            share = float(np.mean((seen.activations[l + 1] <= 0).all(axis=0)))
            if share > MOSTLY:
                return Evidence(MEASURED, f"layer {l + 1}: {share:.0%} of the units give 0 for every example", {"share": share}, l + 1)
    return None


@rule("A04", setting=True, look_alikes=("A06",))
def outputs_identical(e: Examination) -> Evidence | None:
    """The outputs are the same for every input."""
    seen = start(e)
    if seen is None or len(seen.sums[-1]) < 2:
        return None
    spread, size = float(seen.sums[-1].std(axis=0).max()), float(np.abs(seen.sums[-1]).max())
    if spread > 1e-3 * max(size, 1e-3) or np.ptp(e.program.x) == 0:
        return None
    return Evidence(
        MEASURED, f"the scores differ by {spread:.1g} between inputs, at a size of {size:.2g}", {"spread": spread, "size": size}
    )


@rule("A05", setting=True, look_alikes=("A02", "A07"))
def weights_one_sign(e: Examination) -> Evidence | None:
    """All weights of a layer have one sign where a centred distribution was meant."""
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
    return Evidence(
        MEASURED,
        f"layers {found}: all weights lie between {w.min():.3g} and {w.max():.3g}",
        {"layers": found, "lowest": float(w.min()), "highest": float(w.max())},
        found[0],
    )


@rule("A06", setting=True, look_alikes=("A04",))
def signal_vanishes(e: Examination) -> Evidence | None:
    """The weights are too small for the depth: differences between inputs fade on the way to the outputs."""
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
    if not all(np.any(w) for w in e.initial.weights[:-1]) or (len(e.initial.weights) > 1 and not np.any(e.initial.weights[-1])):
        return Evidence(MEASURED, "a layer starts at zero and passes nothing", {"gains": gains})
    return None


@rule("A07", setting=True, look_alikes=("A02",))
def signal_explodes(e: Examination) -> Evidence | None:
    """The weights are too large for the number of inputs: the sums grow far beyond what the activation can use."""
    seen = start(e)
    if seen is None or e.initial is None:
        return None
    for l, (z, w) in enumerate(zip(seen.sums, e.initial.weights, strict=True)):
        size = float(np.sqrt(np.mean(z**2)))
        gain = float(np.sqrt(np.mean(w**2) * w.shape[0]))
        if size > 3.0 and gain > 3.0:
            return Evidence(
                MEASURED,
                f"layer {l + 1}: sums of size {size:.3g}, weights {gain:.3g} times the size that keeps a signal's",
                {"size_of_sums": size, "gain": gain},
                l + 1,
            )
    return None


@rule("A08", setting=True)
def network_too_small(e: Examination) -> Evidence | None:
    """The narrowest hidden layer is narrower than the number of classes: less than a linear classifier can use."""
    labels = labels_of(e)
    if e.initial is None or labels is None or len(e.initial.weights) < 2:
        return None
    narrowest = min(w.shape[1] for w in e.initial.weights[:-1])
    n_classes = len(np.unique(labels))
    if n_classes <= 2 or narrowest >= n_classes - 1:
        return None
    return Evidence(
        MEASURED, f"{narrowest} hidden units for {n_classes} classes", {"narrowest": narrowest, "classes": n_classes}
    )
