"""Hints: facts of a script that are no fault by themselves, and often the way to one.

A scaled copy of the inputs that nothing uses, a rate that nothing reads, a matrix that no update changes, a bias that
became a matrix, targets that broadcast against the outputs, examples that no update visits. Each is true as it stands.
"""

from __future__ import annotations

import ast
import linecache
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from unstuck.adapters.scripts.reading.parameters import Chain, ancestors, shown
from unstuck.adapters.scripts.reading.read import Read
from unstuck.adapters.scripts.reading.reading import Reading
from unstuck.adapters.scripts.reading.update import PRODUCTS, Update
from unstuck.adapters.scripts.recording.recording import Recording, texts_of
from unstuck.adapters.scripts.text.unused import Unused, unused
from unstuck.autodiff.tape import LEAF, Node, Site, value_in

DRAWS = re.compile(r"\b(rand|randn|random|normal|uniform|standard_normal|random_sample)\s*\(")
MOST = 12  # hints; of a script that has more, each says little


@dataclass(frozen=True)
class Hint:
    """One fact, and where it stands: line and column from 1; `text` is the line."""

    what: str
    file: str
    line: int
    column: int | None = None
    text: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Without what is not known."""
        return {key: value for key, value in asdict(self).items() if value not in (None, "")}


def hints(read: Read, reading: Reading, scope: Mapping[str, Any]) -> list[Hint]:
    """All hints on a script that was read; `scope` is what its variables hold where the training begins."""
    examples = next((value.shape[0] for value in reading.data if value.shape), None)
    found = [
        *never_changed(read),
        *changed_in_shape(read.chains),
        *broadcast_targets(read),
        *never_visited(read, reading, examples),
        *never_read(texts_of(read.recording), read.recording, scope),
    ]
    return list({(hint.file, hint.line, hint.what): hint for hint in found}.values())[:MOST]


# -- from the recording ------------------------------------------------------------------------------------------------


def never_changed(read: Read) -> Iterator[Hint]:
    """Random matrices and parameters that two updates leave as they were, to the bit, though the outputs use them."""
    if read.second is None:
        return
    for chain in read.chains:
        matrix = min(np.shape(chain.root.value), default=0) > 1 and np.ndim(chain.root.value) == 2
        if (
            matrix
            and chain.updates >= 2
            and all(_same(version.value, chain.root.value) for version in chain.versions[1:3])
        ):
            yield from _hint(chain.root.site, "the first two updates add nothing to what is made here")
    parameters = {chain.root.number for chain in read.chains}
    for node in _made_before(read, read.update, parameters) & _made_before(read, read.second, parameters):
        yield from _hint(node.site, "drawn at random and used by the network, and no update changes it")


def _made_before(read: Read, update: Update, parameters: set[int]) -> set[Node]:
    """Random matrices made before the training that stand in a product of an update, and never in one with a parameter,
    as data do."""
    found, beside = set[Node](), set[Node]()
    for node in update.nodes:
        if node.op in PRODUCTS and node.number >= read.loop.start:
            sides = [_whole(argument) for argument in node.args[:2]]
            made = {side for side in sides if side is not None and side.number < read.loop.start}
            meets = any(isinstance(each, Node) and shown(each).number in parameters for each in node.args)
            (beside if meets or len(made) > 1 else found).update(made)
    return {node for node in found - beside if np.ndim(node.value) == 2 and is_drawn(node)}


def _whole(argument: Any) -> Node | None:
    """The array of which an argument is the transpose, or itself; no part of one."""
    while isinstance(argument, Node) and argument.op in (np.transpose, np.ndarray.transpose):
        argument = argument.args[0]
    return argument if isinstance(argument, Node) else None


def is_drawn(node: Node) -> bool:
    """Whether a value was made of random numbers, and of constants."""
    leaves = [each for each in ancestors([node]) if each.op is LEAF]
    return any(leaf.site is not None and DRAWS.search(leaf.site.text) for leaf in leaves)


def changed_in_shape(chains: Iterable[Chain]) -> Iterator[Hint]:
    """Parameters whose first update gives them another shape, as broadcasting does."""
    for chain in chains:
        change, first = chain.changes[0], chain.versions[0]
        for argument in change.args:
            if isinstance(argument, Node) and shown(argument) is first:
                before, after = np.shape(argument.value), np.shape(change.value)
                if before != after:
                    words = f"this update makes an array of {_shape(before)} one of {_shape(after)}"
                    yield from _hint(change.site, words)


def broadcast_targets(read: Read) -> Iterator[Hint]:
    """Outputs and targets whose difference has more elements than either: each example meets the others' targets."""
    if read.targets.position is None:
        return  # they are an index: whatever its parts, they do not broadcast
    for node in read.targets.nodes[:1]:
        sides = [np.shape(value_in(argument)) for argument in node.args[:2]]
        if len(sides) == 2 and min(map(len, sides)) > 0:
            size = max(int(np.prod(side)) for side in sides)
            if np.size(node.value) > size:
                shapes = f"{_shape(sides[0])} and {_shape(sides[1])} give {_shape(np.shape(node.value))}"
                yield from _hint(node.site, f"outputs and targets broadcast: {shapes}")


