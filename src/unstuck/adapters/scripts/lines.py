"""The expression that a finding is about, from the recording: where the value was made whose formula is wrong."""

from __future__ import annotations

import linecache
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from unstuck.adapters.scripts.parameters import Chain, ancestors, dependence, shown
from unstuck.adapters.scripts.read import Read
from unstuck.adapters.scripts.reading import Value
from unstuck.autodiff.families import CONTRACTIONS, DIVIDING, SUMMING
from unstuck.autodiff.tape import LEAF, Node, Site
from unstuck.diagnosis.case import Case
from unstuck.diagnosis.report.contents import Finding, Location, find_in_script

PRODUCTS = CONTRACTIONS | {np.outer, operator.mul, np.multiply}
POWER = re.compile(r"\*\*|\bpow(er)?\(")
LONGEST_WAY = 4000  # nodes


@dataclass(frozen=True)
class Lines:
    """The expressions of one update, by what they are for."""

    read: Read

    def of(self, finding: Finding) -> Location | None:
        """Where the finding's fault stands; None where the recording does not tell."""
        role = ROLES.get(finding.rule.code)
        site = None if role is None else role(self, finding.layer)
        return None if site is None else location(site)

    @cached_property
    def weights(self) -> list[Chain]:
        """The parameters that are matrices (or all, where none is), in the order of the forward pass."""
        chains = [
            chain for chain in self.read.chains if min(np.shape(chain.root.value), default=0) and _is_matrix(chain)
        ]
        return sorted(chains or self.read.chains, key=self._first_use)

    def _first_use(self, chain: Chain) -> int:
        node = self._forward(chain)
        return node.number if node is not None else 1 << 60

    def _forward(self, chain: Chain) -> Node | None:
        """The first product in which the parameter stands."""
        return self._products.get(chain.root.number)

    @cached_property
    def _products(self) -> dict[int, Node]:
        """By number of a value, the first product in which it, or a view of it, stands."""
        found: dict[int, Node] = {}
        for node in self.read.update.nodes:
            if node.op in PRODUCTS:
                for argument in node.args:
                    if isinstance(argument, Node):
                        found.setdefault(shown(argument).number, node)
        return found

    def chain(self, layer: int | None) -> Chain:
        """The weights of a layer, from 1; without a layer the first."""
        number = (layer or 1) - 1
        return self.weights[min(max(number, 0), len(self.weights) - 1)]

    @cached_property
    def _after_the_error(self) -> list[int]:
        """For each node whether it depends on a place where outputs met targets."""
        marks = {node.number: 1 for node in self.read.targets.nodes}
        return dependence(self.read.recording.tape, marks, min(marks, default=0))

    def gradient(self, layer: int | None) -> Node | None:
        """The product that is the gradient of a layer's weights, before it is scaled and summed."""
        pending, seen = [self.chain(layer).steps[0]], set[int]()
        while pending and len(seen) < LONGEST_WAY:
            node = pending.pop(0)
            if node.number in seen or not self._after_the_error[node.number]:
                continue
            seen.add(node.number)
            if self._is_gradient(node):
                return node
            pending += list(node.parents())
        return None

    def _is_gradient(self, node: Node) -> bool:
        if node.op not in PRODUCTS:
            return False
        arrays = [argument for argument in node.args if np.ndim(_value(argument)) > 0]
        if node.op in (operator.mul, np.multiply):
            return len(arrays) == 2 and all(np.size(_value(argument)) > 1 for argument in arrays)
        return bool(arrays)

    def delta(self, layer: int | None) -> Node | None:
        """The error of a layer's sums: what its gradient is made of."""
        if not any(np.size(chain.root.value) > 1 for chain in self.read.chains):
            return self._delta_of_unit(layer)
        gradient = self.gradient(layer)
        if gradient is None:
            return None
        for argument in gradient.args:
            if isinstance(argument, Node) and self._after_the_error[argument.number]:
                node = argument
                while _only_shows(node) and isinstance(node.args[0], Node):
                    node = node.args[0]
                return node
        return None

    def _delta_of_unit(self, layer: int | None) -> Node | None:
        """In a network of single numbers, the error of a unit of the first layer, or of an output: what the changes of
        its own weights have in common."""
        chains = sorted(self.read.chains, key=self._first_use)
        own = chains[0] if layer in (None, 1) else chains[-1]
        changes = [self._made_of_error(chain) for chain in (own, *[each for each in chains if each is not own])]
        shared = [max(common) for others in changes[1:] if (common := changes[0] & others)]
        return self.read.recording.tape.nodes[max(shared)] if shared else None

    def _made_of_error(self, chain: Chain) -> set[int]:
        """The values after the error that the first change of a parameter is made of."""
        start = min((node.number for node in self.read.targets.nodes), default=0)
        return {node.number for node in ancestors([chain.steps[0]], start) if self._after_the_error[node.number]}

    def made(self, layer: int | None) -> Site | None:
        """Where the first weights of a layer are drawn."""
        return self.chain(layer).root.site

    def updated(self, layer: int | None) -> Site | None:
        """Where the weights of a layer are updated."""
        return self.chain(layer).changes[0].site

    def decay(self, layer: int | None) -> Site | None:
        """Where the weights themselves are added to their gradient; else the update."""
        chain = self.chain(layer)
        pending, seen = [chain.steps[0]], set[int]()
        while pending and len(seen) < 200:
            node = pending.pop(0)
            if node.number in seen or node.number <= chain.root.number:
                continue
            seen.add(node.number)
            arguments = [argument for argument in node.args if isinstance(argument, Node)]
            if node.op in (operator.mul, np.multiply, operator.truediv) and any(
                shown(argument) is chain.root for argument in arguments
            ):
                return node.site
            pending += [argument for argument in arguments if node.op not in (np.dot, np.matmul)]
        return self.updated(layer)

    def bias_gradient(self, layer: int | None) -> Site | None:
        """Where the gradient of a bias is summed, or the bias updated."""
        vectors = [chain for chain in self.read.chains if chain not in self.weights]
        if not vectors:
            return None
        chain = vectors[min((layer or 1) - 1, len(vectors) - 1)]
        pending, seen = [chain.steps[0]], 0
        while pending and seen < 60:
            node, seen = pending.pop(0), seen + 1
            if node.op in SUMMING:
                return node.site
            pending += [parent for parent in node.parents() if self._after_the_error[parent.number]]
        return chain.changes[0].site

    def product(self, layer: int | None) -> Site | None:
        """Where a layer's weights meet their inputs."""
        node = self._forward(self.chain(layer))
        return node.site if node is not None else None

    def output(self, layer: int | None) -> Site | None:
        """Where the outputs are made."""
        return self.read.update.outputs[0].site

    def output_function(self, layer: int | None) -> Site | None:
        """Where the outputs are made; of a function of its own, where the network calls it."""
        output = self.read.update.outputs[0]
        products = [node for node in self._products.values() if node.number < output.number]
        depth = len(max(products, key=lambda node: node.number).stack) if products else len(output.stack)
        return output.stack[depth] if len(output.stack) > depth else output.site

    def correction(self, layer: int | None) -> Site | None:
        """Where one of the two moments is divided by a number, first the one that no power stands in."""
        pending, seen, found = [self.chain(layer).changes[0]], set[int](), list[Site]()
        while pending and len(seen) < LONGEST_WAY and len(found) < 2:
            node = pending.pop(0)
            if node.number in seen or not self._after_the_error[node.number]:
                continue
            seen.add(node.number)
            if node.op in DIVIDING and np.ndim(_value(node.args[1])) == 0 and node.site is not None:
                found.append(node.site)
            pending += list(node.parents())
        return min(found, key=lambda site: POWER.search(site.text) is not None, default=self.updated(layer))

    def inputs(self, layer: int | None) -> Site | None:
        """Where the array that inputs are taken from is made."""
        return _origin(self.read.inputs.nodes[0], self.read.inputs.position).site

    def targets(self, layer: int | None) -> Site | None:
        """Where the array that targets are taken from is made."""
        return _origin(self.read.targets.nodes[0], self.read.targets.position).site

    def taken_in_turn(self, code: str) -> bool:
        """Whether the recording knows of the examples that a finding is about no more than where a turn takes them."""
        meeting = self.read.inputs if code in OF_INPUTS else self.read.targets
        return _origin(meeting.nodes[0], meeting.position).number >= self.read.loop.start

    def batches(self, layer: int | None) -> Site | None:
        """The loop whose turns are the updates."""
        return self.read.loop.place.site

    def loop(self, layer: int | None) -> Site | None:
        """The outermost loop around the update."""
        enclosing = self.read.loop.enclosing
        return (enclosing[0] if enclosing else self.read.loop.place).site

    def rate(self, layer: int | None) -> Site | None:
        """Where the number is written that a gradient is multiplied by; else the update."""
        pending, steps = [self.chain(layer).steps[0]], 0
        while pending and steps < 6:
            node, steps = pending.pop(0), steps + 1
            for argument in node.args:
                if not isinstance(argument, Node):
                    continue
                if argument.op is LEAF and np.ndim(argument.value) == 0 and isinstance(argument.value, float):
                    return argument.site
                pending.append(argument)
        return self.updated(layer)


