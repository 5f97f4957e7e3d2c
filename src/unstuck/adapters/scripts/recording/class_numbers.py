"""A class number that chooses one output of an example: `p[label] -= 1`, `np.log(p[label])`, `-1 / p[label]`."""

from __future__ import annotations

import ast
import functools
import linecache
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from unstuck.adapters.scripts.recording.hooks import Place
from unstuck.autodiff.families import DIVIDING, SUBTRACTING
from unstuck.autodiff.tape import Node, value_in

LOGARITHMS: frozenset[Any] = frozenset({np.log, np.log2, np.log10, math.log})


def class_number(node: Node, place: Place | None, read_by: Iterable[Node]) -> Any:
    """The whole number, or its node, by which a subscript chooses the output of a class; None for any other subscript.

    place    of the subscript
    read_by  what takes its value: a loss of the one output, or one taken off it
    """
    written = getattr(place.node, "slice", None) if place is not None else None
    index = node.args[1]
    if isinstance(index, tuple) and isinstance(written, ast.Tuple) and index:
        index, written = index[-1], written.elts[-1]
    value = value_in(index)
    if place is None or isinstance(value, bool) or not isinstance(value, int | np.integer):
        return None
    if isinstance(written, ast.Name):
        known = written.id not in counters("".join(linecache.getlines(place.site.file)))
    else:
        known = isinstance(written, ast.Subscript | ast.Attribute | ast.Call)
    return index if known and any(_is_of_one_class(node, other) for other in read_by) else None


def _is_of_one_class(node: Node, other: Node) -> bool:
    """Whether an operation on one output makes a loss of it, or takes one off it."""
    if other.op in LOGARITHMS:
        return True
    if len(other.args) != 2:
        return False
    first, second = map(value_in, other.args)
    if other.op in SUBTRACTING:
        return other.args[0] is node and np.ndim(second) == 0 and second == 1
    return other.op in DIVIDING and other.args[1] is node and np.ndim(first) == 0


@functools.lru_cache(maxsize=4)
def counters(text: str) -> frozenset[str]:
    """The names in a program that count: of loops over a range or an enumeration, and what is added to."""
    found = set[str]()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.For | ast.comprehension):
            words = {part.id for part in ast.walk(node.iter) if isinstance(part, ast.Name)}
            first = node.target.elts[0] if isinstance(node.target, ast.Tuple) and node.target.elts else node.target
            if words & {"range", "arange", "enumerate"} and isinstance(first, ast.Name):
                found.add(first.id)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return frozenset(found)
