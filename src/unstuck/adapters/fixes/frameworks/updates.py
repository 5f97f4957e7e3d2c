"""Edits of the training loop: what clears, takes and applies gradients, and in which order."""

from __future__ import annotations

import ast
from typing import Any

from unstuck.adapters.fixes.edit import Alternatives, Edit, Fault, edits_for
from unstuck.adapters.fixes.frameworks.calls import calls_at, is_optimizer, keyword, optimizers, statements_at
from unstuck.adapters.fixes.statements import (
    block_of,
    indentation,
    inserted_before,
    inserted_behind,
    moved,
    moved_before,
    removed,
)
from unstuck.adapters.fixes.syntax import Span, Syntax
from unstuck.adapters.scripts.text.names_in_source import last_name


def backwards(syntax: Syntax) -> list[ast.Call]:
    """The calls that take derivatives."""
    return [call for call in syntax.calls("backward") if isinstance(call.func, ast.Attribute)]


def _steps(syntax: Syntax) -> list[ast.Call]:
    """The calls of optimisers' `step`."""
    names = [last_name(made.targets[0]) for made in optimizers(syntax)]
    found = [call for call in syntax.calls("step") if isinstance(call.func, ast.Attribute)]
    return [call for call in found if last_name(call.func.value) in names] or found  # type: ignore[attr-defined]


@edits_for("U02", "U14", framework=("pytorch",))
def cleared_before_backward(fault: Fault) -> Alternatives:
    """`optimizer.zero_grad()` is put before `loss.backward()`; gradients of a step by hand are set to zero after it."""
    syntax = fault.syntax
    here = [call for call in backwards(syntax) if call.lineno == fault.line] or backwards(syntax)
    steps = _steps(syntax)
    for call in here[:1]:
        for step in steps:
            assert isinstance(step.func, ast.Attribute)
            if syntax.function(step) is syntax.function(call) or len(steps) == 1:
                words = f"{syntax.words(step.func.value)}.zero_grad()"
                yield list(inserted_before(syntax, syntax.statement(call), words))
    if not steps:
        by_hand = [node for node in syntax.nodes if isinstance(node, (ast.AugAssign, ast.Assign)) and _grads(node)]
        names = list(dict.fromkeys(name for node in by_hand for name in map(syntax.words, _grads(node))))
        if by_hand:
            yield list(inserted_behind(syntax, by_hand[-1], *(f"{name}.zero_()" for name in names)))


def _grads(node: Any) -> list[ast.Attribute]:
    """The gradients that an assignment reads."""
    return [one for one in ast.walk(node.value) if isinstance(one, ast.Attribute) and one.attr == "grad"]


@edits_for("U02", "U14", framework=("keras",))
def cleared_in_a_loop_of_its_own(fault: Fault) -> Alternatives:
    """`model.zero_grad()` is put before `loss.backward()`."""
    syntax = fault.syntax
    for call in [one for one in backwards(syntax) if one.lineno == fault.line] or backwards(syntax)[:1]:
        scope = syntax.function(call)
        owners = [
            syntax.words(node.value)
            for node in ast.walk(scope)
            if isinstance(node, ast.Attribute) and node.attr.startswith("trainable_")
        ]
        for owner in dict.fromkeys(owners):
            yield list(inserted_before(syntax, syntax.statement(call), f"{owner}.zero_grad()"))


@edits_for("U05", framework=("pytorch", "keras"))
def gradients_taken_and_kept(fault: Fault) -> Alternatives:
    """`loss.backward()` is put before the step; `zero_grad()` between the two is moved before `backward()`."""
    syntax = fault.syntax
    for statement in statements_at(fault):
        calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call)]
        if any(last_name(call.func) in ("zero_grad", "zero_") for call in calls):
            for call in backwards(syntax):
                if block_of(syntax, syntax.statement(call)) == block_of(syntax, statement):
                    yield list(moved_before(syntax, [statement], syntax.statement(call)))
        if any(last_name(call.func) == "step" for call in calls):
            loss = _loss_before(fault, statement)
            if loss:
                yield list(inserted_before(syntax, statement, f"{loss}.backward()"))
    for made in calls_at(fault):
        rate = keyword(made, "lr", "learning_rate")
        if is_optimizer(made) and rate is not None and getattr(rate.value, "value", None) == 0:
            yield [Edit(syntax.span(rate.value), "0.01" if last_name(made.func) == "SGD" else "0.001")]


