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
    found = _assignment_at(source, site)
    if found is None:
        return None
    body, own = found
    return _renamed_after(body, own, site, used_elsewhere) or _renamed_before(body, own, site)


def handed_on(source: str, site: Site) -> Site | None:
    """The return statement that hands on the value of an expression as it was assigned; None where there is none."""
    found = _assignment_at(source, site)
    if found is None:
        return None
    body, own = found
    name = ast.unparse(_targets(own)[0])
    later = [s for s in body if s.lineno > own.lineno]
    returned = next((s for s in later if isinstance(s, ast.Return) and name in _returned(s)), None)
    return None if returned is None or _assigns(later, name) else _site(returned, site)


def handed_through(source: str, site: Site) -> Site | None:
    """In the class of an expression the one method that only hands on what it is given; None where there is none."""
    tree = _parsed(source)
    classes = [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef)] if tree is not None else []
    around = [one for one in classes if _is_in(site, one)]
    methods = [m for m in max(around, key=lambda c: c.lineno).body if isinstance(m, ast.FunctionDef)] if around else []
    found = []
    for method in methods:
        given = {argument.arg for argument in method.args.args[1:]}
        last = method.body[-1]
        handed = given & set(_returned(last)) if isinstance(last, ast.Return) else set()
        apart = not _is_in(site, method)
        if apart and handed and not any(_assigns(list(_statements(method.body)), name) for name in handed):
            found.append(last)
    return _site(found[0], site) if len(found) == 1 else None


def _returned(statement: ast.Return) -> list[str]:
    """What a return statement hands on, as it is written."""
    value = statement.value
    return [ast.unparse(one) for one in (value.elts if isinstance(value, ast.Tuple) else [value]) if one is not None]


def _assigns(statements: list[ast.stmt], name: str) -> bool:
    """Whether any of these statements gives a name another value."""
    return any(ast.unparse(target) == name for s in statements for target in _targets(s))


def _targets(statement: ast.stmt) -> list[ast.expr]:
    """What a statement assigns to."""
    if isinstance(statement, ast.AugAssign):
        return [statement.target]
    return statement.targets if isinstance(statement, ast.Assign) else []


@lru_cache(maxsize=8)
def _parsed(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except SyntaxError:
        return None


def _is_in(site: Site, node: ast.stmt) -> bool:
    """Whether an expression begins in the lines of a statement."""
    return node.lineno <= site.line <= (node.end_lineno or node.lineno)


def _assignment_at(source: str, site: Site) -> tuple[list[ast.stmt], ast.Assign | ast.AugAssign] | None:
    """The statements of the innermost function around an assignment that an expression stands in, and the assignment;
    None where there is none."""
    for body in _bodies(source):
        own = next((s for s in body if _is_in(site, s)), None)
        if isinstance(own, ast.Assign | ast.AugAssign):
            return body, own
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


def _renamed_after(
    body: list[ast.stmt], own: ast.Assign | ast.AugAssign, site: Site, used_elsewhere: bool
) -> Site | None:
    target = _targets(own)[0]
    if isinstance(target, ast.Subscript) and isinstance(own, ast.AugAssign):
        target = target.value
    if not isinstance(target, PURE):
        return None
    name = ast.unparse(target)
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
