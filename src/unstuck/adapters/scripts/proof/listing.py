"""A script's own source with a margin: which lines of its training step are proved right, and where it departs.

A line may be carried out often and for several layers; it says the worst that is known of it. Lines of the forward pass
and of the update have no mark: a derivative says nothing of them. They have the shapes and ranges of what they made.
"""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from typing import Any

import numpy as np

from unstuck.adapters.scripts.proof.proving import Proved
from unstuck.autodiff.graph import Graph
from unstuck.autodiff.proof import Proof, forward_pass
from unstuck.autodiff.tape import LEAF, Node
from unstuck.autodiff.verdicts import Verdict

RIGHT, DEPARTS, GIVEN, UNKNOWN = "right", "departs", "given", ""
WORST = (UNKNOWN, RIGHT, GIVEN, DEPARTS)
MOST_VALUES = 4  # that are told of one line

Place = tuple[str, int]  # file and line


def listing_of(proved: Proved) -> list[dict[str, Any]]:
    """The lines on which the step made values, in order: file, line, text, mark and values (text, shape, range)."""
    marks, made = _marks(proved), _made(proved.first)
    return [
        {
            "file": file,
            "line": line,
            "text": linecache.getline(file, line).rstrip(),
            "mark": marks.get((file, line), UNKNOWN),
            "values": [_value_as_data(node) for node in made.get((file, line), [])],
        }
        for file, line in sorted(set(marks) | set(made))
    ]


def _marks(proved: Proved) -> dict[Place, str]:
    """The worst that is known of each line of the way back."""
    proof = proved.first
    graph = proof.step.graph
    forward = forward_pass(proof)
    right, wrong = (set().union(*_slices(proof, forward, verdict)) for verdict in (True, False))
    departing = {graph.same[departure.node.number] for departure in proved.departures}
    spoilt = (graph.descendants(departing) & wrong) - right
    marks: dict[Place, str] = {}
    for numbers, mark in ((right, RIGHT), (spoilt, GIVEN)):
        for number in numbers:
            _mark(marks, graph.tape.nodes[number], mark)
    for departure in proved.departures:
        if departure.site is not None:
            marks[departure.site.file, departure.site.line] = DEPARTS
    for one in proved.idle:
        if one.stop is not None:
            marks[one.stop.file, one.stop.line] = DEPARTS
    return marks


def _slices(proof: Proof, forward: set[int], right: bool) -> Iterator[set[int]]:
    """What each right, or each wrong, gradient is computed from on the way back."""
    for verdict in proof.verdicts:
        if verdict.right is right and verdict.gradient is not None:
            yield _way_back(proof.step.graph, verdict, forward) - proof.step.roots


def _way_back(graph: Graph, verdict: Verdict, forward: set[int]) -> set[int]:
    assert verdict.gradient is not None
    ends = [graph.same[node.number] for node in verdict.gradient.nodes if node not in verdict.parameter.after]
    ends += [graph.same[node.number] for change in verdict.parameter.change for node in change.parents()]
    return {n for n in graph.ancestors(ends) - forward if graph.tape.nodes[n].op is not LEAF and n not in graph.cut}


def _mark(marks: dict[Place, str], node: Node, mark: str) -> None:
    if node.site is not None:
        place = node.site.file, node.site.line
        marks[place] = max(marks.get(place, UNKNOWN), mark, key=WORST.index)


def _made(proof: Proof) -> dict[Place, list[Node]]:
    """The first values that each line of the step made, the whole of an expression before its parts."""
    made: dict[Place, list[Node]] = {}
    nodes = proof.step.graph.tape.nodes
    for number in sorted(proof.step.moving | proof.step.news):
        node = nodes[number]
        numeric = isinstance(node.value, np.ndarray) and node.value.dtype.kind in "fiub"
        if node.site is None or node.op is LEAF or not numeric:
            continue
        known = made.setdefault((node.site.file, node.site.line), [])
        if all(one.site != node.site for one in known):
            known.append(node)
    for known in made.values():
        known.sort(key=lambda node: -len(node.site.text if node.site else ""))
        del known[MOST_VALUES:]
    return made


def _value_as_data(node: Node) -> dict[str, Any]:
    value = np.asarray(node.value)
    finite = value[np.isfinite(value)] if value.dtype.kind == "f" else value
    return {
        "text": node.site.text if node.site else "",
        "column": node.site.column if node.site else 1,
        "shape": list(value.shape),
        "dtype": str(value.dtype),
        "range": [float(finite.min()), float(finite.max())] if finite.size else None,
        "finite": bool(finite.size == value.size),
    }
