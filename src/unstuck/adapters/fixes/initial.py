"""Edits of the first weights: drawn around zero, with the spread that keeps a signal's size (LeCun et al. 1998)."""

from __future__ import annotations

import ast
from itertools import pairwise
from typing import Any

from unstuck.adapters.fixes.edit import Alternatives, Edit, Fault, edits_for
from unstuck.adapters.scripts.text.names_in_source import last_name

SIZES = {  # a function that makes an array -> the position of the argument `size` or `shape`
    **dict.fromkeys(("zeros", "ones", "full", "empty", "random", "random_sample", "standard_normal"), 0),
    **dict.fromkeys(("uniform", "normal"), 2),
}


@edits_for("A01", "A02", "A03", "A04", "A05", "A06", "A07")
def drawn_for_the_inputs(fault: Fault) -> Alternatives:
    """Weights are drawn as np.random.randn(n, m) / np.sqrt(n), n the number of inputs of the layer."""
    syntax = fault.syntax
    edits = []
    for call in syntax.nodes:
        if isinstance(call, ast.Call) and call.lineno <= fault.line <= (call.end_lineno or 0):
            dimensions = _dimensions(fault, call)
            if dimensions is not None and (len(dimensions) == 1 or _is_weight(fault, call)):
                edits.append(_drawn(fault, call, dimensions))
    first = [edit for edit in edits if edit.span.column == fault.column]
    if first:
        yield first
    yield edits


def _dimensions(fault: Fault, call: ast.Call) -> list[str] | None:
    """The sizes of the array that a call makes, as they are written; None if it makes no matrix, and no weights of one
    neuron at the very place of the fault."""
    name, here = last_name(call.func), fault.syntax.span(call).column == fault.column
    counts = (1, 2) if here else (2,)
    if name in ("rand", "randn"):
        return [fault.syntax.words(argument) for argument in call.args] if len(call.args) in counts else None
    if name not in SIZES:
        return None
    given = [keyword.value for keyword in call.keywords if keyword.arg in ("size", "shape")]
    size: Any = given[0] if given else call.args[SIZES[name]] if len(call.args) > SIZES[name] else None
    if isinstance(size, (ast.Tuple, ast.List)) and len(size.elts) in counts:
        return [fault.syntax.words(element) for element in size.elts]
    return None


def _is_weight(fault: Fault, call: ast.Call) -> bool:
    """Whether a parameter of more than one row and column is made here."""
    lines = range(call.lineno, (call.end_lineno or call.lineno) + 1)
    shapes = [one["shape"] for one in fault.parameters if one["line"] in lines]
    return any(len(shape) == 2 and min(shape) > 1 for shape in shapes)


def _drawn(fault: Fault, call: ast.Call, dimensions: list[str]) -> Edit:
    syntax = fault.syntax
    whole: Any = call
    for above in syntax.above(call):
        other = next(
            (side for side in (getattr(above, "left", None), getattr(above, "right", None)) if side is not whole), None
        )
        scales = isinstance(above, ast.BinOp) and isinstance(above.op, (ast.Mult, ast.Div)) and _is_scale(other)
        if not scales:
            break
        whole = above
    owner = getattr(call.func, "value", None)
    prefix = syntax.words(owner) if owner is not None else ""
    n = dimensions[_inputs_axis(fault, call) if len(dimensions) > 1 else 0]
    root = f"np.sqrt({n})"
    if last_name(call.func) in ("zeros", "ones", "full", "empty"):
        prefix = f"{prefix}.random"
    if prefix.endswith("random") or last_name(call.func) in ("rand", "randn"):
        drawn = f"{prefix}.randn({', '.join(dimensions)})".removeprefix(".")
    else:
        drawn = f"{prefix}.standard_normal(({', '.join(dimensions)}{',' if len(dimensions) == 1 else ''}))"
    return Edit(syntax.span(whole), f"{drawn} / {root}")


def _is_scale(node: Any) -> bool:
    """Whether an operand is a plain number, or computed from numbers of units."""
    if node is None:
        return False
    return not any(isinstance(one, ast.Call) and last_name(one.func) in ("dot", "matmul") for one in ast.walk(node))


def _inputs_axis(fault: Fault, call: ast.Call) -> int:
    """Along which axis of the weights the layer's inputs lie."""
    sizes = fault.report["network"].get("sizes") or []
    steps = list(pairwise(sizes))
    votes = [0, 0]
    for one in fault.parameters:
        if len(one["shape"]) == 2 and one["line"] in range(call.lineno, (call.end_lineno or call.lineno) + 1):
            first, second = one["shape"]
            votes[0] += any(first in (a, a + 1) and second == b for a, b in steps)
            votes[1] += any(second in (a, a + 1) and first == b for a, b in steps)
    return 0 if votes[0] >= votes[1] else 1
