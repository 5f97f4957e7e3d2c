"""What a script's own names stand for, so that its reader can say which variables are parameters, inputs, targets and
outputs where it was read wrongly.

Parameters are found by what the names lead to while the script runs. Inputs, targets and outputs pass under many names
(`X`, `X[i:j]`, `batch`, the argument of a function), so that of all values that could be meant the one is taken whose
expression says the name, or takes what it says from it in the fewest steps.
"""

from __future__ import annotations

import ast
import difflib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unstuck.adapters.scripts.reading.parameters import Chain, shown
from unstuck.adapters.scripts.reading.update import Candidate
from unstuck.adapters.scripts.recording.hooks import Place, operand_of
from unstuck.adapters.scripts.recording.paths import reachable_paths, spelled
from unstuck.adapters.scripts.recording.provenance import Provenance
from unstuck.adapters.scripts.text.names_in_source import flows, last_part, names_of_all, names_used_by, parts
from unstuck.adapters.scripts.text.source import Source
from unstuck.autodiff.families import ADDING, SUBTRACTING
from unstuck.autodiff.tape import LEAF, Node
from unstuck.autodiff.writes import assigned, overwritten
from unstuck.errors import CaseError

LATEST = 4  # versions of a parameter that no expression has read yet
FARTHEST = 12  # steps from an expression back to the name that its values come from


@dataclass(frozen=True)
class Naming:
    """The names that a user gave for parameters, inputs, targets and outputs, and how names pass on values.

    path        of the script
    comes_from  by name, those that its values are made of
    """

    path: str = ""
    parameters: tuple[str, ...] = ()
    inputs: str | None = None
    targets: str | None = None
    outputs: str | None = None
    comes_from: dict[str, set[str]] = field(default_factory=dict, repr=False)

    def choose(self, kind: str, candidates: list[Candidate], places: dict[int, Place]) -> list[Candidate]:
        """All candidates where no name was given; else those at the operand that is nearest to the name, if any is."""
        name = {"inputs": self.inputs, "targets": self.targets, "outputs": self.outputs}[kind]
        if name is None:
            return candidates
        wanted, distances = last_part(name), dict[tuple[int, int | None], int]()
        for candidate in candidates:
            spot = id(candidate[0].site), candidate[1]
            if spot not in distances:
                found = [self.distance(wanted, spelt) for spelt in _spelt(candidate, places)]
                distances[spot] = min((distance for distance in found if distance is not None), default=FARTHEST)
        nearest = min(distances.values(), default=FARTHEST)
        if nearest == FARTHEST:
            return []
        return [one for one in candidates if distances[id(one[0].site), one[1]] == nearest]

    def distance(self, wanted: str, spelt: Sequence[str]) -> int | None:
        """In how many steps the values of an expression that uses these names come from the wanted one."""
        reached, seen = set(spelt), set(spelt)
        for steps in range(FARTHEST):
            if wanted in reached:
                return steps
            reached = {origin for name in reached for origin in self.comes_from.get(name, ())} - seen
            seen |= reached
        return None


NAMELESS = Naming()


def naming(names: dict[str, str], source: Source) -> Naming:
    """The names that were given, held against the script. Raises CaseError where one is not in it."""
    if not names:
        return NAMELESS
    trees = [ast.parse(text) for text in (source.text, *_beside(source))]
    known = {name for tree in trees for name in names_of_all(tree)}
    for option, given in names.items():
        for name in split(given):
            _expect(name, option, known, source)
    comes_from: dict[str, set[str]] = {}
    for tree in trees:
        for target, origins in flows(tree):
            comes_from.setdefault(target, set()).update(origins - {target})
    single = {option: given.strip() for option, given in names.items() if option != "parameters"}
    return Naming(str(source.path), split(names.get("parameters", "")), comes_from=comes_from, **single)


def split(names: str) -> tuple[str, ...]:
    """`w1, net.b1` as two names; commas in brackets part nothing."""
    try:
        tree = ast.parse(f"({names},)", mode="eval").body if names.strip() else ast.Tuple([], ast.Load())
    except SyntaxError:
        return tuple(name.strip() for name in names.split(","))
    assert isinstance(tree, ast.Tuple)
    return tuple(ast.unparse(name) for name in tree.elts)


