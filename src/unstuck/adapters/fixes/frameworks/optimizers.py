"""Edits of the optimiser: which parameters it holds, and at which rate it learns."""

from __future__ import annotations

import ast
from typing import Any

from unstuck.adapters.fixes.edit import Alternatives, Edit, Fault, argument_added, edits_for
from unstuck.adapters.fixes.frameworks.calls import calls_at, is_optimizer, keyword, optimizers
from unstuck.adapters.fixes.statements import block_of, inserted_behind, moved_behind
from unstuck.adapters.fixes.syntax import Syntax, numbers_behind
from unstuck.adapters.scripts.text.names_in_source import last_name

LISTS = (ast.List, ast.ListComp)


@edits_for("U11", "U05", framework=("pytorch",))
def layers_registered(fault: Fault) -> Alternatives:
    """Layers in a plain list, which the model does not know, become a ModuleList."""
    syntax = fault.syntax
    lists = [one for one in syntax.nodes if isinstance(one, ast.Assign) and isinstance(one.value, LISTS)]
    for node in lists:
        if isinstance(node.targets[0], ast.Attribute) and _makes_layers(node.value):
            yield [Edit(syntax.span(node.value), f"nn.ModuleList({_without_list(syntax, node.value)})")]


@edits_for("U11", "U05", framework=("pytorch",))
def made_for_the_model_that_trains(fault: Fault) -> Alternatives:
    """The optimiser is made after its model was made anew, or was given a new part."""
    syntax = fault.syntax
    for made in optimizers(syntax):
        names = {node.id for node in ast.walk(made.value) if isinstance(node, ast.Name)}
        block = block_of(syntax, made)
        following = block[block.index(made) + 1 :]
        later = [
            one
            for one in following
            if isinstance(one, ast.Assign) and any(_root_name(target) in names for target in one.targets)
        ]
        for last in later[-1:]:
            own = last_name(made.targets[0])
            between = [node for one in following[: following.index(last)] for node in ast.walk(one)]
            if any(isinstance(node, ast.Name) and node.id == own for node in between):
                yield list(inserted_behind(syntax, last, *syntax.words(made).splitlines()))
            else:
                yield list(moved_behind(syntax, [made], last))


@edits_for("U11", "U05", framework=("pytorch",))
def parameters_of_the_whole_model(fault: Fault) -> Alternatives:
    """model.out.parameters() becomes model.parameters(); a second model's parameters are added."""
    syntax = fault.syntax
    asked = [
        call
        for made in optimizers(syntax)
        for call in ast.walk(made.value)
        if isinstance(call, ast.Call) and last_name(call.func) == "parameters"
    ]
    for call in asked:
        owner = getattr(call.func, "value", None)
        if isinstance(owner, ast.Attribute):
            yield [Edit(syntax.span(owner), syntax.words(owner.value))]
        for other in _models(syntax) if isinstance(owner, ast.Name) else []:
            if other != syntax.words(owner):
                yield [Edit(syntax.span(call), f"[*{syntax.words(call)}, *{other}.parameters()]")]
                yield [Edit(syntax.span(owner), other)]


def _makes_layers(node: Any) -> bool:
    calls = [one for one in ast.walk(node) if isinstance(one, ast.Call)]
    return any(last_name(call.func) in ("Linear", "Conv2d", "Conv1d", "LSTM", "GRU") for call in calls)


def _without_list(syntax: Syntax, node: Any) -> str:
    """The elements of a comprehension as they are generated; a list as it is."""
    words = syntax.words(node)
    return words[1:-1] if isinstance(node, ast.ListComp) else words


def _models(syntax: Syntax) -> list[str]:
    """Names whose parameters can be asked for: what is called with inputs after it was made by a class."""
    classes = {node.name for node in syntax.nodes if isinstance(node, ast.ClassDef)} | {"Sequential", "Linear"}
    made = [node for node in syntax.tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)]
    return list(dict.fromkeys(last_name(one.targets[0]) for one in made if last_name(one.value.func) in classes))  # type: ignore[attr-defined]


def _root_name(node: Any) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


@edits_for("U07", "U08", framework=("pytorch", "keras"))
def rate_that_learnt(fault: Fault) -> Alternatives:
    """The rate becomes the one with which the same script learnt."""
    tried, syntax = fault.finding["evidence"].get("tried"), fault.syntax
    rate = fault.finding["evidence"].get("learning_rate")
    if not tried:
        return
    every: list[Any] = [*calls_at(fault), *(made.value for made in optimizers(syntax))]
    for made in filter(is_optimizer, every):
        for node in (keyword(made, "lr", "learning_rate"), *made.args):
            value = node.value if isinstance(node, ast.keyword) else node
            for number in [] if value is None else numbers_behind(syntax, value):
                if rate is None or abs(number.value - rate) <= 1e-6 * abs(rate):
                    yield [Edit(syntax.span(number), f"{tried:.2g}")]
    if rate is not None:  # the optimiser's own, which was not written out
        for made in [one for one in calls_at(fault) if is_optimizer(one)]:
            if keyword(made, "lr", "learning_rate") is None:
                name = "learning_rate" if fault.framework == "keras" else "lr"
                yield [argument_added(syntax, made, f"{name}={tried:.2g}")]


@edits_for("U10", framework=("keras",))
def without_regularizers(fault: Fault) -> Alternatives:
    """The numbers of l2(10.0) and its like become 0, in all layers."""
    syntax = fault.syntax
    calls = [call for name in ("l2", "L2", "l1", "L1", "l1_l2", "L1L2") for call in syntax.calls(name)]
    yield [Edit(syntax.span(one), "0") for call in calls for one in call.args if isinstance(one, ast.Constant)]


@edits_for("A01", "A02", "A03", "A04", "A05", "A06", "A07", framework=("pytorch",))
def first_weights_drawn(fault: Fault) -> Alternatives:
    """Weights that are set to one number, or drawn on one side of zero, are drawn around zero."""
    syntax = fault.syntax
    edits = []
    for name in ("zeros_", "ones_", "constant_", "uniform_", "normal_"):
        for call in syntax.calls(name):
            if call.args and isinstance(call.func, ast.Attribute) and last_name(call.func.value) == "init":
                words, owner = syntax.words(call.args[0]), syntax.words(call.func.value)
                if "bias" in words:
                    continue
                drawn = f"xavier_uniform_({words})" if "weight" in words else f"normal_({words}, std=0.1)"
                edits.append(Edit(syntax.span(call), f"{owner}.{drawn}"))
    yield edits
