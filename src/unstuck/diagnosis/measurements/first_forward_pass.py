"""Sums, activations and derivatives of the network as found, which the rules of the initial state read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.identification.forward import propagate
from unstuck.diagnosis.measurements.once import once

Array = np.ndarray


@dataclass
class Start:
    """The forward pass of the parameters as found over some training examples."""

    sums: list[Array]
    activations: list[Array]
    derivatives: list[Array]  # of the hidden layers


@once
def start(e: Examination) -> Start | None:
    """None where the forward pass is not identified, or gives numbers that are not finite."""
    if not e.forward_proved or e.forward is None or e.initial is None:
        return None
    x = e.program.x[:: max(1, len(e.program.x) // 300)][:300]
    with np.errstate(all="ignore"):
        forms = e.forward.forms
        sums, activations = propagate(x, e.initial.weights, e.initial.biases, forms, e.forward.bias_modes)
        derivatives = [
            f.derivative(z, a) for f, z, a in zip(forms[:-1], sums, activations[1:], strict=False) if f.derivative
        ]
    return Start(sums, activations, derivatives) if all(np.isfinite(a).all() for a in activations) else None
