"""A script's source with a hook in the place of each operation: the values stay the same, the hook sees them.

`a + b` becomes `__unstuck_binary__(17, a, b)`, where 17 is the number of a Place, and so on. Functions and outermost
loops keep their body as it was beside the one with hooks: it runs while `__unstuck_off__` is true. What cannot go
through a function without changing its meaning stays as it is: zero-argument `super()`, `locals()`, `eval()`, chained
comparisons, `and`, `or`, patterns, decorators, annotations.
"""

import ast
import copy
import operator
from collections.abc import Callable
from typing import Any

from unstuck.adapters.scripts.recording.hooks import Hooking, Place
from unstuck.adapters.scripts.text.operators import BINARY, COMPARE, UNARY
from unstuck.adapters.scripts.text.syntax import (
    Declarations,
    bounds,
    has_star,
    is_docstring,
    moved_names,
    names_in,
    unsigned,
    yields,
)

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

OF_ITS_FRAME = frozenset({"super", "locals", "globals", "vars", "eval", "exec", "dir", "breakpoint", "__import__"})
"""Functions whose result depends on who calls them: left alone."""

DISPLAYS = (ast.List, ast.ListComp, ast.Dict, ast.DictComp, ast.BinOp)
"""Expressions that make lists and dicts of numbers: `[0.0, 0.0]`, `[0] * n`, `{word: 0.0 for word in words}`."""

ATTRIBUTES = frozenset({"T", "shape", "size"})


def rewritten(text: str, filename: str, places: list[Place]) -> ast.Module:
    """The source as a syntax tree with hooks; the places that they name are appended to `places`.

    Raises SyntaxError as `compile` does.
    """
    tree = ast.parse(text, filename)
    rewriter = _Rewriter(text, filename, places, moved_names(tree))
    return ast.fix_missing_locations(rewriter.visit(tree))


