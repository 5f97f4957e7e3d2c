"""Edits of the data of a framework's script: scaling, for training and test alike."""

from __future__ import annotations

import ast
from typing import Any

from unstuck.adapters.fixes.edit import Alternatives, Edit, Fault, edits_for
from unstuck.adapters.fixes.frameworks.calls import keyword
from unstuck.adapters.fixes.syntax import Syntax, number_of
from unstuck.adapters.scripts.text.names_in_source import last_name


@edits_for("D02", framework=("pytorch", "keras"))
def brought_to_unit_scale(fault: Fault) -> Alternatives:
    """The inputs are divided by their largest value where they are made, or a factor that blows them up is left out."""
    syntax = fault.syntax
    scaled: list[Any] = [
        one for node in _made_from_data(syntax) for one in ast.walk(node) if number_of(one, ast.Mult) > 1
    ]
    alike = [one for one in scaled if syntax.words(one.right) == syntax.words(scaled[0].right)]
    yield [Edit(syntax.span(one), syntax.words(one.left)) for one in alike]
    yield [Edit(syntax.span(one), f"{syntax.words(one.left)} / {syntax.words(one.right)}") for one in alike]
    for one in scaled:
        yield [Edit(syntax.span(one), f"{syntax.words(one.left)} / {syntax.words(one.left)}.max()")]


def _made_from_data(syntax: Syntax) -> list[Any]:
    """What names of inputs are given."""
    names = ("x", "x_train", "x_test", "data", "inputs", "images", "features")
    found = [node for node in syntax.nodes if isinstance(node, ast.Assign)]
    return [one.value for one in found if any(last_name(target).lower() in names for target in one.targets)]


@edits_for("D05", framework=("pytorch", "keras"))
def test_prepared_as_the_training(fault: Fault) -> Alternatives:
    """A divisor of the training inputs is written behind the test inputs too: x[n:] becomes x[n:] / 255."""
    syntax = fault.syntax
    parts = [node for node in syntax.nodes if isinstance(node, ast.Subscript) and _source(node)]
    whole = [one for one in parts if isinstance(syntax.parents.get(one), (ast.Call, ast.Assign, ast.Tuple))]
    for node in [one for one in syntax.nodes if number_of(one, ast.Div)]:
        for other in whole:
            if other.lineno != node.lineno and _source(other) == _source(node.left):
                yield [Edit(syntax.span(other), f"{syntax.words(other)} / {syntax.words(node.right)}")]


def _source(node: Any) -> str:
    """The name of an array that a part is taken of."""
    return node.value.id if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) else ""


@edits_for("D05", framework=("pytorch", "keras"))
def one_transform_for_both(fault: Fault) -> Alternatives:
    """A data set that is given `train=False` gets the transform of the one with `train=True`."""
    syntax = fault.syntax
    made = [call for call in syntax.nodes if isinstance(call, ast.Call) and keyword(call, "transform") is not None]
    for test in made:
        for train in made:
            first, second = keyword(test, "transform"), keyword(train, "transform")
            if first is None or second is None or syntax.words(test.func) != syntax.words(train.func):
                continue
            if test is not train and syntax.words(first.value) != syntax.words(second.value):
                kind = keyword(test, "train")
                if kind is not None and getattr(kind.value, "value", None) is False:
                    yield [Edit(syntax.span(first.value), syntax.words(second.value))]