def never_visited(read: Read, reading: Reading, examples: int | None) -> Iterator[Hint]:
    """Training that cannot come to all examples, or takes the same ones in each of its first updates."""
    taken = reading.update.batch_size if reading.update else None
    planned = reading.update.updates_planned if reading.update else None
    if examples is None or taken is None or read.recording.cut:
        return
    outermost = (*read.loop.enclosing, read.loop.place)[0].site
    if planned is not None and planned * taken < examples:
        words = f"{planned:,} update{'s' if planned > 1 else ''} on {taken:,} example{'s' if taken > 1 else ''}"
        yield from _hint(outermost, f"{words} visit at most {planned * taken:,} of {examples:,}")
    elif read.full_batch and not read.loop.enclosing and taken < examples:
        yield from _hint(
            read.inputs.place.site if read.inputs.place else outermost,
            f"the first two updates take the same {taken:,} of {examples:,} examples",
        )


# -- from the source ---------------------------------------------------------------------------------------------------


def never_read(files: dict[str, str], recording: Recording, scope: Mapping[str, Any]) -> Iterator[Hint]:
    """Arrays that are computed and settings that are given, and that nothing reads."""
    for each in unused(files):
        if each.kind == "setting":
            yield _at_line(each, f"{each.name} = {ast.unparse(each.value or ast.Constant(0))} is set and never read")
        elif each.kind == "argument":
            yield _at_line(each, f"{each.function}() takes {each.name} and never reads it")
        else:
            shape = _seen(each, recording, scope)
            if shape is not None:
                yield _at_line(each, f"{each.name}, {_shape(shape)}, is computed and never used")


def _seen(each: Unused, recording: Recording, scope: Mapping[str, Any]) -> tuple[int, ...] | None:
    """The shape of the array that was seen to be made there; None where it was no array of numbers."""
    value = scope.get(each.name)
    if not isinstance(value, np.ndarray):
        makes = _expression(each)
        made = (n for n in recording.tape.nodes if n.site and (n.site.file, n.site.line, n.site.text) == makes)
        node = next(made, None)
        value = None if node is None else node.value
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc" and value.size > 1:
        return value.shape
    return None


def _expression(each: Unused) -> tuple[str, int, str] | None:
    """File, line and text of the expression that gives an unused name its value."""
    if each.value is None:
        return None
    written = ast.get_source_segment("".join(linecache.getlines(each.file)), each.value)
    return each.file, each.value.lineno, written or ""


def _at_line(each: Unused, what: str) -> Hint:
    return Hint(what, each.file, each.line, text=linecache.getline(each.file, each.line).strip())


def _hint(site: Site | None, what: str) -> Iterator[Hint]:
    if site is not None:
        yield Hint(what, site.file, site.line, site.column, linecache.getline(site.file, site.line).strip())


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) if shape else "one number"


def _same(a: Any, b: Any) -> bool:
    return np.shape(a) == np.shape(b) and bool(np.array_equal(a, b))
