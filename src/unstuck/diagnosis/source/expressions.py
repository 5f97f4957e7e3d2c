"""Simple questions about an expression of the user: what does it call, what does it name, where does it come from."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from unstuck.diagnosis.source.reading import Source, Unit

PRODUCTS = {"dot", "matmul", "inner", "outer", "einsum", "mm", "vdot", "tensordot"}

INPUTS = re.compile(r"image|img|pixel|feature|inputs?|(^|_)[xX](_|$|\d)|^[xX]|data", re.I)
LABELS = re.compile(r"label|target|desired|(^|_)[yYtT](_|$|\d)|^[yY]", re.I)
TRAINING = re.compile(r"train|(^|_)tr(_|$)", re.I)
TEST = re.compile(r"test|valid|(^|_)(te|val|dev)(_|$)", re.I)
WEIGHTS = re.compile(r"^_?[wW]\d*$|^[wW]_|_[wW]\d*$|^W%|weight|theta|synap|kernel|^[wW][a-z]?\d+$|^w(ih|ho|hh)$", re.I)
BIASES = re.compile(r"bias|^_?[bB]\d*$|^[bB]_|_[bB]\d*$|^B%|^d_?(er)?b(_|\d|$)", re.I)
ERRORS = re.compile(
    r"delta|err|diff|grad|back|upstream|loss|gamma|residual|^[dD]_?[zahyxolZAHYXOL]?_?\d*$|^d(out|hid|logits|scores)|_d$|^e_?[\dlL]*$"
)
CHANGES = re.compile(
    r"^d_?[wb](_|\d|$)|delta|grad|nabla|change|update|adjust|derw|derb|_d$|veloc|moment|template|prev|cache|^[vm]_?[wb]\d*$|mask",
    re.I,
)
BUILTINS = frozenset({"np", "numpy", "self", "torch", "math", "list", "net", "len"})
RATES = re.compile(r"^(self_)?(lr|eta|alpha|rate|learn|l_?rate|learn(ing)?_?rate|step_?size|epsilon)\d*$", re.I)
DERIVATIVES = re.compile(
    r"deriv|derv|prime|grad|backward|^d_?(sig|tanh|relu|act|soft|g)|^dev_|_d$|^d[A-Z]|_der|slope", re.I
)
ACTIVATIONS = re.compile(
    r"sigmoid|relu|tanh|softplus|logistic|^sig$|^act(ivation)?(_fn|_function)?$|elu$|softmax", re.I
)


def called(node: ast.AST) -> str:
    """The last name of what a call calls ("exp" of np.exp(z)), or an empty string."""
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            return node.func.attr
        if isinstance(node.func, ast.Name):
            return node.func.id
    return ""


def calls(node: ast.AST, *names: str) -> Iterator[ast.Call]:
    """All calls of these names inside an expression."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and called(inner) in names:
            yield inner


def words(node: ast.AST | str) -> Iterator[str]:
    """Names, attributes and literal string subscripts inside an expression; not the names of what is called."""
    if isinstance(node, str):
        yield node
        return
    heads = {inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call)}
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and inner not in heads and inner.id not in BUILTINS:
            yield inner.id
        elif isinstance(inner, ast.Attribute) and inner not in heads:
            yield inner.attr
        elif isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner.value


def own_name(node: ast.AST | str) -> str:
    """The name that an assignment's target goes by: "w" of net.layers[k].w, "W%d" of params["W%d" % k]."""
    if isinstance(node, str):
        return node
    if isinstance(node, ast.Subscript):
        index = node.slice.left if isinstance(node.slice, ast.BinOp) else node.slice
        if isinstance(index, ast.Constant) and isinstance(index.value, str):
            return index.value
        return own_name(node.value)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def mentions(node: ast.AST | str, pattern: re.Pattern[str]) -> bool:
    return any(pattern.search(word) for word in words(node))


def is_weight(target: ast.AST | str, source: Source) -> bool:
    """Whether a target is, as far as its name tells, a layer's weights: no bias, gradient or velocity."""
    name = own_name(target)
    if not name or BIASES.search(name) or CHANGES.search(name):
        return False
    return bool(WEIGHTS.search(name)) or (name in source.parameter_names and name not in BUILTINS)


def is_bias(target: ast.AST | str) -> bool:
    name = own_name(target)
    return bool(BIASES.search(name)) and not WEIGHTS.search(name)


