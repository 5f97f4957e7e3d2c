"""The live source behind a Case: the user's functions that its callables lead to, as syntax trees."""

import ast
import functools
import linecache
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import CodeType, FunctionType, MethodType
from typing import Any

from unstuck.sandbox.origin import is_user_class, is_user_namespace, names_used
from unstuck.sandbox.reachable import walk

FIELDS = ("predict", "step", "train", "gradients", "loss", "accuracy", "parameters", "build")


@dataclass(eq=False)
class Unit:
    """One live function, lambda, or the top level of a module."""

    file: str
    tree: ast.AST
    name: str
    fields: set[str] = field(default_factory=set)  # the callables of the Case that lead here

    @functools.cached_property
    def nodes(self) -> list[Any]:
        """All nodes in source order; of a module only those outside its functions."""
        found = list(_outside_functions(self.tree) if isinstance(self.tree, ast.Module) else ast.walk(self.tree))
        return sorted(found, key=lambda node: (getattr(node, "lineno", 0), getattr(node, "col_offset", 0)))

    @functools.cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in self.nodes for child in ast.iter_child_nodes(node)}

    @functools.cached_property
    def assignments(self) -> list["Assignment"]:
        return list(_assignments(self.nodes))

    @functools.cached_property
    def arguments(self) -> frozenset[str]:
        given = getattr(self.tree, "args", None)
        if not isinstance(given, ast.arguments):
            return frozenset()
        return frozenset(a.arg for a in [*given.posonlyargs, *given.args, *given.kwonlyargs])


@dataclass(frozen=True)
class Assignment:
    """target = value, target op= value, keyword=value, {"key": value}, or the append of a value to a list."""

    target: Any  # an expression, or the name of a keyword, key or argument
    value: ast.expr
    node: Any
    operator: type[ast.operator] | None = None

    @property
    def text(self) -> str:
        return ast.unparse(self.target) if isinstance(self.target, ast.AST) else ""


Match = tuple[Unit, Any]  # a unit and the node in it that has the form
Matches = list[Match]


@dataclass
class Source:
    """All live units of one Case, and what the Case says of itself."""

    units: list[Unit]
    case: Any
    parameter_names: frozenset[str]

    def behind(self, *fields: str) -> list[Unit]:
        """The units that these callables lead to; all units, if the Case has none of the callables."""
        return [unit for unit in self.units if unit.fields & set(fields)]


def read(case: Any) -> Source:
    """The live source of a Case; empty where Python knows no source text (exec, an interactive prompt)."""
    callables = {name: getattr(case, name, None) for name in FIELDS}
    callables = {name: function for name, function in callables.items() if callable(function)}
    functions, classes = _user_functions(callables.values())
    units: dict[tuple[str, int, int], Unit] = {}
    modules: dict[str, Unit] = {}
    for name, function in callables.items():
        for alive in _live(function, functions, classes):
            filename = alive.__code__.co_filename
            tree = _tree(filename, alive.__globals__)
            if tree is None:
                continue
            for node in _nodes_of(alive.__code__, tree):
                place = (filename, node.lineno, node.col_offset)
                units.setdefault(place, Unit(filename, node, alive.__name__)).fields.add(name)
            modules.setdefault(filename, Unit(filename, tree, "")).fields.add(name)
    parameters = callables.get("parameters")
    names = names_used(code) | set(code.co_freevars) if (code := _code(parameters)) is not None else frozenset()
    return Source([*_without_nested([*units.values()]), *modules.values()], case, frozenset(names))


def read_script(file: str, case: Any) -> Source:
    """All functions and the top level of a script that a Case was made of; empty where it has no source text."""
    tree = _tree(file, {})
    if tree is None:
        return Source([], case, frozenset())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    units = _without_nested([Unit(file, node, node.name, set(FIELDS)) for node in functions])
    return Source([*units, Unit(file, tree, "", set(FIELDS))], case, frozenset())


