"""Update formulas of the adaptive kind: divide by the size of recent gradients.

A rule keeps running moments: state and gradient in, direction out; the change is -learning_rate * direction.
Linear rules are told by their impulse response (see identification.update), so they need no entry here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

Array = np.ndarray
Moments = dict[str, Array | int]
Direction = Callable[[Moments, Array], Array]


@dataclass(frozen=True)
class AdaptiveRule:
    """direction(moments, gradient) -> direction of this step; `moments` changes in place, {} before the first step."""

    name: str
    direction: Direction = field(repr=False, compare=False)
    fault: str = ""

    @property
    def family(self) -> str:
        """The rule but for its epsilon."""
        return self.name if self.fault else self.name.split(", epsilon")[0]

    def directions(self, gradients: list[Array]) -> list[Array]:
        """The directions of consecutive steps from a fresh start."""
        moments: Moments = {}
        return [self.direction(moments, gradient) for gradient in gradients]


def adam(b1: float, b2: float, epsilon: float, corrected: str = "right") -> Direction:
    """Kingma and Ba 2015, algorithm 1; `corrected` says how the bias correction goes."""

    def direction(moments: Moments, g: Array) -> Array:
        t = moments["t"] = int(moments.get("t", 0)) + 1
        m = moments["m"] = b1 * moments.get("m", 0.0) + (1 - b1) * g
        v = moments["v"] = b2 * moments.get("v", 0.0) + (1 - b2) * g * g
        c1, c2 = {
            "right": (1 - b1**t, 1 - b2**t),
            "none": (1.0, 1.0),
            "of the first moment only": (1 - b1**t, 1.0),
            "of the second moment only": (1.0, 1 - b2**t),
            "swapped": (1 - b2**t, 1 - b1**t),
            "without the power": (1 - b1, 1 - b2),
            "of the first moment times the step number": (1 - b1 * t, 1 - b2**t),
            "one step late": (1 - b1 ** (t + 1), 1 - b2 ** (t + 1)),
        }[corrected]
        return (m / c1) / (np.sqrt(v / c2) + epsilon)

    return direction


def adam_with_late_epsilon(b1: float, b2: float, epsilon: float) -> Direction:
    """The efficient order of Kingma and Ba 2015, end of section 2, in which epsilon meets the uncorrected moment."""

    def direction(moments: Moments, g: Array) -> Array:
        t = moments["t"] = int(moments.get("t", 0)) + 1
        m = moments["m"] = b1 * moments.get("m", 0.0) + (1 - b1) * g
        v = moments["v"] = b2 * moments.get("v", 0.0) + (1 - b2) * g * g
        return np.sqrt(1 - b2**t) / (1 - b1**t) * m / (np.sqrt(v) + epsilon)

    return direction


def accumulated(direction: Direction) -> Direction:
    """The same rule on the sum of all gradients so far: gradients that were never set back."""

    def changed(moments: Moments, g: Array) -> Array:
        total = moments["total"] = moments.get("total", 0.0) + g
        return direction(moments, total)

    return changed


def rms_prop(decay: float, epsilon: float, inside: bool = False) -> Direction:
    """Hinton's lecture 6e of the Coursera course: divide by a running root mean square."""

    def direction(moments: Moments, g: Array) -> Array:
        v = moments["v"] = decay * moments.get("v", 0.0) + (1 - decay) * g * g
        return g / (np.sqrt(v + epsilon) if inside else np.sqrt(v) + epsilon)

    return direction


def ada_grad(epsilon: float, inside: bool = False) -> Direction:
    """Duchi, Hazan and Singer 2011: divide by the root of the sum of squares so far."""

    def direction(moments: Moments, g: Array) -> Array:
        v = moments["v"] = moments.get("v", 0.0) + g * g
        return g / (np.sqrt(v + epsilon) if inside else np.sqrt(v) + epsilon)

    return direction


DEFAULT_ADAM = "adam(beta1=0.9, beta2=0.999, epsilon=1e-08)"
OTHER_FORM = "bias correction of another form"
ADAPTIVE: tuple[AdaptiveRule, ...] = (
    *(
        AdaptiveRule(f"adam(beta1={b1:g}, beta2={b2:g}, epsilon={e:g})", adam(b1, b2, e))
        for b1, b2 in ((0.9, 0.999), (0.9, 0.99), (0.9, 0.9), (0.5, 0.999), (0.8, 0.999), (0.95, 0.999))
        for e in (1e-8, 1e-7, 1e-6, 1e-10, 1e-5)
    ),
    *(
        AdaptiveRule(f"adam(beta1=0.9, beta2=0.999, epsilon={e:g} after it)", adam_with_late_epsilon(0.9, 0.999, e))
        for e in (1e-8, 1e-7)
    ),
    *(
        AdaptiveRule(f"adam(beta1={b1:g}, beta2={b2:g}), bias correction {how}", adam(b1, b2, 1e-8, how), "U12")
        for b1, b2 in ((0.9, 0.999), (0.9, 0.99))
        for how in (
            "none",
            "of the first moment only",
            "of the second moment only",
            "swapped",
            "without the power",
            "of the first moment times the step number",
            "one step late",
        )
    ),
    AdaptiveRule(f"{DEFAULT_ADAM}, gradients accumulated", accumulated(adam(0.9, 0.999, 1e-8)), "U02"),
    *(
        AdaptiveRule(f"adam(beta1={b1:g}, beta2={b2:g}), {OTHER_FORM}", adam(b1, b2, 1e-8, "none"), "U12")
        for b1, b2 in ((0.9, 0.999), (0.9, 0.99))
    ),
    *(
        AdaptiveRule(f"rms_prop(decay={d:g}, epsilon={e:g}{', inside' if i else ''})", rms_prop(d, e, i))
        for d in (0.9, 0.99, 0.999, 0.95)
        for e in (1e-8, 1e-7, 1e-6, 1e-10)
        for i in (False, True)
    ),
    *(
        AdaptiveRule(f"ada_grad(epsilon={e:g}{', inside' if i else ''})", ada_grad(e, i))
        for e in (1e-8, 1e-7, 1e-10, 1e-6)
        for i in (False, True)
    ),
    AdaptiveRule("signs of the gradients", lambda moments, g: np.sign(g)),
)


def adaptive_rule(name: str) -> AdaptiveRule:
    return next(rule for rule in ADAPTIVE if rule.name == name)
