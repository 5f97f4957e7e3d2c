"""The expressions of a recorded update by what they are for: where a value was made whose formula may be wrong."""

from __future__ import annotations

import linecache
import operator
import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from unstuck.adapters.scripts.reading.parameters import Chain, ancestors, dependence, shown
from unstuck.adapters.scripts.reading.read import Read
from unstuck.adapters.scripts.reading.update import Meeting
from unstuck.autodiff.families import ADDING, CONTRACTIONS, DIVIDING, SUMMING
from unstuck.autodiff.tape import LEAF, Node, Site, is_made_of_zeros, value_in
from unstuck.diagnosis.report.contents import Location

PRODUCTS = CONTRACTIONS | {np.outer, operator.mul, np.multiply}
POWER = re.compile(r"\*\*|\bpow(er)?\(")
LONGEST_WAY = 4000  # nodes


@dataclass(frozen=True)
class Lines:
    """The expressions of one update, by what they are for."""

    read: Read

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
        arrays = [argument for argument in node.args if np.ndim(value_in(argument)) > 0]
        if node.op in (operator.mul, np.multiply):
            return len(arrays) == 2 and all(np.size(value_in(argument)) > 1 for argument in arrays)
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

    def goes_back_through_later_weights(self, error: Node, layer: int | None) -> bool:
        """Whether an error is multiplied by the weights of a later layer, so that it is that layer's."""
        first = self._first_use(self.chain(layer))
        later = {chain.root.number for chain in self.read.chains if self._first_use(chain) > first}
        turn = self.read.recording.tape.nodes[self.read.loop.start : self.read.loop.end]
        products = [node for node in turn if node.op in CONTRACTIONS]
        factors = [{shown(each).number for each in node.args if isinstance(each, Node)} for node in products]
        return any(shown(error).number in numbers and numbers & later for numbers in factors)

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

    def gathered(self, layer: int | None) -> Site | None:
        """Where gradients are added to those before; else the update."""
        pending, seen = [self.chain(layer).steps[0]], set[int]()
        while pending and len(seen) < LONGEST_WAY:
            node = pending.pop(0)
            if node.number in seen:
                continue
            seen.add(node.number)
            before = node.args[0] if node.op in ADDING and isinstance(node.args[0], Node) else None
            if before is not None and np.ndim(node.value) and _is_gathered(shown(before), node):
                return node.site
            pending += [parent for parent in node.parents() if self._after_the_error[parent.number]]
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
            if node.op in DIVIDING and np.ndim(value_in(node.args[1])) == 0 and node.site is not None:
                found.append(node.site)
            pending += list(node.parents())
        return min(found, key=lambda site: POWER.search(site.text) is not None, default=self.updated(layer))

    def inputs(self, layer: int | None) -> Site | None:
        """Where the array that inputs are taken from is made."""
        return _origin(self.read.inputs.nodes[0], self.read.inputs.position).site

    def targets(self, layer: int | None) -> Site | None:
        """Where the array that targets are taken from is made."""
        return _origin(self.read.targets.nodes[0], self.read.targets.position).site

    def taken_in_turn(self, meeting: Meeting) -> bool:
        """Whether the recording knows of what met the network no more than where a turn takes it."""
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


def _is_gathered(before: Node, node: Node) -> bool:
    """Whether what is added to was made of zeros by the program, or is the sum so far."""
    return is_made_of_zeros(before) or (before.site is not None and before.site is node.site)


def _only_shows(node: Node) -> bool:
    return node.op in (np.transpose, np.ndarray.transpose, np.ndarray.reshape, np.reshape, operator.getitem, np.array)


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
    return location_of_line(site.file, site.line, site.column)


def location_of_line(file: str, line: int, column: int | None = None) -> Location:
    """A line of a recorded file as a place of the report."""
    return Location(file, line, linecache.getline(file, line).strip(), column)