def _user_functions(roots: Iterable[Any]) -> tuple[list[FunctionType], list[type]]:
    """Functions and classes of the user that can be reached at all, long lists of data left out."""
    functions, classes = [], []
    for node in walk(roots):
        if node.cold:
            break
        if type(node.object) is FunctionType and is_user_namespace(node.object.__globals__):
            functions.append(node.object)
        elif issubclass(type(node.object), type) and is_user_class(node.object):
            classes.append(node.object)
    return functions, classes


def _live(root: Any, functions: list[FunctionType], classes: list[type]) -> Iterator[FunctionType]:
    """The functions that are called from the root as far as names tell; too many rather than too few."""
    names: set[str] = set()
    alive: set[FunctionType] = set()
    pending = [function for function in functions if function.__code__ is _code(root)]
    constructors: dict[str, list[Any]] = {}
    for cls in classes:
        own = type.__dict__["__dict__"].__get__(cls)
        constructors.setdefault(cls.__name__, []).extend(own.get(name) for name in ("__init__", "__post_init__"))
        pending += [own[name] for name in ("__call__", "forward") if type(own.get(name)) is FunctionType]
    while pending:
        function = pending.pop()
        if function in alive:
            continue
        alive.add(function)
        yield function
        fresh = names_used(function.__code__) - names
        names |= fresh
        pending += [other for other in functions if other.__name__ in fresh]
        pending += [c for name in fresh for c in constructors.get(name, ()) if type(c) is FunctionType]


def _code(function: Any) -> CodeType | None:
    function = getattr(function, "func", function)  # functools.partial
    function = function.__func__ if type(function) is MethodType else function
    return function.__code__ if type(function) is FunctionType else None


def _tree(filename: str, namespace: dict[str, Any]) -> ast.Module | None:
    linecache.checkcache(filename)
    return _parsed("".join(linecache.getlines(filename, namespace)), os.path.basename(filename))


@functools.lru_cache(maxsize=64)
def _parsed(text: str, name: str) -> ast.Module | None:
    try:
        return ast.parse(text) if text else None
    except (SyntaxError, ValueError, RecursionError):
        return None


def _nodes_of(code: CodeType, tree: ast.Module) -> Iterator[Any]:
    """The definition compiled into this code; none, if the file has changed since."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if node.name == code.co_name and first == code.co_firstlineno:
                yield node
        elif isinstance(node, ast.Lambda) and code.co_name == "<lambda>" and node.lineno == code.co_firstlineno:
            yield node


def _without_nested(units: list[Unit]) -> list[Unit]:
    """Units that are not part of another unit; the outer one takes over what leads to the inner one."""
    outer = []
    for unit in units:
        holders = [other for other in units if other is not unit and unit.tree in other.parents]
        for holder in holders:
            holder.fields |= unit.fields
        if not holders:
            outer.append(unit)
    return outer


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _outside_functions(child)


def _assignments(nodes: Iterable[ast.AST]) -> Iterator[Assignment]:
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    if len(target.elts) == len(node.value.elts):
                        yield from (Assignment(t, v, v) for t, v in zip(target.elts, node.value.elts))
                else:
                    yield Assignment(target, node.value, node)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield Assignment(node.target, node.value, node)
        elif isinstance(node, ast.AugAssign):
            yield Assignment(node.target, node.value, node, type(node.op))
        elif isinstance(node, ast.Dict):
            named = ((k, v) for k, v in zip(node.keys, node.values) if isinstance(k, ast.Constant))
            yield from (Assignment(k.value, v, v) for k, v in named if isinstance(k.value, str))
        elif isinstance(node, ast.Call):
            yield from (Assignment(k.arg, k.value, k.value) for k in node.keywords if k.arg)
            if isinstance(node.func, ast.Attribute) and node.func.attr == "append" and len(node.args) == 1:
                yield Assignment(node.func.value, node.args[0], node)
        elif isinstance(node, ast.FunctionDef):
            positional = [*node.args.posonlyargs, *node.args.args]
            defaults = zip(reversed(positional), reversed(node.args.defaults))
            yield from (Assignment(argument.arg, value, value) for argument, value in defaults)
            keywords = zip(node.args.kwonlyargs, node.args.kw_defaults)
            yield from (Assignment(argument.arg, value, value) for argument, value in keywords if value is not None)
