"""Edits of the forward pass: the axis of a softmax's sum, its shift, the sign in a sigmoid."""

from __future__ import annotations

import ast
from typing import Any

from unstuck.adapters.fixes.edit import Alternatives, Edit, Fault, edits_for
from unstuck.adapters.scripts.names_in_source import last_name

AXES = {"columns": ("0", "1")}


def _here(fault: Fault, name: str) -> list[ast.Call]:
    """The calls of a name in the statement of the fault, or in its function where the statement has none."""
    found = fault.expressions
    if not found:
        return []
    statement = fault.syntax.statement(found[0])
    for scope in (statement, fault.syntax.function(statement)):
        calls = [n for n in ast.walk(scope) if isinstance(n, ast.Call) and last_name(n.func) == name]
        if calls:
            return calls
    return []


@edits_for("F01", "F02")
def sum_along_the_classes(fault: Fault) -> Alternatives:
    """np.sum(e) becomes np.sum(e, axis=1, keepdims=True), and a sum along the other axis is turned."""
    layout = str((fault.reading.get("inputs") or {}).get("layout", ""))
    calls = _here(fault, "sum")
    for axis in AXES.get(layout, ("1", "0")):
        edits = [edit for call in calls if (edit := _summed(fault, call, axis)) is not None]
        if edits:
            yield edits


def _summed(fault: Fault, call: ast.Call, axis: str) -> Edit | None:
    syntax = fault.syntax
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    argument: Any = given.get("axis")
    if argument is not None:
        turned = syntax.words(argument) != axis
        return Edit(syntax.span(argument), axis) if turned else None
    words = syntax.words(call)
    if isinstance(call.func, ast.Name):
        if len(call.args) != 1:
            return None
        return Edit(syntax.span(call), f"np.sum({syntax.words(call.args[0])}, axis={axis}, keepdims=True)")
    comma = ", " if call.args or call.keywords else ""
    kept = "" if "keepdims" in given else ", keepdims=True"
    return Edit(syntax.span(call), f"{words[:-1].rstrip()}{comma}axis={axis}{kept})")


@edits_for("F04")
def negate_exponent(fault: Fault) -> Alternatives:
    """exp(z) becomes exp(-z)."""
    syntax = fault.syntax
    for call in _here(fault, "exp"):
        if len(call.args) == 1:
            yield [Edit(syntax.span(call.args[0]), f"-{syntax.operand(call.args[0])}")]
