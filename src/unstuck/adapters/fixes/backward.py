"""Edits of the backward pass: the derivative of an activation, the error that is sent back, transpositions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from unstuck.adapters.fixes.edit import Alternatives, Edit, Fault, edits_for, renamed
from unstuck.adapters.fixes.syntax import Syntax, bare, factors, has_product, operands
from unstuck.adapters.scripts.text.names_in_source import last_name

SLOPES = {"sigmoid": "{a} * (1 - {a})", "tanh": "1 - {a} ** 2", "relu": "{a} > 0"}  # at the activation's value
DERIVATIVE = re.compile(r"prime|deriv|derv|grad|slope|_d$|^d_|dash", re.IGNORECASE)


def _delta(fault: Fault) -> Any:
    """The expression of the layer's error; None where it is not found."""
    return next(iter(fault.expressions), None)


def _slopes(fault: Fault) -> list[Any]:
    """The factors of the layer's error that are no error sent back."""
    delta = _delta(fault)
    return [] if delta is None else [factor for factor in factors(delta) if not has_product(factor)]


def _slope(fault: Fault, node: Any, value: str) -> Edit | None:
    """The slope of the layer's activation, from the activation's value, in the place of a factor."""
    form = SLOPES.get(fault.activation)
    if form is None:
        return None
    words = form.format(a=value)
    product = fault.activation == "sigmoid" or fault.syntax.in_brackets(node)
    in_call = isinstance(fault.syntax.parents.get(node), ast.Call)
    return Edit(fault.syntax.span(node), words if product or in_call else f"({words})")


@edits_for("B01")
def derivative_for_activation(fault: Fault) -> Alternatives:
    """The activation as a factor becomes its derivative: the program's own function, or the formula."""
    syntax = fault.syntax
    for factor in _slopes(fault):
        if not isinstance(factor, ast.Call):
            edit = _slope(fault, factor, syntax.words(factor))
            if edit is not None:
                yield [edit]
            continue
        argument = syntax.words(factor.args[0]) if len(factor.args) == 1 else ""
        for name in _derivatives(fault):
            yield [renamed(syntax, factor.func, name)]
        if argument:
            edit = _slope(fault, factor, argument)
            if edit is not None:
                yield [edit]


def _derivatives(fault: Fault) -> list[str]:
    """Functions of the program that are derivatives by their names."""
    functions = [node for node in fault.syntax.nodes if isinstance(node, ast.FunctionDef) and _can_run(node)]
    return [one.name for one in functions if DERIVATIVE.search(one.name) and not one.name.startswith("back")]


def _can_run(function: ast.FunctionDef) -> bool:
    """Whether all that a function takes from NumPy is there: a derivative that was never called may be misspelt."""
    taken = [
        node for node in ast.walk(function) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    ]
    return all(hasattr(np, node.attr) for node in taken if last_name(node.value) in ("np", "numpy"))


@edits_for("B02")
def missing_derivative(fault: Fault) -> Alternatives:
    """The error sent back is multiplied by the slope, from the activation that the gradients above are made of."""
    delta = _delta(fault)
    if delta is None:
        return
    syntax = fault.syntax
    ones = [factor for factor in _slopes(fault) if isinstance(factor, ast.Constant)]
    for value in _activations(fault, delta):
        if ones:
            edit = _slope(fault, ones[0], value)
        else:
            edit = _slope(fault, delta, value)
            span, words = syntax.span(delta), syntax.words(delta)
            form = edit.replacement if edit is not None else ""
            edit = edit and Edit(span, f"{words} * {form if form.startswith('(') or '(' in form else f'({form})'}")
        if edit is not None:
            yield [edit]


def _activations(fault: Fault, delta: Any) -> Iterator[str]:
    """Names of what may be the layer's activation: what meets the error sent back in another product."""
    syntax = fault.syntax
    back = next((pair for node in ast.walk(delta) if (pair := operands(node)) is not None), None)
    if back is None:
        return
    here = set(ast.walk(delta))
    sent = {syntax.words(bare(side)) for side in back}
    target = getattr(syntax.statement(delta), "targets", [None])[0]
    own = syntax.words(target) if target is not None else ""
    for node, left, right in syntax.products():
        if node in here:
            continue
        for one, other in ((left, right), (right, left)):
            name = syntax.words(bare(other))
            if syntax.words(bare(one)) in sent and name not in sent and own not in sent:
                yield name
            if own and syntax.words(bare(one)) == own and isinstance(bare(other), ast.Subscript):
                yield from _next_in_list(syntax.words(bare(other).value), syntax.words(bare(other).slice))