def _expect(name: str, option: str, known: set[str], source: Source) -> None:
    """Raises CaseError, one sentence, if this is no name, or none of the script's."""
    try:
        expression = ast.parse(name, mode="eval").body
    except SyntaxError:
        expression = ast.Constant(None)
    if not isinstance(expression, ast.Name | ast.Attribute | ast.Subscript):
        raise CaseError(f"{source.path}: --{option} {name}: expected the name of a variable, such as w1 or net.w1")
    missing = [part for part in parts(expression) if part not in known]
    if missing:
        near = difflib.get_close_matches(missing[-1], sorted(known), 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise CaseError(f"{source.path}: --{option} {name}: there is no {missing[-1]} in the script{meant}")


def _beside(source: Source) -> Iterator[str]:
    """The texts of the modules beside the script that it imports."""
    for node in ast.walk(ast.parse(source.text)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        module = node.module if isinstance(node, ast.ImportFrom) else None
        for name in (*names, *([module] if module else [])):
            path = Path(source.filename).parent / f"{name.replace('.', '/')}.py"
            if path.is_file():
                yield path.read_text(encoding="utf-8", errors="replace")


def _spelt(candidate: Candidate, places: dict[int, Place]) -> Iterator[list[str]]:
    """The names by which a candidate is spelt: at its operand, and where an array from outside was made."""
    node, position, argument = candidate
    place = places.get(id(node.site))
    operand = None if place is None else operand_of(place, position)
    yield [] if operand is None else sorted(names_used_by(operand))
    if isinstance(argument, Node) and argument.op is LEAF and (made := places.get(id(argument.site))) is not None:
        yield sorted(names_used_by(made.node))


# -- names in the running script ---------------------------------------------------------------------------------------


def scopes(files: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The variables of the program's functions that are under way, innermost first, and of its modules."""
    known, frame = {os.path.abspath(file) for file in files} | set(files), sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename in known:
            yield dict(frame.f_locals)
            if frame.f_locals is not frame.f_globals:
                yield frame.f_globals
        frame = frame.f_back  # type: ignore[assignment]


def named_chains(
    names: Sequence[str], chains: Sequence[Chain], known: Provenance, spaces: Iterable[dict[str, Any]]
) -> dict[int, str]:
    """By the number of its first value, the name of each parameter that one of these names leads to; a name may lead to
    a list, a dict or an object that holds several."""
    chain_of = {node.number: chain for chain in chains for node in chain.versions}
    wanted = [ast.unparse(ast.parse(name, mode="eval")) for name in names]
    found: dict[int, str] = {}
    for space in spaces:
        for path, value in reachable_paths(space):
            entry = known.entries.get(id(value))
            if entry is None or entry.object is not value:
                continue
            chain = _held(entry.node, chain_of)
            if chain is None or chain.root.number in found:
                continue
            spelling = spelled(path)
            if any(_leads(name, spelling) for name in wanted):
                found[chain.root.number] = spelling
    return found


def _held(node: Node, chain_of: dict[int, Chain]) -> Chain | None:
    """The parameter of which this is a version, or what its latest updates made of one."""
    for _ in range(LATEST):
        node = shown(node)
        if node.number in chain_of:
            return chain_of[node.number]
        if node.op not in ADDING | SUBTRACTING | {assigned, overwritten} or not isinstance(node.args[0], Node):
            return None
        node = node.args[0]
    return None


def _leads(name: str, spelling: str) -> bool:
    """Whether the thing spelt so is what the name says, or in it; `self.w1` and `w1` are the `w1` of any object."""
    bare = name.removeprefix("self.")
    for start in (bare, f"self.{bare}"):
        if spelling == start or spelling.startswith((f"{start}.", f"{start}[")):
            return True
    plain = bare.isidentifier()
    return plain and any(
        f"{mark}{bare}{end}" in f"{spelling} " for mark in (".", "['") for end in (" ", ".", "[", "']")
    )


def none_named(names: Naming, chains: Sequence[Chain]) -> CaseError:
    """What to say where nothing that changes bears the names that were given."""
    texts = list(dict.fromkeys(chain.changes[0].site.text for chain in chains if chain.changes[0].site is not None))
    seen = f"; what changes: {', '.join(texts[:4])}{', …' if len(texts) > 4 else ''}" if texts else ""
    given = ",".join(names.parameters)
    return CaseError(f"{names.path}: --parameters {given}: nothing of that name was seen to change{seen}")


def not_so_named(option: str, *names: str | None) -> str:
    """What would help where no inputs (or targets) were found: a name, or another one than those that were given."""
    given = [name for name in names if name is not None]
    return f"--{option} NAME" + (f"; no such values come from {' and '.join(given)}" if given else "")
