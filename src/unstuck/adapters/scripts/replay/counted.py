"""Right answers that a script counts where it stands, not in a function of its own: the statements that lead from its
examples and labels to the count, to be run with others in their place."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from unstuck.adapters.scripts.replay.beside import counting, counts_in, is_equality, printed_counts
from unstuck.adapters.scripts.text.names_in_source import last_name, loop_variables, stored_names

Scope = Mapping[str, Any]


@dataclass(frozen=True)
class Counted:
    """A count as a function of the variables that hold the examples and the labels.

    statements  what leads to it, without the training loop
    expression  the count
    live        the script's variables as they are at the time
    place       the file and the line of the comparison that is counted
    names       the variables whose values are given in the place of the script's
    held        what else it reads, as it was when the count was found: variables of functions around the loop end
    """

    statements: tuple[ast.stmt, ...]
    expression: ast.expr
    live: Callable[[], Scope]
    place: tuple[str, int]
    names: tuple[str, ...] = ()
    held: Scope = field(default_factory=dict)

    def __call__(self, *values: Any) -> Any:
        """What the script counts with these values. Raises what its statements raise."""
        module = ast.Module([*self.statements], type_ignores=[])
        scope = {**self.held, **self.live(), **dict(zip(self.names, values, strict=True))}
        exec(compile(module, "<counted>", "exec"), scope)
        return eval(compile(ast.Expression(self.expression), "<counted>", "eval"), scope)

    def of(self, names: Sequence[str]) -> Counted:
        """The same as a function of these variables."""
        scope = self.live()
        held = {name: scope[name] for name in self.read if name in scope and name not in names}
        return replace(self, names=tuple(names), held=held)

    @property
    def read(self) -> list[str]:
        """The variables that it reads, also those that it makes."""
        parts: list[ast.AST] = [*self.statements, self.expression]
        return list(dict.fromkeys(name for part in parts for name in sorted(_loaded(part))))


def counted(file: str, text: str, loop_line: int, live: Callable[[], Scope]) -> Iterator[Counted]:
    """Every count of right answers that the script prints or keeps and that can be run by itself.

    loop_line  of the training loop, no turn of which is part of a count
    live       the variables while the loop runs: what they hold is taken as it is, what they lack is made
    """
    tree = ast.parse(text)
    known = set(live()) | set(dir(builtins))
    training = training_functions(tree, loop_line)
    for path, expression in _counts(tree):
        statements = _leading_to(path, expression, loop_line, known)
        if statements is not None and not training & _called([*statements, expression]):
            compared = _compared([*statements, expression])
            if compared is not None:
                yield Counted(tuple(statements), expression, live, (file, compared.lineno))


def _compared(parts: Sequence[ast.AST]) -> ast.Compare | None:
    """The one comparison for equality that is counted; None where there are several, or where it chooses rows, or is
    one with a number, as in a count for a single class."""
    nodes = [node for part in parts for node in ast.walk(part)]
    equal = [node for node in nodes if isinstance(node, ast.Compare) and is_equality(node)]
    choosing = {id(inner) for node in nodes if isinstance(node, ast.Subscript) for inner in ast.walk(node.slice)}
    if len(equal) != 1 or id(equal[0]) in choosing:
        return None
    sides = [equal[0].left, *equal[0].comparators]
    return None if any(isinstance(side, ast.Constant) for side in sides) else equal[0]


def training_functions(tree: ast.Module, loop_line: int) -> set[str]:
    """The functions around the training loop, and those that call them."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    found = {one.name for one in functions if one.lineno <= loop_line <= (one.end_lineno or one.lineno)}
    while new := {one.name for one in functions if found & _called(one.body)} - found:
        found |= new
    return found


def _called(parts: Sequence[ast.AST]) -> set[str]:
    calls = (node for part in parts for node in ast.walk(part) if isinstance(node, ast.Call))
    return {last_name(call.func) for call in calls}


Path = list[tuple[list[ast.stmt], int]]
"""The blocks around a statement, outermost first, each with the place in it."""


def _counts(tree: ast.Module) -> Iterator[tuple[Path, ast.expr]]:
    counts = counting(tree)
    for path, statement in _statements(tree.body, []):
        if isinstance(statement, ast.Expr):
            yield from ((path, part) for part in printed_counts(statement.value, counts))
        elif isinstance(statement, ast.Assign) and counts_in(statement.value):
            yield path, statement.value


def _statements(block: list[ast.stmt], around: Path) -> Iterator[tuple[Path, ast.stmt]]:
    for place, statement in enumerate(block):
        path = [*around, (block, place)]
        yield path, statement
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for inner in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(statement, inner, []), path)


def _leading_to(path: Path, expression: ast.expr, loop_line: int, known: set[str]) -> list[ast.stmt] | None:
    """The statements before a count that make what it reads and is not known; None where that takes the training loop,
    or is made nowhere before it."""
    needed, found = _loaded(expression) - known, list[ast.stmt]()
    for block, place in path[::-1]:
        for statement in block[:place][::-1]:
            made = stored_names(ast.walk(statement)) & needed
            if made and statement.lineno <= loop_line <= (statement.end_lineno or statement.lineno):
                return None
            if made:
                found.insert(0, statement)
                whole = isinstance(statement, ast.Assign | ast.AnnAssign)  # a loop adds to what there was
                needed = (needed - made if whole else needed) | (_loaded(statement) - known - loop_variables(statement))
    return None if needed - {name for one in found for name in stored_names(ast.walk(one))} else found


def _loaded(part: ast.AST) -> set[str]:
    inner = [one.target for one in ast.walk(part) if isinstance(one, ast.comprehension)]
    names = {node.id for node in ast.walk(part) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return names.difference(*(stored_names(ast.walk(target)) for target in inner))
