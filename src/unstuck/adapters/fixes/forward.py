"""Edits of the forward pass: the softmax and its shift, the sign in a sigmoid, activations, where biases are added."""

from __future__ import annotations

import ast
import re
from typing import Any

from unstuck.adapters.fixes.backward import DERIVATIVE
from unstuck.adapters.fixes.edit import Alternatives, Edit, Fault, argument_added, edits_for, renamed
from unstuck.adapters.fixes.statements import argument_removed, inserted_before
from unstuck.adapters.fixes.syntax import has_product
from unstuck.adapters.scripts.text.names_in_source import last_name

ACTIVATION = re.compile(r"sigmoid|relu|tanh|softmax|elu|^act|activation", re.IGNORECASE)
OTHERS = re.compile(f"{DERIVATIVE.pattern}|back|loss", re.IGNORECASE)  # functions of an activation that are none
AXES = {"columns": ("0", "1")}


def _here(fault: Fault, name: str) -> list[ast.Call]:
    """The calls of a name in the statement of the fault, or in its function where the statement has none."""
    found = fault.expressions
    if not found:
        return []
    statement = fault.syntax.statement(found[0])
    for scope in (statement, fault.syntax.function(statement)):
        calls = [n for n in ast.walk(scope) if isinstance(n, ast.Call) and last_name(n.func) == name]
        if calls:
            return calls
    return []


@edits_for("F01", "F02")
def sum_along_the_classes(fault: Fault) -> Alternatives:
    """np.sum(e) becomes np.sum(e, axis=1, keepdims=True), and a sum along the other axis is turned."""
    layout = fault.read("inputs").get("layout", "")
    calls = _here(fault, "sum")
    for axis in AXES.get(layout, ("1", "0", "-1")):
        edits = [edit for call in calls if (edit := _summed(fault, call, axis)) is not None]
        if edits:
            yield edits


def _summed(fault: Fault, call: ast.Call, axis: str) -> Edit | None:
    syntax = fault.syntax
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    argument: Any = given.get("axis")
    if argument is not None:
        turned = syntax.words(argument) != axis
        return Edit(syntax.span(argument), axis) if turned else None
    if isinstance(call.func, ast.Name):
        if len(call.args) != 1:
            return None
        return Edit(syntax.span(call), f"np.sum({syntax.words(call.args[0])}, axis={axis}, keepdims=True)")
    kept = "" if "keepdims" in given else ", keepdims=True"
    return argument_added(syntax, call, f"axis={axis}{kept}")


@edits_for("F04")
def negate_exponent(fault: Fault) -> Alternatives:
    """exp(z) becomes exp(-z)."""
    syntax = fault.syntax
    for call in _here(fault, "exp"):
        if len(call.args) == 1:
            yield [Edit(syntax.span(call.args[0]), f"-{syntax.operand(call.args[0])}")]


@edits_for("F03")
def shifted_by_the_maximum(fault: Fault) -> Alternatives:
    """exp(z) of a softmax becomes exp(z - np.max(z, …)), which changes no quotient and cannot overflow."""
    syntax = fault.syntax
    layout = fault.read("inputs").get("layout", "")
    for axis in AXES.get(layout, ("1", "0")):
        calls = [call for call in _here(fault, "exp") if len(call.args) == 1]
        yield [
            Edit(syntax.span(call.args[0]), f"{z} - np.max({z}, axis={axis}, keepdims=True)")
            for call in calls
            if (z := syntax.words(call.args[0]))
        ]


@edits_for("F12")
def bias_inside_the_activation(fault: Fault) -> Alternatives:
    """f(x @ W) + b becomes f(x @ W + b)."""
    syntax = fault.syntax
    for node in syntax.at(fault.line, None):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            for call, bias in ((node.left, node.right), (node.right, node.left)):
                if isinstance(call, ast.Call) and len(call.args) == 1 and has_product(call.args[0]):
                    inside = f"{syntax.words(call.args[0])} + {syntax.words(bias)}"
                    yield [Edit(syntax.span(node), f"{syntax.words(call.func)}({inside})")]


