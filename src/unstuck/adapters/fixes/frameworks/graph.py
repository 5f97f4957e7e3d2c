"""Edits of what stands between the parameters and the loss and lets no gradient through."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from unstuck.adapters.fixes.edit import Alternatives, Edit, Fault, edits_for
from unstuck.adapters.fixes.frameworks.calls import statements_at
from unstuck.adapters.fixes.statements import has_its_lines, indentation
from unstuck.adapters.fixes.syntax import Span, Syntax
from unstuck.adapters.scripts.text.names_in_source import last_name


@edits_for("B13", "U05", framework=("pytorch", "keras"))
def gradients_not_cut(fault: Fault) -> Alternatives:
    """`detach()`, `.data`, a tensor made anew or `no_grad()` between the parameters and the loss is left out."""
    syntax = fault.syntax
    for statement in statements_at(fault):
        for node in ast.walk(statement):
            inner = _cut(node)
            if inner is not None:
                yield [Edit(syntax.span(node), syntax.words(inner))]
    for block in _without_graph(fault):
        yield list(_dissolved(syntax, block))
    for node in syntax.nodes:
        named = node.arg if isinstance(node, ast.keyword) else ""
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            named = node.targets[0].attr
        if named in ("requires_grad", "trainable") and getattr(node.value, "value", True) is False:
            yield [Edit(syntax.span(node.value), "True")]


def _cut(node: Any) -> Any:
    """What an expression takes out of the graph: z of z.detach(), z.data and torch.tensor(z); None for others."""
    if isinstance(node, ast.Attribute) and node.attr == "data":
        return node.value
    name = last_name(node.func) if isinstance(node, ast.Call) else ""
    if name in ("tensor", "as_tensor", "Tensor", "Variable"):
        return _before_leaving(node.args[0]) if node.args else None
    cuts = name in ("item", "requires_grad_") or (name in ("detach", "detach_") and not node.args)
    return node.func.value if cuts and isinstance(node.func, ast.Attribute) else None


def _without_graph(fault: Fault) -> Iterator[ast.With]:
    """The blocks `with torch.no_grad():` around the fault, or in the loop in which derivatives are taken."""
    syntax = fault.syntax
    for statement in statements_at(fault):
        loop = next(iter(syntax.loops(statement)), statement)
        inside = [node for node in ast.walk(loop) if isinstance(node, ast.With)]
        for block in [*inside, *(one for one in syntax.above(statement) if isinstance(one, ast.With))]:
            if len(block.items) == 1 and "no_grad" in syntax.words(block.items[0].context_expr):
                yield block


def _before_leaving(node: Any) -> Any:
    """A tensor before it was made a number or an array: loss in loss.item(), z in z.detach().numpy()."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args:
        if node.func.attr not in ("item", "numpy", "detach", "cpu", "tolist"):
            break
        node = node.func.value
    return node


def _dissolved(syntax: Syntax, block: ast.With) -> Iterator[Edit]:
    """The statements of a block in the place of the block."""
    if has_its_lines(syntax, block) and block.body[0].lineno > block.lineno:
        yield Edit(Span(block.lineno, 1, block.body[0].lineno, 1), "")
        margin, own = indentation(syntax, block), indentation(syntax, block.body[0])
        for line in range(block.body[0].lineno, (block.end_lineno or 0) + 1):
            if syntax.lines[line - 1].startswith(own):
                yield Edit(Span(line, 1, line, len(own) + 1), margin)
