"""How running means that start at 0 are corrected for it (Kingma and Ba 2015, section 3), rightly or with a slip."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Array = np.ndarray
Number = Array | float
RIGHT, UNKNOWN = "right", "of another form"

# (beta, beta of the other mean, step number from 1) -> what the mean is multiplied by
CORRECTIONS: dict[str, Callable[[Number, Number, int], Number]] = {
    RIGHT: lambda beta, other, t: 1 / (1 - beta**t),
    "none": lambda beta, other, t: 1.0,
    "multiplied": lambda beta, other, t: 1 - beta**t,
    "without the power": lambda beta, other, t: 1 / (1 - beta),
    "times the step number": lambda beta, other, t: 1 / (1 - beta * t),
    "one step late": lambda beta, other, t: 1 / (1 - beta ** (t + 1)),
    "with the other's beta": lambda beta, other, t: 1 / (1 - other**t),
    "by the power": lambda beta, other, t: 1 / beta**t,
    "without the difference from 1": lambda beta, other, t: beta**t,
    "with a plus": lambda beta, other, t: 1 / (1 + beta**t),
}


def factors(names: tuple[str, str], t: int, beta1: Number, beta2: Number) -> tuple[Number, Number]:
    """What the mean and the mean of the squares are multiplied by in step t; 1 where the form is not known."""
    first, second = (CORRECTIONS.get(name, CORRECTIONS["none"]) for name in names)
    return first(beta1, beta2, t), second(beta2, beta1, t)