def _is_matrix(chain: Chain) -> bool:
    shape = np.shape(chain.root.value)
    return len(shape) >= 2 and sum(size > 1 for size in shape) >= 1 and not (1 in shape and len(shape) == 2)


def _only_shows(node: Node) -> bool:
    return node.op in (np.transpose, np.ndarray.transpose, np.ndarray.reshape, np.reshape, operator.getitem, np.array)


def _value(argument: Any) -> Any:
    return argument.value if isinstance(argument, Node) else argument


def _origin(node: Node, position: int | None) -> Node:
    """The expression that made the outermost array from outside that a value was taken from."""
    argument = node.args[position] if position is not None and position < len(node.args) else None
    found = node
    while isinstance(argument, Node):
        found = argument if argument.site is not None else found
        argument = argument.args[0] if argument.args else None
    return found


def location(site: Site) -> Location:
    """A place of the recording as a place of the report: the line, and the column of the expression."""
    text = linecache.getline(site.file, site.line).strip()
    return Location(site.file, site.line, text, site.column)


def _site_of(find: Callable[[Lines, int | None], Node | None]) -> Callable[[Lines, int | None], Site | None]:
    def found(lines: Lines, layer: int | None) -> Site | None:
        node = find(lines, layer)
        return node.site if node is not None else None

    return found


