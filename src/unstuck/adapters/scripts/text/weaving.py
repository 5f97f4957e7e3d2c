"""Code of a script with a call around chosen expressions, to see or replace what passes there; the rest as it was."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

SEEN = "__unstuck_seen__"
PAUSE = "__unstuck_pause__"
ENDED = "__unstuck_ended__"


@dataclass
class Source:
    """One file of a program as it stands."""

    text: str
    filename: str

    def tree(self) -> ast.Module:
        """A fresh syntax tree; the order of `ast.walk` numbers its nodes."""
        return ast.parse(self.text, self.filename)

    def code(self, chosen: frozenset[int] = frozenset(), pause: int | None = None) -> CodeType:
        """The file with a call around each chosen expression, and a pause at the head of a loop's body."""
        return compile(self.woven(chosen, pause), self.filename, "exec", dont_inherit=True)

    def woven(self, chosen: frozenset[int], pause: int | None = None) -> ast.Module:
        """The syntax tree of `code`."""
        tree = self.tree()
        numbers = {id(node): number for number, node in enumerate(ast.walk(tree))}
        loop = None if pause is None else next(node for node in ast.walk(tree) if numbers[id(node)] == pause)
        tree = _Weaver(numbers, chosen).visit(tree)
        if loop is not None:
            call = ast.Expr(ast.Call(ast.Name(PAUSE, ast.Load()), [], []))
            loop.body.insert(0, ast.copy_location(call, loop.body[0]))  # type: ignore[attr-defined]
        return ast.fix_missing_locations(tree)

    def turn(self, chosen: frozenset[int], loop: int) -> CodeType:
        """The body of a loop as code of its own, run once."""
        tree = self.tree()
        nodes = list(ast.walk(tree))
        classes = _class_around(tree, nodes[loop])
        numbers = {id(node): number for number, node in enumerate(nodes)}
        woven = _Weaver(numbers, chosen).visit(tree)
        body = next(node for node in ast.walk(woven) if numbers.get(id(node)) == loop).body  # type: ignore[attr-defined]
        body = [_NoReturn().visit(statement) for statement in body]
        once = ast.For(ast.Name("__unstuck_turn__", ast.Store()), ast.Tuple([ast.Constant(0)], ast.Load()), body, [])
        module = ast.Module([ast.copy_location(once, body[0])], [])
        if classes is not None:
            module = _Mangled(classes).visit(module)
        return compile(ast.fix_missing_locations(module), self.filename, "exec", dont_inherit=True)

    def expressions(self) -> Iterator[tuple[int, ast.expr]]:
        """Those that can be chosen: what is read, called or looked up; with their numbers."""
        tree = self.tree()
        left = _left_alone(tree)
        for number, node in enumerate(ast.walk(tree)):
            if not isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call) or id(node) in left:
                continue
            if isinstance(getattr(node, "ctx", None) or ast.Load(), ast.Load):
                yield number, node

    def number(self, wanted: Any, where: Callable[[ast.AST], Any] = lambda node: node) -> int | None:
        """The number of the expression that stands where this one of another tree of the file does."""
        for number, node in enumerate(ast.walk(self.tree())):
            if type(node) is type(wanted) and _span(node) == _span(wanted):
                return number
        return None


def corresponding(plain: CodeType, woven: CodeType) -> dict[CodeType, CodeType]:
    """For each function's code in a file the same function's code in another weaving of it."""
    found = {plain: woven}
    inner = [[part for part in code.co_consts if isinstance(part, CodeType)] for code in (plain, woven)]
    for one, other in zip(*inner, strict=True):
        found.update(corresponding(one, other))
    return found


def _span(node: Any) -> tuple[Any, ...]:
    return tuple(getattr(node, name, None) for name in ("lineno", "col_offset", "end_lineno", "end_col_offset"))


class _Weaver(ast.NodeTransformer):
    def __init__(self, numbers: dict[int, int], chosen: frozenset[int]) -> None:
        self.numbers, self.chosen = numbers, chosen

    def visit(self, node: ast.AST) -> Any:
        number = self.numbers.get(id(node))
        visited = self.generic_visit(node)
        if number in self.chosen and isinstance(visited, ast.expr):
            call = ast.Call(ast.Name(SEEN, ast.Load()), [ast.Constant(number), visited], [])
            return ast.copy_location(call, visited)
        if number in self.chosen and isinstance(visited, ast.AugAssign):
            seen = ast.Call(ast.Name(SEEN, ast.Load()), [ast.Constant(number), _loaded(visited.target)], [])
            return [visited, ast.copy_location(ast.Expr(seen), visited)]
        return visited


class _NoReturn(ast.NodeTransformer):
    """`return` in a loop's body ends the turn."""

    def visit_Return(self, node: ast.Return) -> Any:
        value = node.value or ast.Constant(None)
        return ast.copy_location(ast.Expr(ast.Call(ast.Name(ENDED, ast.Load()), [value], [])), node)

    def visit_FunctionDef(self, node: Any) -> Any:
        return node

    visit_AsyncFunctionDef = visit_Lambda = visit_ClassDef = visit_FunctionDef


class _Mangled(ast.NodeTransformer):
    """Private names as Python makes them within a class."""

    def __init__(self, owner: str) -> None:
        self.owner = owner.lstrip("_")

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        if node.attr.startswith("__") and not node.attr.endswith("__"):
            node.attr = f"_{self.owner}{node.attr}"
        return self.generic_visit(node)


def _loaded(target: ast.expr) -> ast.expr:
    return ast.parse(ast.unparse(target), mode="eval").body


def _class_around(tree: ast.Module, wanted: ast.AST) -> str | None:
    found = None
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any(inner is wanted for inner in ast.walk(node)):
            found = node.name
    return found


def _left_alone(tree: ast.Module) -> set[int]:
    """Nodes that must not be wrapped: what is called, decorators, annotations, f-strings, base classes, patterns."""
    left: set[int] = set()
    for node in ast.walk(tree):
        parts: list[Any] = []
        if isinstance(node, ast.Call):
            parts = [node.func]
            left.update(id(part) for part in parts)
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = [
                *node.args.posonlyargs,
                *node.args.args,
                *node.args.kwonlyargs,
                node.args.vararg,
                node.args.kwarg,
            ]
            parts = [*node.decorator_list, node.returns, *(a.annotation for a in arguments if a is not None)]
        elif isinstance(node, ast.ClassDef):
            parts = [*node.bases, *node.decorator_list]
        elif isinstance(node, ast.AnnAssign):
            parts = [node.annotation]
        elif isinstance(node, ast.JoinedStr):
            parts = [node]
        elif isinstance(node, ast.match_case):
            parts = [node.pattern]
        left.update(id(inner) for part in parts if part is not None for inner in ast.walk(part))
    return left