def _next_in_list(name: str, index: str) -> Iterator[str]:
    """The element behind one that is written with an index of a loop."""
    found = re.fullmatch(r"(.*?)\s*-\s*1", index)
    if found:
        yield f"{name}[{found[1]}]"
    elif re.fullmatch(r"\w+", index) and not index.isdigit():
        yield f"{name}[{index} + 1]"


@edits_for("B03")
def derivative_at_the_value(fault: Fault) -> Alternatives:
    """f(a) * (1 - f(a)) becomes a * (1 - a), where it stands or in the function that is called."""
    syntax = fault.syntax
    for factor in _slopes(fault):
        functions = _called(syntax, factor)
        for function in functions:
            if isinstance(function.body[-1], ast.Return):
                yield _without_calls(fault, function.body[-1])
        if functions:
            yield from _at_the_sum(fault, factor)
        else:
            yield _without_calls(fault, factor)


def _called(syntax: Syntax, factor: Any) -> list[ast.FunctionDef]:
    """The program's own functions that a factor is a call of."""
    return syntax.functions(last_name(factor.func)) if isinstance(factor, ast.Call) else []


def _without_calls(fault: Fault, node: Any) -> list[Edit]:
    """Each call of one argument, replaced by its argument."""
    syntax = fault.syntax
    calls = [one for one in ast.walk(node) if isinstance(one, ast.Call) and len(one.args) == 1 and not one.keywords]
    return [Edit(syntax.span(call), syntax.words(call.args[0])) for call in calls]


def _at_the_sum(fault: Fault, factor: ast.Call) -> Alternatives:
    """The derivative of a value that was assigned as f(z) is taken at z."""
    syntax = fault.syntax
    argument = syntax.words(factor.args[0]) if factor.args else ""
    for node in syntax.nodes:
        if isinstance(node, ast.Assign) and argument in [syntax.words(target) for target in node.targets]:
            value = node.value
            if isinstance(value, ast.Call) and len(value.args) == 1 and not has_product(value.args[0]):
                yield [Edit(syntax.span(factor.args[0]), syntax.words(value.args[0]))]


@edits_for("B04", "B11", "L04")
def factor_too_many(fault: Fault) -> Alternatives:
    """A product loses one of its factors."""
    delta = _delta(fault)
    for node in [] if delta is None else ast.walk(delta):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            for kept in (node.left, node.right):
                if has_product(kept) or isinstance(kept, (ast.BinOp, ast.Name, ast.Attribute)):
                    yield [Edit(fault.syntax.span(node), f"({fault.syntax.words(kept)})")]


@edits_for("B12")
def error_sent_back(fault: Fault) -> Alternatives:
    """A slope alone is multiplied by the error that comes back through the weights above."""
    delta = _delta(fault)
    syntax = fault.syntax
    whole = getattr(syntax.statement(delta), "value", None) if delta is not None else None
    found = [one for one in (whole, delta) if one is not None and not has_product(one)]
    for slope in dict.fromkeys(found) or _bare_slopes(fault):
        words = syntax.words(slope)
        rest = words if isinstance(slope, ast.Name) else f"({words})"
        for forward, left, right in syntax.products():
            for position, (value, weights) in enumerate(((left, right), (right, left))):
                if bare(weights) is not weights:
                    continue
                for error, through in _sent_back(fault, slope, forward, value, weights):
                    pair = (f"{through}.T", error) if position else (error, f"{through}.T")
                    yield [Edit(syntax.span(slope), f"{_as_written(forward, *pair)} * {rest}")]


def _bare_slopes(fault: Fault) -> list[Any]:
    """What is assigned in the program and is the slope of the layer's activation and nothing else."""
    assigned = [node.value for node in fault.syntax.nodes if isinstance(node, ast.Assign)]
    form = SLOPES.get(fault.activation, "")
    return [one for one in assigned if form and any(_is_slope(one, form, value) for value in ast.walk(one))]