class _Rewriter(Hooking):
    def index(self, node: Any) -> Any:
        """A subscript's index as an expression that can be an argument."""
        if isinstance(node, ast.Slice):
            parts = [ast.Constant(None) if part is None else self.visit(part) for part in bounds(node)]
            return self.hook("slice", node, *parts)
        if isinstance(node, ast.Tuple) and any(isinstance(part, ast.Slice) for part in node.elts):
            return ast.copy_location(ast.Tuple([self.index(part) for part in node.elts], ast.Load()), node)
        return self.visit(node)

    # -- expressions -----------------------------------------------------------------------------------------------

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        left = unsigned(node.left)
        if isinstance(left, ast.Constant) and isinstance(unsigned(node.right), ast.Constant):
            return node
        if isinstance(left, ast.JoinedStr) or (isinstance(left, ast.Constant) and isinstance(left.value, str)):
            return self.generic_visit(node)
        place = self.place(node, "binary", BINARY[type(node.op)][0], (node.left, node.right))
        return self.hook("binary", node, place, self.visit(node.left), self.visit(node.right))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        if isinstance(node.op, ast.Not) or isinstance(node.operand, ast.Constant):
            return self.generic_visit(node)
        place = self.place(node, "unary", UNARY[type(node.op)], (node.operand,))
        return self.hook("unary", node, place, self.visit(node.operand))

    def visit_Compare(self, node: ast.Compare) -> Any:
        if len(node.ops) != 1 or type(node.ops[0]) not in COMPARE:
            return self.generic_visit(node)
        place = self.place(node, "compare", COMPARE[type(node.ops[0])], (node.left, node.comparators[0]))
        return self.hook("binary", node, place, self.visit(node.left), self.visit(node.comparators[0]))

    def visit_Call(self, node: ast.Call) -> Any:
        if isinstance(node.func, ast.Name) and node.func.id in OF_ITS_FRAME:
            return self.generic_visit(node)
        place = self.place(node, "call", None, tuple(node.args))
        function = self.visit(node.func)
        arguments = [self.visit(argument) for argument in node.args]
        keywords = [ast.keyword(keyword.arg, self.visit(keyword.value)) for keyword in node.keywords]
        return self.hook("call", node, place, function, *arguments, keywords=keywords)

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        if not isinstance(node.ctx, ast.Load) or node.attr not in ATTRIBUTES:
            return self.generic_visit(node)
        place = self.place(node, "attribute", node.attr)
        return self.hook("attribute", node, place, self.visit(node.value))

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        if not isinstance(node.ctx, ast.Load) or has_star(node.slice):
            return node if not isinstance(node.ctx, ast.Load) else self.generic_visit(node)
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            return self.generic_visit(node)
        place = self.place(node, "get", operator.getitem)
        return self.hook("get", node, place, self.visit(node.value), self.index(node.slice))

    def visit_comprehension(self, node: ast.comprehension) -> Any:
        if node.is_async:
            return self.generic_visit(node)
        place = self.place(node.iter, "each")
        node.iter = self.hook("each", node.iter, place, self.visit(node.iter))
        node.ifs = [self.visit(test) for test in node.ifs]
        return node

    # -- statements ------------------------------------------------------------------------------------------------

    def visit_Assign(self, node: ast.Assign) -> Any:
        value = self.value(node, node.value, node.targets[0])
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Subscript):
            return self.store(node.targets[0], value, node)
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Attribute) and node.targets[0].attr == "shape":
            of = self.visit(node.targets[0].value)
            return ast.copy_location(ast.Expr(self.hook("reshape", node, self.place(node, "reshape"), value, of)), node)
        statements: list[ast.stmt] = []
        stores: list[tuple[ast.Subscript, str]] = []
        targets = [self.target(target, stores) for target in node.targets]
        if len(targets) == 1 and isinstance(targets[0], ast.Tuple | ast.List) and not isinstance(node.value, ast.Tuple):
            value = self.hook("unpack", node.value, self.place(node.value, "unpack"), value)
        statements.append(ast.copy_location(ast.Assign(targets, value), node))
        statements += [self.store(target, ast.Name(name, ast.Load()), node) for target, name in stores]
        return statements

    def value(self, node: ast.stmt, value: ast.expr, target: ast.expr) -> Any:
        """The right side of an assignment; a number written out becomes an object of its own, a whole one where the
        name is one that is moved by updates."""
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            parts = [self.value(node, part, of) for part, of in zip(value.elts, target.elts)]
            return ast.copy_location(ast.Tuple(parts, ast.Load()), value)
        bare = unsigned(value)
        if not isinstance(target, ast.Name | ast.Attribute):
            return self.visit(value)
        if isinstance(value, DISPLAYS) and any(name.startswith(f"{ast.unparse(target)}[") for name in self.moved):
            return self.hook("numbers", value, self.place(node, "literal"), self.visit(value))
        if not isinstance(bare, ast.Constant):
            return self.visit(value)
        kind = type(bare.value)
        own = kind is float or (kind is int and ast.unparse(target) in self.moved)
        return self.hook("literal", value, self.place(node, "literal"), value) if own else self.visit(value)

    def target(self, node: Any, stores: list[tuple[ast.Subscript, str]]) -> Any:
        if isinstance(node, ast.Subscript) and not has_star(node.slice):
            name = self.temporary()
            stores.append((node, name))
            return ast.copy_location(ast.Name(name, ast.Store()), node)
        if isinstance(node, ast.Tuple | ast.List):
            return ast.copy_location(type(node)([self.target(part, stores) for part in node.elts], ast.Store()), node)
        if isinstance(node, ast.Starred):
            return ast.copy_location(ast.Starred(self.target(node.value, stores), ast.Store()), node)
        return node

    def store(self, target: ast.Subscript, value: Any, node: ast.stmt) -> ast.stmt:
        place = self.place(node, "set")
        base = self.visit(target.value)
        return ast.copy_location(ast.Expr(self.hook("set", node, place, value, base, self.index(target.slice))), node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        if node.value is not None:
            node.value = self.value(node, node.value, node.target)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        place = self.place(node, "augment", BINARY[type(node.op)][1], (node.target, node.value))
        before: list[ast.stmt] = []
        if isinstance(node.target, ast.Name):
            old: Any = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
            new = self.hook("augment", node, place, old, self.visit(node.value))
            return ast.copy_location(ast.Assign([node.target], new), node)
        kept: Any = copy.deepcopy(node.target)  # its parts are rewritten too
        base = self.once(node.target.value, before)
        if isinstance(node.target, ast.Attribute):
            old = ast.copy_location(ast.Attribute(base(), node.target.attr, ast.Load()), node.target)
            new = self.hook("augment", node, place, old, self.visit(node.value))
            target = ast.copy_location(ast.Attribute(base(), node.target.attr, ast.Store()), node.target)
            return [*before, ast.copy_location(ast.Assign([target], new), node)]
        if has_star(node.target.slice):
            return self.generic_visit(node)
        index = self.once(node.target.slice, before)
        reading = ast.copy_location(ast.Subscript(kept.value, kept.slice, ast.Load()), node.target)
        old = self.hook("get", node.target, self.place(reading, "get", operator.getitem), base(), index())
        new = self.hook("augment", node, place, old, self.visit(node.value))
        storing = self.place(node, "set")
        self.places[storing.value].op = "augment"  # type: ignore[index]
        stored = self.hook("put", node, storing, base(), index(), new)
        return [*before, ast.copy_location(ast.Expr(stored), node)]

    def once(self, node: Any, before: list[ast.stmt]) -> Callable[[], Any]:
        """The expression, to be used twice and evaluated once."""
        if isinstance(node, ast.Name | ast.Constant):
            return lambda: copy.copy(node)
        name = self.temporary()
        assignment = ast.Assign([ast.Name(name, ast.Store())], self.index(node))
        before.append(ast.copy_location(assignment, node))
        return lambda: ast.copy_location(ast.Name(name, ast.Load()), node)

    def visit_For(self, node: ast.For) -> Any:
        place = self.place(node, "for")
        node.iter = self.hook("for", node.iter, place, self.visit(node.iter))
        plain = copy.deepcopy(node.body) if not self.loops else None
        if plain:
            self.places[int(place.value)].names = names_in(node.body)  # type: ignore[arg-type]
        self.body(node, int(place.value))  # type: ignore[arg-type]
        if plain:
            node.body = [_either(plain, node.body)]
        return node

    def visit_While(self, node: ast.While) -> Any:
        place = self.place(node, "while")
        node.test = self.hook("while", node.test, place, self.visit(node.test))
        self.body(node, int(place.value))  # type: ignore[arg-type]
        return node

    def body(self, node: ast.For | ast.While, place: int) -> None:
        outer, self.loops = self.loops, (*self.loops, place)
        node.body = self.statements(node.body)
        self.loops = outer
        node.orelse = self.statements(node.orelse)

    def statements(self, body: list[ast.stmt]) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for statement in body:
            visited = self.visit(statement)
            found += visited if isinstance(visited, list) else [visited]
        return found

    # -- scopes and what is left alone -----------------------------------------------------------------------------

    def visit_FunctionDef(self, node: Any) -> Any:
        outer, self.loops = self.loops, ()
        around, self.in_generator = self.in_generator, yields(node)
        node.args.defaults = [self.visit(default) for default in node.args.defaults]
        node.args.kw_defaults = [default and self.visit(default) for default in node.args.kw_defaults]
        declared, docstring = Declarations(), []
        if len(node.body) > 1 and is_docstring(node.body[0]):
            docstring, node.body = node.body[:1], node.body[1:]
        node.body = [declared.visit(statement) for statement in node.body]
        whole = ast.Module(node.body, [])
        plain = None if any(isinstance(part, SCOPES) for part in ast.walk(whole)) else copy.deepcopy(node.body)
        node.body = self.statements(node.body)
        if plain:
            node.body = [_either(plain, node.body)]
        node.body = [*docstring, *declared.found, *node.body]
        self.loops, self.in_generator = outer, around
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        outer, self.loops = self.loops, ()
        node.body = self.visit(node.body)
        self.loops = outer
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        node.body = self.statements(node.body)
        return node

    def visit_match_case(self, node: ast.match_case) -> Any:
        node.guard = node.guard and self.visit(node.guard)
        node.body = self.statements(node.body)
        return node

    def visit_Delete(self, node: ast.Delete) -> Any:
        return node


def _either(plain: list[ast.stmt], hooked: list[ast.stmt]) -> ast.If:
    return ast.copy_location(ast.If(ast.Name("__unstuck_off__", ast.Load()), plain, hooked), plain[0])
