"""What a script has beside its training step: its data and test data, the loss that it writes down, what it prints as
accuracy, and where its settings stand."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from unstuck.adapters.scripts.reading.examples import in_columns, input_rows, target_rows
from unstuck.adapters.scripts.reading.lines import Lines
from unstuck.adapters.scripts.reading.read import Read
from unstuck.adapters.scripts.reading.reading import UpdateRead, Value
from unstuck.adapters.scripts.replay.case import output_rows
from unstuck.adapters.scripts.replay.data_sets import DataSet
from unstuck.adapters.scripts.text.names_in_source import bindings, last_name, last_part
from unstuck.autodiff.tape import Node

Array = np.ndarray
CLOSE = 1e-5  # relative: how closely a number is a loss's; a small number may have been added in its logarithm


def read_data(data: DataSet, tests: DataSet | None, files: Mapping[str, str], before: int | None) -> list[Value]:
    """The arrays of examples that the script holds, each with the line that makes it.

    files   texts by name, the script's own first
    before  the line of the training loop: of several assignments the last one above it counts
    """
    sets = [(data, "training"), *([(tests, "test")] if tests is not None else [])]
    found: list[Value] = []
    for each, role in sets:
        for name, rows in zip(each.names, (each.x, each.t), strict=True):
            if name and name not in [value.name for value in found]:
                shape = (each.total, *rows.shape[1:])
                line = made_in(name, files, before)
                found.append(Value(name, role, shape, str(rows.dtype), line=line))
    return found


def made_in(name: str, files: Mapping[str, str], before: int | None) -> int | None:
    """The line of the statement that binds a name in the first of the files that does: the last one before a line."""
    try:
        wanted = last_part(name)
    except (SyntaxError, IndexError):
        return None
    for text in files.values():
        lines = [line for bound, _, line in bindings(ast.parse(text)) if bound == wanted]
        above = [line for line in lines if before is None or line < before]
        if lines:
            return max(above, default=min(lines))
    return None


# -- the loss ----------------------------------------------------------------------------------------------------------


def read_loss(read: Read) -> dict[str, Any] | None:
    """Where the first update computes a usual loss of its outputs and targets, told by its value, and which."""
    rows = input_rows(list(read.inputs.values), read.inputs)
    if rows is None:
        return None
    columns, n = in_columns(read.inputs), len(rows)
    t = target_rows(read.targets.values, n, columns)
    if t is None or len(t) != n:
        return None
    try:
        p = output_rows([node.value for node in read.update.outputs], n, columns)
    except ValueError:
        return None
    if p.shape != t.shape:
        if t.shape != (n, 1) or t.dtype.kind not in "iu" or not 0 <= t.min() <= t.max() < p.shape[1]:
            return None
        t = np.eye(p.shape[1])[t[:, 0]]
    values, found, told = list(_losses(p.astype(float), t.astype(float))), None, ""
    for node in read.recording.tape.nodes[read.update.first : read.loop.end]:
        name = _loss_of_value(node, values)
        if name is not None and (found is None or found in node.parents()):  # negated, divided, …
            found, told = node, name
    if found is None or found.site is None:
        return None
    return {"what": told, "line": found.site.line, "column": found.site.column, "text": found.site.text}


def _loss_of_value(node: Node, values: list[tuple[str, float]]) -> str | None:
    """Which loss a node is that is one number; of either sign, as a log-likelihood has the other."""
    if node.site is None or np.size(node.value) != 1 or np.asarray(node.value).dtype.kind != "f":
        return None
    value = abs(float(np.asarray(node.value).reshape(-1)[0]))
    return next((what for what, expected in values if expected and abs(value - expected) <= CLOSE * expected), None)


def _losses(p: Array, t: Array) -> Iterator[tuple[str, float]]:
    """(name, value) of the usual losses, summed and averaged, the exact names first."""
    n, size = len(t), t.size
    with np.errstate(all="ignore"):
        logarithms = np.where(t == 0, 0.0, t * np.log(p))
        sums = {
            "cross entropy": -logarithms.sum(),
            "binary cross entropy": -(logarithms + np.where(t == 1, 0.0, (1 - t) * np.log(1 - p))).sum(),
            "squared error": np.square(p - t).sum(),
            **({"absolute error": np.abs(p - t).sum()} if size > 1 else {}),  # else the error itself
        }
    ways = [("summed", 1.0), ("averaged over the batch", n), ("averaged", size)]
    for name, value in sums.items():
        if np.isfinite(value):
            yield from ((f"{name}, {words}", float(value / count)) for words, count in ways)
            yield from ((f"half the {name}, {words}", float(value / count / 2)) for words, count in ways)


# -- the accuracy ------------------------------------------------------------------------------------------------------


def read_accuracy(files: Mapping[str, str]) -> dict[str, Any] | None:
    """What the script prints as its accuracy: a count of equal answers, or what it calls accuracy or score."""
    for text in files.values():
        tree = ast.parse(text)
        counts = counting(tree)
        for node in ast.walk(tree):
            for part in printed_counts(node, counts):
                return {"what": ast.unparse(part), "line": part.lineno, "column": part.col_offset + 1}
    return None


def printed_counts(node: ast.AST, counts: set[str]) -> Iterator[ast.expr]:
    """The accuracies that a call of print is given, by the names of what counts."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
        for argument in node.args:
            yield from (part for part in _printed(argument) if _counts(part, counts))


