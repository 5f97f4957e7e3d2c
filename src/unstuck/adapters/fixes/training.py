"""Edits of statements that should change parameters and do not, or change them the wrong way."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from unstuck.adapters.fixes.edit import Alternatives, Edit, Fault, edits_for
from unstuck.adapters.fixes.statements import inserted_before, inserted_behind
from unstuck.adapters.fixes.syntax import LOOPS, NUMBERED, Syntax
from unstuck.adapters.scripts.text.names_in_source import last_name

SIGN = {ast.Add: "+", ast.Sub: "-"}
OTHER_SIGN = {ast.Add: "-", ast.Sub: "+"}


@edits_for("U04", "U15", "U12", "U17", "B10")
def one_sign_turned(fault: Fault) -> Alternatives:
    """A plus or minus in the statement of the update becomes the other, or a factor a divisor."""
    syntax = fault.syntax
    found = fault.here(ast.BinOp, ast.UnaryOp)
    for node in found:
        if isinstance(node, ast.BinOp) and type(node.op) in OTHER_SIGN:
            is_sum = isinstance(node.right, ast.BinOp) and isinstance(node.right.op, (ast.Add, ast.Sub))
            left, right = syntax.words(node.left), (syntax.operand if is_sum else syntax.words)(node.right)
            yield [Edit(syntax.span(node), f"{left} {OTHER_SIGN[type(node.op)]} {right}")]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield [Edit(syntax.span(node), syntax.words(node.operand))]
    for node in found if fault.code in ("U12", "U17") else []:
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
            sign = "/" if isinstance(node.op, ast.Mult) else "*"
            yield [Edit(syntax.span(node), f"{syntax.operand(node.left)} {sign} {syntax.operand(node.right)}")]


@edits_for("U05", "B13")
def changed_in_place(fault: Fault) -> Alternatives:
    """`w = w - step` of a loop over arrays, which only gives the name to another array, becomes `w -= step`."""
    syntax = fault.syntax
    edits: list[Edit] = []
    for loop in [node for node in syntax.nodes if isinstance(node, ast.For)]:
        names = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
        for node in loop.body:
            edits += _in_place(syntax, node, names)
    yield edits


@edits_for("U05", "B13", framework=("", "numpy"))
def argument_changed_in_place(fault: Fault) -> Alternatives:
    """`w = w - step` of a function that is given w, which the caller never sees, becomes `w -= step`."""
    syntax = fault.syntax
    edits: list[Edit] = []
    for node in [one for one in syntax.nodes if isinstance(one, ast.Assign)]:
        function = syntax.function(node)
        if isinstance(function, ast.FunctionDef):
            edits += _in_place(syntax, node, {one.arg for one in function.args.args})
    yield edits


def _in_place(syntax: Syntax, node: Any, names: set[str]) -> Iterator[Edit]:
    """`w -= step` in the place of the statement `w = w - step`, where w is one of these names."""
    if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not _is_update(syntax, node):
        return
    target, step = node.targets[0], node.value
    if isinstance(target, ast.Name) and target.id in names and isinstance(step, ast.BinOp) and type(step.op) in SIGN:
        yield Edit(syntax.span(node), f"{target.id} {SIGN[type(step.op)]}= {syntax.words(step.right)}")


@edits_for("B13", "U05")
def update_of_the_layer_too(fault: Fault) -> Alternatives:
    """Where W2 is updated and W1 is not, the statement of W2 is written for W1, if all that it reads is there."""
    syntax = fault.syntax
    there = syntax.stored | {node.attr for node in syntax.nodes if isinstance(node, ast.Attribute)}
    updates = [one for one in syntax.nodes if isinstance(one, (ast.AugAssign, ast.Assign)) and _is_update(syntax, one)]
    written = {syntax.words(one) for one in updates}
    for one in updates:
        for number in range(4):
            words = NUMBERED.sub(rf"\g<1>{number}", syntax.words(one))
            names = {found[0] for found in NUMBERED.finditer(words)}
            if words not in written and names and names <= there:
                yield list(inserted_behind(syntax, one, *words.splitlines()))


def _is_update(syntax: Syntax, node: Any) -> bool:
    """Whether a statement changes what it also reads: W1 -= …, W1 = W1 - …"""
    if isinstance(node, ast.AugAssign):
        return isinstance(node.op, (ast.Sub, ast.Add))
    target = syntax.words(node.targets[0])
    return isinstance(node.value, ast.BinOp) and syntax.words(node.value.left) == target


@edits_for("U06")
def numbers_with_fractions(fault: Fault) -> Alternatives:
    """Whole numbers become floating point numbers: dtype=int, and arrays of whole numbers."""
    syntax = fault.syntax
    typed = [node for node in syntax.nodes if isinstance(node, ast.keyword) and node.arg == "dtype"]
    for node in typed:
        if "int" in syntax.words(node.value) and fault.line in (0, node.value.lineno):
            yield [Edit(syntax.span(node.value), "float")]
    for node in fault.expressions[:1]:
        yield [Edit(syntax.span(node), f"{syntax.operand(node)}.astype(float)")]


@edits_for("D12", framework=("", "numpy"))
def shuffled_before_the_training(fault: Fault) -> Alternatives:
    """Inputs and targets are put in one new order before the loops that train."""
    syntax = fault.syntax
    names = [str(fault.read(one).get("name") or "") for one in ("inputs", "targets")]
    if not all(name.isidentifier() for name in names) or names[0] == names[1] or "order" in syntax.text:
        return
    columns = fault.read("inputs").get("layout") == "columns"
    taken = ":, order" if columns else "order"
    length = f"{names[0]}.shape[1]" if columns else f"len({names[0]})"
    for loop in _loops_that_train(syntax, names, fault.lines_of_updates):
        words = f"{', '.join(names)} = {', '.join(f'{name}[{taken}]' for name in names)}"
        yield list(inserted_before(syntax, loop, f"order = np.random.permutation({length})", words))


def _loops_that_train(syntax: Syntax, names: list[str], lines: list[int]) -> Iterator[Any]:
    """The outermost loops in which both names are read, those with the lines of the updates first."""
    outer = [node for node in syntax.nodes if isinstance(node, LOOPS) and not syntax.loops(node)]
    reading = [one for one in outer if set(names) <= {last_name(node) for node in ast.walk(one)}]
    yield from sorted(reading, key=lambda one: not any(one.lineno < line <= (one.end_lineno or 0) for line in lines))
