"""Source forms of faults in the backward pass."""

import ast
import re
from typing import Any

from unstuck.diagnosis.source.expressions import (
    ACTIVATIONS,
    DERIVATIVES,
    ERRORS,
    back_products,
    binary,
    called,
    calls,
    factors,
    gradient_products,
    is_weight,
    number,
    operands,
    origin,
    own_name,
    words,
)
from unstuck.diagnosis.source.outputs import pair_with_one_minus
from unstuck.diagnosis.source.reading import Assignment, Match, Matches, Source, Unit

BACKWARD = ("step", "gradients", "train")


def activation_as_factor(source: Source) -> Matches:
    """B01: (W.T @ delta) * relu(a), or a derivative that returns its activation."""
    found: Matches = []
    for unit in source.behind(*BACKWARD):
        products = {node for node, _, _ in back_products(unit, source)}
        for node in unit.nodes:
            parts = factors(node) if _is_whole_product(node, unit) else []
            sent_back = [p for p in parts if p in products or origin(p, unit) in products]
            if sent_back:
                found += [(unit, p) for p in parts if p not in sent_back and _is_activation(p)]
        if DERIVATIVES.search(unit.name):
            returned = [node.value for node in unit.nodes if isinstance(node, ast.Return) and node.value is not None]
            found += [(unit, value) for value in returned if _is_activation(value)]
    return found


def _is_activation(node: ast.AST) -> bool:
    name = called(node)
    asked = isinstance(node, ast.Call) and any(k.arg and DERIVATIVES.search(k.arg) for k in node.keywords)
    truths = isinstance(node, ast.Call) and any(isinstance(a, ast.Constant) and a.value is True for a in node.args)
    return bool(ACTIVATIONS.search(name)) and not DERIVATIVES.search(name) and not asked and not truths


def _is_whole_product(node: ast.AST, unit: Unit) -> bool:
    parent = unit.parents.get(node)
    return len(factors(node)) > 1 and not (parent is not None and node in _direct(parent))


