"""What a script prints about itself: the accuracies in its lines, and how two runs compare."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import isfinite

FLOAT = r"\d+(?:\.\d*)?(?:e[+-]?\d+)?"
NUMBER = r"(\d+(?:\.\d*)?(?:e-?\d+)?)"
NAMED = re.compile(
    rf"(?:acc\w*|correct\w*|right|score)\b[^\d\n-]{{0,25}}{NUMBER}(\s*%)?(?!\s*(?:/|of|out of)\s*\d)", re.I
)
SHARE = re.compile(r"(\d+)\s*(?:/|of|out of)\s*(\d+)", re.I)
COUNTERS = re.compile(r"(?:epoch|iter\w*|step|batch|round|pass)\W*$", re.I)
LOSS = re.compile(rf"(?:loss|cost|error)\w*\b[^\d\n-]{{0,15}}({FLOAT}|nan|inf)", re.I)
LOWER = 0.02  # of the accuracy, that a fix may not cost
HIGHER = 1.5  # times the loss, where no accuracy is told
SMALL = 0.05  # of the loss at the beginning, that makes no difference


def accuracies(lines: Iterable[str]) -> list[float]:
    """The accuracies that lines tell, as shares of 1, in their order; the last one of each line.

    >>> accuracies(["Epoch 3/10: loss 0.3", "Epoch 3: 9500 / 10000", "accuracy: 95.0 %", "acc 0.5"])
    [0.95, 0.95, 0.5]
    """
    found = []
    for line in lines:
        told = [value for value in (*_named(line), *_shares(line)) if 0 <= value <= 1]
        found += told[-1:]
    return found


def _named(line: str) -> Iterable[float]:
    for match in NAMED.finditer(line):
        value = float(match[1])
        yield value / 100 if match[2] or value > 1 else value


def _shares(line: str) -> Iterable[float]:
    for match in SHARE.finditer(line):
        if int(match[2]) > 0 and not COUNTERS.search(line[: match.start()]):
            yield int(match[1]) / int(match[2])


def losses(lines: Iterable[str]) -> list[float]:
    """The losses that lines tell, in their order.

    >>> losses(["epoch 1 loss: 0.25 (best 0.2)", "Cost = 3e-2", "no number"])
    [0.25, 0.03]
    """
    found = [LOSS.search(line) for line in lines]
    return [float(match[1]) for match in found if match]


def is_worse(before: list[str], after: list[str], same_loss: bool = False) -> bool:
    """Whether the second run tells a lower accuracy than the first, at the same length of both; where they tell none
    and have the same loss, whether it is far higher, or no number."""
    first, second = accuracies(before), accuracies(after)
    last = min(len(first), len(second)) - 1
    if last >= 0:
        return second[last] < first[last] - LOWER
    first, second = losses(before), losses(after)
    last = min(len(first), len(second)) - 1
    if not same_loss or last < 0 or not isfinite(first[last]):
        return False
    grown = second[last] - first[last]
    return not (second[last] <= HIGHER * first[last] or grown <= SMALL * abs(first[0]))
