"""One update of a recording: what it was computed from, which values are inputs, targets and outputs.

Inputs are constants of the update that meet a parameter in a product; a target is a constant that first meets a value
which depends on most of the parameters, by subtraction, multiplication, power or indexing, or is divided by it; the
output is what it meets.
"""

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from unstuck.adapters.scripts.reading.parameters import MOST_MARKS, Chain, ancestors, dependence, shown
from unstuck.adapters.scripts.recording.class_numbers import class_number
from unstuck.adapters.scripts.recording.hooks import Place
from unstuck.adapters.scripts.recording.provenance import CREATED
from unstuck.adapters.scripts.recording.recording import Recording
from unstuck.autodiff.families import CONTRACTIONS, DIVIDING, MATRIX_PRODUCTS, MULTIPLYING, SUBTRACTING
from unstuck.autodiff.tape import LEAF, Node, filled

Array = np.ndarray
PRODUCTS = CONTRACTIONS | MULTIPLYING | {np.outer, np.vdot}
MEETINGS = SUBTRACTING | MULTIPLYING | MATRIX_PRODUCTS | {np.power, operator.pow}
MOST = 0.7  # of the parameters
PART = 0.8  # of the updates of others, which parameters of a part make at most
OF_FORMULAS = (math.e, math.pi)  # numbers with a name, as `np.e ** -x` has one
WRAPPING: frozenset[Any] = frozenset(
    {np.log, np.log2, np.log10, np.clip, np.ndarray.clip, operator.add, operator.neg, np.maximum, np.minimum}
    | {np.ndarray.astype, np.ndarray.reshape, np.ndarray.ravel, np.ndarray.flatten, np.squeeze, operator.getitem}
)
"""Operations between an output and the place where it meets the target in a loss."""


@dataclass(frozen=True)
class Meeting:
    """Where values from outside come in: the operand of an expression, and the nodes there, in order."""

    place: Place | None
    position: int | None  # None: within the index of a subscript
    nodes: tuple[Node, ...]  # the expressions carried out
    values: tuple[Any, ...]  # what came in, one for each node
    features: int | None = None  # how many single numbers the first loop over them takes, where it is one

    @property
    def line(self) -> int | None:
        """The line of the expression."""
        return self.place.site.line if self.place else None


@dataclass(frozen=True)
class Update:
    """The recording of one update."""

    number: int  # from 1
    nodes: tuple[Node, ...]  # all that its new parameters were made of, in order; parameters are not gone beyond
    depends: list[int]  # for each node of the tape the bits of the parameters that it depends on
    first: int  # number of the first node that depends on a parameter
    last: int  # number of the node that is the last parameter's new version
    inputs: Meeting | None
    targets: Meeting | None
    outputs: tuple[Node, ...]  # what the targets meet, one for each value


Candidate = tuple[Node, int | None, Any]
"""A node, the position of an operand of it (None within the index of a subscript), and what stands there."""

Choose = Callable[[str, list[Candidate], dict[int, Place]], list[Candidate]]
"""Of the candidates for "inputs", "targets" or "outputs" those that may be it; the places by the id of their sites."""


def any_of_them(kind: str, candidates: list[Candidate], places: dict[int, Place]) -> list[Candidate]:
    """All of them, where nobody says which."""
    return candidates


def read_update(recording: Recording, chains: list[Chain], number: int, choose: Choose = any_of_them) -> Update | None:
    """What update `number` (from 1) was made of; None where the recording ends before it."""
    alive = [chain for chain in chains if chain.updates >= number]
    if not alive:
        return None
    before = [chain.versions[number - 1] for chain in alive]
    after = [chain.versions[number] for chain in alive]
    ends = {node.number for node in before}
    nodes = ancestors(after, 0, lambda node: node.number not in ends)
    each = {chain.root.number: index for index, chain in enumerate(alive)}
    if len(alive) > MOST_MARKS:
        lines = {id(chain.changes[0].site): index for index, chain in enumerate(alive)}
        each = {chain.root.number: lines[id(chain.changes[0].site)] for chain in alive}
    marks: dict[int, int] = {}
    for chain, node in zip(alive, before):
        marks[node.number] = marks.get(node.number, 0) | 1 << each[chain.root.number]
    depends = dependence(recording.tape, marks, min(ends))
    moving = [node for node in nodes if depends[node.number] and shown(node).number not in ends]
    if not moving:
        return None
    places = {id(place.site): place for place in recording.places}
    search = _Search(tuple(nodes), depends, ends, places, choose)
    inputs = search.inputs()
    if inputs is not None:
        inputs = replace(inputs, features=_in_one_loop(recording, inputs.nodes))
    targets, outputs = search.targets()
    last = max(node.number for node in after)
    return Update(number, tuple(nodes), depends, moving[0].number, last, inputs, targets, outputs)


