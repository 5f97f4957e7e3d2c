"""Edits of sums over a batch: the axis that they are taken along, and those that are missing."""

from __future__ import annotations

import ast
from typing import Any

from unstuck.adapters.fixes.edit import Alternatives, Edit, Fault, argument_added, edits_for
from unstuck.adapters.scripts.text.names_in_source import last_name


@edits_for("B08")
def bias_along_the_other_axis(fault: Fault) -> Alternatives:
    """The sum of a bias' gradient is taken along the other axis."""
    for node in [one for found in fault.expressions[:1] for one in ast.walk(found)]:
        if isinstance(node, ast.keyword) and node.arg == "axis" and isinstance(node.value, ast.Constant):
            yield [Edit(fault.syntax.span(node.value), "1" if node.value.value == 0 else "0")]


@edits_for("B08", "B20")
def summed_over_the_batch(fault: Fault) -> Alternatives:
    """sum(d) gets the axis of the examples; the first example alone, or no sum at all, becomes the sum."""
    syntax = fault.syntax
    axis = fault.axis_of_examples
    whole = fault.here(ast.Assign)
    nodes: list[Any] = [one for found in [*fault.expressions[:1], *whole] for one in ast.walk(found)]
    for node in nodes:
        summed = isinstance(node, ast.Call) and last_name(node.func) in ("sum", "mean")
        if summed and not any(keyword.arg == "axis" for keyword in node.keywords):
            for kept in (", keepdims=True", ""):
                yield [argument_added(syntax, node, f"axis={axis}{kept}")]
        first = isinstance(node, ast.Subscript) and getattr(node.slice, "value", None) == 0
        if first:
            yield [Edit(syntax.span(node), f"{syntax.operand(node.value)}.sum(axis={axis})")]
    for node in fault.expressions[:1]:
        for kept in (", keepdims=True", ""):
            yield [Edit(syntax.span(node), f"{syntax.operand(node)}.sum(axis={axis}{kept})")]


@edits_for("U18", framework=("", "numpy"))
def step_of_its_own_shape(fault: Fault) -> Alternatives:
    """b -= rate * d, with a row for every example in d, becomes b -= rate * d.sum(axis=0)."""
    syntax = fault.syntax
    axis = fault.axis_of_examples
    for one in fault.here(ast.Assign, ast.AugAssign):
        arrays = [node for node in ast.walk(one.value) if isinstance(node, (ast.Name, ast.Attribute))]
        for node in [node for node in arrays if syntax.words(node) not in syntax.targets(one)]:
            for kept in (", keepdims=True", ""):
                yield [Edit(syntax.span(node), f"{syntax.words(node)}.sum(axis={axis}{kept})")]
