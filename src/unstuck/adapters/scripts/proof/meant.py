"""What a proof found to be meant in the place of an expression, in the words of the program."""

from __future__ import annotations

import ast
import linecache
import operator
from functools import lru_cache
from typing import Any

import numpy as np

from unstuck.autodiff.families import ADDING, DIVIDING, MATRIX_PRODUCTS, MULTIPLYING, NEGATING, POWERS, SUBTRACTING
from unstuck.autodiff.replay import Expression
from unstuck.autodiff.suspicion import Departure
from unstuck.autodiff.tape import Node, Site

SIGNS = {ADDING: "+", SUBTRACTING: "-", MULTIPLYING: "*", DIVIDING: "/", MATRIX_PRODUCTS: "@", POWERS: "**"}
COMPARING = {operator.gt: ">", operator.lt: "<", operator.ge: ">=", operator.le: "<="}
LONGEST = 60  # characters of an expression that is written once more
PLAIN = (ast.Name, ast.Attribute, ast.Subscript, ast.Call)


class NoWords(Exception):
    """Something has no name at the place."""


def words_of(departure: Departure) -> str | None:
    """The expression at a departure as it reads with its repair; None where that cannot be written there."""
    site, node = departure.site, departure.node
    if departure.repair is None or site is None or node.site is not site:
        return None
    source = "".join(linecache.getlines(site.file))
    here = _nodes(source).get(_key(site))
    try:
        return None if here is None else _written(departure.repair, node, here, source)
    except (NoWords, SyntaxError):  # the latter of an expression that goes over several lines
        return None


