"""Source forms of faults in the forward pass and the loss."""

import ast
from typing import Any

from unstuck.diagnosis.source.expressions import (
    ACTIVATIONS,
    DERIVATIVES,
    argument,
    binary,
    called,
    calls,
    factors,
    mentions,
    number,
    operands,
    origin,
    own_name,
)
from unstuck.diagnosis.source.expressions import WEIGHTS as WEIGHT_NAMES
from unstuck.diagnosis.source.reading import Matches, Source, Unit

GUARDS = ("clip", "maximum", "clamp", "max", "where", "sum")


def softmax_sums(source: Source) -> list[tuple[Unit, ast.Call, ast.expr]]:
    """(unit, sum, what is divided) of every quotient of exponentials by their sum."""
    found = []
    for unit in source.behind("predict", "step", "train"):
        for node in unit.nodes:
            if not binary(node, ast.Div):
                continue
            assert isinstance(node, ast.BinOp)
            for total in calls(origin(node.right, unit), "sum"):
                inside = argument(total, "a", 0) or total
                of_array = getattr(total.func, "value", total)  # e.sum(axis=1) has its array before the dot
                if (_exponential(inside, unit) or _exponential(of_array, unit)) and _exponential(node.left, unit):
                    found.append((unit, total, node.left))
    return found


def _exponential(node: ast.AST, unit: Unit) -> bool:
    return any(calls(origin(node, unit), "exp"))


def axis_of(total: ast.Call) -> ast.expr | None:
    """The axis of np.sum(a, axis), a.sum(axis) or torch's dim; None where all elements are summed."""
    of_array = isinstance(total.func, ast.Attribute) and own_name(total.func.value) not in ("np", "numpy", "torch")
    axis = argument(total, "axis", 0 if of_array else 1) or argument(total, "dim")
    return None if isinstance(axis, ast.Constant) and axis.value is None else axis


def is_builtin(total: ast.Call) -> bool:
    return isinstance(total.func, ast.Name)


def sum_over_everything(source: Source) -> Matches:
    """F01: np.sum(np.exp(z)) in a softmax."""
    return [(u, total) for u, total, _ in softmax_sums(source) if not is_builtin(total) and axis_of(total) is None]


def sum_along_the_wrong_axis(source: Source) -> Matches:
    """F02: the built-in sum, or the axis given, of the one softmax."""
    sums = softmax_sums(source)
    return [(u, t) for u, t, _ in sums if is_builtin(t)] or [(u, t) for u, t, _ in sums if axis_of(t) is not None]


def library_softmax(source: Source) -> Matches:
    """F01, F02: a softmax of a library, with its axis."""
    return [
        (unit, node)
        for unit in source.behind("predict")
        for node in unit.nodes
        if isinstance(node, ast.Call)
        and called(node) in ("softmax", "log_softmax", "Softmax", "LogSoftmax")
        and (argument(node, "dim") is not None or argument(node, "axis") is not None)
    ]


def exponential_without_shift(source: Source) -> Matches:
    """F03: the exponential of a softmax, its argument not reduced by the maximum."""
    found = []
    for unit, _, top in softmax_sums(source):
        for call in calls(origin(top, unit), "exp"):
            shifted = origin(call.args[0], unit) if call.args else call
            if not any(calls(shifted, "max", "amax", "maximum", "logsumexp")) and not _is_shifted(shifted, unit):
                found.append((unit, call))
    return found


def _is_shifted(node: ast.AST, unit: Unit) -> bool:
    return any(binary(inner, ast.Sub) for inner in ast.walk(node)) or any(
        a.operator is ast.Sub and ast.unparse(a.target) == ast.unparse(node)
        for a in unit.assignments
        if isinstance(a.target, ast.AST)
    )


def exponential_of_plus(source: Source) -> Matches:
    """F04: 1 / (1 + exp(z))."""
    found = []
    for unit in source.behind("predict"):
        for node in unit.nodes:
            if not (binary(node, ast.Div) and isinstance(node, ast.BinOp) and number(node.left) == 1):
                continue
            bottom = origin(node.right, unit)
            parent = unit.parents.get(node)
            if binary(bottom, ast.Add) and not (binary(parent or node, ast.Sub)):
                found += [(unit, call) for call in calls(bottom, "exp") if not _is_negative(call.args[0], unit)]
    return found


def _is_negative(node: ast.AST, unit: Unit) -> bool:
    node = origin(node, unit)
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div | ast.MatMult):
        return _is_negative(node.left, unit) or _is_negative(node.right, unit)
    return (number(node) or 0) < 0 or (isinstance(node, ast.Call) and called(node) in ("negative", "neg"))