def _is_slope(node: Any, form: str, value: Any) -> bool:
    if not isinstance(value, (ast.Name, ast.Attribute, ast.Subscript)):
        return False
    return ast.unparse(node) == ast.unparse(ast.parse(form.format(a=ast.unparse(value))))


def _sent_back(fault: Fault, slope: Any, forward: Any, value: Any, weights: Any) -> Iterator[tuple[str, str]]:
    """Errors and the weights that they may come back through, in the notation of a product of the forward pass."""
    syntax = fault.syntax
    inside = [node for node in ast.walk(slope) if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript))]
    if syntax.words(value) in [syntax.words(node) for node in inside]:
        for error in _met_by(fault, forward, syntax.words(value), syntax.words(weights)):
            yield error, syntax.words(weights)
    target = getattr(syntax.statement(slope), "targets", [None])[0]
    if isinstance(weights, ast.Subscript) and isinstance(target, ast.Name):
        for index in [syntax.words(node.slice) for node in inside if isinstance(node, ast.Subscript)]:
            for above in (f"{index} + 1", index):
                yield target.id, f"{syntax.words(weights.value)}[{above}]"


def _met_by(fault: Fault, forward: Any, value: str, weights: str) -> Iterator[str]:
    """The errors that a value meets in other products."""
    syntax = fault.syntax
    for node, left, right in syntax.products():
        for one, other in ((left, right), (right, left)):
            found = syntax.words(bare(other))
            if node is not forward and syntax.words(bare(one)) == value and found != weights:
                yield found


def _as_written(product: Any, left: str, right: str) -> str:
    """A product in the notation of another one of the program."""
    if isinstance(product, ast.BinOp):
        return f"({left} @ {right})"
    if len(product.args) == 1:
        return f"{left}.dot({right})"
    owner = getattr(product.func, "value", None)
    name = last_name(product.func)
    return f"{owner.id}.{name}({left}, {right})" if isinstance(owner, ast.Name) else f"{name}({left}, {right})"


@edits_for("B16", "B14")
def product_by_elements(fault: Fault) -> Alternatives:
    """np.dot(a, 1 - a) becomes a * (1 - a), as a row or as a column."""
    syntax = fault.syntax
    for node in fault.here(ast.expr):
        pair = operands(node)
        if pair is not None and {ast.dump(n) for n in ast.walk(pair[1])} >= {ast.dump(pair[0])}:
            left, right = (syntax.words(side) for side in pair)
            right = right if syntax.in_brackets(pair[1]) or not isinstance(pair[1], ast.BinOp) else f"({right})"
            yield [Edit(syntax.span(node), f"({left} * {right})")]
            yield [Edit(syntax.span(node), f"({left} * {right}).reshape(-1, 1)")]


@edits_for("B15")
def transposed(fault: Fault) -> Alternatives:
    """A gradient that is transposed is turned."""
    delta = _delta(fault)
    if delta is not None:
        yield [Edit(fault.syntax.span(delta), f"({fault.syntax.words(delta)}).T")]


@edits_for("B18")
def slope_of_the_own_activation(fault: Fault) -> Alternatives:
    """The derivative of another function becomes that of the layer's activation: in the product, or in the function."""
    syntax = fault.syntax
    for factor in _slopes(fault):
        for function in _called(syntax, factor):
            names = [argument.arg for argument in function.args.args if argument.arg != "self"]
            last = function.body[-1]
            if names and isinstance(last, ast.Return) and last.value is not None:
                for form in _forms(fault, names[0]):
                    yield [Edit(syntax.span(last.value), form)]
        values = [one for one in ast.walk(factor) if isinstance(one, (ast.Name, ast.Attribute, ast.Subscript))]
        for value in dict.fromkeys(map(syntax.words, values)):
            edit = _slope(fault, factor, value)
            if edit is not None:
                yield [edit]


def _forms(fault: Fault, name: str) -> list[str]:
    """The slope of the layer's activation at its value, and at the sum."""
    form = SLOPES.get(fault.activation)
    if form is None:
        return []
    applied = {"tanh": f"np.tanh({name})"}.get(fault.activation, f"{fault.activation}({name})")
    return [form.format(a=name), form.format(a=applied)]
