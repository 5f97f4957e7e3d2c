"""Edits of an expression whose value is not the derivative that it stands for: one small change of one operation."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from unstuck.adapters.fixes.edit import Alternatives, Edit, Fault, edits_for, renamed
from unstuck.adapters.fixes.operands import neighbours
from unstuck.adapters.fixes.statements import block_of, inserted_before
from unstuck.adapters.fixes.syntax import NUMBERED, PRIMARIES, PRODUCTS, Syntax, bare, factors, operands
from unstuck.adapters.scripts.text.names_in_source import last_name

OTHERS = {ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*"}
MEANS = {"mean": "sum", "average": "sum", "sum": "mean"}
CODES = ("B14", "B15", "B16", "B08", "B10", "B17")


def _departures(fault: Fault) -> list[dict[str, Any]]:
    """Where wrong gradients enter in the line of the fault, as the proof tells."""
    found = (fault.report.get("proof") or {}).get("departures") or []
    return [one for one in found if (one.get("place") or {}).get("line") == fault.line]


def _place(fault: Fault) -> list[Any]:
    """The expression that departs: the one with the words of the proof, or those that begin at the fault."""
    here = fault.expressions
    for departure in _departures(fault):
        exact = [node for node in here if fault.syntax.words(node) == departure["place"].get("text")]
        here = [*exact, *here]
    return list(dict.fromkeys(here))


@edits_for(*(f"B{number:02}" for number in range(1, 21)))
def what_the_proof_found(fault: Fault) -> Alternatives:
    """The expression becomes the one that makes the gradients the true ones."""
    syntax = fault.syntax
    for departure in [one for one in _departures(fault) if one.get("meant")]:
        for node in syntax.at(fault.line, departure["place"]["column"]):
            if syntax.words(node) == departure["place"]["text"]:
                torn = isinstance(syntax.parents.get(node), (ast.BinOp, ast.UnaryOp, ast.Attribute))
                words = departure["meant"]
                free = not torn or syntax.in_brackets(node) or isinstance(ast.parse(words, mode="eval").body, PRIMARIES)
                yield [Edit(syntax.span(node), words if free else f"({words})")]


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


@edits_for("B14", "B05", framework=("", "numpy"))
def weights_left_out(fault: Fault) -> Alternatives:
    """A product of single numbers, error * h[j], gets the weight that leads there: error * w[j] * h[j]."""
    syntax = fault.syntax
    learnt = fault.learnt
    parts = [one for one in syntax.nodes if isinstance(one, ast.Subscript)]
    rows = {syntax.words(one.value) for one in parts if isinstance(one.value, ast.Subscript)}
    weights = [one for one in parts if syntax.words(one.value) in learnt and syntax.words(one) not in rows]
    for node in _place(fault)[:1]:
        there = [one for one in ast.walk(node) if isinstance(one, ast.Subscript)]
        indices, read = {syntax.words(one.slice) for one in there}, {syntax.words(one) for one in there}
        fitting = dict.fromkeys(syntax.words(one) for one in weights if syntax.words(one.slice) in indices)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            first = factors(node)[0]
            for weight in [one for one in fitting if one not in read]:
                yield [Edit(syntax.span(first), f"{syntax.operand(first)} * {weight}")]


@edits_for(*CODES)
def one_operation_changed(fault: Fault) -> Alternatives:
    """One small change of the expression, of the kind that the proof tells first."""
    told = {one.get("kind") for one in _departures(fault)}
    changes = [change for node in _place(fault) for make in CHANGES for change in make(fault.syntax, node)]
    yield from (edits for _, edits in sorted(changes, key=lambda change: change[0] not in told))


Changes = Iterator[tuple[str, list[Edit]]]  # the kind, as the proof names it, and the edits


def _other_operations(syntax: Syntax, node: Any) -> Changes:
    """A mean becomes a sum, a sign is turned, operands change places, a factor too many is left out."""
    if isinstance(node, ast.Call) and last_name(node.func) in MEANS:
        yield "another operation was meant", [renamed(syntax, node.func, MEANS[last_name(node.func)])]
    if isinstance(node, ast.BinOp) and type(node.op) in OTHERS:
        left, right = syntax.operand(node.left), syntax.operand(node.right)
        yield "another operation was meant", [Edit(syntax.span(node), f"{left} {OTHERS[type(node.op)]} {right}")]
        if isinstance(node.op, (ast.Sub, ast.Div)):
            swapped = f"{right} {'-' if isinstance(node.op, ast.Sub) else '/'} {left}"
            yield "the operands change places", [Edit(syntax.span(node), swapped)]
        if isinstance(node.op, (ast.Mult, ast.Div)):
            yield "a factor too many", [Edit(syntax.span(node), left)]
        if isinstance(node.op, ast.Mult):
            yield "a factor too many", [Edit(syntax.span(node), right)]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign", [Edit(syntax.span(node), syntax.operand(node.operand))]


def _turned(syntax: Syntax, node: Any) -> Changes:
    """An operand is transposed, or left as it is: a.T @ d, d.T.reshape(shape)."""
    for side in operands(node) or ():
        inner = bare(side)
        as_it_is = inner is not side and isinstance(side, ast.Attribute)
        words = syntax.words(inner) if as_it_is else f"{syntax.operand(side)}.T"
        yield "transposed", [Edit(syntax.span(side), words)]
    if isinstance(node, ast.Call) and len(node.args) == 2 and last_name(node.func) in PRODUCTS:
        first, second = node.args
        swapped = [Edit(syntax.span(first), syntax.words(second)), Edit(syntax.span(second), syntax.words(first))]
        yield "the operands change places", swapped
    owner = getattr(getattr(node, "func", None), "value", None)
    if owner is not None and last_name(node.func) in ("reshape", "flatten", "ravel"):
        yield "transposed", [Edit(syntax.span(owner), f"{syntax.operand(owner)}.T")]
        for axes in ("1, 2, 0", "2, 0, 1", "0, 2, 1", "1, 0, 2"):
            yield "order of axes", [Edit(syntax.span(owner), f"{syntax.operand(owner)}.transpose({axes})")]


def _numbered(syntax: Syntax, node: Any) -> Changes:
    """An array with a number in its name becomes the one with another number: a1 for a2."""
    for one in ast.walk(node):
        found = NUMBERED.fullmatch(one.id) if isinstance(one, ast.Name) else None
        others = [f"{found[1]}{number}" for number in range(5)] if found else []
        for other in others:
            if other in syntax.stored and other != syntax.words(one):
                yield "another value was meant", [Edit(syntax.span(one), other)]


def _neighbouring(syntax: Syntax, node: Any) -> Changes:
    """An element of a list becomes the one before or after it: a[l] for a[l + 1]."""
    for one in ast.walk(node):
        if isinstance(one, ast.Subscript):
            for words in neighbours(syntax.words(one)):
                yield "another value was meant", [Edit(syntax.span(one), words)]


def _longer_loops(syntax: Syntax, node: Any) -> Changes:
    """The loop around takes the first or the last turn that it leaves out: range(n - 1) becomes range(n)."""
    over = [one for loop in syntax.loops(node) if isinstance(loop, ast.For) for one in ast.walk(loop.iter)]
    for call in [one for one in over if isinstance(one, ast.Call) and last_name(one.func) == "range"]:
        for argument in call.args:
            if isinstance(argument, ast.BinOp) and isinstance(argument.op, ast.Sub):
                words = syntax.words(argument.left)
                yield "an example or a time step is left out", [Edit(syntax.span(argument), words)]
        if len(call.args) > 1 and getattr(call.args[0], "value", None) == 1:
            yield "an example or a time step is left out", [Edit(syntax.span(call.args[0]), "0")]


def _squared(syntax: Syntax, node: Any) -> Changes:
    """A value becomes its square: 1 - t becomes 1 - t ** 2."""
    for one in ast.walk(node):
        parent = syntax.parents.get(one)
        taken_away = isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Sub) and one is parent.right
        if taken_away and isinstance(one, PRIMARIES):
            yield "an exponent is missing", [Edit(syntax.span(one), f"{syntax.words(one)} ** 2")]


def _added(syntax: Syntax, node: Any) -> Changes:
    """`g = …` becomes `g = g + …` where the array got another contribution before; what was computed for the step
    before and is read nowhere is added."""
    statement = syntax.statement(node)
    names = [one for one in ast.walk(syntax.function(node)) if isinstance(one, ast.Name)]
    read = {one.id for one in names if isinstance(one.ctx, ast.Load)}
    own = {name.id for name in ast.walk(statement) if isinstance(name, ast.Name)}
    for name in dict.fromkeys(one.id for one in names if one.id not in read | own):
        yield "a path is missing", [Edit(syntax.span(node), f"{syntax.words(node)} + {name}")]
    if not isinstance(statement, ast.Assign):
        return
    (first, *others), value = statement.targets, statement.value
    if isinstance(first, ast.Attribute) and "grad" in first.attr:
        words = f"{syntax.words(first)} += {syntax.words(value)}"
        yield "a path is missing", [Edit(syntax.span(statement), words)]
    block = block_of(syntax, statement)
    before = [target for one in block[: block.index(statement)] for target in syntax.targets(one)]
    if not others and syntax.words(first) in before:
        words = f"{syntax.words(first)} + {syntax.operand(value)}"
        yield "a path is missing", [Edit(syntax.span(value), words)]


CHANGES = (_other_operations, _turned, _added, _squared, _numbered, _neighbouring, _longer_loops)
