"""The recorded operations as a graph: equal ones merged, cut where the parameters are replaced.

A program often carries out the same operation on the same values twice: once to train and once to print the loss. Such
operations are one operation to a derivative, or the adjoint of their arguments falls into parts of which none is the
whole. `merged` finds them by what they are made of.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unstuck.autodiff.tape import LEAF, Node, Tape

SMALL = 1 << 20  # bytes up to which constants are compared by content; larger ones by identity


@dataclass(frozen=True, slots=True)
class Graph:
    """A tape with equal operations merged; nodes are known by the number of their representative."""

    tape: Tape
    same: list[int]  # for each node the number of the first node that is equal to it
    cut: frozenset[int]  # nodes that count as values from outside: the parameters after an update
    known: dict[int, list[int]] = field(default_factory=dict, repr=False, compare=False)  # parents found before

    def representative(self, node: Node) -> Node:
        """The first of the nodes that are equal to this one."""
        return self.tape.nodes[self.same[node.number]]

    def parents(self, number: int) -> list[int]:
        """The representatives of what a node is made of, once for each time; none at a cut."""
        found = self.known.get(number)
        if found is None:
            nodes = () if number in self.cut else self.tape.nodes[number].parents()
            found = self.known[number] = [self.same[parent.number] for parent in nodes]
        return found

    def is_representative(self, number: int) -> bool:
        """Whether the node stands for itself."""
        return self.same[number] == number

    def descendants(self, roots: Iterable[int]) -> set[int]:
        """All that depends on one of these nodes, themselves included, not across cuts."""
        reached = set(roots)
        if not reached:
            return reached
        own = (number for number in range(min(reached), len(self.same)) if self.same[number] == number)
        for number in own:
            if (
                self.is_representative(number)
                and number not in reached
                and not reached.isdisjoint(self.parents(number))
            ):
                reached.add(number)
        return reached

    def ancestors(self, ends: Iterable[int]) -> set[int]:
        """All that these nodes are made of, themselves included, not across cuts."""
        found: set[int] = set()
        open_ends = list(ends)
        while open_ends:
            number = open_ends.pop()
            if number not in found:
                found.add(number)
                open_ends.extend(self.parents(number))
        return found


def merged(tape: Tape, cut: Iterable[Node] = ()) -> Graph:
    """The tape's graph, with the nodes in `cut` taken as values from outside."""
    first: dict[Any, int] = {}
    same: list[int] = []
    cuts = {node.number for node in cut}
    for node in tape.nodes:
        if node.op is LEAF or node.number in cuts:
            same.append(node.number)
            continue
        try:
            key = (node.op, _key(node.args, same), _key(node.kwargs, same))
            same.append(first.setdefault(key, node.number))
        except TypeError:  # an argument that cannot be compared: the operation stands for itself
            same.append(node.number)
    return Graph(tape, same, frozenset(cuts))


def _key(argument: Any, same: list[int]) -> Any:
    """Something hashable that is equal for equal arguments."""
    if isinstance(argument, Node):
        return ("node", same[argument.number])
    if isinstance(argument, tuple | list):
        return (type(argument), *[_key(part, same) for part in argument])
    if isinstance(argument, dict):
        return tuple((name, _key(part, same)) for name, part in sorted(argument.items()))
    if isinstance(argument, slice):
        return ("slice", _key((argument.start, argument.stop, argument.step), same))
    if isinstance(argument, np.ndarray):
        if argument.nbytes > SMALL or argument.dtype == object:
            return ("array", id(argument))
        digest = hashlib.blake2b(np.ascontiguousarray(argument).view(np.uint8).data, digest_size=16).digest()
        return ("array", argument.shape, argument.dtype.str, digest)
    hash(argument)
    return (type(argument), argument)


def merged_within(graph: Graph, kept: set[int]) -> Graph:
    """The same graph with equal operations merged only where their representative is among `kept`."""
    same = [first if first in kept else number for number, first in enumerate(graph.same)]
    return Graph(graph.tape, same, graph.cut)
