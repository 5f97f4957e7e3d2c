"""What a program makes and never reads: variables, attributes, settings and arguments, from its source alone.

Only what nothing in the program can read is told. Where a file looks names up by itself (`locals()`, `eval`, `getattr`
with a name that is computed), or a function is handed on or defined more than once, nothing is said of it.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from unstuck.adapters.scripts.text.names_in_source import last_name

LOOKS_UP = frozenset({"locals", "globals", "vars", "eval", "exec", "dir", "setattr", "__dict__", "pickle", "joblib"})
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Unused:
    """Something that is made in one statement and read nowhere.

    kind      variable, attribute, setting (a number that stands in the source) or argument
    name      as the source has it: `X_scaled`, `self.rate`
    value     the expression that makes it; None of an argument
    function  of an argument: who takes it
    """

    kind: str
    name: str
    file: str
    line: int
    value: ast.expr | None = None
    function: str = ""


def unused(files: dict[str, str]) -> list[Unused]:
    """All that is unused in a program, in the order of its lines; its files by name, with their texts."""
    trees = {file: ast.parse(text) for file, text in files.items()}
    if any(_looks_up(node) for tree in trees.values() for node in ast.walk(tree)):
        return []
    loaded = Counter(name for tree in trees.values() for name in _loaded(tree))
    attributes = {name for tree in trees.values() for name in _loaded_attributes(tree)}
    settings = {name for tree in trees.values() for name in _settings(tree)}
    found: list[Unused] = []
    for file, tree in trees.items():
        found += _variables(tree, file, loaded, attributes)
        found += _attributes(tree, file, attributes)
        found += _arguments(tree, file, list(trees.values()), settings)
    return sorted(set(found), key=lambda each: (each.file, each.line))


def _looks_up(node: ast.AST) -> bool:
    if isinstance(node, ast.Name):
        return node.id in LOOKS_UP
    if isinstance(node, ast.Attribute):
        return node.attr in LOOKS_UP
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
        return len(node.args) < 2 or not isinstance(node.args[1], ast.Constant)
    return False


def _loaded(tree: ast.AST) -> Iterator[str]:
    """Every name that is read or deleted, imported from elsewhere or listed in `__all__`, once for each time."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (word for word in [node.value] if word.isidentifier())
            yield from (word[1:] for word in node.value.split() if word.startswith("@"))  # as pandas' queries do


def _loaded_attributes(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            yield node.value


def _number(value: ast.AST | None) -> bool:
    """Whether an expression is a number that is written out."""
    bare = value.operand if isinstance(value, ast.UnaryOp) else value
    return isinstance(bare, ast.Constant) and type(bare.value) in (int, float)


def _settings(tree: ast.AST) -> Iterator[str]:
    """The names of variables and attributes that a number in the source is given to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and _number(node.value):
            for target in node.targets:
                yield target.id if isinstance(target, ast.Name) else getattr(target, "attr", "")


def _variables(tree: ast.Module, file: str, loaded: Counter[str], attributes: set[str]) -> Iterator[Unused]:
    """Variables that are bound by plain assignments only, and read nowhere in the program."""
    for statement, target in _assignments(tree):
        plain = isinstance(target, ast.Name) and not target.id.startswith("_")
        if plain and not loaded[last_name(target)] and last_name(target) not in attributes:
            yield _unused("variable", last_name(target), statement, file)


def _attributes(tree: ast.Module, file: str, attributes: set[str]) -> Iterator[Unused]:
    """Attributes of the program's own objects that are given a value and read nowhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and _stands_alone(node):
            for statement, target in _assignments(node):
                own = isinstance(target, ast.Attribute) and last_name(target.value) == "self"
                if own and last_name(target) not in attributes:
                    yield _unused("attribute", f"self.{last_name(target)}", statement, file)


def _stands_alone(node: ast.ClassDef) -> bool:
    """Whether a class inherits nothing that could read its attributes, and answers for all of them itself."""
    named = {part.name for part in node.body if isinstance(part, Function)}
    bases = [base for base in node.bases if not (isinstance(base, ast.Name) and base.id == "object")]
    return not bases and not node.keywords and not named & {"__getattr__", "__getattribute__", "__setattr__"}


def _unused(kind: str, name: str, statement: ast.Assign | ast.AnnAssign, file: str) -> Unused:
    return Unused("setting" if _number(statement.value) else kind, name, file, statement.lineno, statement.value)


def _assignments(tree: ast.AST) -> Iterator[tuple[ast.Assign | ast.AnnAssign, ast.expr]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            yield node, node.targets[0]
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield node, node.target


def _arguments(tree: ast.Module, file: str, trees: Sequence[ast.Module], settings: set[str]) -> Iterator[Unused]:
    """Settings that a function takes and does not read."""
    defined = Counter(node.name for each in trees for node in ast.walk(each) if isinstance(node, Function))
    classes = {id(part): node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for part in node.body}
    for node in ast.walk(tree):
        if not isinstance(node, Function) or node.decorator_list or _is_stub(node):
            continue
        name = classes.get(id(node), node.name) if node.name == "__init__" else node.name
        if (node.name.startswith("__") and node.name != "__init__") or (node.name != "__init__" and defined[name] > 1):
            continue
        calls = list(_calls(name, trees))
        if not calls or _handed_on(name, calls, trees):
            continue
        read = {
            part.id for part in ast.walk(node) if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Store)
        }
        for position, argument, default in _taken(node, inside=id(node) in classes):
            if argument.arg in read or argument.arg.startswith("_"):
                continue
            values = [*([default] if default else []), *_given(calls, position, argument.arg)]
            if any(_number(value) or last_name(value) in settings for value in values):
                yield Unused("argument", argument.arg, file, argument.lineno, None, name)


def _is_stub(node: Function) -> bool:
    """Whether a function does nothing with anything: a docstring, pass, raise, a constant."""
    return all(
        isinstance(part, ast.Pass | ast.Raise)
        or (isinstance(part, ast.Expr | ast.Return) and (part.value is None or isinstance(part.value, ast.Constant)))
        for part in node.body
    )


def _calls(name: str, trees: Iterable[ast.Module]) -> Iterator[ast.Call]:
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and last_name(node.func) == name:
                yield node


def _handed_on(name: str, calls: Sequence[ast.Call], trees: Iterable[ast.Module]) -> bool:
    """Whether a function is read otherwise than to be called, so that others may call it with what they have."""
    called = {id(call.func) for call in calls}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Name | ast.Attribute) and last_name(node) == name and id(node) not in called:
                return True
    return any(isinstance(part, ast.Starred) for call in calls for part in call.args) or any(
        keyword.arg is None for call in calls for keyword in call.keywords
    )


def _taken(node: Function, inside: bool) -> Iterator[tuple[int, ast.arg, ast.expr | None]]:
    """(position, argument, default) of a function's arguments without the object."""
    arguments = [*node.args.posonlyargs, *node.args.args]
    defaults = [None] * (len(arguments) - len(node.args.defaults)) + list(node.args.defaults)
    for position, (argument, default) in enumerate(list(zip(arguments, defaults, strict=True))[1 if inside else 0 :]):
        yield position, argument, default
    for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        yield -1, argument, default


def _given(calls: Sequence[ast.Call], position: int, name: str) -> Iterator[ast.expr]:
    for call in calls:
        if 0 <= position < len(call.args):
            yield call.args[position]
        yield from (keyword.value for keyword in call.keywords if keyword.arg == name)
