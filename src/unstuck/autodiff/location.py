"""Where a wrong gradient enters: the expression that departs although what it is made of is right.

Three things are known of every step: which gradients are right, which are wrong, and what the wrong ones should be.
First, what wrong gradients are made of and right ones are not is suspected. Then each suspected expression is changed
in one small way and the step is carried out again: the change that makes the gradients the true ones shows the place
and the kind. Where no change does, the place is where the recorded arrays cease to be adjoints. What was found is put
right, and what still departs with that is looked for.
"""

import linecache
import operator
from collections import Counter
from dataclasses import replace
from typing import Any

from unstuck.autodiff.aliases import handed_on, handed_through, renaming
from unstuck.autodiff.kinds import IDLE, INCOMPLETE, LEFT_OUT, PATH_MISSING, STEP_MISSING
from unstuck.autodiff.other_values import Trial
from unstuck.autodiff.proof import Proof
from unstuck.autodiff.putting_right import put_right, stops_short, throughout
from unstuck.autodiff.repairing import repair
from unstuck.autodiff.replay import Expression, expression_of
from unstuck.autodiff.search import MOST_WORK, Search, search_of
from unstuck.autodiff.suspicion import Departure, by_matching, departures, independent, left_out, made_of
from unstuck.autodiff.tape import Node, Site, is_made_of_zeros
from unstuck.autodiff.verdicts import APPLIED, Verdict
from unstuck.autodiff.writes import assigned, changes_its_argument, read_window, write_window

LATER = 0.1  # of all work, for each place after the first
MOST_FAULTS = 4


def locate(proof: Proof) -> list[Departure]:
    """The expressions at which the wrong gradients of a proof enter, at most four, most certain first."""
    search = search_of(proof)
    found: list[Departure] = []
    if search is None:
        return found
    whole, wrong = search, list(search.wrong)
    changes: list[dict[int, Any]] = []  # those that put each place right
    while search.wrong and len(found) < MOST_FAULTS:
        departure, edits, repaired = _one(search, bool(found))
        if departure is None:
            break
        put = put_right(search, departure.node) if not edits else None
        if found and not edits and put is None and len(search.wrong) == len(wrong):
            break  # nothing has become right since the first place, nor would here
        renamed = _renamed(_at_its_call(_at_zeros(search, departure)))
        if all(renamed.site != one.site for one in found):
            found.append(renamed)
            changes.append(edits)
        if edits:
            search.keep(edits, repaired)
        else:
            if put is None:
                break
            search = throughout(put, departure.node)
        search.left = search.scope.work + MOST_WORK * LATER
    if search is whole and len(found) > 1 and all(changes):
        return _needed(search, wrong, list(zip(found, changes)))
    return found


def _needed(search: Search, wrong: list[Verdict], places: list[tuple[Departure, dict[int, Any]]]) -> list[Departure]:
    """The places without which the others would not put as much right."""
    repaired = len(wrong) - len(search.wrong)
    kept = places
    for place in places:
        rest = [other for other in kept if other is not place]
        edits = {number: edit for _, edits in rest for number, edit in edits.items()}
        alone = replace(search, wrong=wrong, edits=edits, left=MOST_WORK * LATER)
        if rest and len(alone.repairs(alone.every(), {}, wrong)) >= repaired:
            kept = rest
    return [departure for departure, _ in kept]


def _at_zeros(search: Search, departure: Departure) -> Departure:
    """The same where zeros are made that it takes, at several steps, for what comes back from the step after."""
    node, graph = departure.node, search.proof.step.graph
    if departure.by_repair or departure.site is None or _fills(node):
        return departure
    alike = [graph.tape.nodes[number] for number in search.proof.step.used]
    alike = [other for other in alike if other.site is node.site and other.op is node.op]
    for position in range(len(node.args)):
        taken = [other.args[position] for other in alike if len(other.args) > position]
        zeros = {argument.number: argument for argument in taken if is_made_of_zeros(argument)}
        places = Counter(argument.site for argument in zeros.values())
        for place, count in places.most_common(1):
            if count > 1 and place is not None:
                return replace(departure, site=place, kind=PATH_MISSING)
    return departure


def _fills(node: Node) -> bool:
    """Whether an operation writes to an array or reads a part of it: what is filled piece by piece is zero first."""
    return node.op in (operator.getitem, assigned, write_window, read_window) or changes_its_argument(node.op)


def _at_its_call(departure: Departure) -> Departure:
    """The same at the call of the function that returns it: what it gives is right, and what is missing comes after.

    Where a repair adds what is missing, only if the call's result is returned as it is too.
    """
    site, stack = departure.site, departure.stack
    if departure.kind != PATH_MISSING or site is None or not stack or not _is_returned(site):
        return departure
    return replace(departure, site=stack[-1]) if not departure.by_repair or _is_returned(stack[-1]) else departure


