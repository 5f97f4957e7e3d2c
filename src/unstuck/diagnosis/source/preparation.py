"""Source forms of faults in the data and in the evaluation."""

import ast
import re

from unstuck.diagnosis.source.expressions import (
    INPUTS,
    LABELS,
    TEST,
    TRAINING,
    argument,
    binary,
    called,
    calls,
    is_adapter,
    mentions,
    number,
    words,
)
from unstuck.diagnosis.source.reading import Matches, Source

PAIRING = {"zip", "TensorDataset", "hstack", "evaluate", "fit", "score"}


def unscaled_inputs(source: Source) -> Matches:
    """D02: images reshaped or converted, in a program that divides by 255 nowhere."""
    prepares = [u for u in source.units if u.fields == {"build"} or isinstance(u.tree, ast.Module)]
    units = [unit for unit in prepares if not is_adapter(unit)]
    if any(number(node) in (255, 256, 127.5, 128, 127) for unit in source.units for node in unit.nodes):
        return []
    return [
        (unit, a.node)
        for unit in units
        for a in unit.assignments
        if any(calls(a.value, "astype", "reshape", "float"))
        and mentions(a.value, INPUTS)
        and not mentions(a.value, LABELS)
    ]


def unsigned_difference(source: Source) -> Matches:
    """D03: x - 128 where x is still of unsigned integers."""
    found: Matches = []
    for unit in source.behind("build"):
        for node in unit.nodes:
            if binary(node, ast.Sub) and isinstance(node, ast.BinOp):
                constant = number(node.right)
                whole = constant is not None and constant == int(constant) and 64 <= constant <= 256
                converted = any(calls(node.left, "astype", "float", "array", "asarray", "float32", "float64"))
                divided = any(binary(part, ast.Div) or isinstance(part, ast.Constant) for part in ast.walk(node.left))
                if whole and not converted and not divided:
                    found.append((unit, node))
    return found


def test_prepared_differently(source: Source) -> Matches:
    """D05: test inputs without the number that the training inputs are divided by."""
    found: Matches = []
    for unit in source.behind("build"):
        inputs = [a for a in unit.assignments if mentions(a.target, INPUTS) and not mentions(a.target, LABELS)]
        for train in inputs:
            if mentions(train.target, TRAINING) and binary(train.value, ast.Div, ast.Mult):
                others = [a for a in inputs if mentions(a.target, TEST) and not binary(a.value, ast.Div, ast.Mult)]
                found += [(unit, a.node) for a in others]
    return found


def training_inputs_with_test_labels(source: Source) -> Matches:
    """D06, D11: zip(training_images, test_labels)."""
    found: Matches = []
    for unit in source.behind("build", "accuracy", "train"):
        for node in unit.nodes:
            if isinstance(node, ast.Call) and called(node) in PAIRING:
                parts: list[ast.expr] = node.args
            elif isinstance(node, ast.Tuple):
                parts = node.elts
            else:
                continue
            if len(parts) == 2 and _crossed(*parts):
                found.append((unit, node))
    return found


def _crossed(x: ast.expr, y: ast.expr) -> bool:
    x_name, y_name = " ".join(words(x)), " ".join(words(y))
    apart = (TRAINING.search(x_name) and TEST.search(y_name)) or (TEST.search(x_name) and TRAINING.search(y_name))
    both = (TRAINING.search(x_name) and TEST.search(x_name)) or (TRAINING.search(y_name) and TEST.search(y_name))
    return bool(apart and not both and LABELS.search(y_name) and not LABELS.search(x_name))


def scaled_labels(source: Source) -> Matches:
    """D07: labels divided by 255."""
    return [
        (unit, node)
        for unit in source.behind("build", "train", "step")
        for node in unit.nodes
        if binary(node, ast.Div)
        and isinstance(node, ast.BinOp)
        and (number(node.right) or 0) in (255, 256)
        and mentions(node.left, LABELS)
        and not mentions(node.left, INPUTS)
    ]


def fixed_order(source: Source) -> Matches:
    """D12: order = np.arange(len(x)), or a DataLoader that does not shuffle."""
    found: Matches = []
    units = source.behind("train")
    if any(any(calls(unit.tree, "permutation", "shuffle", "randperm", "sample")) for unit in units):
        return []
    for unit in units:
        for a in unit.assignments:
            if called(a.value) in ("arange", "range") and mentions(a.target, re.compile("order|ind|idx|perm")):
                found.append((unit, a.node))
        for node in unit.nodes:
            if called(node) == "DataLoader" and not mentions(node, TEST):
                shuffle = argument(node, "shuffle")
                if shuffle is None or (isinstance(shuffle, ast.Constant) and shuffle.value is False):
                    found.append((unit, node))
    return found


def batch_loop(source: Source) -> Matches:
    """D12: the one loop over the examples, where nothing shuffles them."""
    found: Matches = []
    for unit in source.behind("train"):
        for node in unit.nodes:
            over = node.iter if isinstance(node, ast.For) else None
            if isinstance(over, ast.Call) and called(over) == "range" and len(over.args) == 3:
                first, _, stride = over.args
                if number(first) == 0 and (number(stride) or 1) > 0:
                    found.append((unit, over))
    return found if len(found) == 1 else []


def separate_shuffles(source: Source) -> Matches:
    """D14, D10: inputs and labels shuffled each for itself."""
    found: Matches = []
    for unit in source.behind("train", "build"):
        shuffles = [
            n for n in unit.nodes if isinstance(n, ast.Call) and called(n) in ("shuffle", "permutation") and n.args
        ]
        inputs = [n for n in shuffles if mentions(n.args[0], INPUTS) and not _is_length(n.args[0])]
        labels = [n for n in shuffles if mentions(n.args[0], LABELS) and not _is_length(n.args[0])]
        if inputs and labels and inputs[0] is not labels[0]:
            found += [(unit, n) for n in labels]
    return found


def _is_length(node: ast.AST) -> bool:
    return any(calls(node, "len")) or any(
        isinstance(n, ast.Attribute) and n.attr in ("shape", "size") for n in ast.walk(node)
    )


def compared_with_the_maximum_of_all(source: Source) -> Matches:
    """E01: outputs == outputs.max() over the whole batch."""
    found: Matches = []
    for unit in source.behind("accuracy"):
        for node in unit.nodes:
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq):
                for call in calls(node, "max", "amax"):
                    if argument(call, "axis") is None and argument(call, "dim") is None:
                        found.append((unit, node))
    return found


def accuracy_in_one_statement(source: Source) -> Matches:
    """E01: the comparison of argmax and label, where the average is taken in the same statement."""
    found: Matches = []
    for unit in source.behind("accuracy"):
        for node in unit.nodes:
            if isinstance(node, ast.Return | ast.Assign) and node.value is not None:
                compares = any(isinstance(part, ast.Compare) for part in ast.walk(node.value))
                averages = any(calls(node.value, "mean", "average")) or binary(node.value, ast.Div)
                if compares and averages and any(calls(node.value, "argmax", "round", "argmin")):
                    found.append((unit, node))
    return found if len(found) == 1 else []
