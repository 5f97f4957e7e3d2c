"""Edits of engines that take derivatives by themselves: what a result is not told of its parents or of its backward
step, so that no gradient gets through it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from unstuck.adapters.fixes.edit import Alternatives, Edit, Fault, argument_added, edits_for
from unstuck.adapters.fixes.statements import at_line, indentation, inserted_before
from unstuck.adapters.fixes.syntax import Syntax

CODES = ("B13", "U05", "B14")


@edits_for(*CODES, framework=("", "numpy"))
def backward_step_kept(fault: Fault) -> Alternatives:
    """A function that is defined for the step back and never read is kept by the result, as those of others are."""
    syntax = fault.syntax
    for inner in [node for node in syntax.nodes if isinstance(node, ast.FunctionDef)]:
        outer = syntax.function(inner)
        last = outer.body[-1] if isinstance(outer, ast.FunctionDef) else None
        read = {one.id for one in ast.walk(outer) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}
        if not isinstance(last, ast.Return) or not isinstance(last.value, ast.Name) or inner.name in read:
            continue
        for attribute in _kept_as(syntax):
            yield list(inserted_before(syntax, last, f"{last.value.id}.{attribute} = {inner.name}"))


def _kept_as(syntax: Syntax) -> list[str]:
    """The attributes that functions defined inside others are assigned to, the usual one first."""
    inner = {
        node.name
        for node in syntax.nodes
        if isinstance(node, ast.FunctionDef) and isinstance(syntax.function(node), ast.FunctionDef)
    }
    assigned = [
        target.attr
        for node in syntax.nodes
        if isinstance(node, ast.Assign) and getattr(node.value, "id", None) in inner
        for target in node.targets
        if isinstance(target, ast.Attribute)
    ]
    return [name for name, _ in Counter(assigned).most_common()]


@edits_for(*CODES, framework=("", "numpy"))
def parents_of_the_result(fault: Fault) -> Alternatives:
    """Value(t) in a method, where others write Value(t, (self, other)), is told what it was made of."""
    syntax = fault.syntax
    for made in [node for node in syntax.nodes if isinstance(node, ast.ClassDef)]:
        calls: list[Any] = [call for call in syntax.calls(made.name) if syntax.function(call) is not syntax.tree]
        told = [call for call in calls if any(isinstance(one, ast.Tuple) for one in call.args)]
        for call in calls if told else []:
            function = syntax.function(call)
            given = [one.arg for one in function.args.args] if isinstance(function, ast.FunctionDef) else []
            if len(call.args) == 1 and not call.keywords and given[:1] == ["self"] and _makes_the_result(syntax, call):
                yield [argument_added(syntax, call, f"({', '.join(given[:2])}{',' if len(given) == 1 else ''})")]


def _makes_the_result(syntax: Syntax, call: ast.Call) -> bool:
    """Whether a call stands in a statement of the function itself, and not to wrap an argument: other = other if
    isinstance(other, Value) else Value(other)."""
    statement = syntax.statement(call)
    own = isinstance(statement, (ast.Assign, ast.Return)) and syntax.parents[statement] is syntax.function(call)
    return own and not isinstance(syntax.parents[call], ast.IfExp)


SLOPES = {  # of a function, from its value, as it is written and as it is written for the other one
    "tanh": (re.compile(r"([\w.]+) \* \(1(?:\.0)? - \1\)"), r"(1 - \1 ** 2)"),
    "sigmoid": (re.compile(r"\(1(?:\.0)? - ([\w.]+) ?\*\* ?2\)"), r"\1 * (1 - \1)"),
}


@edits_for(*CODES, framework=("", "numpy"))
def written_as_for_the_sibling(fault: Fault) -> Alternatives:
    """What the program has for the gradient of a sigmoid, and not of the tanh at the fault, is written for that too."""
    syntax = fault.syntax
    for name, sibling in (("tanh", "sigmoid"), ("sigmoid", "tanh")):
        classes = [one for one in syntax.nodes if isinstance(one, ast.ClassDef) and one.name.lower() == name]
        if any(one.lineno <= fault.line <= (one.end_lineno or 0) for one in classes):
            statements = _about(syntax.tree.body, sibling)
            yield [edit for one in statements for edit in _for_another(syntax, one, name, sibling)]


def _about(block: list[ast.stmt], name: str) -> Iterator[Any]:
    """The definitions named after something, but for its own class, and the assignments of what is named so."""
    for one in block:
        if isinstance(one, (ast.ClassDef, ast.FunctionDef)):
            if name not in one.name.lower():
                yield from _about(one.body, name)
            elif one.name.lower() != name:
                yield one
        elif isinstance(one, ast.Assign) and name in ast.unparse(one.targets[0]).lower():
            yield one


def _for_another(syntax: Syntax, statement: Any, name: str, sibling: str) -> Iterator[Edit]:
    """A statement written behind itself for another function, unless that is there."""
    text = "".join(syntax.lines[statement.lineno - 1 : statement.end_lineno])
    for old, new in ((sibling, name), (sibling.title(), name.title())):
        text = text.replace(old, new)
    slope, other = SLOPES[name]
    text = slope.sub(other, text)
    if text not in syntax.text:
        blank = 0 if isinstance(statement, ast.Assign) else 1 if indentation(syntax, statement) else 2
        yield at_line(syntax, statement.end_lineno + 1, "\n" * blank + text)
