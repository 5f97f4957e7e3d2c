"""A script with calls of the watch in it: loops that can be ended once enough was seen, and the divisions of counts.

Nothing else changes: every expression keeps its value and its place.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from types import CodeType
from typing import Any

from unstuck.adapters.watched.shuffles import called

TURNS, GOES_ON, DIVIDED = "__unstuck_turns__", "__unstuck_goes_on__", "__unstuck_divided__"
DIVIDED_IN_PLACE = "__unstuck_divided_in_place__"
EQUAL, SCORED, RESHAPED = "__unstuck_equal__", "__unstuck_scored__", "__unstuck_reshaped__"
LARGEST = "__unstuck_largest__"
CALLED = {"reshape": RESHAPED, "argmax": LARGEST}  # functions and methods of arrays -> what they are called through

FOLDS = 2  # turns of a loop over folds that are seen: whether a model goes on from one to the next

JUDGES = (  # functions of labels and answers, in this order
    "accuracy_score",
    "balanced_accuracy_score",
    "classification_report",
    "confusion_matrix",
    "f1_score",
    "precision_score",
    "recall_score",
)
PREPARES = ("fit_transform", "transform", "normalize")  # what these return is what they are called for


def discarded(text: str, filename: str) -> list[tuple[str, int, int]]:
    """What a script computes of its data and throws away: by what, with line and column."""
    found = []
    for node in ast.walk(ast.parse(text, filename)):
        if not isinstance(node, ast.Expr):
            continue
        call = node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in PREPARES:
            inplace = any(keyword.arg in ("inplace", "out", "copy") for keyword in call.keywords)
            if not inplace:
                found.append((call.func.attr, node.lineno, node.col_offset + 1))
    return found


class _Rewriter(ast.NodeTransformer):
    def visit_For(self, node: ast.For) -> ast.For:
        self.generic_visit(node)
        folds = [ast.Constant(FOLDS)] if any(called(part) == "split" for part in ast.walk(node.iter)) else []
        node.iter = self._call(TURNS, node.iter, node.iter, *folds)
        return node

    def visit_While(self, node: ast.While) -> ast.While:
        self.generic_visit(node)
        key = ast.Constant(f"{node.lineno}:{node.col_offset}")
        go = self._call(GOES_ON, node.test, ast.copy_location(key, node.test))
        node.test = ast.copy_location(ast.BoolOp(ast.And(), [go, node.test]), node.test)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Div):
            return node
        return self._call(DIVIDED, node, node.left, node.right)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Div) or not isinstance(node.target, ast.Name):
            return node
        before = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
        divided = self._call(DIVIDED_IN_PLACE, node.value, before, node.value)
        return ast.copy_location(ast.Assign([node.target], divided), node)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        if len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq):
            return node
        return self._call(EQUAL, node, node.left, node.comparators[0])

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        name = called(node)
        hook = SCORED if name in JUDGES else CALLED.get(name)
        if hook is None:
            return node
        call = self._call(hook, node, node.func, *node.args)
        call.keywords = node.keywords
        return call

    def _call(self, name: str, at: ast.expr, *arguments: ast.expr) -> ast.Call:
        return ast.copy_location(ast.Call(ast.copy_location(ast.Name(name, ast.Load()), at), list(arguments), []), at)


def compile_watched(text: str, filename: str) -> CodeType:
    """The script's code with the calls in it. Raises SyntaxError as `compile` does."""
    tree = ast.fix_missing_locations(_Rewriter().visit(ast.parse(text, filename)))
    return compile(tree, filename, "exec", dont_inherit=True)


class Loops:
    """Ends loops that make updates once enough updates were seen: each after its present turn, innermost first.

    updates  tells how many updates there were
    enough   tells whether that is enough, given the updates that were made inside of the loop
    """

    def __init__(self, updates: Callable[[], int], enough: Callable[[int], bool]) -> None:
        self._updates, self._enough = updates, enough
        self._seen: dict[str, tuple[int, int]] = {}
        self.cut = False

    def turns(self, items: Iterable[Any], least: int = 1) -> Iterator[Any]:
        """The items, as long as the loop may go on; as many as `least` of them in any case."""
        first = before = self._updates()
        for turn, item in enumerate(items, 1):
            yield item
            now = self._updates()
            if turn >= least and now > before and self._enough(now - first):
                self.cut = True
                return
            before = now

    def goes_on(self, key: str) -> bool:
        """Whether a while loop may go on; `key` tells loops apart."""
        now = self._updates()
        first, before = self._seen.get(key, (now, now))
        self._seen[key] = (first, now)
        if now > before and self._enough(now - first):
            self.cut = True
            del self._seen[key]
            return False
        return True
