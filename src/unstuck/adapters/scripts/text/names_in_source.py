"""The names in a program's source: what is bound to them, and from which others their values come."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterable, Iterator
from functools import lru_cache

from unstuck.autodiff.tape import Site


def last_name(node: ast.AST) -> str:
    """The name that a reference ends in: `relu` of `self.relu`; empty for other expressions."""
    return str(getattr(node, "attr", getattr(node, "id", "")))


def last_part(name: str) -> str:
    """`w1` of `net.w1` and of `parameters['w1']`; `weights` of `weights[0]`."""
    return parts(ast.parse(name, mode="eval").body)[-1]


def parts(expression: ast.AST) -> list[str]:
    """The names in an expression that stands for one thing, outermost first: net, layers, w of net.layers[0].w."""
    if isinstance(expression, ast.Name):
        return [expression.id]
    if isinstance(expression, ast.Attribute):
        return [*parts(expression.value), expression.attr]
    if isinstance(expression, ast.Subscript):
        key = expression.slice
        named = isinstance(key, ast.Constant) and isinstance(key.value, str)
        return [*parts(expression.value), *([key.value] if named else [])]  # type: ignore[attr-defined]
    return []


def names_of_all(tree: ast.AST) -> Iterator[str]:
    """Every name in a program: of variables, attributes and arguments, and texts that could be one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            yield parts(node)[-1] if isinstance(node, ast.Name) else node.attr
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            yield node.value


def stored_names(nodes: Iterable[ast.AST]) -> set[str]:
    """The variables among some nodes that are given a value there."""
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def loop_variables(part: ast.AST) -> set[str]:
    """What the loops in a part of a program call their elements."""
    loops = [node for node in ast.walk(part) if isinstance(node, ast.For)]
    return {name for loop in loops for name in stored_names(ast.walk(loop.target))}


def counter_of(loop: Site) -> str | None:
    """The variable that counts the turns of a `for` loop, one by one; None where it also chooses examples, as a
    subscript does."""
    nodes = ast.walk(ast.parse("".join(linecache.getlines(loop.file))))
    node = next((each for each in nodes if isinstance(each, ast.For) and each.lineno == loop.line), None)
    if node is None or not isinstance(node.iter, ast.Call) or last_name(node.iter.func) not in ("range", "enumerate"):
        return None
    first = node.target.elts[0] if isinstance(node.target, ast.Tuple) else node.target
    steps = node.iter.args[2:] if last_name(node.iter.func) == "range" else []
    body = [part for statement in node.body for part in ast.walk(statement)]
    chosen = [part.slice for part in body if isinstance(part, ast.Subscript)]
    if steps or not isinstance(first, ast.Name) or any(first.id in _names_in(part) for part in chosen):
        return None
    return first.id


def _names_in(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def names_used_by(expression: ast.AST | None) -> set[str]:
    """The names that an expression takes its values from: variables and attributes, not what it calls."""
    if expression is None:
        return set()
    if isinstance(expression, ast.Call):
        owner = {*names_used_by(expression.func.value)} if isinstance(expression.func, ast.Attribute) else set()
        arguments = [*expression.args, *(keyword.value for keyword in expression.keywords)]
        return owner.union(*map(names_used_by, arguments)) - {"np", "numpy", "self"}
    if isinstance(expression, ast.Name):
        return {expression.id} - {"np", "numpy", "self"}
    if isinstance(expression, ast.Attribute | ast.Subscript) and parts(expression):
        inner = names_used_by(expression.slice) if isinstance(expression, ast.Subscript) else set()
        return {parts(expression)[-1]} | inner
    return set().union(*(names_used_by(child) for child in ast.iter_child_nodes(expression)))


def bindings(tree: ast.AST) -> Iterator[tuple[str, ast.expr | None, int]]:
    """(last part of the name, value, line) of every plain assignment; of a tuple on the left each part with its own
    value, where the right side is a tuple too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from ((name, value, node.lineno) for name, value in _assigned(target, node.value))
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield from ((name, value, node.lineno) for name, value in _assigned(node.target, node.value))


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Tuple | ast.List):
        same = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
        values = value.elts if isinstance(value, ast.Tuple | ast.List) and same else [value] * len(target.elts)
        for part, its in zip(target.elts, values, strict=True):
            yield from _assigned(part, its)
    elif isinstance(target, ast.Starred):
        yield from _assigned(target.value, value)
    elif names := parts(target):
        yield names[-1], value


def flows(tree: ast.AST) -> Iterator[tuple[str, set[str]]]:
    """(name, the names that its value is made of) for assignments, loops and arguments of the program's functions."""
    functions = dict(_functions(tree))
    yield from ((name, names_used_by(value)) for name, value, _ in bindings(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign | ast.NamedExpr):
            yield from _bound(node.target, node.value)
        elif isinstance(node, ast.For | ast.comprehension):
            yield from _looped(node.target, node.iter)
        elif isinstance(node, ast.Call):
            name = (parts(node.func) or [""])[-1]
            for parameter, value in zip(functions.get(name, ()), node.args):
                yield parameter, names_used_by(value)
            for keyword in node.keywords:
                if keyword.arg in functions.get(name, ()):
                    yield str(keyword.arg), names_used_by(keyword.value)


def _functions(tree: ast.AST) -> Iterator[tuple[str, list[str]]]:
    """The parameters of each function; those of a class are its constructor's."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, ast.FunctionDef):
                    names = [argument.arg for argument in part.args.args[1:]]
                    yield node.name if part.name == "__init__" else part.name, names
        elif isinstance(node, ast.FunctionDef) and [argument.arg for argument in node.args.args[:1]] != ["self"]:
            yield node.name, [argument.arg for argument in node.args.args]


def _bound(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, set[str]]]:
    return ((name, names_used_by(its)) for name, its in _assigned(target, value))


def _looped(target: ast.expr, iterable: ast.expr) -> Iterator[tuple[str, set[str]]]:
    called = iterable.func.id if isinstance(iterable, ast.Call) and isinstance(iterable.func, ast.Name) else ""
    if isinstance(target, ast.Tuple) and isinstance(iterable, ast.Call) and called == "zip":
        for part, its in zip(target.elts, iterable.args):
            yield from _bound(part, its)
    elif isinstance(target, ast.Tuple) and isinstance(iterable, ast.Call) and called == "enumerate" and iterable.args:
        yield from _looped(target.elts[-1], iterable.args[0])
    else:
        yield from _bound(target, iterable)


@lru_cache(maxsize=8)
def imported_names(text: str) -> frozenset[str]:
    """The names that a program's imports bind."""
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
    return frozenset((each.asname or each.name).partition(".")[0] for node in imports for each in node.names)


def names_around(file: str, line: int) -> list[str]:
    """The names of the functions and classes that a line of a program stands in, outermost first."""
    return [name for first, last, name in _definitions("".join(linecache.getlines(file))) if first <= line <= last]


@lru_cache(maxsize=8)
def _definitions(text: str) -> list[tuple[int, int, str]]:
    tree = ast.parse(text)
    kinds = (ast.FunctionDef, ast.ClassDef)
    found = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    return sorted((node.lineno, node.end_lineno or node.lineno, node.name) for node in found)
