"""Edits of the data's preparation: a scaled copy that is not used, inputs never scaled, a test set mixed up."""

from __future__ import annotations

import ast
import re

from unstuck.adapters.fixes.edit import Alternatives, Edit, Fault, edits_for
from unstuck.adapters.fixes.statements import inserted_behind
from unstuck.adapters.fixes.syntax import Syntax
from unstuck.adapters.scripts.text.names_in_source import last_name, stored_names
from unstuck.adapters.scripts.text.unused import unused

SCALED = re.compile(r"scale|norm|std|standard", re.IGNORECASE)
PREPARES = ("fit_transform", "transform", "scale", "normalize", "standardize", "minmax_scale")
HELD_OUT = ("test", "val", "valid", "validation")  # what the other parts of the data are called
BYTES = (1.5, 255.0)  # the largest input that is scaled by 255


def _own_names(syntax: Syntax, node: ast.AST) -> set[str]:
    """The parameters and variables of the functions that a node stands in."""
    functions = [one for one in syntax.above(node) if isinstance(one, (ast.FunctionDef, ast.Lambda))]
    given = {argument.arg for one in functions for argument in ast.walk(one.args) if isinstance(argument, ast.arg)}
    return given.union(*(stored_names(ast.walk(one)) for one in functions))


@edits_for("D02")
def scaled_inputs(fault: Fault) -> Alternatives:
    """The scaled copy that nobody reads takes the place of what it was made of; else the inputs are divided."""
    syntax = fault.syntax
    for made in unused({"": syntax.text}):
        if made.kind != "variable" or made.value is None or not SCALED.search(made.name):
            continue
        name, last = made.name, made.value.end_lineno or made.line
        for source in [n.id for n in ast.walk(made.value) if isinstance(n, ast.Name)]:
            uses = [
                Edit(syntax.span(node), name)
                for node in syntax.nodes
                if isinstance(node, ast.Name)
                and node.id == source
                and isinstance(node.ctx, ast.Load)
                and source not in _own_names(syntax, node)
                and node.lineno > last
            ]
            if uses:
                yield uses
    largest = fault.read("inputs").get("range", [0, 0])[1]
    if BYTES[0] < largest <= BYTES[1]:
        for node in fault.expressions:
            yield [Edit(syntax.span(node), f"{syntax.operand(node)} / 255")]
            break


@edits_for("D11", "D06", "E02")
def test_inputs_with_their_labels(fault: Fault) -> Alternatives:
    """zip(training_images, test_labels) becomes zip(test_images, test_labels)."""
    syntax = fault.syntax
    for call in syntax.nodes:
        if not isinstance(call, (ast.Call, ast.Tuple)):
            continue
        given = call.args if isinstance(call, ast.Call) else call.elts
        parts = [node for node in given if isinstance(node, ast.Name)]
        if len(parts) != 2 or not any("test" in part.id.lower() for part in parts):
            continue
        for part in parts:
            meant = syntax.held_out(part.id, "test")
            if meant:
                yield [Edit(syntax.span(part), meant)]


@edits_for("D03")
def bytes_as_floats(fault: Fault) -> Alternatives:
    """A difference of bytes, which wraps around, is taken of floating point numbers."""
    syntax = fault.syntax
    for node in syntax.at(fault.line, None):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and last_name(node.left):
            yield [Edit(syntax.span(node.left), f"{syntax.words(node.left)}.astype(float)")]


@edits_for("D02", "D05")
def prepared_data_kept(fault: Fault) -> Alternatives:
    """What a scaler answers is assigned: scaler.fit_transform(X) alone changes nothing. Tests are only transformed."""
    syntax, edits = fault.syntax, []
    fitted: set[str] = set()
    for node in syntax.nodes:
        if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call) or len(node.value.args) != 1:
            continue
        call, argument = node.value, node.value.args[0]
        if last_name(call.func) not in PREPARES or not isinstance(argument, ast.Name):
            continue
        words = syntax.words(call)
        owner = syntax.words(call.func).rpartition(".")[0]
        if last_name(call.func) == "fit_transform" and owner in fitted:
            words = words.replace("fit_transform", "transform", 1)
        fitted.add(owner)
        edits.append(Edit(syntax.span(node), f"{argument.id} = {words}"))
    yield edits


@edits_for("D05")
def test_transformed_too(fault: Fault) -> Alternatives:
    """Behind X_train = scaler.fit_transform(X_train) the test inputs are transformed by the same scaler."""
    syntax = fault.syntax
    for node in syntax.nodes:
        value = getattr(node, "value", None)
        if not isinstance(node, ast.Assign) or not isinstance(value, ast.Call) or len(node.targets) != 1:
            continue
        name, owner = syntax.words(node.targets[0]), syntax.words(value.func).rpartition(".")[0]
        if last_name(value.func) != "fit_transform" or not owner:
            continue
        for kind in HELD_OUT:
            other = syntax.held_out(name, kind)
            if other and f"{owner}.transform({other})" not in syntax.text:
                yield list(inserted_behind(syntax, node, f"{other} = {owner}.transform({other})"))


@edits_for("D02", framework=("", "numpy"))
def standardised(fault: Fault) -> Alternatives:
    """Behind the line that makes the inputs, each of them is brought to mean 0 and deviation 1, a test likewise."""
    syntax, name = fault.syntax, str(fault.read("inputs").get("name") or "")
    made = [node for node in syntax.nodes if _makes(node, [name])]
    if not name.isidentifier() or not made or syntax.loops(made[-1]):
        return
    axis = fault.axis_of_examples
    along = f"axis={axis}, keepdims=True" if axis == "1" else f"axis={axis}"
    parts = [*filter(None, (syntax.held_out(name, kind) for kind in HELD_OUT)), name]
    words = [f"{one} = ({one} - {name}.mean({along})) / ({name}.std({along}) + 1e-8)" for one in parts]
    last = max([made[-1], *(node for node in syntax.nodes if _makes(node, parts))], key=lambda node: node.lineno)
    yield list(inserted_behind(syntax, last, *words))


def _makes(node: ast.AST, names: list[str]) -> bool:
    """Whether a statement gives a value to one of these."""
    return isinstance(node, ast.Assign) and bool(stored_names(ast.walk(node)) & set(names))


@edits_for("D06", "E02", "D05", "D11", framework=("", "numpy"))
def test_made_of_the_test(fault: Fault) -> Alternatives:
    """x_test = x_train.reshape(n, 784) becomes x_test = x_test.reshape(n, 784), where there is such a variable."""
    syntax = fault.syntax
    for node in syntax.nodes:
        if not isinstance(node, ast.Assign) or not any("test" in name.lower() for name in stored_names(ast.walk(node))):
            continue
        loaded = [one for one in ast.walk(node.value) if isinstance(one, ast.Name) and "train" in one.id]
        yield [Edit(syntax.span(one), meant) for one in loaded if (meant := syntax.held_out(one.id, "test"))]


@edits_for("D14", framework=("", "numpy"))
def examples_left_as_they_are(fault: Fault) -> Alternatives:
    """x -= m, which changes the examples themselves, becomes x = x - m."""
    syntax = fault.syntax
    for node in fault.here(ast.AugAssign):
        if isinstance(node.target, ast.Name):
            sign = syntax.words(node)[len(node.target.id) :].lstrip().partition("=")[0]
            words = f"{node.target.id} = {node.target.id} {sign} {syntax.operand(node.value)}"
            yield [Edit(syntax.span(node), words)]
