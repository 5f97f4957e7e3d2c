"""Perceptrons: weights that are moved by an example where the decision on it was wrong.

A decision is a step, through which nothing can be followed back: no derivative goes there, and no value that is
computed from it depends on the weights. But the rule itself can be seen. A right one (Rosenblatt 1958) moves the sum of
the example on which the decision was wrong towards the other side; one with the wrong sign moves it further away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from unstuck.adapters.scripts.reading.lines import location
from unstuck.adapters.scripts.reading.parameters import ADDING, shown
from unstuck.autodiff.families import MATRIX_PRODUCTS
from unstuck.autodiff.tape import LEAF, Node, Site, Tape
from unstuck.diagnosis.examination.evidence import PROVED
from unstuck.diagnosis.examination.examination import Missing
from unstuck.diagnosis.report.contents import Finding
from unstuck.diagnosis.report.report import Report
from unstuck.diagnosis.rules import RULES

PRODUCTS = MATRIX_PRODUCTS | {np.inner, np.vdot}
FEWEST = 3  # corrections that show the rule
ALONG = 1e-9  # by which a correction may differ from a multiple of its example, as a share


@dataclass(frozen=True)
class Corrections:
    """The corrections of a perceptron that were recorded.

    site     the expression that made the first new weights
    against  how many moved the sum of their example to the other side of the decision
    along    how many moved it further to the side on which it was
    """

    site: Site
    against: int
    along: int


def corrections(tape: Tape) -> Corrections | None:
    """What the weights are moved by, where each change is a multiple of the example that was decided on; else None."""
    users: dict[int, list[Node]] = defaultdict(list)
    reads: dict[tuple[int, int], list[tuple[Node, Node, Node]]] = defaultdict(list)
    for node in tape.nodes:
        for parent in node.parents():
            users[parent.number].append(node)
        if node.op in PRODUCTS and node.site is not None and len(node.args) == 2 and np.ndim(node.value) == 0:
            first, second = node.args
            if isinstance(first, Node) and isinstance(second, Node):
                reads[id(node.site), 0].append((node, first, second))
                reads[id(node.site), 1].append((node, second, first))
    for uses in reads.values():
        moved = list(_moved(uses, users))
        if len(moved) >= FEWEST and all(one is not None for one in moved):
            along = sum(bool(one) for one in moved)
            site = next(site for _, weights, _ in uses[1:] if (site := _made(weights)) is not None)
            return Corrections(site, len(moved) - along, along)
    return None


def _moved(uses: list[tuple[Node, Node, Node]], users: dict[int, list[Node]]) -> Iterator[bool | None]:
    """For each change of the weights whether it moved the sum of its example on; None where it is no multiple of it."""
    for (node, weights, data), (later, after, _) in pairwise(uses):
        x, step = _flat(data), _flat(after) - _flat(weights) if _flat(after).shape == _flat(weights).shape else None
        if step is None or step.shape != x.shape:
            yield None
            continue
        (total, bias), (_, bias_after) = _sum(node, users), _sum(later, users)
        if not step.any() or total == 0:
            continue
        share = float(step @ x) / (float(x @ x) or 1.0)
        if np.linalg.norm(step - share * x) > ALONG * max(np.linalg.norm(_flat(after)), np.linalg.norm(step)):
            yield None
        else:
            yield (float(step @ x) + bias_after - bias) * total > 0


def _sum(node: Node, users: dict[int, list[Node]]) -> tuple[float, float]:
    """The sum that is decided on, and the bias in it."""
    for user in users[node.number]:
        if user.op in ADDING and np.ndim(user.value) == 0:
            return float(user.value), float(user.value) - float(node.value)
    return float(node.value), 0.0


def _flat(node: Node) -> np.ndarray:
    return np.asarray(node.value, float).reshape(-1)


def _made(weights: Node) -> Site | None:
    """The expression that made a version of the weights; None for the first."""
    node = shown(weights)
    return None if node.op is LEAF else node.site


def perceptron_report(found: Corrections, reading: dict[str, Any]) -> Report:
    """Faulty where all corrections go the wrong way; healthy is not said of what no derivative reaches."""
    findings = list(_of_corrections(found))
    missing = "outputs that change by degrees: nothing can be followed back through the decisions of a perceptron"
    report = Report("", "faulty" if findings else "inconclusive", 0.0, {}, findings, reading=reading)
    report.unchecked = [Missing("all but the direction of its corrections", missing)]
    return report


def _of_corrections(found: Corrections) -> Iterator[Finding]:
    """A finding where all corrections go the wrong way."""
    if found.along and not found.against:
        words = (
            f"each of {found.along} corrections moves the sum of its example further to the side on which the decision "
            f"was wrong"
        )
        yield Finding(RULES["U01"], PROVED, words, {"corrections": found.along}, True, None, location(found.site))
