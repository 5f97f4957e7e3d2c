"""The syntax of a program with the places of its expressions in the text.

Python's own syntax tree says where each expression begins and ends, which is all that an edit needs: what lies between,
with its comments and blanks, is not touched.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from unstuck.adapters.scripts.text.names_in_source import last_name, stored_names

LOOPS = (ast.For, ast.While)
PRIMARIES = (ast.Name, ast.Attribute, ast.Subscript, ast.Call)  # no operator beside them tears them
PRODUCTS = ("dot", "matmul", "outer", "einsum", "tensordot", "inner")
NUMBERED = re.compile(r"\b([A-Za-z_]+)(\d)\b")


@dataclass(frozen=True, order=True)
class Span:
    """A part of a text; lines and columns count characters from 1, the end column is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True)
class Syntax:
    """A program's text, which parses, and its tree."""

    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The whole program."""
        return ast.parse(self.text)

    @cached_property
    def lines(self) -> list[str]:
        """Its lines, with their ends."""
        return self.text.splitlines(keepends=True)

    @cached_property
    def nodes(self) -> list[Any]:
        """All nodes that have a place, in the order of the text."""
        found = [node for node in ast.walk(self.tree) if hasattr(node, "lineno")]
        return sorted(found, key=lambda node: (node.lineno, node.col_offset, -node.end_lineno, -node.end_col_offset))

    @cached_property
    def parents(self) -> dict[Any, Any]:
        """For each node the one that it stands in."""
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def stored(self) -> set[str]:
        """The variables that are given a value."""
        return stored_names(self.nodes)

    def held_out(self, name: str, kind: str) -> str:
        """The variable of another part of the data: x_test for x_train; empty where the program has none."""
        other = re.sub(r"train(ing)?", kind, name, count=1)
        return other if other != name and other in self.stored else ""

    def span(self, node: Any) -> Span:
        """Where a node stands."""
        first = len(self.lines[node.lineno - 1].encode()[: node.col_offset].decode())
        last = len(self.lines[node.end_lineno - 1].encode()[: node.end_col_offset].decode())
        return Span(node.lineno, first + 1, node.end_lineno, last + 1)

    def words(self, node: Any) -> str:
        """The node as it is written."""
        return ast.get_source_segment(self.text, node) or ""

    def operand(self, node: Any) -> str:
        """The node as an operand of any operator: in brackets, unless it is a name or what belongs to one."""
        words = self.words(node)
        return words if isinstance(node, PRIMARIES) else f"({words})"

    def at(self, line: int, column: int | None) -> list[Any]:
        """The expressions that begin at a place, the outermost first; without a column those of the line."""
        here = [node for node in self.nodes if isinstance(node, ast.expr) and node.lineno == line]
        return [node for node in here if column is None or self.span(node).column == column]

    def above(self, node: Any) -> Iterator[Any]:
        """The nodes that a node stands in, the innermost first."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def loops(self, node: Any) -> list[Any]:
        """The loops that a node stands in, the innermost first."""
        return [one for one in self.above(node) if isinstance(one, LOOPS)]

    def statement(self, node: Any) -> Any:
        """The statement that a node is or stands in."""
        return next(one for one in (node, *self.above(node)) if isinstance(one, ast.stmt))

    def function(self, node: Any) -> Any:
        """The function that a node stands in; the program where it stands in none."""
        return next((one for one in self.above(node) if isinstance(one, ast.FunctionDef)), self.tree)

    def functions(self, name: str) -> list[ast.FunctionDef]:
        """The functions and methods of a name, and those that are assigned to a variable of that name."""
        names = {name, *(last_name(a.value) for a in self.assignments(name))}
        return [node for node in self.nodes if isinstance(node, ast.FunctionDef) and node.name in names]

    def assignments(self, name: str) -> list[ast.Assign]:
        """The assignments to a variable or to an attribute of this name."""
        found = [node for node in self.nodes if isinstance(node, ast.Assign)]
        return [node for node in found if any(last_name(target) == name for target in node.targets)]

    def targets(self, statement: Any) -> list[str]:
        """What a statement assigns to, as it is written."""
        found = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
        return [self.words(target) for target in found if target is not None]

    def calls(self, name: str) -> list[ast.Call]:
        """The calls of functions and methods of this name."""
        return [node for node in self.nodes if isinstance(node, ast.Call) and last_name(node.func) == name]

    def products(self) -> Iterator[tuple[Any, Any, Any]]:
        """All matrix products with their two operands."""
        for node in self.nodes:
            pair = operands(node)
            if pair is not None:
                yield node, *pair

    def in_brackets(self, node: Any) -> bool:
        """Whether a node stands in round brackets of its own."""
        span = self.span(node)
        before = self.lines[span.line - 1][: span.column - 1].rstrip()
        after = self.lines[span.end_line - 1][span.end_column - 1 :].lstrip()
        parent = self.parents.get(node)
        called = isinstance(parent, ast.Call) and node in [*parent.args, parent.func]
        return before.endswith("(") and after.startswith(")") and not called


