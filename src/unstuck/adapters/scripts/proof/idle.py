"""Arrays that a script makes like its parameters, and never updates though its loss depends on them.

The expression that draws the weights of every layer is often one (`Linear.__init__`). Where some of what it drew is
updated and some is not, a way back is missing: in an engine of one's own, an operation that does not hand on what came
back. That operation made the earliest value whose adjoint the program computes.

Where such an operation stands at the very end of the network, no gradient gets to any of the weights: every update of
theirs adds nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from unstuck.adapters.scripts.reading.hints import is_drawn
from unstuck.adapters.scripts.reading.lines import location
from unstuck.adapters.scripts.reading.parameters import Chain, ancestors, shown
from unstuck.autodiff.comparison import fit
from unstuck.autodiff.families import ADDING, SUBTRACTING
from unstuck.autodiff.graph import Graph
from unstuck.autodiff.proof import Proof
from unstuck.autodiff.reverse import Adjoints, adjoints
from unstuck.autodiff.tape import LEAF, Node, Site, Tape, value_in
from unstuck.diagnosis.examination.evidence import PROVED
from unstuck.diagnosis.report.contents import Finding
from unstuck.diagnosis.rules import RULES

MOST = 200  # nodes of a forward pass at which the way back is looked for


@dataclass(frozen=True)
class Idle:
    """An array that should be updated and is not."""

    node: Node
    made: Site
    stop: Site | None  # the operation at which the way back ends


def idle_parameters(proof: Proof, chains: Sequence[Chain]) -> Iterator[Idle]:
    """Those of a step whose loss depends on them."""
    step, hypothesis = proof.step, proof.hypothesis
    if hypothesis is None:
        return
    graph, tape = step.graph, step.graph.tape
    made = {origin.site.key for chain in chains if (origin := _origin(chain.root)).site is not None}
    roots = {_origin(chain.root).number for chain in chains}
    forward = graph.ancestors(hypothesis.seeds)
    for number in sorted(forward):
        leaf = tape.nodes[number]
        fresh = leaf.op is LEAF and leaf.site is not None and leaf.site.key in made and number not in roots
        if not fresh or np.ndim(leaf.value) < 1 or np.size(leaf.value) < 2:
            continue
        dependent = graph.descendants([number]) & forward
        true = adjoints(graph, hypothesis.seeds, dependent, proof.tie)
        total = true.totals.get(number)
        assert leaf.site is not None
        if total is not None and true.known(number) and np.any(total):
            yield Idle(leaf, leaf.site, _stop(proof, graph, true, dependent))


def _origin(node: Node) -> Node:
    """The leaf that a parameter's first value was computed from, where it is one: drawn, then scaled."""
    while node.op is not LEAF:
        parents = list(dict.fromkeys(node.parents()))
        leaves = [parent for parent in parents if np.size(parent.value) == np.size(node.value)]
        if len(leaves) != 1:
            return node
        node = leaves[0]
    return node


def _stop(proof: Proof, graph: Graph, true: Adjoints, dependent: set[int]) -> Site | None:
    """Where the way back ends: the operation that made the earliest value whose adjoint the program computes."""
    nodes = graph.tape.nodes
    start = min(n for n in true.totals if n in dependent)
    last = max((node.number for parameter in proof.step.parameters for node in parameter.change), default=0)
    behind = [node.number for node in nodes[start : last + 1] if isinstance(node.value, np.ndarray)]
    behind = [number for number in behind if number in proof.step.moving and number not in dependent]
    for number in sorted(dependent & set(true.totals))[:MOST]:
        if nodes[number].op is not LEAF and _is_computed(proof, true, number, behind):
            return nodes[number].site
    return None


def _is_computed(proof: Proof, true: Adjoints, number: int, behind: Sequence[int]) -> bool:
    """Whether the program computed the adjoint of a value, up to a factor."""
    total = true.totals.get(number)
    if total is None:
        return False
    nodes = proof.step.graph.tape.nodes
    wanted = np.asarray(total, float)
    for other in behind:
        value = nodes[other].value
        alike = value.shape == wanted.shape and value.dtype.kind == "f"
        if alike and fit(value.astype(float), wanted).residual <= proof.tolerance:
            return True
    return False


def updates_of_nothing(tape: Tape) -> Iterator[Finding]:
    """A finding for each expression `a ± d` that adds nothing but zeros, which do not depend on `a`, again and again to
    values drawn at random."""
    roots: dict[int, Node] = {}  # by number of a value that such updates made, the one before the first of them
    again: dict[Site, set[int]] = {}
    moving = set[Site]()
    for node in tape.nodes:
        if node.site is None or node.op not in ADDING | SUBTRACTING or len(node.args) != 2:
            continue
        before, step = node.args
        if np.any(value_in(step)):
            moving.add(node.site)
        elif isinstance(before, Node):
            value = shown(before)
            root = roots.get(value.number, value)
            if not _is_drawn(root) or (isinstance(step, Node) and root in ancestors([step], root.number)):
                continue
            roots[node.number] = root
            if root is not value:
                again.setdefault(node.site, set()).add(root.number)
    for site, values in again.items():
        if site not in moving:
            words = (
                f"`{site.in_one_line}` adds zeros to {len(values)} values drawn at random, each time: no gradient gets "
                f"to them"
            )
            yield Finding(RULES["U05"], PROVED, words, {}, True, None, location(site))


def _is_drawn(node: Node) -> bool:
    origin = _origin(node)
    return origin.op is LEAF and is_drawn(origin)