def _direct(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [node.left, node.right]
    return [*node.args] if isinstance(node, ast.Call) and called(node) in ("multiply", "mul") else []


def back_product_alone(source: Source) -> Matches:
    """B02: delta = W.T @ delta with nothing multiplied, there or later."""
    found = []
    for unit in source.behind(*BACKWARD):
        multiplied = {ast.unparse(p) for node in unit.nodes for p in factors(node) if len(factors(node)) > 1}
        multiplied |= {a.text for a in unit.assignments if a.operator is ast.Mult}
        for node, _, _ in back_products(unit, source):
            holder = unit.parents.get(node)
            if isinstance(holder, ast.Assign) and ast.unparse(holder.targets[0]) not in multiplied:
                found.append((unit, node))
    return found


def derivative_at_other_point(source: Source) -> Matches:
    """B03: a derivative written for activations called with a pre-activation, or the reverse."""
    found = []
    wants = {unit.name: _wanted(unit) for unit in source.behind(*BACKWARD) if DERIVATIVES.search(unit.name)}
    for unit in source.behind(*BACKWARD):
        for node in unit.nodes:
            if isinstance(node, ast.Call) and node.args and wants.get(called(node)):
                given = _given(node.args[-1], unit)
                if given and given != wants[called(node)]:
                    found.append((unit, node))
    return found


def _wanted(unit: Unit) -> str:
    """What the body of a derivative is written for: s * (1 - s) of its argument wants an activation."""
    for node in unit.nodes:
        value: Any = node.value if isinstance(node, ast.Return) else None
        if value is not None:
            if any(_is_activation(call) for call in ast.walk(value)) or any(calls(value, "exp", "cosh")):
                return "pre-activation"
            pair = pair_with_one_minus(factors(value))
            square = binary(value, ast.Sub) and number(value.left) == 1
            if pair is not None and own_name(pair) in unit.arguments:
                return "activation"
            if square and unit.arguments & {own_name(n) for n in ast.walk(value)}:
                return "activation"
    return ""


def _given(node: ast.AST, unit: Unit) -> str:
    source = origin(node, unit)
    if _is_activation(source):
        return "activation"
    if binary(source, ast.Add) or operands(source):
        return "pre-activation"
    name = own_name(node)
    if re.search(r"^_?[zZ]s?(_|\d|%|$)|^net_?(in|input)?\d*$|pre_?act|logits?|weighted", name):
        return "pre-activation"
    if re.search(r"^[aAhH]s?(_|\d|%|$)|^activations?|^out(put)?s?|hidden|y_?hat|y_?pred", name):
        return "activation"
    return ""


def derivative_twice(source: Source) -> Matches:
    """B04: the same derivative twice in one product."""
    found: Matches = []
    for unit in source.behind(*BACKWARD):
        for node in unit.nodes:
            if _is_whole_product(node, unit):
                texts = [ast.unparse(p) for p in factors(node) if DERIVATIVES.search(called(p)) or binary(p, ast.Sub)]
                if len(texts) != len(set(texts)):
                    found.append((unit, node))
    return found


def odd_weights_in_back_product(source: Source) -> Matches:
    """B05: the back product whose weights have another index than the others', or the only one there is."""
    return _odd_or_only([(unit, *p) for unit in source.behind(*BACKWARD) for p in back_products(unit, source)])


def odd_inputs_in_gradient(source: Source) -> Matches:
    """B07: the weight gradient whose inputs have another index than the others', or the only one there is."""
    return _odd_or_only([(unit, *p) for unit in source.behind(*BACKWARD) for p in gradient_products(unit, source)])


def _odd_or_only(products: list[tuple[Unit, ast.AST, ast.expr, ast.expr]]) -> Matches:
    """Of (unit, product, array, delta): W2 with d2, W3 with d3, but W3 with d1. At least two must agree."""
    if len(products) == 1:
        return [products[0][:2]]
    distances: dict[int | None, Matches] = {}
    for unit, node, array, delta in products:
        here, there = _index(array), _index(delta)
        distance = None if here is None or there is None else here - there
        distances.setdefault(distance, []).append((unit, node))
    odd = [matches for matches in distances.values() if len(matches) == 1]
    return odd[0] if None not in distances and len(products) >= 3 and len(distances) == 2 and len(odd) == 1 else []


def _index(node: ast.AST) -> int | None:
    """The number in a name such as W2, a1, d_3; 0 for the inputs."""
    for word in words(node):
        digits = re.search(r"(\d+)$", word)
        if digits:
            return int(digits.group(1))
    return 0 if any(re.search(r"^[xX]$|inputs?$|image", word) for word in words(node)) else None


def update_before_back_product(source: Source) -> Matches:
    """B06: weights are updated above the product that sends the error back through them."""
    found: Matches = []
    for unit in source.behind(*BACKWARD):
        for a in updates_of(unit):
            for product, weights, _ in back_products(unit, source):
                same = any(ast.unparse(part) == a.text for part in ast.walk(weights) if isinstance(part, ast.expr))
                above = same and product.lineno > a.node.lineno
                if above or (_next_in_loop(a.target, weights) and _same_loop(a.node, product, unit)):
                    found.append((unit, a.node))
    return found


def updates_of(unit: Unit) -> list[Assignment]:
    """w -= step and w = w - step, of anything that is not an error itself."""
    found = []
    for a in unit.assignments:
        if isinstance(a.target, ast.AST) and not isinstance(a.node, ast.Call) and not ERRORS.search(own_name(a.target)):
            sides = [a.value.left, a.value.right] if isinstance(a.value, ast.BinOp) else []
            again = any(ast.unparse(side) == a.text for side in sides)
            if a.operator in (ast.Sub, ast.Add) or (a.operator is None and again and binary(a.value, ast.Sub, ast.Add)):
                found.append(a)
    return found


def _next_in_loop(target: ast.AST, weights: ast.AST) -> bool:
    """W[l] against W[l + 1]."""
    if not isinstance(target, ast.Subscript):
        return False
    for part in ast.walk(weights):
        if isinstance(part, ast.Subscript) and ast.unparse(part.value) == ast.unparse(target.value):
            index, here = part.slice, ast.unparse(target.slice)
            if isinstance(index, ast.BinOp) and here in (ast.unparse(index.left), ast.unparse(index.right)):
                return True
    return False


def _same_loop(a: ast.AST, b: ast.AST, unit: Unit) -> bool:
    loops = [node for node in unit.nodes if isinstance(node, ast.For | ast.While)]
    inner = [loop for loop in loops if a in set(ast.walk(loop))]
    return bool(inner) and b in set(ast.walk(inner[-1]))


def output_error(source: Source) -> Matches:
    """B10, L04: the difference of output and target, if there is one place only."""
    return [match for match, _ in _output_errors(source)]


def _output_errors(source: Source) -> list[tuple[Match, bool]]:
    """((unit, difference), whether it is output − target) of the differences a backward pass starts with."""
    found = []
    for unit in source.behind(*BACKWARD):
        products = [*back_products(unit, source), *gradient_products(unit, source)]
        if not products and not re.search(r"cost|loss|deriv|delta|err", unit.name, re.I):
            continue
        for node in unit.nodes:
            if not (binary(node, ast.Sub) and isinstance(node, ast.BinOp)):
                continue
            left, right = (_is_output(side, unit) for side in (node.left, node.right))
            squared = binary(unit.parents.get(node), ast.Pow)
            constant = number(node.left) is not None or number(node.right) is not None
            if left != right and not constant and not squared:
                found.append(((unit, node), left))
    return found


def _is_output(node: ast.AST, unit: Unit) -> bool:
    source = origin(node, unit)
    name = own_name(node)
    if _is_activation(source) or re.search(r"forward|predict|softmax", called(source), re.I):
        return True
    if name in unit.arguments:
        return bool(re.search(r"pred|hat|activation|^a\d?$|^p$|prob", name, re.I))
    return bool(re.search(r"activation|y_?hat|y_?pred|^outputs?$|^out$|^[aA][_\d]|^probs?$|prediction|^p$", name))


def error_with_wrong_sign(source: Source) -> Matches:
    """B10, U01: target − output beside updates that subtract; or the updates that add beside output − target."""
    errors = _output_errors(source)
    units = source.behind(*BACKWARD)
    updates = [(unit, a) for unit in units for a in updates_of(unit) if is_weight(a.target, source)]
    adds = [(unit, a) for unit, a in updates if _adds(a)]
    if len(errors) == 1 and updates:
        (match, output_first) = errors[0]
        if not adds and not output_first:
            return [match]
        if len(adds) == len(updates) and output_first:
            return [(unit, a.node) for unit, a in adds]
    if len(adds) == 1 and len(updates) > 1:
        return [(adds[0][0], adds[0][1].node)]
    subtracts = [(unit, a) for unit, a in updates if not _adds(a)]
    if len(subtracts) == 1 and len(updates) > 2:
        return [(subtracts[0][0], subtracts[0][1].node)]
    return []


def _adds(a: Assignment) -> bool:
    if a.operator is None:
        return binary(a.value, ast.Add)
    return a.operator is ast.Add
