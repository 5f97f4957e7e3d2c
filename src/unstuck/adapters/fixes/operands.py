"""Edits of products: the weights that errors go back through, the inputs of a gradient, the order of two statements.

Which arrays may have been meant is read off the program's own forward pass: inputs stand there beside the weights that
they are multiplied with.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from unstuck.adapters.fixes.edit import Alternatives, Edit, Fault, edits_for
from unstuck.adapters.fixes.statements import block_of, moved_behind
from unstuck.adapters.fixes.syntax import bare, operands
from unstuck.adapters.scripts.text.names_in_source import last_name

INDEX = re.compile(r"(.*\[)\s*(-?\s*)(\w+)\s*(?:([+-])\s*1\s*)?\]")


def _products(fault: Fault) -> Iterator[tuple[Any, Any, Any]]:
    """The matrix products of the expression at the fault, or around it, with their operands."""
    for expression in fault.expressions[:1]:
        inside = [node for node in ast.walk(expression) if operands(node) is not None]
        around = [node for node in fault.syntax.above(expression) if operands(node) is not None]
        for node in inside or around:
            pair = operands(node)
            if pair is not None:
                yield node, *pair


def _root(node: Any) -> str:
    """The last name of an array, also of one that is an element of a list or a dict."""
    inner = bare(node)
    while isinstance(inner, ast.Subscript):
        inner = inner.value
    return last_name(inner)


def _forward(fault: Fault) -> Iterator[tuple[Any, Any]]:
    """Inputs and weights of the products of the forward pass: there weights stand as they are."""
    names = fault.learnt
    for _, left, right in fault.syntax.products():
        for value, weights in ((left, right), (right, left)):
            if bare(weights) is weights and _root(weights) in names and _root(value) not in names:
                yield value, weights


def neighbours(words: str) -> Iterator[str]:
    """The elements before and after one of a list: w[i] gives w[i + 1] and w[i - 1]."""
    found = INDEX.fullmatch(words)
    if not found:
        return
    list_, minus, index, _ = found.groups()
    if index.isdigit():
        number = -int(index) if minus else int(index)
        yield from (f"{list_}{one}]" for one in (number + 1, number - 1) if (one < 0) == (number < 0))
        return
    if minus:
        yield from (f"{list_}-{index}{one}]" for one in ("", " + 1", " - 1"))
    else:
        yield from (f"{list_}{index}{one}]" for one in ("", " + 1", " - 1"))


@edits_for("B05")
def errors_through_their_weights(fault: Fault) -> Alternatives:
    """The weights that errors go back through become others of the program, or are turned."""
    syntax, names = fault.syntax, fault.learnt
    weights = list(dict.fromkeys(syntax.words(one) for _, one in _forward(fault)))
    for _, left, right in _products(fault):
        for side in (left, right):
            inner = bare(side)
            if _root(inner) not in names:
                continue
            words = syntax.words(inner)
            for other in dict.fromkeys([*neighbours(words), *weights]):
                if other != words:
                    yield [Edit(syntax.span(inner), other)]
            turned = words if inner is not side else f"{syntax.operand(side)}.T"
            yield [Edit(syntax.span(side), turned)]


@edits_for("B07")
def inputs_of_the_layer(fault: Fault) -> Alternatives:
    """The inputs in a weight gradient become those that stand beside the weights in the forward pass."""
    syntax = fault.syntax
    inputs = list(dict.fromkeys(syntax.words(one) for one, _ in _forward(fault)))
    for _, left, right in _products(fault):
        for side in (left, right):
            inner = bare(side)
            words = syntax.words(inner)
            if not isinstance(inner, (ast.Name, ast.Attribute, ast.Subscript)):
                continue
            for other in dict.fromkeys([*neighbours(words), *inputs]):
                if other != words and (words in inputs or inner is not side):
                    yield [Edit(syntax.span(inner), other)]


@edits_for("B06")
def errors_before_the_update(fault: Fault) -> Alternatives:
    """The update of the weights above is moved behind the statement that sends errors back through them."""
    syntax, names = fault.syntax, fault.learnt
    for _, left, right in _products(fault):
        for side in (left, right):
            words = syntax.words(bare(side))
            if _root(side) in names:
                statement = syntax.statement(side)
                block = block_of(syntax, statement)
                early = [one for one in block[: block.index(statement)] if words in syntax.targets(one)]
                if early:
                    yield list(moved_behind(syntax, early, statement))


@edits_for("B17")
def one_factor_for_all(fault: Fault) -> Alternatives:
    """A gradient loses a factor or a divisor that does not belong there, or is divided as its neighbours are."""
    syntax = fault.syntax
    for found in fault.expressions[:1]:
        made = getattr(syntax.statement(found), "value", None)
        expression = made if made is not None and found not in ast.walk(made) else found  # what a name is given
        scaled = sorted(_scaled(expression), key=lambda one: not isinstance(one[1], ast.Constant))
        for node, _, kept in scaled:
            yield [Edit(syntax.span(node), _kept(fault, node, kept))]
        for divisor in _divisors(fault, expression):
            yield [Edit(syntax.span(expression), f"{syntax.operand(expression)} / {divisor}")]


def _scaled(expression: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Products and quotients in an expression, each with a number that it is scaled by and what it scales."""
    for node in ast.walk(expression):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            for number, kept in ((node.left, node.right), (node.right, node.left)):
                if _is_number(number):
                    yield node, number, kept
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and _is_number(node.right):
            yield node, node.right, node.left