@lru_cache(maxsize=8)
def _nodes(source: str) -> dict[tuple[int, int, int, int], Any]:
    """The outermost node at each place of a program; each knows what it stands in as `above`."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return {}
    lines = source.splitlines()
    found: dict[tuple[int, int, int, int], Any] = {}
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            child.above = node  # type: ignore[attr-defined]
        if isinstance(node, (ast.expr, ast.stmt)):
            first = len(lines[node.lineno - 1].encode()[: node.col_offset].decode())
            last = len(lines[(node.end_lineno or 1) - 1].encode()[: node.end_col_offset].decode())
            found.setdefault((node.lineno, first + 1, node.end_lineno or 0, last + 1), node)
    return found


def _key(site: Site) -> tuple[int, int, int, int]:
    return site.line, site.column, site.end_line, site.end_column


def _written(meant: Any, node: Node, here: Any, source: str) -> str:
    """The repair of a node in words. Raises NoWords."""
    if isinstance(meant, Expression) and meant.op is node.op and len(meant.args) == len(node.args):
        if all(map(_same, (*meant.args, *meant.kwargs.values()), (*node.args, *node.kwargs.values()))):
            return _segment(source, here)
        return _with_other_operands(meant, node, here, source)
    if isinstance(meant, Expression):
        return _operation(meant, [_written(one, node, here, source) for one in meant.args])
    if isinstance(meant, Node):
        given = _operands(here, node)
        same = next((operand for operand, argument in zip(given, node.args) if argument is meant), None)
        return _name(meant, here, source) if same is None else _segment(source, same)
    if isinstance(meant, (int, float)) and not isinstance(meant, bool):
        return repr(meant)
    raise NoWords


def _with_other_operands(meant: Expression, node: Node, here: Any, source: str) -> str:
    """The expression as it stands with other words in the place of the operands that change. Raises NoWords."""
    given = _operands(here, node)
    words = _segment(source, here).encode()
    changed = [(given[at], one) for at, one in enumerate(meant.args) if one is not node.args[at]]
    named = {keyword.arg: keyword.value for keyword in getattr(here, "keywords", [])}
    for name, value in meant.kwargs.items():
        if not _same(value, node.kwargs.get(name)):
            if name not in named:
                raise NoWords
            changed.append((named[name], value))
    for operand, one in sorted(changed, key=lambda pair: -pair[0].col_offset):
        if operand.lineno != here.lineno or here.end_lineno != here.lineno:
            raise NoWords
        first, last = (place - here.col_offset for place in (operand.col_offset, operand.end_col_offset))
        words = words[:first] + _operand(one, operand, node, here, source).encode() + words[last:]
    return words.decode()


def _same(first: Any, second: Any) -> bool:
    """Whether two arguments are one; numbers, and tuples of them, may be equal."""
    parts = first if isinstance(first, tuple) else (first,)
    plain = type(first) is type(second) and all(isinstance(part, (int, float)) for part in parts)
    return first is second or (plain and first == second)


def _operand(meant: Any, operand: Any, node: Node, here: Any, source: str) -> str:
    """An operand in other words: a number that stands there as a name becomes one more or one less than that."""
    written = operand.value if isinstance(operand, ast.Constant) else None
    if isinstance(meant, int) and written is None:
        old = next((one for one in node.args if isinstance(one, int) and abs(one - meant) == 1), None)
        if old is None:
            raise NoWords
        return f"{_segment(source, operand)} {'+' if meant > old else '-'} 1"
    words = repr(meant) if isinstance(meant, tuple) else _written(meant, node, here, source)
    if isinstance(here, ast.Call) and operand in here.args:
        return words
    return _in_brackets(words, isinstance(here, ast.BinOp) and not isinstance(here.op, ast.Pow))


def _operands(here: Any, node: Node) -> list[Any]:
    """The operands of an operation in the source, one for each argument. Raises NoWords."""
    found: list[Any] = []
    if isinstance(here, ast.BinOp):
        found = [here.left, here.right]
    elif isinstance(here, ast.AugAssign):
        found = [here.target, here.value]
    elif isinstance(here, ast.UnaryOp):
        found = [here.operand]
    elif isinstance(here, ast.Compare):
        found = [here.left, *here.comparators]
    elif isinstance(here, ast.Attribute):
        found = [here.value]
    elif isinstance(here, ast.Subscript):
        found = [here.value, here.slice]
    elif isinstance(here, ast.Call):
        owner = [here.func.value] if isinstance(here.func, ast.Attribute) else []
        found = here.args if len(here.args) == len(node.args) else [*owner, *here.args]
    if len(found) != len(node.args):
        raise NoWords
    return found


def _operation(meant: Expression, operands: list[str]) -> str:
    """An operation on operands in words. Raises NoWords."""
    sign = next((sign for family, sign in SIGNS.items() if meant.op in family), COMPARING.get(meant.op))
    if meant.op is np.exp:
        return f"np.exp({operands[0]})"
    if meant.op is np.square:
        return f"{_in_brackets(operands[0])} ** 2"
    if sign and len(operands) == 2:
        left, right = (_in_brackets(words, sign != "**") for words in operands)
        return f"{left} {sign} {right}"
    if meant.op in NEGATING:
        return f"-{_in_brackets(operands[0])}"
    if meant.op is np.transpose and len(operands) == 1:
        return f"{_in_brackets(operands[0])}.T"
    raise NoWords


def _name(node: Node, here: Any, source: str) -> str:
    """What a value is called at a place: what it was assigned to there, else its own short expression."""
    scope = _scope(here)
    for site in (node.site, *reversed(node.stack)):
        made = None if site is None else _nodes(source).get(_key(site))
        if made is None:
            continue
        statement = made if isinstance(made, ast.stmt) else made.above
        target = getattr(statement, "target", None) or (getattr(statement, "targets", None) or [None])[0]
        inside = _scope(made) in (scope, None)
        if isinstance(target, PLAIN) and (inside or isinstance(target, ast.Attribute)):
            return _segment(source, target)
        words = _segment(source, made)
        if isinstance(made, ast.expr) and _scope(made) is scope and len(words) <= LONGEST:
            return words if isinstance(made, PLAIN) else f"({words})"
    raise NoWords


def _scope(node: Any) -> Any:
    """The function that a node stands in; None for the program itself."""
    while node is not None and not isinstance(node, (ast.FunctionDef, ast.Lambda)):
        node = getattr(node, "above", None)
    return node


def _in_brackets(words: str, powers: bool = False) -> str:
    """An operand in brackets where it needs them; `powers`: whether powers bind more closely than what is around."""
    node = ast.parse(words, mode="eval").body
    close = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and powers
    return words if close or isinstance(node, (*PLAIN, ast.Constant)) else f"({words})"


def _segment(source: str, node: Any) -> str:
    words = ast.get_source_segment(source, node)
    if words is None or not isinstance(node, ast.expr):
        raise NoWords
    return words
