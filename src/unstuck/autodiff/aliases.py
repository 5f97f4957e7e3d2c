"""Statements that only give a value another name: `dz = da`. They carry out nothing, so no recording shows them.

Where a factor or a term is missing, such a statement is where a person would look for it: a line that was meant to
compute something hands on what it was given.
"""

import ast
from collections.abc import Iterator
from functools import lru_cache

from unstuck.autodiff.tape import Site

FAR = 12  # lines after the expression in which its other name is looked for
PURE = (ast.Name, ast.Attribute, ast.Subscript)


def renaming(source: str, site: Site, used_elsewhere: bool) -> Site | None:
    """The statement near an expression that only renames its result, or one of its operands; None if there is none.

    `used_elsewhere`: whether it counts although the first name is read in other places too.
    """
    for body in _bodies(source):
        own = next((s for s in body if s.lineno <= site.line <= (s.end_lineno or s.lineno)), None)
        if own is None or not isinstance(own, ast.Assign | ast.AugAssign):
            continue
        after = _renamed_after(body, own, site, used_elsewhere) if isinstance(own, ast.Assign) else None
        return after or _renamed_before(body, own, site)
    return None


@lru_cache(maxsize=8)
def _parsed(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except SyntaxError:
        return None


def _bodies(source: str) -> Iterator[list[ast.stmt]]:
    """The simple statements of each function and of the module, in order; inner functions first."""
    tree = _parsed(source)
    if tree is None:
        return
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    for owner in sorted(functions, key=lambda f: -f.lineno):
        yield sorted(_statements(owner.body), key=lambda s: s.lineno)
    yield sorted(_statements(tree.body), key=lambda s: s.lineno)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            continue
        inner = [getattr(statement, name, []) for name in ("body", "orelse")]
        if any(inner):
            for part in inner:
                yield from _statements(part)
        else:
            yield statement


def _renamed_after(body: list[ast.stmt], own: ast.Assign, site: Site, used_elsewhere: bool) -> Site | None:
    if len(own.targets) != 1 or not isinstance(own.targets[0], PURE):
        return None
    name = ast.unparse(own.targets[0])
    later = [s for s in body if own.lineno < s.lineno <= own.lineno + FAR]
    for statement in later:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.value) == name:
            reads = sum(
                ast.unparse(n) == name
                for s in later
                for n in ast.walk(s)
                if isinstance(n, PURE) and isinstance(n.ctx, ast.Load)
            )
            return _site(statement, site) if used_elsewhere or reads == 1 else None
    return None


def _renamed_before(body: list[ast.stmt], own: ast.stmt, site: Site) -> Site | None:
    """An operand whose last assignment only hands on another name."""
    try:
        operands = {n.id for n in ast.walk(ast.parse(site.text.strip(), mode="eval")) if isinstance(n, ast.Name)}
    except SyntaxError:
        return None
    for statement in reversed([s for s in body if s.lineno < own.lineno]):
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            if statement.targets[0].id not in operands:
                continue
            operands.discard(statement.targets[0].id)
            if isinstance(statement.value, ast.Name):
                return _site(statement, site)
    return None


def _site(statement: ast.stmt, like: Site) -> Site:
    end_line, end = statement.end_lineno or statement.lineno, statement.end_col_offset or statement.col_offset
    text = ast.unparse(statement)
    return Site(like.file, statement.lineno, statement.col_offset + 1, end_line, end + 1, text)
