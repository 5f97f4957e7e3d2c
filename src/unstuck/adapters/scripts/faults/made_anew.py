"""A network that is made anew in each turn of the loop over the passes through the examples."""

from __future__ import annotations

import ast
import linecache
import textwrap
from collections.abc import Iterator
from typing import Any

from unstuck.adapters.scripts.reading.examples import input_rows
from unstuck.adapters.scripts.reading.lines import location
from unstuck.adapters.scripts.reading.read import Read
from unstuck.adapters.scripts.text.names_in_source import bindings, last_name
from unstuck.autodiff.tape import Node, Site
from unstuck.diagnosis.examination.evidence import PROVED
from unstuck.diagnosis.report.contents import Finding, Location
from unstuck.diagnosis.rules import RULES

PASSES = ("epoch", "iter", "step", "round")  # what a loop is called that goes on with the same network
REPETITIONS = ("run", "trial", "rep", "seed", "fold", "start", "exper", "attempt", "net", "model")
MANY = 30  # turns, more than a training is repeated for comparison


def made_anew(read: Read, examples: int | None) -> Iterator[Finding]:
    """Parameters that are drawn anew in each turn of the loop over the passes through the examples."""
    loop, recording = read.loop, read.recording
    around = [
        turn
        for turn in recording.all_turns()
        if turn.start <= loop.start and loop.end <= turn.end and recording.places[turn.place] in loop.enclosing
    ]
    rows = input_rows(read.inputs.values, read.inputs)
    if not around or not examples or loop.length is None or rows is None:
        return
    turn = min(around, key=lambda each: each.end - each.start)
    place, roots = recording.places[turn.place], [chain.root for chain in read.chains]
    once = loop.length // loop.turns_per_update * len(rows) <= examples + len(rows)
    called = any(word in _head(place).lower() for word in PASSES)
    if (
        once
        and (called or only_counts(_text_of(place.site), turn.length))
        and turn.length != 1
        and all(turn.start <= root.number < loop.start for root in roots)
    ):
        words = (
            f"the parameters are made anew in each turn of the loop in line {place.site.line}: what it learnt is lost"
        )
        yield Finding(
            RULES["U16"], PROVED, words, {"loop": place.site.line}, True, None, _made_in(place.site, roots[0])
        )


def _made_in(loop: Site, root: Node) -> Location | None:
    """The line of a loop that makes a value, be it by a call."""
    sites = [site for site in (*root.stack, root.site) if site is not None]
    inside = (site for site in sites if site.file == loop.file and loop.line <= site.line <= loop.end_line)
    site = next(inside, root.site)
    return None if site is None else location(site)


def only_counts(loop: str, turns: int | None) -> bool:
    """Whether the turns of a loop, given as text, are alike: its numbers choose nothing, they are only told or
    compared, and there are more turns, or nothing is kept of them, than where a training is repeated for comparison."""
    try:
        (node,) = ast.parse(loop).body
    except (SyntaxError, ValueError):
        return False
    if not (isinstance(node, ast.For) and isinstance(node.target, ast.Name) and "range(" in ast.unparse(node.iter)):
        return False
    body = [part for statement in node.body for part in ast.walk(statement)]
    name = node.target.id
    told: list[ast.AST] = [part for part in body if isinstance(part, ast.Call) and last_name(part.func) == "print"]
    told += [part.test for part in body if isinstance(part, ast.If)]
    uses = sum(_mentions(statement, name) for statement in node.body)
    kept = [part for part in body if isinstance(part, ast.Call) and last_name(part.func) == "append"]
    made = {bound for statement in node.body if isinstance(statement, ast.Assign) for bound, *_ in bindings(statement)}
    if any(isinstance(argument, ast.Name) and argument.id in made for part in kept for argument in part.args):
        return False  # each of them is wanted, as in an ensemble
    repeats = any(word in name.lower() for word in REPETITIONS)
    return uses == sum(_mentions(part, name) for part in told) and not repeats and ((turns or 0) > MANY or not kept)


def _text_of(site: Site) -> str:
    """The lines of a loop as they stand in the source."""
    return textwrap.dedent("".join(linecache.getlines(site.file)[site.line - 1 : site.end_line]))


def _mentions(node: ast.AST, name: str) -> int:
    """How often a name stands in a part of a program."""
    return sum(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node))


def _head(place: Any) -> str:
    """The first line of a loop."""
    return str(place.site.text).partition(":")[0]
