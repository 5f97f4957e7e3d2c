"""What the syntax of a script says before it runs."""

import ast
from typing import Any


def names_in(body: list[ast.stmt]) -> frozenset[str]:
    """All names and attributes that some statements load; attributes with a dot before them."""
    nodes = [node for statement in body for node in ast.walk(statement)]
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return frozenset(names | {f".{node.attr}" for node in nodes if isinstance(node, ast.Attribute)})


def moved_names(tree: ast.AST) -> frozenset[str]:
    """Names and attributes that are changed as updates change parameters: `b = b - rate * d`, `self.b -= d`,
    `b += rate * d`. A counter or a total only grows, by what is no product."""
    changes: list[tuple[ast.expr, ast.operator, ast.expr]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign):
            changes.append((node.target, node.op, node.value))
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp) and _begins_with_itself(node):
            changes.append((node.targets[0], node.value.op, node.value.right))
    scaled = (ast.Mult, ast.Div)
    return frozenset(
        ast.unparse(target)
        for target, op, step in changes
        if isinstance(op, ast.Sub) or (isinstance(op, ast.Add) and isinstance(getattr(step, "op", None), scaled))
    )


def _begins_with_itself(node: ast.Assign) -> bool:
    return isinstance(node.value, ast.BinOp) and ast.unparse(node.targets[0]) == ast.unparse(node.value.left)


class Declarations(ast.NodeTransformer):
    """Takes the `global` and `nonlocal` statements out of a function, to stand at its head: they are made once."""

    def __init__(self) -> None:
        self.found: list[ast.stmt] = []

    def visit_Global(self, node: Any) -> Any:
        self.found.append(node)
        return ast.copy_location(ast.Pass(), node)

    visit_Nonlocal = visit_Global

    def visit_FunctionDef(self, node: Any) -> Any:
        return node

    visit_AsyncFunctionDef = visit_Lambda = visit_ClassDef = visit_FunctionDef


def is_docstring(node: ast.stmt) -> bool:
    """Whether a statement is a string that stands alone."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def yields(function: Any) -> bool:
    """Whether a function is a generator."""
    pending = list(function.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.Lambda | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            pending += ast.iter_child_nodes(node)
    return False


def unsigned(node: ast.AST) -> ast.AST:
    """The operand below a sign."""
    return node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd) else node


def bounds(node: ast.Slice) -> tuple[ast.expr | None, ...]:
    """Start, stop and step of a slice, as far as they are written."""
    return node.lower, node.upper, node.step


def has_star(node: ast.AST) -> bool:
    """Whether an index has a starred part."""
    return isinstance(node, ast.Tuple) and any(isinstance(part, ast.Starred) for part in node.elts)
