"""Hooks in the source of a script: the places that they stand for, and how a call of one is written."""

import ast
import copy
import linecache
from dataclasses import dataclass, field
from typing import Any

from unstuck.adapters.scripts.text.names_in_source import imported_names, parts
from unstuck.adapters.scripts.text.syntax import unsigned
from unstuck.autodiff.tape import Site


@dataclass(slots=True)
class Place:
    """One hooked expression: where it stands, of which kind it is, and what a hook needs to know of it."""

    site: Site
    kind: str  # binary, unary, compare, call, attribute, get, set, augment, for, while, each, unpack, literal
    op: Any = None  # the function of `operator`, or the name of the attribute
    literal: tuple[bool, ...] = ()  # for each operand whether it is written out in the source
    loops: tuple[int, ...] = ()  # the places of the loops around it in the same function, outermost first
    suspends: bool = False  # a loop in a generator: other code runs during its turns
    names: frozenset[str] = frozenset()  # of an outermost loop: the names and attributes in its body
    node: ast.AST | None = field(default=None, repr=False)  # as it stood in the source


class Hooking(ast.NodeTransformer):
    """What the rewriting of every kind of syntax needs: a new place, and a call of a hook with its number."""

    def __init__(self, text: str, filename: str, places: list[Place], moved: frozenset[str]) -> None:
        self.lines, self.filename, self.places, self.moved = text.splitlines(), filename, places, moved
        self.loops: tuple[int, ...] = ()
        self.temporaries = 0
        self.in_generator = False

    def place(self, node: Any, kind: str, op: Any = None, operands: tuple[ast.AST, ...] = ()) -> ast.Constant:
        site = Site(
            self.filename,
            node.lineno,
            self.column(node.lineno, node.col_offset),
            node.end_lineno,
            self.column(node.end_lineno, node.end_col_offset),
            self.text(node),
        )
        literal = tuple(isinstance(unsigned(operand), ast.Constant) for operand in operands)
        kept = copy.deepcopy(node) if isinstance(node, ast.expr) else copy.copy(node)  # its parts are rewritten too
        self.places.append(Place(site, kind, op, literal, self.loops, self.in_generator, node=kept))
        return ast.copy_location(ast.Constant(len(self.places) - 1), node)

    def column(self, line: int, offset: int) -> int:
        """Columns count characters from 1; the parser counts bytes from 0."""
        if not 0 < line <= len(self.lines):
            return offset + 1
        return len(self.lines[line - 1].encode()[:offset].decode(errors="ignore")) + 1

    def text(self, node: Any) -> str:
        if node.lineno == node.end_lineno and 0 < node.lineno <= len(self.lines):
            line = self.lines[node.lineno - 1].encode()
            return line[node.col_offset : node.end_col_offset].decode(errors="ignore")
        return " ".join(ast.unparse(node).split())

    def hook(self, name: str, node: Any, *arguments: Any, keywords: list[ast.keyword] | None = None) -> Any:
        function = ast.Name(f"__unstuck_{name}__", ast.Load())
        return ast.copy_location(ast.Call(function, list(arguments), keywords or []), node)

    def temporary(self) -> str:
        self.temporaries += 1
        return f"__unstuck_{self.temporaries}__"


def operand_of(place: Place, position: int | None) -> ast.AST | None:
    """The syntax of an operand; of a subscript, position None is the last index and 0 the array."""
    node: Any = place.node
    if isinstance(node, ast.BinOp):
        return node.right if position == 1 else node.left
    if isinstance(node, ast.AugAssign):
        return node.value if position == 1 else node.target
    if isinstance(node, ast.Subscript):
        if position == 0:
            return node.value
        return node.slice.elts[-1] if isinstance(node.slice, ast.Tuple) else node.slice
    if isinstance(node, ast.Call) and position is not None:
        if isinstance(node.func, ast.Attribute) and len(node.args) < 2 and not _is_of_module(place, node.func.value):
            return node.func.value if position == 0 else node.args[position - 1]
        return node.args[position] if position < len(node.args) else None
    return None


def _is_of_module(place: Place, owner: ast.AST) -> bool:
    """Whether what is called belongs to a module, as `np.transpose` does, and is no method of an array."""
    names = parts(owner)
    return bool(names) and names[0] in imported_names("".join(linecache.getlines(place.site.file)))