def _is_number(node: Any) -> bool:
    """Whether an expression can be a number that scales: a literal, a name, a length or a size."""
    if isinstance(node, ast.Call):
        return last_name(node.func) in ("len", "float")
    if isinstance(node, ast.Subscript):
        return last_name(node.value) == "shape"
    return isinstance(node, (ast.Constant, ast.Name, ast.Attribute))


def _kept(fault: Fault, whole: Any, part: Any) -> str:
    """What is left of an operation, in brackets where it may be torn apart."""
    words = fault.syntax.words(part)
    is_one = isinstance(part, (ast.Name, ast.Call, ast.Attribute))
    return words if is_one or _stands_free(fault, whole) else f"({words})"


def _divisors(fault: Fault, expression: Any) -> list[str]:
    """What products are divided by elsewhere in the function."""
    syntax = fault.syntax
    found = [
        syntax.words(node.right)
        for node in ast.walk(syntax.function(expression))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and _is_number(node.right)
    ]
    return list(dict.fromkeys(found))


@edits_for("F07")
def bias_is_added(fault: Fault) -> Alternatives:
    """x @ W becomes x @ W + b where b is an array that learns, and that the product is not added to."""
    syntax = fault.syntax
    biases = [
        str(one["name"]).split(".")[-1]
        for one in fault.parameters
        if one.get("name") and (len(one["shape"]) == 1 or 1 in one["shape"])
    ]
    line = (fault.finding.get("evidence") or {}).get("updated_in_line")
    biases += [_root(one.target) for one in syntax.nodes if isinstance(one, ast.AugAssign) and one.lineno == line]
    for value, weights in _forward(fault):
        product = next(one for one in syntax.above(value) if operands(one) is not None)
        root = _root(weights)
        likely = sorted(biases, key=lambda name: name[1:].lower() != root[1:].lower() and name[-1:] != root[-1:])
        for name in likely:
            bias = re.sub(rf"\b{re.escape(root)}\b", name, syntax.words(weights))
            if bias in syntax.words(syntax.statement(product)):
                continue
            whole = f"{syntax.words(product)} + {bias}"
            yield [Edit(syntax.span(product), whole if _stands_free(fault, product) else f"({whole})")]


def _stands_free(fault: Fault, node: Any) -> bool:
    """Whether an operation may stand in the place of an expression without brackets."""
    return not isinstance(fault.syntax.parents.get(node), (ast.BinOp, ast.UnaryOp, ast.Attribute))
