"""States of sequences that live too long or not at all: kept from one update to the next, or never handed on."""

import operator
from collections.abc import Callable, Iterator, Sequence, Set

import numpy as np

from unstuck.autodiff.families import CONTRACTIONS, MULTIPLYING
from unstuck.autodiff.forward.drawn import is_drawn
from unstuck.autodiff.forward.fault import ForwardFault, Law
from unstuck.autodiff.meetings import Meeting, forward_nodes, meetings, upstream
from unstuck.autodiff.step import Parameter, Step, is_recurrent, moves
from unstuck.autodiff.tape import LEAF, Node, Site, is_made_of_zeros, nodes_in, value_in

Array = np.ndarray


def states_that_are_kept(
    first: Step, second: Step, met: Sequence[Meeting], is_made_anew: Callable[[Node], bool]
) -> Iterator[ForwardFault]:
    """A state that the second update takes from the first: at an operand where the first update took a value from
    outside, and that takes the state of the step before everywhere else.

    On purpose it is kept where a sequence is cut into pieces: the second update then goes on where the first ended, or
    the state is set back now and then. So the sequences must be seen to be others: they are drawn, or taken in an order
    that is; or each has one target, and the state is never set back.

    first, second  two updates in a row
    met            the meetings of the second
    is_made_anew   whether the first state is made in a loop
    """
    drawn = _are_drawn(second, is_made_anew)
    if not is_recurrent(second) or _goes_on(first, second) or not (drawn or _has_one_target(second, met)):
        return
    graph = second.graph
    earlier = first.moving - first.roots - first.news
    for number in sorted(forward_nodes(second, met)):
        node = graph.tape.nodes[number]
        for position, argument in enumerate(node.args):
            if not isinstance(argument, Node) or graph.same[argument.number] not in earlier or number in earlier:
                continue
            started = _first_at(first, node, position)
            if started is None or (is_made_anew(started) and not drawn):
                continue
            if _is_state(second, node, position, argument):
                yield ForwardFault(Law.STATE_ENDS, started.site, {"kept_at": node.site.line if node.site else None})
                return


def states_that_never_change(step: Step, forward: set[int]) -> Iterator[ForwardFault]:
    """A parameter that is multiplied with the same zeros at every step of a sequence: the state that it was meant for
    stays what it was at the start."""
    never: list[str] = []
    place: Site | None = None
    for parameter in step.parameters:
        within = _partners(step, parameter, forward)
        if not within:
            continue
        met = [one for one in _partners(step, parameter, step.moving) if one[0].site is within[0][0].site]
        products, partners = [product for product, _ in met], [partner for _, partner in met]
        if len(met) > 1 and all(_is_first_state(partner) for partner in partners):
            place = place or _place(products, partners)
            never.append(parameter.name)
    if never:
        yield ForwardFault(Law.STATE_GOES_ON, place, {"parameters": never})


def _goes_on(first: Step, second: Step) -> bool:
    """Whether an update begins with what the one before ended with, as an input, as a target or both."""
    last = [np.asarray(m.targets[-1]).reshape(-1) for m in meetings(first)]
    before = _read(first)
    return any(
        _same(values[0], other)
        for place, values in _read(second).items()
        for other in (*before.get(place, [])[1:], *last)
    )


def _has_one_target(step: Step, met: Sequence[Meeting]) -> bool:
    return sum(len(meeting.nodes) for meeting in upstream(step, met)) == 1


def _are_drawn(step: Step, is_made_anew: Callable[[Node], bool]) -> bool:
    """Whether the inputs of an update are drawn for it, or taken in an order that was drawn."""
    pending = [argument for node in _readings(step) for argument in node.parents()]
    seen: set[int] = set()
    while pending:
        node = pending.pop()
        if node.number in seen or moves(step, node):
            continue
        seen.add(node.number)
        keys = node.args[1:] if node.op is operator.getitem else ()
        if any(_comes_from_a_draw(key) for key in nodes_in(keys)) or (is_drawn(node) and is_made_anew(node)):
            return True
        pending += list(node.parents())
    return False


