"""A cure as a change of the line where the fault stands, for faults that one line can put right.

Only what is sure is changed: a form that is not the expected one, or a second place that could be meant, gives None.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

ROWS = "with examples as rows; axis=0 where they are columns"
COLUMNS = "with examples as columns; axis=1 where they are rows"
RATES = ("U07", "U08", "U10")


@dataclass(frozen=True)
class Edit:
    """The line as it should be, and what it takes for granted."""

    line: str
    remark: str = ""


def change_line(code: str, line: str, factor: float | None = None, columns: bool = False) -> Edit | None:
    """The line with the fault of this code put right; None where no change of this one line is sure.

    factor   what a number (a rate, a number of epochs, a decay) is to be multiplied by, for codes that are settings
    columns  whether examples seem to be columns, as they are where weights have the shape (n_out, n_in)
    """
    statement = _parse(line)
    if statement is None:
        return None
    if code in (*RATES, "U09"):
        return None if factor is None else _scale(statement, line, factor, whole=code == "U09")
    edit = EDITS.get(code)
    return edit(statement, line, columns) if edit is not None else None


def _parse(line: str) -> ast.AST | None:
    """The one statement that the line is, also where it opens a block."""
    try:
        body = ast.parse(f"{line} pass" if line.rstrip().endswith(":") else line).body
    except (SyntaxError, ValueError):
        return None
    return body[0] if len(body) == 1 else None


def _text(line: str, node: ast.AST) -> str:
    return ast.get_source_segment(line, node) or ""


def _put(line: str, node: ast.expr, words: str) -> str:
    """The line with other words in the place of a node; offsets are bytes."""
    assert node.end_col_offset is not None
    content = line.encode()
    return (content[: node.col_offset] + words.encode() + content[node.end_col_offset :]).decode()


def _only(nodes: list[ast.expr]) -> ast.expr | None:
    return nodes[0] if len(nodes) == 1 else None


def _called(node: ast.AST, name: str) -> bool:
    """Whether this calls a function or method of this name."""
    if not isinstance(node, ast.Call):
        return False
    return getattr(node.func, "attr", getattr(node.func, "id", "")) == name


# -- edits -------------------------------------------------------------------------------------------------------------


def _sum_along_classes(statement: ast.AST, line: str, columns: bool) -> Edit | None:
    """F01, F02: e.sum(), sum(e), np.sum(e, axis=0) as a divisor: summed along the other axis."""
    axis, remark = _along(columns)
    quotients = [n.right for n in ast.walk(statement) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Div)]
    call = _only([divisor for divisor in quotients if _called(divisor, "sum")])
    if not isinstance(call, ast.Call):
        return None
    axes = [keyword.value for keyword in call.keywords if keyword.arg == "axis"]
    if axes and isinstance(axes[0], ast.Constant) and axes[0].value in (0, 1):
        turned = _put(line, axes[0], str(1 - axes[0].value))
        kept = any(keyword.arg == "keepdims" for keyword in call.keywords)
        return Edit(turned if kept else _with_argument(turned, call, ", keepdims=True"))
    if call.keywords:
        return None
    if isinstance(call.func, ast.Name) and len(call.args) == 1:
        return Edit(_put(line, call, f"{_text(line, call.args[0])}.sum({axis}, keepdims=True)"), remark)
    return Edit(_with_argument(line, call, f"{', ' if call.args else ''}{axis}, keepdims=True"), remark)


def _along(columns: bool) -> tuple[str, str]:
    """The axis of the classes, and what that takes for granted."""
    return ("axis=0", COLUMNS) if columns else ("axis=1", ROWS)


def _with_argument(line: str, call: ast.Call, words: str) -> str:
    """The line with words before the closing bracket of a call."""
    assert call.end_col_offset is not None
    content = line.encode()
    return (content[: call.end_col_offset - 1] + words.encode() + content[call.end_col_offset - 1 :]).decode()


def _shift_by_maximum(statement: ast.AST, line: str, columns: bool) -> Edit | None:
    """F03: exp(z) less its largest score."""
    calls = [node for node in ast.walk(statement) if _called(node, "exp")]
    arguments = {_text(line, node.args[0]) for node in calls if isinstance(node, ast.Call) and len(node.args) == 1}
    if len(calls) != 1 or len(arguments) != 1:
        return None
    call = calls[0]
    assert isinstance(call, ast.Call)
    score = _text(line, call.args[0])
    if not isinstance(call.args[0], (ast.Name, ast.Attribute)):
        return None
    axis, remark = _along(columns)
    return Edit(_put(line, call.args[0], f"{score} - {score}.max({axis}, keepdims=True)"), remark)


def _negate_exponent(statement: ast.AST, line: str, columns: bool) -> Edit | None:
    """F04: exp(z) where exp(-z) belongs."""
    call = _only([node for node in ast.walk(statement) if isinstance(node, ast.Call) and _called(node, "exp")])
    if not isinstance(call, ast.Call) or len(call.args) != 1:
        return None
    exponent = call.args[0]
    words = _text(line, exponent)
    if isinstance(exponent, ast.UnaryOp) and isinstance(exponent.op, ast.USub):
        return Edit(_put(line, exponent, _text(line, exponent.operand)))
    simple = isinstance(exponent, (ast.Name, ast.Attribute, ast.Subscript, ast.Call))
    return Edit(_put(line, exponent, f"-{words}" if simple else f"-({words})"))


def _turn_sign(statement: ast.AST, line: str, columns: bool) -> Edit | None:
    """U01, B10: W += … becomes W -= …, and y - a becomes a - y."""
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, (ast.Add, ast.Sub)):
        old, new = ("+=", "-=") if isinstance(statement.op, ast.Add) else ("-=", "+=")
        return Edit(line.replace(old, new, 1))
    difference = _only([n for n in ast.walk(statement) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Sub)])
    if not isinstance(difference, ast.BinOp) or isinstance(difference.left, ast.BinOp):
        return None
    return Edit(_put(line, difference, f"{_text(line, difference.right)} - {_text(line, difference.left)}"))


def _widen_bytes(statement: ast.AST, line: str, columns: bool) -> Edit | None:
    """D03: x - 128 of bytes, which wraps around, after they were made floating point numbers."""
    difference = _only([n for n in ast.walk(statement) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Sub)])
    if not isinstance(difference, ast.BinOp) or not isinstance(difference.left, (ast.Name, ast.Attribute)):
        return None
    return Edit(_put(line, difference.left, f"{_text(line, difference.left)}.astype(float)"))


def _scale(statement: ast.AST, line: str, factor: float, whole: bool) -> Edit | None:
    """The only number of the line times a factor."""
    found = _only(
        [
            node
            for node in ast.walk(statement)
            if isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value
        ]
    )
    if not isinstance(found, ast.Constant) or not isinstance(found.value, (int, float)):
        return None
    value = found.value * factor
    return Edit(_put(line, found, str(round(value)) if whole else f"{value:.3g}"))


EDITS: dict[str, Callable[[ast.AST, str, bool], Edit | None]] = {
    "D03": _widen_bytes,
    "F01": _sum_along_classes,
    "F02": _sum_along_classes,
    "F03": _shift_by_maximum,
    "F04": _negate_exponent,
    "B10": _turn_sign,
    "U01": _turn_sign,
}