def takes_part(chains: Sequence[Chain]) -> bool:
    """Whether an example meets a part of the weights only, each a single number: the words of a text meet others in
    every turn, so that they are no row of inputs, and the first updates of all weights no step."""
    counts = [chain.updates for chain in chains]
    single = all(np.ndim(chain.root.value) == 0 for chain in chains)
    return single and bool(counts) and min(counts) + 1 < max(counts) * PART


def _in_one_loop(recording: Recording, nodes: tuple[Node, ...]) -> int | None:
    """How many of these nodes the loop carries out, one in each turn, that made the first; None where none did."""
    first, turns = nodes[0].number, recording.turns
    around = [turn for turn in turns if turn.start <= first < turn.end]
    if not around or len(nodes) < 2:
        return None
    inner = min(around, key=lambda turn: turn.end - turn.start)
    spans = [(turn.start, turn.end) for turn in turns if turn.activation == inner.activation]
    inside = [sum(start <= node.number < end for node in nodes) for start, end in spans]
    return len(inside) if set(inside) == {1} else None


@dataclass(frozen=True)
class _Search:
    nodes: tuple[Node, ...]
    depends: list[int]
    parameters: set[int]
    places: dict[int, Place]
    choose: Choose

    @cached_property
    def read_by(self) -> dict[int, list[Node]]:
        """By number of a node, those that take its value."""
        found: dict[int, list[Node]] = {}
        for node in self.nodes:
            for parent in node.parents():
                found.setdefault(parent.number, []).append(node)
        return found

    def inputs(self) -> Meeting | None:
        """The first product of a parameter with something from outside, and all others of the same expression."""
        candidates: list[Candidate] = []
        for node in self.nodes:
            if node.op not in PRODUCTS or len(node.args) < 2:
                continue
            for position, argument in enumerate(node.args):
                others = [other for index, other in enumerate(node.args) if index != position]
                if not any(isinstance(other, Node) and shown(other).number in self.parameters for other in others):
                    continue
                if self._is_data(argument, node, position):
                    candidates.append((node, position, argument))
        found = _of_one_operand(self.choose("inputs", candidates, self.places))
        return self._meeting(found) if found else None

    def targets(self) -> tuple[Meeting | None, tuple[Node, ...]]:
        """What first meets a value that depends on most of the parameters; and those values, the outputs."""
        most = max((self.depends[node.number].bit_count() for node in self.nodes), default=0)
        met: dict[tuple[int, int | None], Node] = {}
        candidates: list[Candidate] = []
        for node in self.nodes:
            if node.number in self.parameters:
                continue
            for position, target, output in self._meetings(node):
                if self.depends[output.number].bit_count() < MOST * most or shown(output).number in self.parameters:
                    continue
                met[node.number, position] = output
                candidates.append((node, position, target))
        opposite: list[Candidate] = [
            (node, _opposite(position), met[node.number, position]) for node, position, _ in candidates
        ]
        kept = {(node.number, position) for node, position, _ in self.choose("outputs", opposite, self.places)}
        narrowed = [one for one in candidates if (one[0].number, _opposite(one[1])) in kept]
        found = _of_one_operand(self.choose("targets", narrowed, self.places))
        if not found:
            return None, ()
        return self._meeting(found), tuple(self._bare(met[node.number, position]) for node, position, _ in found)

    def _bare(self, met: Node) -> Node:
        """The output behind a logarithm, a clip or a small number that keeps it from zero."""
        node = met
        while node.op in WRAPPING and node.args and isinstance(node.args[0], Node):
            if node.op is operator.add and isinstance(node.args[1], Node) and not self._is_small_number(node.args[1]):
                break
            if node.op is np.maximum and not np.any(value_of(node.args[1])):
                break  # a rectifier, no number that keeps it from zero
            node = node.args[0]
            if node.op is operator.sub:
                break
        return node if node.op is not operator.sub else met

    def _is_small_number(self, node: Node) -> bool:
        """Whether this is a setting of a formula, and no bias."""
        return node.op is LEAF and np.ndim(node.value) == 0 and shown(node).number not in self.parameters

    def _meeting(self, found: list[Candidate]) -> Meeting:
        place = self.places.get(id(found[0][0].site))
        values = tuple(value_of(argument) for *_, argument in found)
        return Meeting(place, found[0][1], tuple(node for node, *_ in found), values)

    def _meetings(self, node: Node) -> Iterator[tuple[int | None, Any, Node]]:
        """Operands from outside in this node, each with the dependent value that it meets."""
        if node.op is operator.getitem and isinstance(node.args[0], Node):
            indices = node.args[1] if isinstance(node.args[1], tuple) else (node.args[1],)
            for index in reversed(indices):
                if isinstance(index, (Node, np.ndarray, list)) and _is_class_number(index):
                    yield None, index, node.args[0]
                    return
            read_by = self.read_by.get(node.number, ()) if self.depends[node.args[0].number] else ()
            number = class_number(node, self.places.get(id(node.site)), read_by) if read_by else None
            if number is not None and not (isinstance(number, Node) and self.depends[number.number]):
                yield None, number, node.args[0]
                return
        if node.op in DIVIDING and isinstance(node.args[1], Node) and self.depends[node.args[1].number]:
            if np.ndim(value_of(node.args[0])) > 0 and self._is_data(node.args[0], node, 0):
                yield 0, node.args[0], node.args[1]
            return
        if node.op not in MEETINGS or len(node.args) < 2:
            return
        for position, argument in enumerate(node.args[:2]):
            other = node.args[1 - position]
            if isinstance(other, Node) and self.depends[other.number] and self._is_data(argument, node, position):
                yield position, argument, other

    def _is_data(self, argument: Any, node: Node, position: int) -> bool:
        """Whether an operand comes from outside the network and is no setting or number of a formula."""
        if isinstance(argument, Node):
            if self.depends[argument.number] or argument.number in self.parameters:
                return False
            value = argument.value
            if argument.op is LEAF and argument.kwargs.get("made") is CREATED and np.ndim(value) == 0:
                return False
            return np.ndim(value) > 0 or self._varies(node, position)
        if isinstance(argument, (list, tuple, np.ndarray)):
            return np.size(_plain(argument)) > 0
        return (
            isinstance(argument, (int, float, np.number))
            and argument not in OF_FORMULAS
            and self._varies(node, position)
        )

    def _varies(self, node: Node, position: int) -> bool:
        """Whether a single number may be an example's: the source does not write it out."""
        place = self.places.get(id(node.site))
        if place is None:
            return False
        literal = place.literal[position] if position < len(place.literal) else False
        return not literal and _comes_from_data(place, position)