def _printed(argument: ast.expr) -> Iterator[ast.expr]:
    """The expressions in an argument of print: those in a formatted string, on either side of a %, or itself."""
    if isinstance(argument, ast.JoinedStr):
        yield from (part.value for part in argument.values if isinstance(part, ast.FormattedValue))
    elif isinstance(argument, ast.BinOp) and isinstance(argument.op, ast.Mod | ast.Add):
        yield from (*_printed(argument.left), *_printed(argument.right))
    elif isinstance(argument, ast.Tuple):
        yield from argument.elts
    elif isinstance(argument, ast.Call) and getattr(argument.func, "attr", "") == "format":
        yield from argument.args
    elif not isinstance(argument, ast.Constant):
        yield argument


def _counts(part: ast.AST, counts: set[str]) -> bool:
    names = {last_name(node) for node in _names(part)}
    return bool(names & counts) or counts_in(part)


def _names(part: ast.AST) -> Iterator[ast.Name | ast.Attribute]:
    for node in ast.walk(part):
        if isinstance(node, ast.Name | ast.Attribute):
            yield node


def counts_in(part: ast.AST) -> bool:
    """Whether something in it compares answers for equality and counts, by sum or mean."""
    return any(
        isinstance(node, ast.Call)
        and (last_name(node.func) in ("mean", "sum", "average", "count_nonzero"))
        and any(is_equality(inner) for inner in ast.walk(node))
        for node in ast.walk(part)
    )


def is_equality(node: ast.AST) -> bool:
    """Whether this asks whether two values are equal."""
    return isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq)


def counting(tree: ast.Module) -> set[str]:
    """Names of what counts right answers: variables and functions that compare and count, or are called so."""
    found = {name for name, value, _ in bindings(tree) if value is not None and counts_in(value)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and counts_in(node):
            found.add(node.name)
        elif isinstance(node, ast.If) and any(is_equality(part) for part in ast.walk(node.test)):
            found |= {
                last_name(part.target)
                for part in node.body
                if isinstance(part, ast.AugAssign) and isinstance(part.target, ast.Name | ast.Attribute)
            }
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name | ast.Attribute):
            if any(is_equality(part) for part in ast.walk(node.value)):
                found.add(last_name(node.target))
        elif isinstance(node, ast.Name | ast.Attribute):
            name = last_name(node)
            if name.lower().startswith("acc") or "accuracy" in name.lower():
                found.add(name)
    found |= {name for name, value, _ in bindings(tree) if isinstance(value, ast.Call) and _calls(value, found)}
    return found - {"np", "numpy", "print"}


def _calls(value: ast.Call, functions: set[str]) -> bool:
    return last_name(value.func) in functions


# -- the settings ------------------------------------------------------------------------------------------------------


def with_setting_lines(update: UpdateRead, read: Read) -> UpdateRead:
    """The update with the lines where its rate is written, where its batch is taken and where its loops begin."""
    rate = Lines(read).rate(None)
    enclosing: Sequence[Any] = read.loop.enclosing or (read.loop.place,)
    return replace(
        update,
        rate_line=rate.line if rate is not None and update.learning_rate is not None else None,
        batch_line=read.loop.place.site.line,
        loop_line=enclosing[0].site.line,
    )