def _is_returned(site: Site) -> bool:
    return linecache.getline(site.file, site.line).strip() == f"return {site.text}"


def _renamed(departure: Departure) -> Departure:
    """The same at the statement that only gives the value another name, where something is missing; a right gradient
    that is applied with the wrong sign has all that it takes."""
    wanting = not departure.by_repair or departure.kind in IDLE
    if departure.site is None or not wanting or departure.kind == APPLIED:
        return departure
    place: Site | None = renaming(_source(departure.site), departure.site, departure.kind == LEFT_OUT)
    return departure if place is None else replace(departure, site=place)


def _one(search: Search, again: bool) -> tuple[Departure | None, dict[int, Any], list[Verdict]]:
    """The next departure, the edit that repairs it and the verdicts it repairs.

    again  whether places were put right before: then what is named must depart
    """
    evident = independent(search.scope, search.wrong)
    if evident is not None:
        return evident, {}, []
    slices = {id(v): made_of(search.scope, v) for v in search.wrong}
    right: set[int] = set()
    for verdict in search.proof.verdicts:
        if verdict.right and verdict.gradient is not None and verdict.gradient.value.any():
            right |= made_of(search.scope, verdict)
    common = set.intersection(*slices.values()) - right
    first = min(search.wrong, key=lambda v: len(slices[id(v)] - right) or 10**9)
    suspects = common or (slices[id(first)] - right) or slices[id(first)]
    if common:
        first = min(search.wrong, key=lambda v: len(slices[id(v)]))
    found = repair(search, suspects, first, slices)
    if found is None or len(found[1]) < len(search.wrong):
        shared = set.intersection(*slices.values())
        for others in (shared, slices[id(first)] - right):
            if others and others != suspects:
                other = repair(search, others, first, slices)
                if other is not None and (found is None or len(other[1]) > len(found[1])):
                    found = other
    if found is not None:
        trial, fixed = found
        return _of_trial(search, trial, _names(fixed)), trial.edits, fixed
    if again or not departures(search.scope, suspects)[0]:
        everything = set().union(*slices.values())
        earliest = next(iter(departures(search.scope, everything)[0]), None)
        if again and earliest is None:
            return None, {}, []
        if earliest is not None:
            suspects, first = everything, next(v for v in search.wrong if earliest in slices[id(v)])
    left = left_out(search.scope, search.wrong)
    if left is not None:
        return left, {}, []
    short = stops_short(search, suspects)
    if short is not None:
        node, edits, fixed = short
        meant = edits[node.number]
        place = Departure(node.site, node.stack, STEP_MISSING, node, node.value, meant, _names(fixed), True)
        return place, edits, fixed
    return by_matching(search.scope, suspects, first), {}, []


def _of_trial(search: Search, trial: Trial, names: tuple[str, ...]) -> Departure:
    """The departure at the place of a change that makes the gradients of these parameters right."""
    node = trial.place[0]
    if trial.call is not None:  # what is meant is the call's own argument
        stack = node.stack[: node.stack.index(trial.call)]
        return Departure(trial.call, stack, trial.kind, node, None, None, names, True)
    changed = search.values(search.every(), trial.edits) or {}
    expected = changed.get(search.proof.step.graph.same[node.number])
    meant = trial.edits[node.number]
    site = _handed_on(trial) or node.site
    return Departure(site, node.stack, trial.kind, node, node.value, expected, names, True, meant)


def _handed_on(trial: Trial) -> Site | None:
    """The statement that hands a value on without the factor that a change adds to it; None where there is none.

    It stands in the class that made the factor, as a layer's way back does, or where the same expression returned the
    operand that wants the factor.
    """
    node = trial.place[-1]
    edit = trial.edits[node.number]
    if trial.kind not in INCOMPLETE or not isinstance(edit, Expression):
        return None
    taken = set(_nodes(expression_of(node)))
    for factor in _nodes(edit):
        if factor.site is not None and factor not in taken:
            through = handed_through(_source(factor.site), factor.site)
            if through is not None:
                return through
    for one, argument in zip(node.args, edit.args):
        again = isinstance(one, Node) and one.site is node.site
        if again and isinstance(argument, Expression) and node.site is not None:
            return handed_on(_source(node.site), node.site)
    return None


def _nodes(expression: Any) -> list[Node]:
    """The recorded values in an expression."""
    if isinstance(expression, Expression | list | tuple):
        parts = expression.args if isinstance(expression, Expression) else expression
        return [node for part in parts for node in _nodes(part)]
    return [expression] if isinstance(expression, Node) else []


def _source(site: Site) -> str:
    return "".join(linecache.getlines(site.file))


def _names(verdicts: list[Verdict]) -> tuple[str, ...]:
    return tuple(verdict.parameter.name for verdict in verdicts)