@edits_for("F06", "F08", framework=("", "numpy"))
def another_activation(fault: Fault) -> Alternatives:
    """The activation at the fault is left out, or another one of the program takes its place."""
    syntax = fault.syntax
    for node in syntax.at(fault.line, None):
        if isinstance(node, ast.Call) and len(node.args) == 1 and last_name(node.func) in _activations(fault):
            if fault.code == "F06":
                yield [Edit(syntax.span(node), syntax.words(node.args[0]))]
                continue
            for other in _activations(fault):
                if other not in (last_name(node.func), "softmax"):
                    yield [renamed(syntax, node.func, other)]


@edits_for("F05")
def activation_applied(fault: Fault) -> Alternatives:
    """The sums of a hidden layer go through the activation that the program has for its other layers."""
    syntax = fault.syntax
    for node in [one for one in fault.expressions if has_product(one)][:1]:
        owners = [syntax.words(call.func) for name in _activations(fault) for call in syntax.calls(name)]
        for function in dict.fromkeys(owners):
            if "softmax" not in function.lower():
                yield [Edit(syntax.span(node), f"{function}({syntax.words(node)})")]


def _activations(fault: Fault) -> list[str]:
    """Names of the program's own functions that are activations."""
    names = [node.name for node in fault.syntax.nodes if isinstance(node, ast.FunctionDef)]
    return [name for name in names if ACTIVATION.search(name) and not OTHERS.search(name)]


@edits_for("L03")
def logarithm_kept_from_zero(fault: Fault) -> Alternatives:
    """log(a) becomes log(a + 1e-12)."""
    syntax = fault.syntax
    calls = [call for call in _here(fault, "log") if len(call.args) == 1]
    yield [Edit(syntax.span(call.args[0]), f"{syntax.words(call.args[0])} + 1e-12") for call in calls]


FORMULAS = {  # of functions with these words in their names
    "sigmoid": "1 / (1 + np.exp(-{z}))",
    "logistic": "1 / (1 + np.exp(-{z}))",
    "tanh": "np.tanh({z})",
    "leaky": "np.where({z} > 0, {z}, 0.01 * {z})",
    "relu": "np.maximum({z}, 0)",
}


@edits_for("F11", framework=("", "numpy"))
def formula_of_its_name(fault: Fault) -> Alternatives:
    """What a function that is called sigmoid, tanh or relu gives back becomes the formula of that name."""
    syntax = fault.syntax
    for name in _activations(fault):
        forms = [form for word, form in FORMULAS.items() if word in name.lower()]
        for function in syntax.functions(name) if forms else []:
            given = [one.arg for one in function.args.args if one.arg != "self"]
            last = function.body[-1]
            if len(given) == 1 and isinstance(last, ast.Return) and last.value is not None:
                yield [Edit(syntax.span(last.value), forms[0].format(z=given[0]))]


@edits_for("F09", framework=("", "numpy"))
def activation_of_a_copy(fault: Fault) -> Alternatives:
    """z[z < 0] = 0, which changes the sums themselves, is done to a copy; np.maximum(z, 0, out=z) gives a new array."""
    syntax = fault.syntax
    for node in syntax.nodes:
        if node.lineno != fault.line:
            continue
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            yield list(inserted_before(syntax, node, f"{target.value.id} = {target.value.id}.copy()"))
        for given in node.keywords if isinstance(node, ast.Call) else []:
            if given.arg == "out":
                yield list(argument_removed(syntax, given))


@edits_for("L01", framework=("", "numpy"))
def softmax_left_out(fault: Fault) -> Alternatives:
    """One of two softmax functions in a row is left out."""
    syntax = fault.syntax
    calls = [node for node in syntax.nodes if isinstance(node, ast.Call) and "softmax" in last_name(node.func)]
    for call in calls if len(calls) > 1 else []:
        if len(call.args) == 1:
            yield [Edit(syntax.span(call), syntax.words(call.args[0]))]
