"""One update of a program as the proof takes it: parameters before and after, and what they were changed by."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.autodiff.families import ADDING, CASTING, SCALING
from unstuck.autodiff.graph import Graph, merged
from unstuck.autodiff.movement import DATA
from unstuck.autodiff.tape import Node, Tape

LONGEST_CHAIN = 40


@dataclass(frozen=True, slots=True)
class Parameter:
    """An array of parameters at one update; several nodes where the program keeps single numbers."""

    name: str
    before: tuple[Node, ...]  # as the forward pass read it
    after: tuple[Node, ...]  # what it was replaced by
    change: tuple[Node, ...]  # the additions that made the new values: old plus or minus something


@dataclass(frozen=True, slots=True)
class Step:
    """One update: what depends on its parameters, in a graph that ends where they are replaced."""

    graph: Graph
    parameters: tuple[Parameter, ...]
    moving: frozenset[int]  # all that depends on the parameters before the update, not through a later version
    used: frozenset[int]  # all that the new parameters are made of
    counts: dict[int, int]  # on how many of the parameters' nodes each of `moving` depends, up to 63 groups of them
    roots: frozenset[int]  # the parameters before the update
    news: frozenset[int]  # the parameters after it


def step_of(tape: Tape, parameters: Sequence[Parameter], versions: Sequence[Node]) -> Step:
    """The step of these parameters; `versions` are all nodes that are a parameter before or after any update."""
    cut = {node.number: node for node in versions}
    cut.update({node.number: node for p in parameters for node in (*p.before, *p.after)})
    return step_on(merged(tape, cut.values()), parameters)


def step_on(graph: Graph, parameters: Sequence[Parameter]) -> Step:
    """The step of these parameters in a graph that is cut at all their versions."""
    bits: dict[int, int] = {}
    last = max((node.number for p in parameters for node in p.change), default=0)
    for i, node in enumerate(node for parameter in parameters for node in parameter.before):
        number = graph.same[node.number]
        bits[number] = bits.get(number, 0) | 1 << (i % 63)
    if bits:
        for number in range(min(bits), len(graph.same)):
            if graph.same[number] == number and number not in bits:
                found = 0
                for parent in graph.parents(number):
                    found |= bits.get(parent, 0)
                if found and (number <= last or _is_of_the_step(graph, number, last, bits)):
                    bits[number] = found
    new = [n for p in parameters for node in (*p.after, *p.change) for n in sources(graph, node)]
    return Step(
        graph,
        tuple(parameters),
        frozenset(bits),
        frozenset(graph.ancestors(new)),
        {number: found.bit_count() for number, found in bits.items()},
        frozenset(graph.same[n.number] for p in parameters for n in p.before),
        frozenset(graph.same[n.number] for p in parameters for n in (*p.after, *p.change)),
    )


def _is_of_the_step(graph: Graph, number: int, last: int, bits: dict[int, int]) -> bool:
    """Whether a node made after the update is made of this step's values only: a loss that is computed late."""
    for parent in graph.parents(number):
        later = parent > last and parent not in bits
        if parent in graph.cut or (later and np.size(graph.tape.nodes[parent].value) > 1):
            return False
        if later and not graph.cut.isdisjoint(graph.ancestors([parent])):  # what the next step adds to a running sum
            return False
    return True


def sources(graph: Graph, node: Node) -> list[int]:
    """The representatives of what a node is made of, also where the graph is cut at it."""
    return [graph.same[parent.number] for parent in node.parents()]


def moves(step: Step, argument: Any, largest: int = 1) -> bool:
    """Whether an argument is a value that depends on a parameter, or on at least half as many as `largest`."""
    if not isinstance(argument, Node):
        return False
    return 2 * step.counts.get(step.graph.same[argument.number], 0) >= largest


def shows_parameter(step: Step, number: int) -> bool:
    """Whether a node is a parameter before the update, a view, a copy, a part or a multiple of one (a decay term)."""
    graph = step.graph
    while number not in step.roots:
        node = graph.tape.nodes[number]
        moving = [parent for parent in graph.parents(number) if parent in step.moving]
        if len(moving) != 1 or not (node.op in DATA or node.op in SCALING or node.op in CASTING):
            return False
        number = moving[0]
    return True


def is_added(step: Step, parameter: Parameter) -> bool:
    """Whether the forward pass only adds a parameter to other values: a bias."""
    graph, roots = step.graph, {step.graph.same[node.number] for node in parameter.before}
    users = [n for n in step.moving if n not in step.news and not roots.isdisjoint(graph.parents(n))]
    ops = {graph.tape.nodes[n].op for n in users if n not in step.used or not shows_parameter(step, n)}
    return bool(ops) and ops <= ADDING


def is_recurrent(step: Step) -> bool:
    """Whether an expression takes a parameter to make a value, and the same one again to go on from that value."""
    graph = step.graph
    first: dict[tuple[int, object], int] = {}
    later: dict[int, list[int]] = {}
    for number in sorted(step.moving):
        node = graph.tape.nodes[number]
        for root in step.roots.intersection(graph.parents(number)) if node.site is not None else ():
            start = first.setdefault((root, node.site), number)
            if start != number:
                later.setdefault(start, []).append(number)
    return any(not graph.descendants([start]).isdisjoint(others) for start, others in list(later.items())[:4])


def gradient_chain(step: Step, change: Node) -> list[Node]:
    """The nodes through which all passes that makes the new parameter depend on the old ones, nearest first.

    The gradient is one of them: what lies nearer is the update rule's own (rate, momentum, clipping, Adam's two
    moments), what lies further is what the gradient is computed from. The rest of the arguments (last step's velocity,
    a decay term of the parameter itself) does not depend on this step's forward pass but through the parameters.
    """
    graph = step.graph

    def counts(number: int) -> bool:
        return number in step.moving and not shows_parameter(step, number)

    frontier = {number for number in sources(graph, change) if counts(number)}
    chain: list[Node] = []
    steps = 0
    while frontier and len(chain) < LONGEST_CHAIN and steps < 100_000:
        steps += 1
        number = max(frontier)
        frontier.discard(number)
        if not frontier:
            chain.append(graph.tape.nodes[number])
        frontier.update(parent for parent in graph.parents(number) if counts(parent))
    return chain
