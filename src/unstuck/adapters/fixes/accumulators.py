"""Edits of sums of gradients that are never set back to zero."""

from __future__ import annotations

import ast
from typing import Any

from unstuck.adapters.fixes.edit import Alternatives, Edit, Fault, edits_for
from unstuck.adapters.fixes.statements import inserted_behind, moved_before


@edits_for("U02", "U14", "B14", framework=("", "numpy"))
def zeros_for_every_update(fault: Fault) -> Alternatives:
    """Sums of gradients that are made once, before the loop, are made in it; others become zeros behind the update."""
    syntax, updates = fault.syntax, fault.updates
    sums = {syntax.words(_whole(one.target)) for one in syntax.nodes if _adds(one)}
    read = {syntax.words(_whole(node)) for one in updates for node in ast.walk(one.value) if _is_array(node)}
    for loop in dict.fromkeys(loop for one in updates for loop in syntax.loops(one)):
        made = [
            one
            for one in syntax.nodes
            if isinstance(one, ast.Assign)
            and one.lineno < loop.lineno
            and syntax.function(one) is syntax.function(loop)
            and set(syntax.targets(one)) <= read & sums
        ]
        if made and any(map(_adds, ast.walk(loop))):
            yield list(moved_before(syntax, made, loop.body[0]))
    edits: list[Edit] = []
    for one in updates if fault.code != "B14" else []:  # a memory of squares is meant to grow
        words = [syntax.words(node) for node in ast.walk(one.value) if _is_array(node)]
        own = dict.fromkeys(name for name in words if name in sums or name.partition("[")[0] in sums)
        if own:
            edits += inserted_behind(syntax, one, *(f"{name} = np.zeros_like({name})" for name in own))
    yield edits


def _adds(node: Any) -> bool:
    return isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add)


def _is_array(node: Any) -> bool:
    return isinstance(node, (ast.Name, ast.Attribute, ast.Subscript))


def _whole(node: Any) -> Any:
    """The array that an element is taken of."""
    return node.value if isinstance(node, ast.Subscript) else node
