"""Which values of a recording are parameters: those replaced by themselves plus or minus what depends on them.

A parameter is a value `a` that is replaced by `b = a ± d`, in place or not, through copies, views, subscripts and
scaling, where `b` is later read at the same operand of the same expression as `a`, and `d` depends on `a`; the first
of them depends on no other parameter, and is no sum of that expression itself. Accumulators, momentum, Adam's moments
and running means are left out by that without a look at names.
"""

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unstuck.autodiff.families import ADDING, DIVIDING, MULTIPLYING, SUBTRACTING
from unstuck.autodiff.tape import LEAF, Node, Tape
from unstuck.autodiff.writes import assigned, overwritten, read_window, write_window

SHOWING: frozenset[Any] = frozenset(
    {operator.getitem, read_window, np.transpose, np.reshape, np.ravel, np.squeeze, np.copy, np.asarray, np.atleast_2d}
    | {np.expand_dims, np.ndarray.copy, np.ndarray.reshape, np.ndarray.transpose, np.ndarray.ravel, np.ndarray.flatten}
    | {np.ndarray.astype, np.ndarray.squeeze, np.ndarray.view, np.array, np.swapaxes, np.ndarray.swapaxes, float}
    | {np.float64, np.float32}
)
"""Operations whose result shows their first argument, or a part of it."""

ADDING_AT = frozenset({np.add.at, np.subtract.at})
GATED = MULTIPLYING | DIVIDING
NO_READING = SHOWING | {LEAF, assigned, write_window}
"""Operations that only lead to a value, or put it somewhere."""

LONGEST_WALK = 300  # nodes from a value back to what it replaces
LONGEST_WALK_OF_WRITES = 30_000  # the same where an array is written element by element
LONGEST_DEPENDENCE = 3_000  # nodes from what is added back to what it is added to
LONG_WALKS = 200  # of those, for each operand of an expression

MOST_MARKS = 400  # values whose dependents are told apart; of more (a network of single numbers) those of one line


@dataclass
class Chain:
    """One parameter: its first value, and what each update made of it."""

    versions: list[Node]  # the first, after update 1, after update 2, …, as far as each was read again
    changes: list[Node] = field(default_factory=list)  # the `a ± d` that made versions[1], versions[2], …
    steps: list[Node] = field(default_factory=list)  # their `d`

    @property
    def root(self) -> Node:
        """What it was before the first update."""
        return self.versions[0]

    @property
    def updates(self) -> int:
        """How many were seen."""
        return len(self.versions) - 1


@dataclass(frozen=True, slots=True)
class _Link:
    before: Node
    after: Node
    change: Node
    step: Node


def shown(node: Node) -> Node:
    """The value of which this one is a view, a copy or a part."""
    while node.op in SHOWING and node.args and isinstance(node.args[0], Node):
        node = node.args[0]
    return node