def _comes_from_a_draw(node: Node) -> bool:
    """Whether the one value from outside that this is made of is drawn."""
    while node.op is not LEAF and len(parents := list(node.parents())) == 1:
        node = parents[0]
    return is_drawn(node)


def _readings(step: Step) -> Iterator[Node]:
    """The products of parameters in the update, and the rows that are taken out of them."""
    for number in sorted(step.moving):
        node = step.graph.tape.nodes[number]
        reads = node.op in CONTRACTIONS | MULTIPLYING | {operator.getitem}
        if reads and not step.roots.isdisjoint(step.graph.parents(number)):
            yield node


def _read(step: Step) -> dict[tuple[object, int], list[Array]]:
    """The values from outside that meet a parameter in a product or are rows of one, in order, by operand."""
    found: dict[tuple[object, int], list[Array]] = {}
    for node in _readings(step):
        for position, argument in enumerate(node.args):
            value = value_in(argument)
            if moves(step, argument):
                continue
            if isinstance(value, np.ndarray | int | float | np.number):
                found.setdefault((node.site, position), []).append(np.asarray(value, float).reshape(-1))
    return found


def _same(a: Array, b: Array) -> bool:
    """Whether two values are one, or one is the number of the other's only entry of 1."""
    if a.size == b.size:
        return bool(np.array_equal(a, b) and a.any())
    short, long = sorted((a, b), key=len)
    return short.size == 1 and np.count_nonzero(long) == 1 and bool(long[int(short[0]) % long.size] == 1)


def _first_at(step: Step, like: Node, position: int) -> Node | None:
    """What came from outside at this operand of this expression in an update."""
    for number in sorted(step.moving):
        node = step.graph.tape.nodes[number]
        if node.site is like.site and node.op is like.op and len(node.args) > position:
            argument = node.args[position]
            return argument if isinstance(argument, Node) and not moves(step, argument) else None
    return None


def _is_state(step: Step, node: Node, position: int, kept: Node) -> bool:
    """Whether the same operand takes values made where the kept one was, from this update, later on."""
    for number in sorted(step.moving):
        other = step.graph.tape.nodes[number]
        if other.site is node.site and other is not node and len(other.args) > position:
            argument = other.args[position]
            if moves(step, argument):
                return bool(argument.site is kept.site)
    return False


def _partners(step: Step, parameter: Parameter, among: Set[int]) -> list[tuple[Node, Node]]:
    """The products of a parameter among some nodes, each with its other factor."""
    graph = step.graph
    roots = {graph.same[node.number] for node in parameter.before}
    shown = {n for n in among & step.moving if _shows(step, n, roots)} | roots
    found = []
    for node in graph.tape.nodes:
        if node.op not in CONTRACTIONS | MULTIPLYING or graph.same[node.number] not in among:
            continue
        factors = [a for a in node.args if isinstance(a, Node)]
        own = [a for a in factors if graph.same[a.number] in shown]
        others = [a for a in factors if graph.same[a.number] not in shown]
        if own and len(others) == 1:
            found.append((node, others[0]))
    return found


def _shows(step: Step, number: int, roots: set[int]) -> bool:
    parents = step.graph.parents(number)
    node = step.graph.tape.nodes[number]
    if len(parents) != 1 or parents[0] not in roots:
        return False
    return np.size(node.value) == np.size(step.graph.tape.nodes[parents[0]].value)


def _is_first_state(node: Node) -> bool:
    """Whether this is an array of zeros that the program made, and no counts."""
    return is_made_of_zeros(node) and np.asarray(node.value).dtype.kind == "f"


def _place(products: Sequence[Node], partners: Sequence[Node]) -> Site | None:
    """Where the zeros are made, if anew at each step; else where they are taken."""
    anew = len({partner.number for partner in partners}) == len(partners)
    return partners[0].site if anew else products[0].site
