"""Edits of which examples are taken, and with which targets: orders, batches, updates behind the loop over examples."""

from __future__ import annotations

import ast
from typing import Any

from unstuck.adapters.fixes.edit import Alternatives, Edit, Fault, edits_for
from unstuck.adapters.fixes.statements import block_of, inserted_before, inserted_behind, moved_behind
from unstuck.adapters.fixes.syntax import LOOPS, Syntax
from unstuck.adapters.scripts.text.names_in_source import last_name, stored_names

ORDERS = ("order", "permutation", "new_order", "shuffled_order")


def _new_name(syntax: Syntax) -> str:
    """A name for an order of the examples that the program does not use; empty where it uses all."""
    used = {node.id for node in syntax.nodes if isinstance(node, ast.Name)}
    return next((name for name in ORDERS if name not in used), "")


@edits_for("D10", "D14")
def shuffled_together(fault: Fault) -> Alternatives:
    """Inputs and targets that are shuffled one after the other are put in one and the same new order."""
    syntax = fault.syntax
    calls = [node.value for node in syntax.nodes if _shuffles(node) and isinstance(node.value.args[0], ast.Name)]
    order = _new_name(syntax)
    if not order or len(calls) != 2 or calls[0].col_offset != calls[1].col_offset:
        return
    first, second = (call.args[0].id for call in calls)
    margin = " " * calls[0].col_offset
    drawn = _generator(syntax, calls[0])
    if not drawn.endswith("random.") and "rng" not in drawn:
        return
    words = f"{order} = {drawn}permutation(len({first}))\n{margin}{first} = {first}[{order}]"
    yield [Edit(syntax.span(calls[0]), words), Edit(syntax.span(calls[1]), f"{second} = {second}[{order}]")]


@edits_for("D10", "D14", framework=("", "numpy"))
def targets_in_the_order_of_the_inputs(fault: Fault) -> Alternatives:
    """Behind x = x[order], or in the place of shuffle(x), the targets are put in that order too; two orders become
    one."""
    syntax, new = fault.syntax, _new_name(fault.syntax)
    for node in fault.here(ast.stmt) if new else []:
        for other in [one for one in block_of(syntax, node) if one is not node and _reordered(one)]:
            first, second = sorted((node, other), key=lambda one: one.lineno)
            if _reordered(first) and _reordered(second):
                yield _one_order(syntax, first, second, new)
        for targets in _names_of_targets(fault, node):
            if _reordered(node):
                yield _also_reordered(syntax, node, targets, new)
            elif _shuffles(node) and _generator(syntax, node.value).endswith(("random.", "rng.")):
                yield _reordered_alike(syntax, node, targets, new)


def _shuffles(node: Any) -> bool:
    """Whether a statement is shuffle(x), which puts x in a new order where it stands."""
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and last_name(call.func) == "shuffle" and len(call.args) == 1


def _generator(syntax: Syntax, call: ast.Call) -> str:
    """What stands before the name of a call's function: np.random. of np.random.shuffle(x)."""
    return syntax.words(call.func).removesuffix(last_name(call.func))


def _also_reordered(syntax: Syntax, node: Any, targets: str, new: str) -> list[Edit]:
    """The targets in the order of the inputs, x = x[order]; an order that is drawn there gets a name first."""
    drawn = node.value.slice
    named = isinstance(drawn, ast.Name)
    order = syntax.words(drawn) if named else new
    edits = list(inserted_behind(syntax, node, f"{targets} = {targets}[{order}]"))
    return edits if named else [*_as_name(syntax, node, drawn, new), *edits]


def _reordered_alike(syntax: Syntax, node: Any, targets: str, new: str) -> list[Edit]:
    """Inputs that are shuffled, and the targets, in one new order."""
    inputs = syntax.words(node.value.args[0])
    return [
        *inserted_before(syntax, node, f"{new} = {_generator(syntax, node.value)}permutation(len({inputs}))"),
        Edit(syntax.span(node), f"{inputs} = {inputs}[{new}]"),
        *inserted_behind(syntax, node, f"{targets} = {targets}[{new}]"),
    ]


def _as_name(syntax: Syntax, statement: Any, order: Any, new: str) -> list[Edit]:
    """An order that is drawn in a statement, drawn before it under a new name."""
    return [*inserted_before(syntax, statement, f"{new} = {syntax.words(order)}"), Edit(syntax.span(order), new)]


def _reordered(node: Any) -> bool:
    """Whether a statement is x = x[…]."""
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Subscript) or len(node.targets) != 1:
        return False
    return ast.unparse(node.targets[0]) == ast.unparse(node.value.value)


