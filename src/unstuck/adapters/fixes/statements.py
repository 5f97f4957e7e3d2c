"""Edits of whole statements: put in, taken away, moved, with the indentation of their place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from unstuck.adapters.fixes.edit import Edit
from unstuck.adapters.fixes.syntax import Span, Syntax


def block_of(syntax: Syntax, statement: Any) -> list[Any]:
    """The statements that a statement stands among."""
    parent = syntax.parents[statement]
    blocks = [getattr(parent, name, []) for name in ("body", "orelse", "finalbody")]
    return next((block for block in blocks if isinstance(block, list) and statement in block), [statement])


def has_its_lines(syntax: Syntax, statement: Any) -> bool:
    """Whether nothing else stands in the lines of a statement, so that they can be moved."""
    before = syntax.lines[statement.lineno - 1][: syntax.span(statement).column - 1]
    after = syntax.lines[statement.end_lineno - 1][syntax.span(statement).end_column - 1 :].strip()
    return not before.strip() and (not after or after.startswith("#"))


def indentation(syntax: Syntax, statement: Any) -> str:
    """What stands before a statement in its line."""
    line = syntax.lines[statement.lineno - 1]
    return line[: len(line) - len(line.lstrip())]


def inserted_before(syntax: Syntax, statement: Any, *words: str) -> Iterator[Edit]:
    """New lines before a statement; nothing where it shares its line with others."""
    if has_its_lines(syntax, statement):
        margin = indentation(syntax, statement)
        first = min([statement.lineno, *(one.lineno for one in getattr(statement, "decorator_list", []))])
        yield Edit(Span(first, 1, first, 1), "".join(f"{margin}{line}\n" for line in words))


def inserted_behind(syntax: Syntax, statement: Any, *words: str) -> Iterator[Edit]:
    """New lines behind a statement; nothing where it shares its line with others."""
    if has_its_lines(syntax, statement):
        margin = indentation(syntax, statement)
        yield at_line(syntax, statement.end_lineno + 1, "".join(f"{margin}{line}\n" for line in words))


def removed(syntax: Syntax, statement: Any) -> Iterator[Edit]:
    """A statement taken away with its lines; nothing where it is the only one of its block."""
    if has_its_lines(syntax, statement) and len(block_of(syntax, statement)) > 1:
        yield Edit(Span(statement.lineno, 1, statement.end_lineno + 1, 1), "")


def moved_behind(syntax: Syntax, statements: list[Any], last: Any) -> Iterator[Edit]:
    """Whole lines of statements, taken away where they stand and put behind another one."""
    yield from moved(syntax, statements, last.end_lineno + 1, indentation(syntax, last))


def moved_before(syntax: Syntax, statements: list[Any], first: Any) -> Iterator[Edit]:
    """Whole lines of statements, taken away where they stand and put before another one."""
    yield from moved(syntax, statements, first.lineno, indentation(syntax, first))


def moved(syntax: Syntax, statements: list[Any], line: int, margin: str) -> Iterator[Edit]:
    """Whole lines of statements, taken away where they stand and put before a line with another indentation."""
    lines, words = syntax.lines, ""
    for one in statements:
        own = indentation(syntax, one)
        for text in lines[one.lineno - 1 : one.end_lineno]:
            words += f"{margin}{text.removeprefix(own)}"
        yield Edit(Span(one.lineno, 1, one.end_lineno + 1, 1), "")
    yield at_line(syntax, line, words)


def at_line(syntax: Syntax, line: int, words: str) -> Edit:
    """Whole lines put before a line, or behind the last one."""
    lines = syntax.lines
    if line <= len(lines):
        return Edit(Span(line, 1, line, 1), words)
    whole = lines[-1]
    at = len(whole.rstrip("\r\n")) + 1
    return Edit(Span(len(lines), at, len(lines), at), f"\n{words}".removesuffix("\n"))


def argument_removed(syntax: Syntax, node: Any) -> Iterator[Edit]:
    """An argument of a call, or an element of a list or tuple, taken away with the comma that belongs to it; nothing
    for other expressions."""
    parent = syntax.parents[node]
    if isinstance(parent, ast.Call):
        items: list[Any] = [*parent.args, *parent.keywords]
    else:
        items = list(getattr(parent, "elts", []))
    if node not in items:
        return
    items.sort(key=lambda one: (one.lineno, one.col_offset))
    at, span = items.index(node), syntax.span(node)
    if at + 1 < len(items):
        following = syntax.span(items[at + 1])
        yield Edit(Span(span.line, span.column, following.line, following.column), "")
    elif at > 0:
        previous = syntax.span(items[at - 1])
        yield Edit(Span(previous.end_line, previous.end_column, span.end_line, span.end_column), "")
    else:
        yield Edit(span, "")
