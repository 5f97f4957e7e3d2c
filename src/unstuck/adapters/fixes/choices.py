"""Edits of settings and of what is asked for: decay, sizes of layers, the coding of targets, the count of answers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from unstuck.adapters.fixes.edit import Alternatives, Edit, Fault, argument_added, edits_for, renamed
from unstuck.adapters.fixes.syntax import number_of, numbers_behind
from unstuck.adapters.scripts.text.names_in_source import last_name

DECAY = re.compile(r"lam|decay|l2|reg|alpha|weight_penalty", re.IGNORECASE)
LARGE = 100  # labels that were divided by so much are taken for pixels


def _constants(node: Any) -> Iterator[ast.Constant]:
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and type(one.value) in (int, float):
            yield one


@edits_for("U10")
def without_decay(fault: Fault) -> Alternatives:
    """The number that the weight decay is set to becomes 0."""
    syntax = fault.syntax
    settings = [
        number
        for node in syntax.nodes
        if isinstance(node, (ast.Assign, ast.keyword))
        and any(DECAY.search(name) for name in _names(node))
        and isinstance(number := node.value, ast.Constant)
    ]
    scales = [
        number
        for expression in fault.expressions
        for node in ast.walk(expression)
        if isinstance(node, (ast.Name, ast.Attribute)) and DECAY.search(last_name(node))
        for number in numbers_behind(syntax, node)
    ]
    here = [one for node in syntax.at(fault.line, None) for one in _constants(node)]
    for number in [*scales, *settings, *here]:
        if isinstance(number.value, (int, float)) and number.value > 0:
            yield [Edit(syntax.span(number), "0")]


def _names(node: Any) -> list[str]:
    """What an assignment or an argument names."""
    if isinstance(node, ast.keyword):
        return [node.arg or ""]
    return [last_name(target) for target in node.targets]


@edits_for("A08")
def wider_layers(fault: Fault) -> Alternatives:
    """The numbers of hidden units become those with which the experiments learnt."""
    found = re.match(r"hidden layers of ([\d and]+) units", fault.setting)
    sizes = fault.report["network"].get("sizes") or []
    if not found or len(sizes) < 3:
        return
    wider = dict(zip(sizes[1:-1], map(int, found[1].split(" and "))))
    syntax = fault.syntax
    lines = {fault.line, *(one["line"] for one in fault.parameters if one["line"])}
    places: dict[Any, str] = {}
    for node in syntax.nodes:
        if node.lineno in lines and isinstance(node, (ast.Constant, ast.Name, ast.Attribute)):
            for number in numbers_behind(syntax, node):
                if number.value in wider:
                    places[syntax.span(number)] = str(wider[number.value])
    yield [Edit(span, words) for span, words in places.items()]


@edits_for("D07", "D08", "D09")
def targets_as_coded(fault: Fault) -> Alternatives:
    """Labels that were scaled as pixels are left as they are."""
    syntax = fault.syntax
    place = fault.read("targets").get("line")
    for line in dict.fromkeys([fault.line, place]):
        for node in syntax.at(line, None) if line else []:
            if number_of(node, ast.Div) >= LARGE:
                yield [Edit(syntax.span(node), syntax.words(node.left))]
    for node in syntax.nodes:
        if number_of(node, ast.Div) >= LARGE:
            names = [
                last_name(one).lower() for one in ast.walk(node.left) if isinstance(one, (ast.Name, ast.Attribute))
            ]
            if any("label" in name or "target" in name or name.startswith("y") for name in names):
                yield [Edit(syntax.span(node), syntax.words(node.left))]


@edits_for("D07", "D08", "D09", framework=("", "numpy"))
def one_column_for_each_class(fault: Fault) -> Alternatives:
    """Class numbers become rows with a 1 at their class, where the network has one output for each."""
    syntax, outputs = fault.syntax, (fault.report["network"].get("sizes") or [0])[-1]
    name = str(fault.read("targets").get("name") or "")
    if outputs < 2:
        return
    for node in syntax.assignments(name):
        inner: Any = node.value
        while isinstance(inner, (ast.BinOp, ast.Call)):
            inner = inner.left if isinstance(inner, ast.BinOp) else getattr(inner.func, "value", None)
        if isinstance(inner, (ast.Name, ast.Attribute)) and last_name(inner) not in ("np", "numpy"):
            for words in (syntax.words(inner), f"{syntax.words(inner)}.astype(int)"):
                yield [Edit(syntax.span(node.value), f"np.eye({outputs})[{words}]")]


@edits_for("E01", framework=("", "numpy"))
def right_answers_counted(fault: Fault) -> Alternatives:
    """The largest output is taken along the classes, and comparisons are averaged over the examples."""
    syntax = fault.syntax
    layout = fault.read("inputs").get("layout", "")
    along = "0" if layout == "columns" else "1"
    scopes = [syntax.function(one) for one in fault.expressions[:1]]
    calls = [node for node in ast.walk(scopes[0] if scopes else syntax.tree) if isinstance(node, ast.Call)]
    near = sorted((one for one in calls if last_name(one.func) == "argmax"), key=lambda c: abs(c.lineno - fault.line))
    every = []
    for call in near:
        axis = next((keyword.value for keyword in call.keywords if keyword.arg == "axis"), None)
        if axis is None and len(call.args) == (1 if _is_of_numpy(call) else 0):
            every.append(argument_added(syntax, call, f"axis={along}"))
        elif axis is not None and syntax.words(axis) != along:
            every.append(Edit(syntax.span(axis), along))
    for edit in every:
        yield [edit]
    yield every
    for call in calls:
        if last_name(call.func) in ("max", "amax") and call.lineno == fault.line and _is_of_numpy(call):
            yield [renamed(syntax, call.func, "mean")]


@edits_for("E01", framework=("", "numpy"))
def answers_in_one_row(fault: Fault) -> Alternatives:
    """Answers and labels of which one is a column, so that each meets every other, are compared as rows."""
    syntax = fault.syntax
    for node in fault.here(ast.Compare):
        if isinstance(node.ops[0], ast.Eq):
            for side in (node.left, node.comparators[0]):
                yield [Edit(syntax.span(side), f"{syntax.operand(side)}.ravel()")]


def _is_of_numpy(call: ast.Call) -> bool:
    """Whether the array is an argument: np.argmax(p), not p.argmax()."""
    owner = getattr(call.func, "value", None)
    return owner is None or last_name(owner) in ("np", "numpy")


@edits_for("E03", framework=("", "numpy"))
def evaluated_without_training(fault: Fault) -> Alternatives:
    """forward(x, training=True) of an evaluation becomes forward(x, training=False), and forward(x, True) likewise."""
    syntax = fault.syntax
    for call in fault.here(ast.Call):
        named = [one.value for one in call.keywords if "train" in (one.arg or "")]
        switches = [one for one in (*named, *call.args) if getattr(one, "value", None) is True]
        for switch in switches:
            yield [Edit(syntax.span(switch), "False")]
        for function in syntax.functions(last_name(call.func)) if not named and not switches else []:
            names = [argument.arg for argument in function.args.args if "train" in argument.arg]
            for name in names[:1]:
                yield [argument_added(syntax, call, f"{name}=False")]