def is_adapter(unit: Unit) -> bool:
    """Whether this is where the Case is put together."""
    return any(called(node) == "Case" for node in unit.nodes)


def number(node: ast.AST | None) -> float | None:
    """The value of a literal number, with its sign, or None."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = number(node.operand)
        return None if value is None else -value
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return float(node.value)
    return None


def argument(call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if position is not None and position < len(call.args):
        return call.args[position]
    return None


def binary(node: ast.AST | None, *operators: type[ast.operator]) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, operators)


def origin(node: ast.AST, unit: Unit, depth: int = 4) -> Any:
    """The expression that a local name stands for, if it is assigned exactly once in its unit."""
    while isinstance(node, ast.Name | ast.Attribute) and depth:
        same = ast.unparse(node)
        values = [a.value for a in unit.assignments if a.operator is None and a.text == same]
        if len(values) != 1:
            return node
        node, depth = values[0], depth - 1
    return node


def factors(node: ast.AST) -> list[Any]:
    """The factors of a product written with * or np.multiply."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return factors(node.left) + factors(node.right)
    if isinstance(node, ast.Call) and called(node) in ("multiply", "mul") and len(node.args) == 2:
        return factors(node.args[0]) + factors(node.args[1])
    return [node]


def operands(node: ast.AST) -> list[ast.expr]:
    """The two operands of a matrix, inner or outer product, or nothing."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        return [node.left, node.right]
    if isinstance(node, ast.Call) and called(node) in PRODUCTS:
        arrays = [a for a in node.args if not isinstance(a, ast.Constant)]
        if len(arrays) == 2:
            return arrays
        if len(arrays) == 1 and isinstance(node.func, ast.Attribute):
            return [node.func.value, arrays[0]]
    return []


def back_products(unit: Unit, source: Source) -> Iterator[tuple[Any, ast.expr, ast.expr]]:
    """(product, weights, delta) of every product that sends an error back through weights."""
    for node in unit.nodes:
        pair = operands(node)
        if len(pair) == 2 and called(node) != "outer":
            for weights, delta in (pair, pair[::-1]):
                if _names_weights(weights, source) and _is_error(delta, unit) and not _names_weights(delta, source):
                    yield node, weights, delta
                    break


def gradient_products(unit: Unit, source: Source) -> Iterator[tuple[Any, ast.expr, ast.expr]]:
    """(product, inputs, delta) of every product that makes a weight gradient."""
    for node in unit.nodes:
        pair = operands(node)
        if len(pair) == 2 and not any(_names_weights(operand, source) for operand in pair):
            for inputs, delta in (pair, pair[::-1]):
                if _is_error(delta, unit) and not _is_error(inputs, unit):
                    yield node, inputs, delta
                    break


def _names_weights(node: ast.AST, source: Source) -> bool:
    if isinstance(node, ast.Call) and not operands(node) and called(node) in ("delete", "transpose", "array"):
        return any(_names_weights(inner, source) for inner in [node.func, *node.args])
    names = [word for word in words(node) if not re.search(r"^layers?$|^params?$|^[pTlkiIjnL]$", word)]
    getters = [name for name in map(called, ast.walk(node)) if re.search(r"^get_?w", name, re.I)]
    if getters or any(WEIGHTS.search(name) and not CHANGES.search(name) for name in names):
        return True
    plain = [word for word in words(node) if word in source.parameter_names]
    return bool(plain) and not names and isinstance(_bare(node), ast.Subscript)


def _bare(node: ast.AST) -> ast.AST:
    """Without .T, .transpose() and np.transpose around it."""
    while True:
        if isinstance(node, ast.Attribute) and node.attr == "T":
            node = node.value
        elif isinstance(node, ast.Call) and called(node) in ("transpose", "delete") and node.args:
            node = node.args[0]
        elif isinstance(node, ast.Call) and called(node) == "transpose" and isinstance(node.func, ast.Attribute):
            node = node.func.value
        else:
            return node


def _is_error(node: ast.AST, unit: Unit) -> bool:
    """Whether an expression is an error or a delta, by its name or by where it comes from."""
    name = own_name(_bare(node)) or next(words(node), "")
    if ERRORS.search(name) and not WEIGHTS.search(name):
        return True
    source = origin(_bare(node), unit)
    return source is not _bare(node) and any(mentions(factor, ERRORS) for factor in factors(source))
