"""Edits of the evaluation: its mode, the answers that are counted, and the examples that it looks at."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import permutations
from typing import Any

from unstuck.adapters.fixes.edit import Alternatives, Edit, Fault, argument_added, edits_for
from unstuck.adapters.fixes.frameworks.calls import arguments_given, keyword
from unstuck.adapters.fixes.frameworks.updates import backwards
from unstuck.adapters.fixes.statements import argument_removed, block_of, inserted_before
from unstuck.adapters.fixes.syntax import Syntax
from unstuck.adapters.scripts.text.names_in_source import last_name


def _trains(syntax: Syntax, node: Any) -> bool:
    """Whether derivatives are taken inside."""
    return any(call in ast.walk(node) for call in backwards(syntax))


def _models_called(fault: Fault) -> list[tuple[str, Any]]:
    """What is called by its name in the line of the fault, with the statement: net in net(images)."""
    syntax = fault.syntax
    calls = fault.here(ast.Call)
    named = [call for call in calls if not any(isinstance(one, ast.Call) for one in ast.walk(call.func))]
    return [(syntax.words(call.func), syntax.statement(call)) for call in named]


@edits_for("E03", framework=("pytorch",))
def evaluated_in_evaluation_mode(fault: Fault) -> Alternatives:
    """`model.eval()` is put before the evaluation, and `model.train()` at the start of the pass that follows."""
    syntax = fault.syntax
    for name, statement in _models_called(fault):
        outer = statement
        for above in syntax.above(statement):
            if isinstance(above, (ast.FunctionDef, ast.Module, ast.ClassDef)) or _trains(syntax, above):
                break
            if isinstance(above, ast.stmt):
                outer = above
        edits = list(inserted_before(syntax, outer, f"{name}.eval()"))
        around = [one for one in syntax.loops(outer) if _trains(syntax, one)]
        if around and not syntax.calls("train"):
            edits += inserted_before(syntax, around[0].body[0], f"{name}.train()")
        if edits:
            yield edits


@edits_for("F13", framework=("keras",))
def called_for_training(fault: Fault) -> Alternatives:
    """training=False in the step that trains becomes training=True."""
    for one in arguments_given(fault.syntax, "training", False):
        yield [Edit(fault.syntax.span(one.value), "True")]


@edits_for("F13", framework=("pytorch",))
def trained_in_training_mode(fault: Fault) -> Alternatives:
    """`model.train()` is put at the start of each pass."""
    syntax = fault.syntax
    names = [syntax.words(call.func.value) for call in syntax.calls("eval") if isinstance(call.func, ast.Attribute)]
    for name in dict.fromkeys(names):
        for call in backwards(syntax):
            for loop in reversed(syntax.loops(call)):
                yield list(inserted_before(syntax, loop.body[0], f"{name}.train()"))


def _near(fault: Fault, kind: type) -> list[Any]:
    """The nodes of a kind, those in the lines nearest to the fault first."""
    found = [node for node in fault.syntax.nodes if isinstance(node, kind)]
    return sorted(found, key=lambda node: abs(node.lineno - fault.line))


@edits_for("E01", framework=("pytorch", "keras"))
def answers_along_the_classes(fault: Fault) -> Alternatives:
    """argmax(dim=0) becomes argmax(dim=1)."""
    calls = [call for call in _near(fault, ast.Call) if last_name(call.func) in ("argmax", "max")]
    for call in calls if "along axis 0" in fault.summary else []:
        axis = keyword(call, "dim", "axis")
        place = axis.value if axis is not None else call.args[-1] if call.args else None
        if place is not None and getattr(place, "value", None) == 0:
            edit = Edit(fault.syntax.span(place), "1")
            yield [edit, *_whole_labels(fault)]
            yield [edit]


@edits_for("E01", framework=("pytorch", "keras"))
def answers_of_the_labels_shape(fault: Fault) -> Alternatives:
    """Answers (n, 1) that are held against labels (n,) meet labels (n, 1), or the other way round."""
    told = re.findall(r"of shape \(([\d, ]+)\)", fault.summary)
    if len(set(told)) < 2 or not any(one.endswith(", 1") for one in told):
        return
    added = ".unsqueeze(1)" if fault.framework == "pytorch" else "[:, None]"
    for compared in fault.here(ast.Compare):
        if len(compared.comparators) == 1 and isinstance(compared.ops[0], ast.Eq):
            for side in (compared.comparators[0], compared.left):
                yield [Edit(fault.syntax.span(side), f"{fault.syntax.operand(side)}{added}")]


@edits_for("E01", framework=("pytorch",))
def scores_cut_at_zero(fault: Fault) -> Alternatives:
    """Scores are held against 0, or go through a sigmoid before they are rounded."""
    syntax = fault.syntax
    for compared in _near(fault, ast.Compare):
        limit = compared.comparators[0]
        if isinstance(compared.ops[0], (ast.Gt, ast.GtE)) and getattr(limit, "value", None) == 0.5:
            yield [Edit(syntax.span(limit), "0")]
    for call in [node for node in _near(fault, ast.Call) if last_name(node.func) == "round"]:
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        inner = call.args[0] if call.args else owner
        if inner is not None and "sigmoid" not in syntax.words(inner):
            yield [Edit(syntax.span(inner), f"torch.sigmoid({syntax.words(inner)})")]


@edits_for("E01", framework=("pytorch",))
def divided_by_the_examples(fault: Fault) -> Alternatives:
    """The number of batches, len(loader), becomes that of examples, len(loader.dataset)."""
    for node in [one for one in _near(fault, ast.BinOp) if isinstance(one.op, ast.Div)]:
        count = node.right
        counted = count.args[0] if isinstance(count, ast.Call) and len(count.args) == 1 else None
        if isinstance(counted, ast.Name) and last_name(count.func) == "len":
            yield [Edit(fault.syntax.span(counted), f"{counted.id}.dataset")]


def _whole_labels(fault: Fault) -> Iterator[Edit]:
    """Labels that were cut to fit the answers are compared whole."""
    for node in fault.syntax.at(fault.line, None):
        if isinstance(node, ast.Compare):
            for side in (node.left, *node.comparators):
                if isinstance(side, ast.Subscript) and isinstance(side.slice, ast.Slice):
                    yield Edit(fault.syntax.span(side), fault.syntax.words(side.value))


@edits_for("E01", framework=("keras",))
def accuracy_that_fits(fault: Fault) -> Alternatives:
    """The metric becomes "accuracy", for which Keras chooses the one that belongs to the outputs and targets."""
    syntax = fault.syntax
    metrics = [node for node in syntax.nodes if isinstance(syntax.parents.get(node), (ast.List, ast.keyword))]
    for node in metrics:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith("_accuracy"):
            for name in ("accuracy", "categorical_accuracy", "sparse_categorical_accuracy"):
                if name != node.value:
                    yield [Edit(syntax.span(node), syntax.words(node).replace(node.value, name))]


@edits_for("D06", "E02")
def examples_kept_for_the_test(fault: Fault) -> Alternatives:
    """TensorDataset(x_train, y_train) of a test becomes TensorDataset(x_test, y_test)."""
    syntax = fault.syntax
    for call in syntax.nodes:
        if not isinstance(call, (ast.Call, ast.Tuple, ast.List)) or not _for_a_test(syntax, call):
            continue
        parts = [n for n in (call.args if isinstance(call, ast.Call) else call.elts) if isinstance(n, ast.Name)]
        for kind in ("val", "valid", "validation", "test", "dev"):
            meant = [(part, syntax.held_out(part.id, kind)) for part in parts]
            edits = [Edit(syntax.span(part), other) for part, other in meant if other]
            if edits:
                yield edits


@edits_for("D06")
def other_part_kept_for_the_test(fault: Fault) -> Alternatives:
    """Where a test is given rows[:n] as the training is, it gets rows[n:]."""
    syntax = fault.syntax
    parts = [node for node in syntax.nodes if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice)]
    for part in parts:
        same = [one for one in parts if one is not part and syntax.words(one) == syntax.words(part)]
        limit = part.slice.upper if isinstance(part.slice, ast.Slice) and part.slice.lower is None else None
        if limit is not None and _for_a_test(syntax, part) and any(not _for_a_test(syntax, one) for one in same):
            yield [Edit(syntax.span(part.slice), f"{syntax.words(limit)}:")]


def _for_a_test(syntax: Syntax, node: Any) -> bool:
    """Whether an expression is what a test or a validation is given, by the name that it gets."""
    for above in syntax.above(node):
        if isinstance(above, ast.keyword):
            return "val" in (above.arg or "")
        if isinstance(above, ast.Call) and last_name(above.func) == "evaluate":
            return True
        if isinstance(above, ast.Assign):
            return bool(re.search(r"val|test|dev", last_name(above.targets[0]), re.IGNORECASE))
        if isinstance(above, ast.stmt):
            return False
    return False


@edits_for("E02", framework=("pytorch", "keras"))
def test_in_one_order(fault: Fault) -> Alternatives:
    """The examples of a test are not shuffled."""
    syntax = fault.syntax
    for one in arguments_given(syntax, "shuffle", True):
        if _for_a_test(syntax, syntax.parents[one]):
            yield [Edit(syntax.span(one.value), "False")]


@edits_for("D12", framework=("pytorch", "keras"))
def shuffled(fault: Fault) -> Alternatives:
    """The examples of the training are shuffled."""
    syntax = fault.syntax
    for call in syntax.calls("DataLoader"):
        given = keyword(call, "shuffle")
        if _for_a_test(syntax, call):
            continue
        if given is not None and getattr(given.value, "value", None) is False:
            yield [Edit(syntax.span(given.value), "True")]
        elif given is None and keyword(call, "sampler") is None:
            yield [argument_added(syntax, call, "shuffle=True")]
    for call in syntax.calls("fit"):
        given = keyword(call, "shuffle")
        if given is not None:
            yield list(argument_removed(syntax, given))


@edits_for("F15")
def axes_exchanged(fault: Fault) -> Alternatives:
    """A reshape that gives the lengths of exchanged axes becomes the exchange."""
    told = re.search(r"from \(([\d, ]+)\) to \(([\d, ]+)\)", fault.summary)
    if not told:
        return
    old, new = (tuple(map(int, one.split(", "))) for one in told.groups())
    for node in fault.expressions:
        owner = getattr(getattr(node, "func", None), "value", None)
        if owner is None or last_name(node.func) not in ("view", "reshape"):
            continue
        name = "permute" if fault.framework == "pytorch" else "transpose"
        for axes in permutations(range(len(old))):
            if tuple(old[axis] for axis in axes) == new:
                words = f"{fault.syntax.words(owner)}.{name}({', '.join(map(str, axes))})"
                yield [Edit(fault.syntax.span(node), words)]


@edits_for("F14", framework=("pytorch",))
def batch_first(fault: Fault) -> Alternatives:
    """A recurrent layer that is given examples first is told so; a state that is kept is drawn anew for each batch."""
    syntax = fault.syntax
    for name in ("LSTM", "GRU", "RNN", "TransformerEncoderLayer", "MultiheadAttention"):
        for call in syntax.calls(name):
            if keyword(call, "batch_first") is None and isinstance(call.func, ast.Attribute):
                yield [argument_added(syntax, call, "batch_first=True")]
    for made in syntax.nodes:
        if isinstance(made, ast.Assign) and isinstance(made.value, ast.Call) and "hidden" in last_name(made.value.func):
            for call in backwards(syntax):
                block = block_of(syntax, syntax.statement(call))
                loop = next(iter(syntax.loops(call)), None)
                if loop is not None and made not in block and made.lineno < loop.lineno:
                    yield list(inserted_before(syntax, loop.body[0], *syntax.words(made).splitlines()))