def activation_before_softmax(source: Source) -> Matches:
    """F06: softmax(relu(z))."""
    found = []
    for unit in source.behind("predict"):
        for node in unit.nodes:
            if isinstance(node, ast.Call) and "softmax" in called(node).lower() and node.args:
                given = ast.unparse(node.args[0])
                again: list[Any] = [a.value for a in unit.assignments if a.text == given and called(a.value)]
                again = [value for value in again if value.args]
                inner = next((v for v in again if ast.unparse(v.args[0]) == given), origin(node.args[0], unit))
                if ACTIVATIONS.search(called(inner)) or called(inner) == "maximum":
                    found.append((unit, inner))
    return found


def product_without_bias(source: Source) -> Matches:
    """F07: the one product with weights in the forward pass that has nothing added."""
    found = []
    for unit in source.behind("predict"):
        for node in unit.nodes:
            pair = operands(node)
            is_forward = any(mentions(operand, WEIGHT_NAMES) for operand in pair)
            if is_forward and not binary(unit.parents.get(node, node), ast.Add):
                found.append((unit, node))
    return found


def overwritten_in_place(source: Source) -> Matches:
    """F09: z[z < 0] = 0 or np.maximum(z, 0, out=z)."""
    found: Matches = []
    for unit in source.behind("predict"):
        for a in unit.assignments:
            masked = isinstance(a.target, ast.Subscript) and isinstance(a.target.slice, ast.Compare)
            if masked and ast.unparse(a.target.slice.left) == ast.unparse(a.target.value):
                found.append((unit, a.node))
        for node in unit.nodes:
            out = argument(node, "out") if isinstance(node, ast.Call) and node.args else None
            if out is not None and ast.unparse(out) == ast.unparse(node.args[0]):
                found.append((unit, node))
    return found


def softmax_of_the_network(source: Source) -> Matches:
    """L01: the softmax in the forward pass, where the loss applies one itself."""
    names = ("softmax", "Softmax", "log_softmax", "LogSoftmax")
    return [(unit, call) for unit in source.behind("predict") for call in unit.nodes if called(call) in names]


def logarithm_without_guard(source: Source) -> Matches:
    """L03: a logarithm whose argument is neither clipped nor moved away from zero."""
    found: Matches = []
    for unit in source.behind("loss") or source.behind("train"):
        for node in unit.nodes:
            if isinstance(node, ast.Call) and called(node) in ("log", "log2", "log10") and node.args:
                parts = [part for inner in _behind(node.args[0], unit) for part in ast.walk(inner)]
                guarded = any(called(part) in GUARDS for part in parts)
                moved = any(binary(part, ast.Add) and not _is_one(part) for part in parts)
                if not guarded and not moved:
                    found.append((unit, node))
    return found


def _behind(node: ast.AST, unit: Unit) -> list[ast.AST]:
    """An expression, and all that is ever assigned to the names in it."""
    names = {ast.unparse(part) for part in ast.walk(node) if isinstance(part, ast.Name | ast.Attribute)}
    return [node, *(a.value for a in unit.assignments if a.text in names)]


def _is_one(node: Any) -> bool:
    return number(node.left) == 1 or number(node.right) == 1


def softmax_times_one_minus(source: Source) -> Matches:
    """B11: s * (1 - s) where s is a softmax, or the function that returns it."""
    inside, inline, used = [], [], []
    for unit in source.behind("step", "gradients", "train"):
        for node in unit.nodes:
            parts = factors(node) if isinstance(node, ast.BinOp | ast.Call) else []
            if len(parts) < 2 or binary(unit.parents.get(node), ast.Mult):
                continue
            pair = pair_with_one_minus(parts)
            if pair is not None:
                from_softmax = "softmax" in called(origin(pair, unit)).lower()
                if "softmax" in unit.name.lower() or _is_normalised(pair, unit):
                    inside.append((unit, node))
                elif from_softmax:
                    inline.append((unit, node))
            if any("softmax" in called(p).lower() and (DERIVATIVES.search(called(p)) or _asked(p)) for p in parts):
                used.append((unit, node))
    return inside or inline or used


def pair_with_one_minus(parts: list[Any]) -> ast.AST | None:
    texts = {ast.unparse(part): part for part in parts}
    for part in parts:
        is_rest = binary(part, ast.Sub) and isinstance(part, ast.BinOp) and number(part.left) == 1
        if is_rest and ast.unparse(part.right) in texts:
            return part.right
    return None


def _is_normalised(node: ast.AST, unit: Unit) -> bool:
    source = origin(node, unit)
    return binary(source, ast.Div) and any(calls(origin(source.right, unit), "sum"))


def _asked(call: ast.AST) -> bool:
    """softmax(z, derivative=True)."""
    return isinstance(call, ast.Call) and any(k.arg and DERIVATIVES.search(k.arg) for k in call.keywords)