def _one_order(syntax: Syntax, first: Any, second: Any, new: str) -> list[Edit]:
    """The rows of both statements taken in the order of the first."""
    order, other = first.value.slice, second.value.slice
    if isinstance(order, ast.Name):
        return [Edit(syntax.span(other), order.id)]
    return [*_as_name(syntax, first, order, new), Edit(syntax.span(other), new)]


def _names_of_targets(fault: Fault, before: Any) -> list[str]:
    """The targets where they have a value before a statement, or else what they are made of there."""
    syntax, name = fault.syntax, str(fault.read("targets").get("name") or "")
    bound = {target: one.lineno for one in syntax.nodes if isinstance(one, ast.Assign) for target in _stored(one)}
    made_of = [one.id for made in syntax.assignments(name) for one in ast.walk(made.value) if isinstance(one, ast.Name)]
    return [one for one in dict.fromkeys([name, *made_of]) if bound.get(one, before.lineno) < before.lineno]


def _stored(node: Any) -> set[str]:
    return stored_names(ast.walk(node))


@edits_for("D10", "D11", framework=("", "numpy"))
def results_of_the_same_call(fault: Fault) -> Alternatives:
    """Behind a, b = shuffle(x, y), what still reads y reads b."""
    syntax = fault.syntax
    for node in [one for one in syntax.nodes if isinstance(one, ast.Assign)]:
        made, given = getattr(node.targets[0], "elts", []), getattr(node.value, "args", [])
        names = [one.id for one in (*made, *given) if isinstance(one, ast.Name)]
        if len(made) != len(given) or len(made) < 2 or len(set(names)) != 2 * len(made):
            continue
        for old, new in zip(names[len(made) :], names, strict=False):
            scope = syntax.function(node)
            read = [one for one in ast.walk(scope) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)]
            late = [one for one in read if one.id == old and one.lineno > (node.end_lineno or node.lineno)]
            yield [Edit(syntax.span(one), new) for one in late if syntax.function(one) is scope]


@edits_for("D14", framework=("", "numpy"))
def batch_of_the_turn(fault: Fault) -> Alternatives:
    """x[:size], the same in every turn of a loop, becomes x[i:i + size], and y[:size] likewise."""
    syntax = fault.syntax
    slices = [one for one in syntax.nodes if isinstance(one, ast.Slice) and _is_first(one)]
    for here in [one for one in slices if one.lineno == fault.line]:
        size = _as_factor(syntax, here)
        loops = [one for one in syntax.loops(here) if isinstance(one, ast.For) and isinstance(one.target, ast.Name)]
        for loop in loops[:1]:
            i, steps = ast.unparse(loop.target), getattr(loop.iter, "args", [])
            by_size = len(steps) == 3 and ast.unparse(steps[2]) == syntax.words(here.upper)
            words = f"{i}:{i} + {size}" if by_size else f"{i} * {size}:({i} + 1) * {size}"
            alike = [one for one in slices if _as_factor(syntax, one) == size and loop in syntax.loops(one)]
            yield [Edit(syntax.span(one), words) for one in alike]


def _as_factor(syntax: Syntax, node: ast.Slice) -> str:
    """The end of a slice, as it may be multiplied."""
    return syntax.words(node.upper) if isinstance(node.upper, ast.Constant) else syntax.operand(node.upper)


def _is_first(node: ast.Slice) -> bool:
    """Whether a slice takes the first rows: [:n] or [0:n]."""
    return node.upper is not None and node.step is None and getattr(node.lower, "value", 0) == 0


@edits_for("D14", framework=("", "numpy"))
def updates_in_the_loop_over_examples(fault: Fault) -> Alternatives:
    """The statements behind a loop over examples, up to the last update, are moved into it."""
    syntax, lines = fault.syntax, fault.lines_of_updates
    for loop in fault.here(*LOOPS):
        block = block_of(syntax, loop)
        behind = block[block.index(loop) + 1 :]
        until = [at for at, one in enumerate(behind, 1) if any(one.lineno <= n <= one.end_lineno for n in lines)]
        if until:
            yield list(moved_behind(syntax, behind[: until[-1]], loop.body[-1]))


@edits_for("D06", "D11", "E02", framework=("", "numpy"))
def same_rows_of_both(fault: Fault) -> Alternatives:
    """x[:9], y[9:] in one line becomes x[9:], y[9:], or x[:9], y[:9]."""
    syntax = fault.syntax
    for pair in fault.here(ast.Tuple):
        if len(pair.elts) == 2 and all(isinstance(one, ast.Subscript) for one in pair.elts):
            first, second = (one.slice for one in pair.elts if isinstance(one, ast.Subscript))
            for old, new in ((first, second), (second, first)):
                yield [Edit(syntax.span(old), syntax.words(new))]
