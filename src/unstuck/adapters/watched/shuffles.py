"""Where a script's source brings one array into another order and leaves what belongs to it as it was."""

from __future__ import annotations

import ast
from collections.abc import Iterator

ORDERS = ("permutation", "randperm")
SEEDS = ("seed", "manual_seed", "RandomState", "default_rng")


def shuffled_apart(text: str, filename: str) -> list[tuple[int, int]]:
    """Line and column of the last of the statements that shuffle arrays each for itself, or one alone.

    Two shuffles behind the same seed keep the order of both, and are left out: whether a seed is the same is not told.
    """
    tree = ast.parse(text, filename)
    nodes = list(ast.walk(tree))
    if (split := _split_apart(nodes)) is not None:
        return [split]
    if any(called(node) == "shuffle" and _has(node, "random_state") for node in nodes):
        return []
    indices = {name for node in nodes if isinstance(node, ast.Subscript) for name in _names(node.slice)}
    shuffles = [found for node in nodes if (found := _in_place(node) or _anew(node)) is not None]
    shuffles = [(name, node) for name, node in shuffles if name not in indices]
    names = {name for name, _ in shuffles}
    if len(names) == 1 and _reordered(nodes) - names:
        return [(shuffles[-1][1].lineno, shuffles[-1][1].col_offset + 1)]
    places = sorted((node.lineno, node.col_offset + 1) for _, node in shuffles)
    seeded = [node.lineno for node in nodes if isinstance(node, ast.Call) and called(node) in SEEDS]
    if len(names) > 1 and not any(places[0][0] < line < places[-1][0] for line in seeded):
        return [places[-1]]
    return list(_left_alone(nodes)) or list(_zipped(nodes))


def called(node: ast.AST) -> str:
    """The last name of what a call calls; "" for what is no call."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _has(node: ast.AST, keyword: str) -> bool:
    return isinstance(node, ast.Call) and any(one.arg == keyword for one in node.keywords)


def _in_place(node: ast.AST) -> tuple[str, ast.expr] | None:
    """`shuffle(a)` as a statement: the name of a."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and called(node.value) == "shuffle":
        call = node.value
        if len(call.args) == 1 and isinstance(call.args[0], (ast.Name, ast.Attribute)):
            return ast.unparse(call.args[0]), call
    return None


def _anew(node: ast.AST) -> tuple[str, ast.expr] | None:
    """`a = a[randperm(n)]`, `a = permutation(a)`, `a = shuffle(a)` or `a = a.sample(frac=1)`: the name of a."""
    if not isinstance(node, ast.Assign) or len(node.targets) != 1:
        return None
    value, target = node.value, ast.unparse(node.targets[0])
    if isinstance(value, ast.Subscript) and called(value.slice) in ORDERS and ast.unparse(value.value) == target:
        return target, value
    if isinstance(value, ast.Call) and called(value) in ("permutation", "shuffle") and len(value.args) == 1:
        return (target, value) if ast.unparse(value.args[0]) == target else None
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and called(value) == "sample":
        return (target, value) if ast.unparse(value.func.value) == target and _has(value, "frac") else None
    return None


def _split_apart(nodes: list[ast.AST]) -> tuple[int, int] | None:
    """The last of several `a_train, a_test = train_test_split(a)` of one array each, unless all have the same seed.

    What is split a second time, to hold out examples for the validation too, is no other array.
    """
    splits = [
        (node.value, {ast.unparse(part) for part in getattr(node.targets[0], "elts", ())})
        for node in nodes
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and called(node.value) == "train_test_split"
    ]
    alone = [
        call
        for call, _ in splits
        if len(call.args) == 1
        and not any(ast.unparse(call.args[0]) in names for other, names in splits if other is not call)
    ]
    seeds = [next((ast.unparse(k.value) for k in call.keywords if k.arg == "random_state"), None) for call in alone]
    if len(alone) < 2 or (None not in seeds and len(set(seeds)) == 1):
        return None
    last = max(alone, key=lambda call: call.lineno)
    return last.lineno, last.col_offset + 1


def _left_alone(nodes: list[ast.AST]) -> Iterator[tuple[int, int]]:
    """`a = a[p]`, where p is a random order that brings no other array into the same order."""
    for order in _orders(nodes):
        uses = [n for n in nodes if isinstance(n, ast.Subscript) and order in _names(n.slice)]
        read = [n for n in nodes if isinstance(n, ast.Name) and n.id == order and isinstance(n.ctx, ast.Load)]
        own = [
            n.value
            for n in nodes
            if isinstance(n, ast.Assign) and n.value in uses and ast.unparse(n.targets[0]) == ast.unparse(n.value.value)
        ]
        if len(uses) == len(read) == len(own) == 1:
            yield own[0].lineno, own[0].col_offset + 1


def _orders(nodes: list[ast.AST]) -> set[str]:
    """Names of random orders."""
    return {
        ast.unparse(node.targets[0])
        for node in nodes
        if isinstance(node, ast.Assign) and called(node.value) in ORDERS and len(node.targets) == 1
    }


def _reordered(nodes: list[ast.AST]) -> set[str]:
    """Names of arrays that are brought into a random order with a name: `a = a[p]`."""
    orders = _orders(nodes)
    return {
        ast.unparse(node.targets[0])
        for node in nodes
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Subscript)
        and ast.unparse(node.value.value) == ast.unparse(node.targets[0])
        and ast.unparse(node.value.slice) in orders
    }


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _zipped(nodes: list[ast.AST]) -> Iterator[tuple[int, int]]:
    """`zip(first, second)` of loaders that shuffle each for itself."""
    loaders = {
        ast.unparse(node.targets[0])
        for node in nodes
        if isinstance(node, ast.Assign) and called(node.value) == "DataLoader" and _shuffles(node.value)
    }
    for node in nodes:
        pairs = isinstance(node, ast.Call) and called(node) == "zip" and len(node.args) > 1
        if isinstance(node, ast.Call) and pairs and all(ast.unparse(one) in loaders for one in node.args):
            yield node.lineno, node.col_offset + 1


def _shuffles(call: ast.AST) -> bool:
    keywords = call.keywords if isinstance(call, ast.Call) else []
    return any(k.arg == "shuffle" and isinstance(k.value, ast.Constant) and k.value.value is True for k in keywords)
