"""Edits of the update: its sign, the rate, the number of updates, sums of gradients that are never set back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from math import isclose
from typing import Any

from unstuck.adapters.fixes.edit import Alternatives, Edit, Fault, edits_for
from unstuck.adapters.fixes.syntax import Span, factors, numbers_behind
from unstuck.adapters.scripts.text.names_in_source import last_name

MORE = 5  # times as many rounds
CLOSE = 1e-3  # between a rate in the source and the one that was observed
LOWER, HIGHER = (0.1, 0.01), (10.0, 100.0)  # times the rate, where nothing better is known
RATE = re.compile(r"^(lr|eta|alpha|n_?eta)$|learn|rate$|step_?size", re.IGNORECASE)


@edits_for("U01", "B10")
def descends(fault: Fault) -> Alternatives:
    """W + … becomes W - … at every update, or at that of the layer; the error y - a becomes a - y."""
    every = [edit for line in fault.lines_of_updates for edit in _signs(fault, line)]
    here = list(_signs(fault, fault.line))
    yield from (every, here) if fault.code == "U01" else (here, *_one_turned(fault), every)
    meeting = fault.read("targets").get("line")
    for node in fault.syntax.nodes:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and node.lineno == meeting:
            left, right = fault.syntax.words(node.left), fault.syntax.words(node.right)
            yield [Edit(fault.syntax.span(node), f"{right} - {left}")]


def _one_turned(fault: Fault) -> Alternatives:
    """The sign of one update that is unlike the others turned, either way."""
    updates = [node for node in fault.updates if isinstance(node, ast.AugAssign)]
    minus = [node for node in updates if isinstance(node.op, ast.Sub)]
    plus = [node for node in updates if isinstance(node.op, ast.Add)]
    for group in sorted((minus, plus), key=len) if minus and plus else []:
        for node in group:
            yield [_turned(fault, node.target, "+" if group is minus else "-")]


def _signs(fault: Fault, line: int) -> Iterator[Edit]:
    """The plus signs of the update in a line, each as a minus sign."""
    syntax = fault.syntax
    for node in syntax.nodes:
        if node.lineno != line:
            continue
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
            yield _turned(fault, node.target)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and _is_update(fault, node):
            yield _turned(fault, node.left)


def _is_update(fault: Fault, node: ast.BinOp) -> bool:
    """Whether a sum is what a parameter is replaced by: W + …, or w + … for each w of a list."""
    above = fault.syntax.parents[node]
    if isinstance(above, ast.Assign):
        return fault.syntax.words(node.left) in [fault.syntax.words(target) for target in above.targets]
    return isinstance(above, ast.ListComp) and isinstance(node.left, ast.Name)


def _turned(fault: Fault, left: Any, sign: str = "-") -> Edit:
    """The sign behind an operand as the other one, usually a plus as a minus."""
    syntax = fault.syntax
    first = syntax.span(left)
    text = syntax.lines[first.end_line - 1]
    column = text.index("-" if sign == "+" else "+", first.end_column - 1) + 1
    return Edit(Span(first.end_line, column, first.end_line, column + 1), sign)


@edits_for("U07", "U08", "B09", "U13")
def another_rate(fault: Fault) -> Alternatives:
    """The number that the rate is set to becomes the one with which the experiments learnt; without them, one far
    lower or higher."""
    observed = fault.report["network"]["update"].get("learning_rate")
    numbers: list[ast.Constant] = []
    for update in fault.updates:
        numbers += _scales(fault, update.value) or _scaled_before(fault, update.value)
    places: dict[Span, Any] = {fault.syntax.span(number): number for number in numbers or _named_rates(fault)}
    if len(places) > 1 and observed:  # a momentum stands there too
        places = {span: one for span, one in places.items() if isclose(one.value, abs(observed), rel_tol=CLOSE)}
    for factor in _factors(fault, observed):
        if len(places) == 1:
            (span, number), *_ = places.items()
            yield [Edit(span, f"{number.value * factor:.2g}")]
        if not places and observed and isclose(abs(observed), 1.0, rel_tol=CLOSE):
            yield list(_scaled_steps(fault, factor))


def _factors(fault: Fault, observed: float | None) -> Iterator[float]:
    """What the rate may be multiplied by, the likeliest first."""
    found = re.match(r"rate ([\d.e+-]+) on", fault.setting)
    if found and observed:
        examples = 1.0
        if fault.report["network"]["update"].get("reduction") == "sum":  # the rate of the words is one on the mean
            examples = float(fault.read("update").get("batch_size") or 1)
        yield float(found[1]) / (abs(observed) * examples)
    else:
        yield from HIGHER if fault.code == "U08" else LOWER


def _scaled_steps(fault: Fault, factor: float) -> Iterator[Edit]:
    """Every step that is taken as it is, without a rate, multiplied by one."""
    syntax = fault.syntax
    lines = fault.lines_of_updates
    for node in [one for one in syntax.nodes if one.lineno in lines]:
        step = None
        if isinstance(node, ast.AugAssign) and isinstance(node.op, (ast.Sub, ast.Add)):
            step = node.value
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp):
            same = syntax.words(node.value.left) in map(syntax.words, node.targets)
            step = node.value.right if same and isinstance(node.value.op, (ast.Sub, ast.Add)) else None
        if step is not None:
            product = isinstance(step, ast.BinOp) and isinstance(step.op, (ast.Mult, ast.Div))
            words = syntax.words(step) if product else syntax.operand(step)
            yield Edit(syntax.span(step), f"{factor:.2g} * {words}")


def _named_rates(fault: Fault) -> list[ast.Constant]:
    """The numbers that the source calls a rate, by the name that they are assigned to or given for."""
    found: list[ast.Constant] = []
    for node in fault.syntax.nodes:
        if isinstance(node, ast.Assign) and any(RATE.search(last_name(target)) for target in node.targets):
            found += numbers_behind(fault.syntax, node.value)
        if isinstance(node, ast.keyword) and RATE.search(node.arg or ""):
            found += numbers_behind(fault.syntax, node.value)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and RATE.search(node.id):
            found += numbers_behind(fault.syntax, node)
    return [number for number in found if _positive(number)]


def _scales(fault: Fault, node: Any) -> list[ast.Constant]:
    """The numbers below one thousand that the factors of an update come from."""
    found: list[ast.Constant] = []
    for product in ast.walk(node):
        if isinstance(product, ast.BinOp) and isinstance(product.op, ast.Mult):
            for factor in factors(product):
                if isinstance(factor, ast.BinOp) and isinstance(factor.op, ast.Div):
                    factor = factor.left
                found += [n for n in numbers_behind(fault.syntax, factor) if _positive(n)]
    return found


def _scaled_before(fault: Fault, step: Any) -> list[ast.Constant]:
    """The numbers that a step was multiplied by in place, in the same function: step *= rate."""
    syntax, words = fault.syntax, fault.syntax.words(step)
    found: list[ast.Constant] = []
    for node in syntax.nodes:
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Mult) and syntax.words(node.target) == words:
            found += [number for number in numbers_behind(syntax, node.value) if _positive(number)]
    return found


def _positive(node: ast.Constant) -> bool:
    return isinstance(node.value, (int, float)) and 0 < node.value < 1000


@edits_for("U09")
def more_updates(fault: Fault) -> Alternatives:
    """The number of rounds becomes the one after which the experiments had learnt, on batches of their size where the
    program writes one; else on its own."""
    found = re.match(r"([\d,]+) updates", fault.setting)
    own = fault.read("update")
    planned, batch = own.get("updates_planned"), own.get("batch_size")
    smaller = re.search(r"on batches of ([\d,]+)", fault.setting)
    if not found or not planned:
        return
    factor = int(found[1].replace(",", "")) / planned
    size = int(smaller[1].replace(",", "")) if smaller else 0
    if size and batch and 2 * size < batch:
        for number in _batch_sizes(fault, batch):
            yield [Edit(fault.syntax.span(number), str(size)), *_rounds(fault, factor * size / batch)]
    for more in (1, MORE) if size else (1,):  # large batches take more of them
        yield list(_rounds(fault, more * factor))


def _rounds(fault: Fault, factor: float) -> Iterator[Edit]:
    """The number of turns of the loop at the fault, so many times; nothing where these would be fewer."""
    syntax = fault.syntax
    for node in fault.here(ast.For):
        if isinstance(node.iter, ast.Call) and factor > 1:
            numbers = [n for argument in node.iter.args[-1:] for n in numbers_behind(syntax, argument)]
            places = {syntax.span(number): number for number in numbers}
            if len(places) == 1:
                (span, number), *_ = places.items()
                yield Edit(span, str(round(float(str(number.value)) * factor)))


def _batch_sizes(fault: Fault, batch: int) -> Iterator[ast.Constant]:
    """The number that the step of a loop over batches comes from: range(0, n, batch)."""
    syntax = fault.syntax
    steps = [call.args[2] for call in syntax.calls("range") if len(call.args) == 3]
    numbers = {syntax.span(n): n for step in steps for n in numbers_behind(syntax, step) if n.value == batch}
    yield from numbers.values()


@edits_for("U03")
def momentum_of_whole_steps(fault: Fault) -> Alternatives:
    """What is kept of an update is the whole step, in the place of its gradient alone."""
    syntax = fault.syntax
    for step in syntax.nodes:
        if step.lineno != fault.line or not isinstance(step, ast.AugAssign):
            continue
        whole = syntax.words(step.value)
        for kept in [node for node in syntax.nodes if isinstance(node, ast.Assign)]:
            same = syntax.function(kept) is syntax.function(step) and kept.lineno > step.lineno
            if same and any(syntax.words(target) in whole for target in kept.targets):
                yield [Edit(syntax.span(kept.value), whole)]


@edits_for("U02", "U14")
def set_back(fault: Fault) -> Alternatives:
    """Sums of gradients that are given the very arrays of a template are given new zeros."""
    syntax = fault.syntax
    edits = []
    for node in syntax.nodes:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Attribute):
            continue
        made = [syntax.words(one.value) for one in syntax.assignments(last_name(node.value))]
        if any(words.startswith("[np.zeros") for words in made):
            words = syntax.words(node.value)
            edits.append(Edit(syntax.span(node.value), f"[np.zeros_like(a) for a in {words}]"))
        elif any(words.startswith("np.zeros") for words in made):
            edits.append(Edit(syntax.span(node.value), f"{syntax.words(node.value)}.copy()"))
    yield edits