def _output_error(lines: Lines, layer: int | None) -> Site | None:
    node = lines.delta(len(lines.weights))
    return node.site if node is not None else None


OF_INPUTS, OF_TARGETS = ("D01", "D02", "D03", "D04"), ("D07", "D09", "D10")
_delta, _gradient = _site_of(Lines.delta), _site_of(Lines.gradient)

ROLES: dict[str, Callable[[Lines, int | None], Site | None]] = {
    **dict.fromkeys(OF_INPUTS, Lines.inputs),
    **dict.fromkeys(("A01", "A02", "A03", "A04", "A05", "A06", "A07", "U06"), Lines.made),
    **dict.fromkeys(("F01", "F02", "F03", "F10"), Lines.output),
    **dict.fromkeys(("F05", "F07"), Lines.product),
    **dict.fromkeys(OF_TARGETS, Lines.targets),
    "D12": Lines.batches,
    **dict.fromkeys(("L04", "B11", "L01", "L02"), _output_error),
    **dict.fromkeys(("B01", "B02", "B03", "B04", "B05", "B12", "B18"), _delta),
    **dict.fromkeys(("B07", "B14", "B15", "B16"), _gradient),
    "B08": Lines.bias_gradient,
    **dict.fromkeys(("B09", "B10", "B13", "B17", "U01", "U02", "U03", "U04", "U05", "U14", "U17"), Lines.updated),
    "U12": Lines.correction,
    "D08": Lines.output_function,
    **dict.fromkeys(("U10", "U15"), Lines.decay),
    **dict.fromkeys(("U07", "U08", "U13"), Lines.rate),
    "U09": Lines.loop,
}
"""For the code of a finding, which expression it is about."""


OF_TEST_INPUTS, OF_TEST_TARGETS = ("D05", "D06"), ("D11",)
OF_COUNTING = ("E01", "E02")


def with_lines(findings: list[Finding], read: Read, case: Case, data: Sequence[Value]) -> list[Finding]:
    """The findings at the expressions of the recording, or else where the script's text has the form of the fault, or
    makes the test data that they are about."""
    lines, file = Lines(read), read.loop.place.site.file
    held = _lines_of(data, "training", OF_INPUTS, OF_TARGETS)
    found = []
    for finding in findings:
        place = None
        try:
            place = lines.of(finding)
            if held.get(finding.rule.code) is not None and lines.taken_in_turn(finding.rule.code):
                place = _in(file, held[finding.rule.code])
        except (IndexError, AttributeError, TypeError, ValueError):  # an unforeseen program costs the line alone
            place = None
        found.append(replace(finding, location=place) if place is not None else finding)
    nowhere = [finding.rule.code for finding in found if finding.location is None]
    written = find_in_script(file, case, nowhere) if nowhere else {}
    made = _lines_of(data, "test", OF_TEST_INPUTS, OF_TEST_TARGETS)
    counted = _in(*(getattr(case.accuracy, "line", None) or (file, None)))
    placed = []
    for finding in found:
        code = finding.rule.code
        place = finding.location or written.get(code) or (counted if code in OF_COUNTING else None)
        placed.append(replace(finding, location=place or _in(file, made.get(code))))
    return placed


def _lines_of(
    data: Sequence[Value], role: str, of_inputs: Sequence[str], of_targets: Sequence[str]
) -> dict[str, int | None]:
    """By code of a finding on training or test data, the line that makes its inputs or its targets."""
    lines = [value.line for value in data if value.role == role]
    inputs, targets = dict.fromkeys(of_inputs, lines[0] if lines else None), lines[-1] if lines else None
    return {**inputs, **dict.fromkeys(of_targets, targets)}


def _in(file: str, line: int | None) -> Location | None:
    return None if line is None else Location(file, line, linecache.getline(file, line).strip())