def _of_one_operand(candidates: list[Candidate]) -> list[Candidate]:
    """The first, with all others at the same operand of the same expression."""
    return [one for one in candidates if one[0].site is candidates[0][0].site and one[1] == candidates[0][1]]


def _opposite(position: int | None) -> int:
    """The other operand of two; of a subscript the array."""
    return 0 if position is None else 1 - position


def _comes_from_data(place: Place, position: int) -> bool:
    """Whether an operand is a plain name or a subscript, and the other one no bare setting either."""
    node: Any = place.node
    operands = [getattr(node, name) for name in ("left", "right") if hasattr(node, name)]
    if not operands and hasattr(node, "args"):
        operands = node.args
    if position >= len(operands):
        return True
    return type(operands[position]).__name__ in ("Name", "Subscript", "Call", "Attribute")


def _is_class_number(index: Any) -> bool:
    value = np.asarray(value_of(index))
    if value.dtype.kind not in "iu" or value.ndim != 1:
        return False
    return len(value) == 1 or not np.array_equal(value, np.arange(len(value)))


def value_of(argument: Any) -> Any:
    """An argument of a node as the value that it was."""
    return filled(argument, lambda node: node.value)


def _plain(argument: Any) -> Array:
    try:
        return np.asarray(value_of(argument))
    except ValueError:
        return np.zeros(0)