class ParameterSearch:
    """Finds the parameters of a tape that grows: what was looked at once is not looked at again."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self._next = 0
        self._links: list[_Link] = []
        self._seen: dict[tuple[int, int], set[int]] = {}  # by operand of an expression: the values read there
        self._last: dict[tuple[int, int], Node] = {}
        self._walks: dict[tuple[int, int], int] = {}
        self._carried: dict[int, tuple[tuple[Node, Any], ...]] = {}  # by number of a node, what lives on in it
        self._found: set[tuple[int, int]] = set()
        self._made: dict[tuple[int, ...], int] = {}  # by the calls that make leaves: the number of the last
        self._replaced: set[int] = set()
        self._again: set[int] = set()  # values that are read once more after they were replaced
        self._updating: set[int] = set()  # expressions that are updates themselves: what they read is no second reading

    def chains(self) -> list[Chain]:
        """The parameters, in the order in which their first values were made."""
        for number in range(self._next, len(self.tape.nodes)):
            self._look_at(self.tape.nodes[number])
        self._next = len(self.tape.nodes)
        if not self._links:
            return []
        found = first_made(sorted(_chains(self.tape, self._links), key=lambda chain: chain.root.number))
        return [chain for chain in found if not self._comes_again(chain)] or found

    def _comes_again(self, chain: Chain) -> bool:
        """Whether the first value is there once more after it was changed, as the input of a residual block is read
        again, and the first error on the way back made anew. Where others are not, it is no parameter."""
        return chain.root.number in self._again or self._is_made_again(chain)

    def _is_made_again(self, chain: Chain) -> bool:
        made = self._made.get(_maker(chain.root), -1)
        return chain.root.site is not None and made > chain.changes[0].number

    def _look_at(self, node: Node) -> None:
        """Where a value is read, at the operand of an expression where a value that it replaces was read before."""
        site = id(node.site)
        if node.op is LEAF:
            self._made[_maker(node)] = node.number
        if node.site is None or node.op in NO_READING or site in self._updating:
            return
        for position, argument in enumerate(node.args):
            if not isinstance(argument, Node):
                continue
            value, spot = shown(argument), (site, position)
            if self._last.get(spot) is value:
                continue
            self._last[spot] = value
            known = self._seen.setdefault(spot, set())
            if value.number in known:
                if value.number in self._replaced:
                    self._again.add(value.number)
                continue
            if known and value.op is not LEAF:
                link = self._walk_back(value, known, spot)
                if link is not None and not _may_depend(link.step, link.before):
                    link = None
                if link is not None and link.change.site is node.site:
                    self._updating.add(site)
                    return
                if link is not None and (link.before.number, link.after.number) not in self._found:
                    self._found.add((link.before.number, link.after.number))
                    self._replaced.add(link.before.number)
                    self._links.append(link)
            known.add(value.number)

    def _walk_back(self, value: Node, known: set[int], spot: tuple[int, int]) -> _Link | None:
        """From a value to one that it replaces."""
        limit, walks, carried = LONGEST_WALK, self._walks, self._carried
        if value.op in (assigned, write_window, operator.iadd, operator.isub) and walks.get(spot, 0) < LONG_WALKS:
            limit = LONGEST_WALK_OF_WRITES
        pending: list[tuple[Node, Node | None, Any]] = [(value, None, None)]
        visited: set[int] = set()  # numbers, negative behind the change
        while pending and len(visited) < limit:
            node, change, step = pending.pop()
            if change is not None and node.number in known:
                if len(visited) > LONGEST_WALK:
                    walks[spot] = walks.get(spot, 0) + 1
                return _Link(node, value, change, step)
            place = node.number if change is None else ~node.number
            if place in visited:
                continue
            visited.add(place)
            if node.number not in carried:
                carried[node.number] = tuple(_carried(node))
            for parent, by in carried[node.number]:
                if by is None or change is not None:
                    pending.append((parent, change, step))
                elif isinstance(by, Node) and by.op is not LEAF:
                    pending.append((parent, node, by))
        if len(visited) > LONGEST_WALK:
            walks[spot] = walks.get(spot, 0) + 1
        return None


def _maker(node: Node) -> tuple[int, ...]:
    return (id(node.site), *map(id, node.stack))


def first_made(chains: list[Chain]) -> list[Chain]:
    """Without parameters that were made by the same expression, and are changed by the same one, after the first had
    been changed for the last time: those of another network, which a loop around the training made anew."""
    ends: dict[tuple[int, int], int] = {}
    kept = []
    for chain in chains:
        kind = id(chain.root.site), id(chain.changes[0].site)
        last = max(node.number for node in (*chain.versions, *chain.changes))
        if chain.root.site is not None and chain.root.number > ends.get(kind, chain.root.number):
            continue
        ends[kind] = max(ends.get(kind, -1), last)
        kept.append(chain)
    return kept


def find_chains(tape: Tape) -> list[Chain]:
    """The parameters of a recording, in the order in which their first values were made."""
    return ParameterSearch(tape).chains()


def _may_depend(step: Node, before: Node) -> bool:
    """Whether what is added can depend on what it is added to; also where the walk would be too long to tell."""
    pending, visited = [step], {step.number}
    while pending and len(visited) < LONGEST_DEPENDENCE:
        for parent in pending.pop().parents():
            if parent is before:
                return True
            if parent.number > before.number and parent.number not in visited:
                visited.add(parent.number)
                pending.append(parent)
    return bool(pending)


def _carried(node: Node) -> Iterator[tuple[Node, Any]]:
    """The arguments that live on in a value, each with what was added to it (None: nothing)."""
    op, args = node.op, node.args
    if op in ADDING or op in SUBTRACTING:
        if len(args) == 2:
            if isinstance(args[1], Node) and op in ADDING:
                yield args[1], args[0]
            if isinstance(args[0], Node):
                yield args[0], args[1]
    elif op in ADDING_AT:
        yield args[0], args[2]
    elif op is assigned or op is overwritten:
        for argument in (args[0], args[-1]):
            if isinstance(argument, Node):
                yield argument, None
    elif op is write_window:
        yield args[0], None
        yield args[2], None
    elif op in GATED or op in SHOWING:
        for argument, other in zip(args[:2], (*args[1:2], None) if len(args) == 1 else (args[1], args[0])):
            if op in GATED and isinstance(other, Node) and np.size(other.value) > 1 and other.op is not LEAF:
                continue  # a gate of a recurrent state, no rate of decay
            if isinstance(argument, Node):
                yield argument, None
            elif isinstance(argument, list) and op is np.array:
                yield from ((part, None) for part in argument if isinstance(part, Node))


def _chains(tape: Tape, links: list[_Link]) -> list[Chain]:
    """Parameters from what replaces what."""
    replaced = {link.after.number for link in links}
    firsts = [link for link in links if link.before.number not in replaced and link.before.site is not link.change.site]
    group = _number if len(firsts) <= MOST_MARKS else _spot
    groups = {spot: index for index, spot in enumerate(dict.fromkeys(group(link) for link in firsts))}
    marks: dict[int, int] = {}
    for link in firsts:
        marks[link.before.number] = marks.get(link.before.number, 0) | 1 << groups[group(link)]
    depends = dependence(tape, marks)
    firsts = [link for link in firsts if depends[link.step.number] & 1 << groups[group(link)]]
    after: dict[int, _Link] = {}
    for link in sorted([*firsts, *(link for link in links if link.before.number in replaced)], key=_made):
        after.setdefault(link.before.number, link)
    chains = []
    for link in {link.before.number: link for link in reversed(firsts)}.values():
        if any(depends[parent.number] for parent in link.before.parents()):
            continue
        chain, following = Chain([link.before]), after.get(link.before.number)
        while following is not None and following.after not in chain.versions:
            chain.versions.append(following.after)
            chain.changes.append(following.change)
            chain.steps.append(following.step)
            following = after.get(following.after.number)
        chains.append(chain)
    return chains


def _made(link: _Link) -> int:
    return link.after.number


def _number(link: _Link) -> int:
    return link.before.number


def _spot(link: _Link) -> int:
    return id(link.change.site)


def dependence(tape: Tape, marks: dict[int, int], start: int = 0) -> list[int]:
    """For each node, the bits of the marked nodes that it depends on, its own among them."""
    bits = [0] * len(tape.nodes)
    for node in tape.nodes[max(start, min(marks, default=len(bits))) :]:
        own = marks.get(node.number, 0)
        for parent in node.parents():
            own |= bits[parent.number]
        bits[node.number] = own
    return bits


def ancestors(nodes: list[Node], start: int = 0, goes_on: Callable[[Node], bool] | None = None) -> list[Node]:
    """All nodes from number `start` on that the given ones depend on, themselves included, in order."""
    found = {node.number: node for node in nodes if node.number >= start}
    pending = list(found.values())
    while pending:
        node = pending.pop()
        if goes_on is not None and not goes_on(node):
            continue
        for parent in node.parents():
            if parent.number >= start and parent.number not in found:
                found[parent.number] = parent
                pending.append(parent)
    return [found[number] for number in sorted(found)]