@edits_for("U05", framework=("pytorch",))
def step_taken(fault: Fault) -> Alternatives:
    """`optimizer.step()` is put behind `loss.backward()` where no step is taken."""
    syntax = fault.syntax
    for made in optimizers(syntax)[:1] if not syntax.calls("step") else []:
        for call in backwards(syntax):
            words = f"{syntax.words(made.targets[0])}.step()"
            yield list(inserted_behind(syntax, syntax.statement(call), words))


def _loss_before(fault: Fault, statement: Any) -> str:
    """The name that the loss was given before a statement of the same block."""
    place = fault.read("loss").get("line")
    for one in fault.syntax.nodes:
        if isinstance(one, ast.Assign) and one.lineno == place and len(one.targets) == 1:
            return fault.syntax.words(one.targets[0])
    block = block_of(fault.syntax, statement)
    for one in reversed(block[: block.index(statement)]):
        if isinstance(one, ast.Assign) and "loss" in last_name(one.targets[0]).lower():
            return fault.syntax.words(one.targets[0])
    return ""


@edits_for("U01", framework=("pytorch", "keras"))
def loss_descended(fault: Fault) -> Alternatives:
    """The minus before the loss is left out, or `maximize=True` of the optimiser."""
    syntax = fault.syntax
    scopes = [syntax.statement(call) for call in backwards(syntax)]
    place = fault.read("loss").get("line")
    scopes += [node for node in syntax.nodes if isinstance(node, ast.stmt) and node.lineno in (place, fault.line)]
    for scope in scopes:
        for node in ast.walk(scope):
            if (
                isinstance(node, ast.UnaryOp)
                and isinstance(node.op, ast.USub)
                and not isinstance(node.operand, ast.Constant)
            ):
                span, inner = _with_brackets(syntax, node), syntax.words(node.operand)
                yield [Edit(span, inner)]
    for node in syntax.nodes:
        if isinstance(node, ast.keyword) and node.arg == "maximize":
            yield [Edit(syntax.span(node.value), "False")]


def _with_brackets(syntax: Syntax, node: Any) -> Span:
    """Where an expression stands, with brackets that hold nothing else."""
    span = syntax.span(node)
    before = syntax.lines[span.line - 1][: span.column - 1]
    after = syntax.lines[span.end_line - 1][span.end_column - 1 :]
    if before.endswith("(") and after.startswith(").") and not before[:-1][-1:].isidentifier():
        return Span(span.line, span.column - 1, span.end_line, span.end_column + 1)
    return span


@edits_for("U16", framework=("pytorch", "keras"))
def made_once(fault: Fault) -> Alternatives:
    """What makes the model, its weights or its optimiser inside the loop is moved before it."""
    syntax = fault.syntax
    for statement in statements_at(fault):
        for loop in syntax.loops(statement)[-1:]:
            together = [one for one in block_of(syntax, statement) if one is statement or _makes_optimizer(one)]
            yield list(moved_before(syntax, together, loop))
            known = [one for one in syntax.nodes if isinstance(one, ast.Assign) and one.lineno < loop.lineno]
            targets = [syntax.words(target) for target in getattr(statement, "targets", [])]
            if any(syntax.words(target) in targets for one in known for target in one.targets):
                yield list(removed(syntax, statement))


def _makes_optimizer(statement: Any) -> bool:
    """Whether a statement makes the optimiser, or gives it to a Keras model."""
    value = getattr(statement, "value", None)
    return is_optimizer(value) or (isinstance(value, ast.Call) and last_name(value.func) == "compile")


@edits_for("U08", framework=("pytorch",))
def schedule_by_passes(fault: Fault) -> Alternatives:
    """`scheduler.step()` is moved from the loop over batches behind it."""
    syntax = fault.syntax
    for statement in statements_at(fault):
        call = getattr(statement, "value", None)
        if isinstance(call, ast.Call) and last_name(call.func) == "step":
            loop = next(iter(syntax.loops(statement)), None)
            if loop is not None and len(block_of(syntax, statement)) > 1:
                yield list(moved(syntax, [statement], (loop.end_lineno or 0) + 1, indentation(syntax, loop)))