def operands(node: Any) -> tuple[Any, Any] | None:
    """The two operands of a matrix product, as written; None for everything else."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        return node.left, node.right
    if isinstance(node, ast.Call) and last_name(node.func) in PRODUCTS:
        if len(node.args) == 2:
            return node.args[0], node.args[1]
        if len(node.args) == 1 and isinstance(node.func, ast.Attribute):
            return node.func.value, node.args[0]
    return None


def has_product(node: Any) -> bool:
    """Whether a matrix product stands in an expression."""
    return any(operands(one) is not None for one in ast.walk(node))


def factors(node: Any) -> list[Any]:
    """The factors of a product by elements: a * b, np.multiply(a, b)."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [*factors(node.left), *factors(node.right)]
    if isinstance(node, ast.Call) and last_name(node.func) == "multiply" and len(node.args) == 2:
        return [*factors(node.args[0]), *factors(node.args[1])]
    return [node]


def number_of(node: Any, operator: type) -> float:
    """The number, written out, that an expression is multiplied or divided by; 0 where it is not."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, operator) or not isinstance(node.right, ast.Constant):
        return 0
    return node.right.value if isinstance(node.right.value, (int, float)) else 0


def bare(node: Any) -> Any:
    """An operand without its transposition."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return bare(node.value)
    if isinstance(node, ast.Call) and last_name(node.func) == "transpose":
        return bare(node.args[0] if node.args else node.func.value)  # type: ignore[attr-defined]
    if (
        isinstance(node, ast.Call)
        and last_name(node.func) in ("reshape", "array")
        and isinstance(node.func, ast.Attribute)
    ):
        inside = node.args[0] if last_name(node.func) == "array" and node.args else node.func.value
        return bare(inside)
    return node


def numbers_behind(syntax: Syntax, node: Any, depth: int = 5) -> list[ast.Constant]:
    """The numbers in the source that an expression gets its value from: through names, defaults and calls."""
    if depth == 0:
        return []
    if isinstance(node, ast.Constant):
        return [node] if type(node.value) in (int, float) else []
    name = last_name(node)
    if not name:
        return []
    function = syntax.function(node)
    if isinstance(node, ast.Name) and isinstance(function, ast.FunctionDef):
        local = [one for one in syntax.assignments(name) if syntax.function(one) is function]
        if not local:
            given = _given(syntax, function, name)
            if given is not None:
                return [number for one in given for number in numbers_behind(syntax, one, depth - 1)]
    return [n for one in syntax.assignments(name) for n in numbers_behind(syntax, one.value, depth - 1)]


def _given(syntax: Syntax, function: ast.FunctionDef, name: str) -> list[Any] | None:
    """What a function's parameter is given in the calls of the program, or its default; None if it is no parameter."""
    parameters = [*function.args.posonlyargs, *function.args.args]
    names = [parameter.arg for parameter in parameters]
    shift = 1 if names[:1] == ["self"] else 0
    if name not in names[shift:]:
        return None
    position = names.index(name)
    default = position - len(names) + len(function.args.defaults)
    called = function.name
    if called == "__init__":
        owner = syntax.parents.get(function)
        called = owner.name if isinstance(owner, ast.ClassDef) else called
    found: list[Any] = []
    for call in syntax.calls(called):
        words = [keyword.value for keyword in call.keywords if keyword.arg == name]
        if words:
            found += words
        elif position - shift < len(call.args):
            found.append(call.args[position - shift])
        elif default >= 0:
            found.append(function.args.defaults[default])
    return found or ([function.args.defaults[default]] if default >= 0 else [])
