"""The calls of a framework's script: activations, losses, optimisers, and where they are used."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from unstuck.adapters.fixes.edit import Edit, Fault
from unstuck.adapters.fixes.statements import argument_removed, removed
from unstuck.adapters.fixes.syntax import Span, Syntax
from unstuck.adapters.scripts.text.names_in_source import last_name

ACTIVATIONS = ("softmax", "logsoftmax", "sigmoid", "tanh", "relu", "elu", "leakyrelu", "gelu", "softplus", "hardtanh")
OPTIMIZERS = ("sgd", "adam", "adamw", "adagrad", "adadelta", "adamax", "nadam", "rmsprop", "radam", "lbfgs", "rprop")


def plain(name: str) -> str:
    """A name as it is compared: log_softmax and LogSoftmax are one."""
    return name.replace("_", "").lower()


def is_activation(node: Any) -> bool:
    """Whether a call applies or makes an activation."""
    return isinstance(node, ast.Call) and plain(last_name(node.func)) in ACTIVATIONS


def makes_module(call: ast.Call) -> bool:
    """Whether a call makes a layer, as against applying one: names of classes begin with a capital."""
    return last_name(call.func)[:1].isupper()


def calls_at(fault: Fault) -> list[ast.Call]:
    """The calls in the statement at the fault, those that begin at its column first, the outermost first."""
    here = [node for node in fault.expressions if isinstance(node, ast.Call)]
    line = [
        node for node in fault.syntax.nodes if isinstance(node, ast.Call) and node.lineno <= fault.line <= _end(node)
    ]
    return list(dict.fromkeys([*here, *sorted(line, key=lambda call: call.lineno != fault.line)]))


def statements_at(fault: Fault) -> list[Any]:
    """The innermost statements that begin in the line of the fault."""
    return fault.here(ast.stmt)[-1:]


def _end(node: Any) -> int:
    return int(node.end_lineno or node.lineno)


def keyword(call: ast.Call, *names: str) -> ast.keyword | None:
    """The argument of a call that is given by this name, or by one of these."""
    return next((one for one in call.keywords if one.arg in names), None)


def arguments_given(syntax: Syntax, name: str, value: bool) -> list[ast.keyword]:
    """The arguments of this name that are given this value: training=False."""
    named = [node for node in syntax.nodes if isinstance(node, ast.keyword) and node.arg == name]
    return [one for one in named if getattr(one.value, "value", None) is value]


def activation_keywords(fault: Fault) -> list[ast.keyword]:
    """The argument `activation=…` of the first call at the fault that has one."""
    return [one for call in calls_at(fault) for one in call.keywords if one.arg == "activation"][:1]


def is_optimizer(node: Any) -> bool:
    """Whether a call makes an optimiser."""
    return isinstance(node, ast.Call) and plain(last_name(node.func)) in OPTIMIZERS


def optimizers(syntax: Syntax) -> list[ast.Assign]:
    """The assignments that make optimisers."""
    return [node for node in syntax.nodes if isinstance(node, ast.Assign) and is_optimizer(node.value)]


def without(fault: Fault, call: ast.Call) -> Iterator[list[Edit]]:
    """An activation is taken away: its argument stands alone, its layer is left out."""
    syntax, parent = fault.syntax, fault.syntax.parents[call]
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if not makes_module(call):
        if call.args and not isinstance(call.args[0], (ast.Constant, ast.UnaryOp)):
            yield [Edit(syntax.span(call), syntax.words(call.args[0]))]
        elif owner is not None:
            yield [Edit(syntax.span(call), syntax.words(owner))]  # z.softmax(1)
    elif isinstance(parent, ast.Assign) and len(parent.targets) == 1:
        name = last_name(parent.targets[0])
        uses = [use for use in syntax.calls(name) if len(use.args) == 1 and not use.keywords]
        if len(uses) == 1:
            yield [Edit(syntax.span(uses[0]), syntax.words(uses[0].args[0]))]
        yield [Edit(syntax.span(call), "nn.Identity()" if "nn." in syntax.text else "torch.nn.Identity()")]
    elif isinstance(parent, ast.Call) and last_name(parent.func) == "add":
        yield list(removed(syntax, syntax.statement(parent)))
    elif isinstance(parent, ast.Call) and parent.func is call and parent.args:
        yield [Edit(syntax.span(parent), syntax.words(parent.args[0]))]  # nn.Softmax(dim=1)(z)
    else:
        yield from _left_out(syntax, call)


def _left_out(syntax: Syntax, call: ast.Call) -> Iterator[list[Edit]]:
    """A layer that is an element of a list is left out, with its line where it has one of its own."""
    edits = list(argument_removed(syntax, call))
    line = syntax.lines[call.lineno - 1]
    alone = line.strip().rstrip(",") == syntax.words(call)
    if edits and alone and call.lineno == call.end_lineno and line.rstrip().endswith(","):
        edits = [Edit(Span(call.lineno, 1, call.lineno + 1, 1), "")]
    yield edits
