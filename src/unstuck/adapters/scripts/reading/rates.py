"""The learning rate of a script as its author states it: the one number that the gradient is multiplied by.

A division by the number of examples makes the gradient an average and is no part of the rate, however it is written:
`lr * g / n`, `(lr / n) * g`, `lr * (1 / n) * g`.
"""

from __future__ import annotations

import ast
import functools
import linecache
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from unstuck.adapters.scripts.reading.parameters import Chain
from unstuck.adapters.scripts.recording.hooks import Place, operand_of
from unstuck.autodiff.families import DIVIDING, MULTIPLYING, NEGATING
from unstuck.autodiff.tape import LEAF, Node, value_in

CHAINS = 4  # parameters that are looked at
LONGEST = 6  # operations from what is taken off a parameter to the gradient
CLOSE = 1e-12  # relative


def learning_rate(chains: Sequence[Chain], places: Sequence[Place], examples: int | None) -> float | None:
    """The number, where all parameters that show one show the same; `examples` is how many an update takes."""
    by_site = {id(place.site): place for place in places}
    found = set()
    for chain in chains[:CHAINS]:
        rates = {abs(rate) for rate in _factors(chain.steps[0], by_site, examples or 1)}
        if len(rates) > 1:
            rates = {rate for rate in rates if not _equal(rate * (examples or 1), 1.0)}  # what takes the average
        if len(rates) == 1:
            found |= rates
    rate = found.pop() if len(found) == 1 else None
    return rate or None


def _factors(step: Node, places: dict[int, Place], examples: int) -> Iterator[float]:
    """The single numbers that a gradient is multiplied by."""
    pending, walked = [step], 0
    while pending and walked < LONGEST:
        node, walked = pending.pop(0), walked + 1
        if node.op in DIVIDING:
            pending += [argument for argument in node.args[:1] if isinstance(argument, Node)]
        if node.op not in MULTIPLYING | NEGATING:
            continue
        for position, argument in enumerate(node.args):
            value = value_in(argument)
            if np.ndim(value) or not isinstance(value, (int, float, np.number)):
                pending += [argument] if isinstance(argument, Node) else []
            elif isinstance(argument, Node) and argument.op is not LEAF and argument.op not in DIVIDING:
                pending.append(argument)  # a gradient that is one number
            else:
                yield _undivided(argument, float(value), places.get(id(node.site)), position, examples)


def _undivided(argument: Any, value: float, place: Place | None, position: int, examples: int) -> float:
    """A factor without the division by the number of examples that it was made with."""
    if isinstance(argument, Node):
        divided = argument.op in DIVIDING and _equal(_number(argument.args[1]), examples)
        return _number(argument.args[0]) if divided else value
    written = operand_of(place, position) if place is not None else None
    if place is None or written is None or not any(isinstance(part, ast.Div) for part in ast.walk(written)):
        return value
    numbers = _written_numbers("".join(linecache.getlines(place.site.file)))
    whole = [number for number in numbers if _equal(number, value * examples)]
    return whole[0] if whole and not any(_equal(number, value) for number in numbers) else value


def _number(argument: Any) -> float:
    value = value_in(argument)
    return float(value) if np.ndim(value) == 0 else float("nan")


def _equal(a: float, b: float) -> bool:
    return abs(a - b) <= CLOSE * abs(b)


@functools.lru_cache(maxsize=4)
def _written_numbers(text: str) -> frozenset[float]:
    """The numbers that stand in a source."""
    values = [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]
    return frozenset(float(value) for value in values if isinstance(value, float | int) and abs(value) < 1e300)
