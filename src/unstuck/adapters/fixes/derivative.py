"""Edits of an expression whose value is not the derivative that it stands for: one small change of one operation."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from unstuck.adapters.fixes.edit import Alternatives, Edit, Fault, edits_for
from unstuck.adapters.fixes.statements import block_of, inserted_before
from unstuck.adapters.fixes.syntax import Syntax, bare, factors, operands
from unstuck.adapters.scripts.names_in_source import last_name

OTHERS = {ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*"}
MEANS = {"mean": "sum", "average": "sum", "sum": "mean"}
CODES = ("B14", "B15", "B16", "B08", "B10", "B17")


def _place(fault: Fault) -> list[Any]:
    """The expression that departs: the one with the words of the proof, or those that begin at the fault."""
    here = fault.expressions
    for departure in (fault.report.get("proof") or {}).get("departures", []):
        place = departure.get("place") or {}
        if place.get("line") == fault.line:
            exact = [node for node in here if fault.syntax.words(node) == place.get("text")]
            here = [*exact, *here]
    return list(dict.fromkeys(here))


@edits_for("B14")
def mean_and_variance_depend_on_the_inputs(fault: Fault) -> Alternatives:
    """The error behind a normalisation loses its mean and what lies along the normalised values.

    With h = (x - mean) / deviation, the derivative is (d - mean(d) - h mean(d h)) / deviation (Ioffe and Szegedy 2015).
    """
    syntax = fault.syntax
    for whole in _place(fault)[:1]:
        inside = factors(whole)
        for normalised, deviation, axis in _normalisations(syntax):
            rest = [one for one in inside if syntax.words(one) != deviation]
            if len(rest) + 1 != len(inside) or not rest:
                continue
            d = " * ".join(syntax.operand(one) for one in rest)
            name = f"d_{normalised.rpartition('.')[2]}"
            if len(rest) == 1 and isinstance(rest[0], ast.Name):
                first, name = [], d
            else:
                first = list(inserted_before(syntax, syntax.statement(whole), f"{name} = {d}"))
            centred = f"{name} - {name}.mean({axis}) - {normalised} * ({name} * {normalised}).mean({axis})"
            if name == d or (first and name not in syntax.text):
                yield [*first, Edit(syntax.span(whole), f"{deviation} * ({centred})")]


def _normalisations(syntax: Syntax) -> Iterator[tuple[str, str, str]]:
    """What is assigned (x - mean) * deviation: its name, the deviation, and how the mean was taken."""
    for node in syntax.nodes:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.BinOp):
            continue
        value = node.value
        for centred, scale in ((value.left, value.right), (value.right, value.left)):
            if isinstance(value.op, ast.Mult) and isinstance(centred, ast.BinOp) and isinstance(centred.op, ast.Sub):
                scope = syntax.function(node)
                means = [one for one in ast.walk(scope) if isinstance(one, ast.Call) and last_name(one.func) == "mean"]
                for mean in means[:1]:
                    owner: Any = getattr(mean.func, "value", mean)
                    given = mean.args if last_name(owner) not in ("np", "numpy") else mean.args[1:]
                    axis = ", ".join([*map(syntax.words, given), *(_keyword(syntax, one) for one in mean.keywords)])
                    yield syntax.words(node.targets[0]), syntax.words(scale), axis


def _keyword(syntax: Syntax, node: ast.keyword) -> str:
    return f"{node.arg}={syntax.words(node.value)}"


@edits_for(*CODES)
def one_operation_changed(fault: Fault) -> Alternatives:
    """A mean becomes a sum, a sign is turned, operands change places, a factor too many is left out, and the like."""
    syntax = fault.syntax
    for node in _place(fault):
        if isinstance(node, ast.Call) and last_name(node.func) in MEANS:
            words, name = syntax.words(node.func), last_name(node.func)
            yield [Edit(syntax.span(node.func), words[: len(words) - len(name)] + MEANS[name])]
        if isinstance(node, ast.BinOp) and type(node.op) in OTHERS:
            left, right = syntax.operand(node.left), syntax.operand(node.right)
            yield [Edit(syntax.span(node), f"{left} {OTHERS[type(node.op)]} {right}")]
            if isinstance(node.op, (ast.Sub, ast.Div)):
                yield [Edit(syntax.span(node), f"{right} {'-' if isinstance(node.op, ast.Sub) else '/'} {left}")]
            if isinstance(node.op, (ast.Mult, ast.Div)):
                yield [Edit(syntax.span(node), left)]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield [Edit(syntax.span(node), syntax.operand(node.operand))]


@edits_for(*CODES)
def turned(fault: Fault) -> Alternatives:
    """An operand is transposed, or left as it is: a.T @ d, d.T.reshape(shape)."""
    syntax = fault.syntax
    for node in _place(fault):
        pair = operands(node)
        for side in pair or ():
            inner = bare(side)
            if inner is not side and isinstance(side, ast.Attribute):
                yield [Edit(syntax.span(side), syntax.words(inner))]
            else:
                yield [Edit(syntax.span(side), f"{syntax.operand(side)}.T")]
        owner = getattr(getattr(node, "func", None), "value", None)
        if owner is not None and last_name(node.func) in ("reshape", "flatten", "ravel"):
            yield [Edit(syntax.span(owner), f"{syntax.operand(owner)}.T")]
            for axes in ("1, 2, 0", "2, 0, 1", "0, 2, 1", "1, 0, 2"):
                yield [Edit(syntax.span(owner), f"{syntax.operand(owner)}.transpose({axes})")]


@edits_for("B14")
def contributions_added(fault: Fault) -> Alternatives:
    """`g = …` becomes `g += …` where the array got another contribution before."""
    syntax = fault.syntax
    for node in _place(fault)[:1]:
        statement = syntax.statement(node)
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = syntax.words(statement.targets[0])
            block = block_of(syntax, statement)
            earlier = [one for one in block[: block.index(statement)] if _assigns(syntax, one, target)]
            if earlier:
                words = f"{target} + {syntax.operand(statement.value)}"
                yield [Edit(syntax.span(statement.value), words)]


def _assigns(syntax: Syntax, statement: Any, target: str) -> bool:
    targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
    return target in [syntax.words(one) for one in targets if one is not None]
