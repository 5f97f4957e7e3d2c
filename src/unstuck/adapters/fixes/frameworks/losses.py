"""Edits of the outputs, the loss and the targets, where they do not belong together."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from unstuck.adapters.fixes.edit import Alternatives, Edit, Fault, argument_added, edits_for, renamed
from unstuck.adapters.fixes.frameworks.calls import (
    activation_keywords,
    arguments_given,
    calls_at,
    is_activation,
    keyword,
    plain,
    without,
)
from unstuck.adapters.fixes.statements import argument_removed
from unstuck.adapters.fixes.syntax import Syntax
from unstuck.adapters.scripts.text.names_in_source import last_name

LOSSES_OF_SCORES = {  # a loss of probabilities or their logarithms -> the one of the scores themselves
    "NLLLoss": "CrossEntropyLoss",
    "nll_loss": "cross_entropy",
    "BCELoss": "BCEWithLogitsLoss",
    "binary_cross_entropy": "binary_cross_entropy_with_logits",
}
LOGARITHMS = {"softmax": "log_softmax", "Softmax": "LogSoftmax"}
SIGMOIDS = {"softmax": "sigmoid", "Softmax": "Sigmoid", "log_softmax": "logsigmoid", "LogSoftmax": "LogSigmoid"}


def _activations(fault: Fault) -> list[ast.Call]:
    return [call for call in calls_at(fault) if is_activation(call)]


@edits_for("L01", "F06", "D08", "L02", framework=("pytorch", "keras"))
def without_activation(fault: Fault) -> Alternatives:
    """The activation before a loss that takes plain scores is left out."""
    if (fault.code == "L02" and "separate sigmoids" not in fault.summary) or (fault.code == "D08" and _classes(fault)):
        return
    for call in _activations(fault)[:1]:
        yield from without(fault, call)
    for given in activation_keywords(fault):
        if fault.code != "L02":
            yield list(argument_removed(fault.syntax, given))


@edits_for("L01", framework=("keras",))
def from_logits(fault: Fault) -> Alternatives:
    """`from_logits=True` is left out where the last layer has a softmax."""
    for one in arguments_given(fault.syntax, "from_logits", True):
        yield list(argument_removed(fault.syntax, one))


@edits_for("L02", framework=("pytorch",))
def logarithm_or_scores(fault: Fault) -> Alternatives:
    """`NLLLoss` of probabilities gets their logarithms; a loss that is given scores becomes the one of scores."""
    syntax = fault.syntax
    for call in _activations(fault):
        name = last_name(call.func)
        if name in LOGARITHMS and "scores" not in fault.summary:
            yield [renamed(syntax, call.func, LOGARITHMS[name])]
    here = calls_at(fault)
    made = syntax.nodes if here else []  # elsewhere, where the loss is only called here
    for call in [*here, *(node for node in made if isinstance(node, ast.Call))]:
        name = last_name(call.func)
        if name in LOSSES_OF_SCORES:
            yield [renamed(syntax, call.func, LOSSES_OF_SCORES[name])]


@edits_for("L02", framework=("keras",))
def probabilities_for_their_loss(fault: Fault) -> Alternatives:
    """The last layer gets the softmax of a categorical loss, or the sigmoid of a binary one."""
    meant = "sigmoid" if "binary cross-entropy" in fault.summary else "softmax"
    syntax = fault.syntax
    for given in activation_keywords(fault):
        yield [Edit(syntax.span(given.value), re.sub(r"\w+", meant, syntax.words(given.value)))]
    dense = [call for call in calls_at(fault) if last_name(call.func) == "Dense"][:1] or syntax.calls("Dense")[-1:]
    for call in dense:
        own = keyword(call, "activation")
        if own is None:
            yield [_with_activation(syntax, call, meant)]
        else:
            yield [Edit(syntax.span(own.value), re.sub(r"\w+", meant, syntax.words(own.value)))]


@edits_for("D09", "L02", framework=("keras",))
def loss_of_the_coding(fault: Fault) -> Alternatives:
    """A loss of class numbers that is given one-hot rows becomes the one of these, and the other way round."""
    name, other = "categorical_crossentropy", "sparse_categorical_crossentropy"
    for node in fault.syntax.nodes:
        value = node.value if isinstance(node, ast.Constant) else None
        if value in (name, other):
            meant = name if value == other else other
            yield [Edit(fault.syntax.span(node), fault.syntax.words(node).replace(value, meant))]


@edits_for("F05", framework=("keras",))
def activations_of_hidden_layers(fault: Fault) -> Alternatives:
    """Dense layers without an activation get a rectifier, but for the last one."""
    syntax = fault.syntax
    plain_ones = [call for call in syntax.calls("Dense")[:-1] if keyword(call, "activation") is None]
    yield [_with_activation(syntax, call, "relu") for call in plain_ones]


def _with_activation(syntax: Syntax, call: ast.Call, name: str) -> Edit:
    """A layer that is given an activation, in the quotes that the program prefers."""
    quote = "'" if syntax.text.count("'") > syntax.text.count('"') else '"'
    return argument_added(syntax, call, f"activation={quote}{name}{quote}")


@edits_for("A04", "F10", framework=("pytorch", "keras"))
def sigmoid_for_one_unit(fault: Fault) -> Alternatives:
    """A softmax of one unit, which is 1 whatever comes in, becomes a sigmoid."""
    syntax = fault.syntax
    for call in _activations(fault):
        name = last_name(call.func)
        if name not in SIGMOIDS:
            continue
        if name[:1].isupper():
            owner = syntax.words(call.func)[: -len(name)]
            yield [Edit(syntax.span(call), f"{owner}{SIGMOIDS[name]}()")]
        elif call.args:
            yield [Edit(syntax.span(call), f"torch.{SIGMOIDS[name]}({syntax.words(call.args[0])})")]
    for given in activation_keywords(fault):
        if syntax.words(given.value).strip("\"'") == "softmax":
            yield [Edit(syntax.span(given.value), syntax.words(given.value).replace("softmax", "sigmoid"))]


@edits_for("F10", "D08", "L02", "D09", framework=("keras",))
def one_unit_for_each_class(fault: Fault) -> Alternatives:
    """`Dense(1, activation="sigmoid")` becomes `Dense(3, activation="softmax")` with the loss of class numbers."""
    found = re.search(r"stands for (\d+) classes", fault.summary)
    classes = fault.finding["evidence"].get("classes") or (int(found[1]) if found else 0)
    if classes <= 2:
        return
    syntax = fault.syntax
    for call in [one for one in calls_at(fault) if last_name(one.func) == "Dense"][:1]:
        units = call.args[0] if call.args else getattr(keyword(call, "units"), "value", None)
        given = keyword(call, "activation")
        if units is None or given is None:
            continue
        edits = [Edit(syntax.span(units), str(classes))]
        edits.append(Edit(syntax.span(given.value), re.sub(r"\w+", "softmax", syntax.words(given.value))))
        for compiled in syntax.calls("compile")[:1]:
            edits += _of_class_numbers(fault, compiled)
        yield edits


def _of_class_numbers(fault: Fault, compiled: ast.Call) -> Iterator[Edit]:
    """The loss of class numbers, and the accuracy that Keras chooses by itself."""
    syntax = fault.syntax
    for name, words in (("loss", "sparse_categorical_crossentropy"), ("metrics", "accuracy")):
        given = keyword(compiled, name)
        strings: list[Any] = [] if given is None else list(ast.walk(given.value))
        for node in strings:
            other = isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value != words
            if other and (name == "loss" or "accuracy" in node.value):
                yield Edit(syntax.span(node), syntax.words(node).replace(node.value, words))


@edits_for("F02", framework=("pytorch", "keras"))
def along_the_classes(fault: Fault) -> Alternatives:
    """softmax(z, dim=0) becomes softmax(z, dim=1)."""
    syntax = fault.syntax
    for call in _activations(fault):
        given = keyword(call, "dim", "axis")
        if given is not None:
            yield [Edit(syntax.span(given.value), "1")]
        elif len(call.args) == (1 if _only_the_axis(call) else 2):
            yield [Edit(syntax.span(call.args[-1]), "1")]
        elif fault.framework == "pytorch":
            yield [argument_added(syntax, call, "dim=1")]


def _only_the_axis(call: ast.Call) -> bool:
    """Whether the only argument of a softmax can be its axis: nn.Softmax(0), z.softmax(0)."""
    return isinstance(call.args[0] if call.args else None, ast.Constant)


@edits_for("D09", framework=("pytorch",))
def one_shape_for_both(fault: Fault) -> Alternatives:
    """Predictions (n, 1) lose the axis that targets (n,) do not have, or the other way round; class numbers count
    from 0 and are integers."""
    syntax, evidence = fault.syntax, fault.finding["evidence"]
    first, second = (
        evidence.get(one) for one in (("prediction", "target") if "target" in evidence else ("first", "second"))
    )
    for left, right in _pairs(fault):
        if first and second and len(first) != len(second):
            longer, shape = (left, first) if len(first) > len(second) else (right, second)
            if shape[-1] == 1:
                yield [Edit(syntax.span(longer), f"{syntax.operand(longer)}.squeeze({len(shape) - 1})")]
        if "where class numbers are wanted" in fault.summary:
            yield [Edit(syntax.span(right), f"{syntax.operand(right)}.long()")]
            yield [Edit(syntax.span(right), f"{syntax.operand(right)}.argmax(dim=1)")]


@edits_for("D09", framework=("keras",))
def targets_as_a_column(fault: Fault) -> Alternatives:
    """Targets (n,) get the second axis of the predictions (n, 1)."""
    for left, right in _pairs(fault):
        yield [Edit(fault.syntax.span(right), f"{fault.syntax.operand(right)}.reshape(-1, 1)")]
        yield [Edit(fault.syntax.span(left), f"{fault.syntax.operand(left)}.squeeze(1)")]


def _pairs(fault: Fault) -> Iterator[tuple[Any, Any]]:
    """Predictions and targets as a loss is given them at the fault, in either order of a difference."""
    for node in fault.expressions:
        if isinstance(node, ast.Call) and len(node.args) == 2:
            yield node.args[0], node.args[1]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
            yield node.left, node.right
    line = fault.syntax.at(fault.line, None)
    for node in line:
        if node in fault.expressions:
            continue
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
            yield node.left, node.right


@edits_for("D09", "D08", framework=("pytorch", "keras"))
def targets_as_the_loss_counts(fault: Fault) -> Alternatives:
    """Class numbers that were raised by one, or spread to -1 and 1, are left as they are."""
    syntax = fault.syntax
    numbers = re.search(r"class numbers from 1 to (\d+)|binary cross-entropy .* at 1 to 2$", fault.summary)
    spread = "binary cross-entropy" in fault.summary and "at -1 to 1" in fault.summary
    for node in syntax.nodes:
        if not isinstance(node, ast.BinOp) or not isinstance(node.right, ast.Constant) or node.right.value != 1:
            continue
        if numbers and isinstance(node.op, ast.Add) and not isinstance(syntax.parents[node], ast.Subscript):
            yield [Edit(syntax.span(node), syntax.words(node.left))]
        twice = node.left
        if spread and isinstance(node.op, ast.Sub) and isinstance(twice, ast.BinOp) and isinstance(twice.op, ast.Mult):
            for number, kept in ((twice.left, twice.right), (twice.right, twice.left)):
                if getattr(number, "value", None) == 2:
                    yield [Edit(syntax.span(node), syntax.words(kept))]
    for _, target in _pairs(fault):
        if numbers:
            yield [Edit(syntax.span(target), f"{syntax.operand(target)} - 1")]
        if spread:
            yield [Edit(syntax.span(target), f"({syntax.operand(target)} + 1) / 2")]


def _classes(fault: Fault) -> int:
    """How many classes one output stands for; 0 where the targets are no class numbers that were made floats."""
    told = fault.finding["evidence"].get("classes")
    numbers = re.search(r"targets, 0 to (\d+), lie", fault.summary)
    place = fault.read("loss").get("line")
    whole = any(
        last_name(call.func) == "float" for call in fault.syntax.at(place or 0, None) if isinstance(call, ast.Call)
    )
    return int(told or (int(numbers[1]) + 1 if numbers and whole else 0))


@edits_for("F10", "D08", framework=("pytorch",))
def scores_for_each_class(fault: Fault) -> Alternatives:
    """The last layer gets a unit for each class, its sigmoid is left out, and the loss becomes CrossEntropyLoss."""
    classes, syntax = _classes(fault), fault.syntax
    linear = [call for call in syntax.calls("Linear") if len(call.args) == 2 and _is_one(call.args[1])]
    made = [one for name in ("MSELoss", "BCELoss", "BCEWithLogitsLoss") for one in syntax.calls(name)]
    if not classes or classes <= 2 or len(linear) != 1 or len(made) != 1:
        return
    edits = [Edit(syntax.span(linear[0].args[1]), str(classes)), renamed(syntax, made[0].func, "CrossEntropyLoss")]
    for call in _activations(fault)[:1]:
        edits += next(iter(without(fault, call)), [])
    place = fault.read("loss").get("line")
    for call in [node for node in syntax.at(place or 0, None) if isinstance(node, ast.Call) and len(node.args) == 2]:
        edits += [Edit(syntax.span(one), words) for one in call.args if (words := _as_class_numbers(fault, one))]
        break
    yield edits


def _is_one(node: Any) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1


def _as_class_numbers(fault: Fault, node: Any) -> str:
    """An argument of a loss without the conversions for one column of numbers; empty where it has none."""
    inner = node
    while isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
        if plain(inner.func.attr) not in ("squeeze", "unsqueeze", "float", "view", "reshape", "flatten"):
            break
        inner = inner.func.value
    return fault.syntax.words(inner) if inner is not node else ""
