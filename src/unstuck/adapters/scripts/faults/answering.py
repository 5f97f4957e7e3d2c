"""Answers to other examples than those that are asked about: a function that is given examples, never reads them, and
takes others from around it in their place; and a count that holds the answers to one set of examples against the labels
of another."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from unstuck.adapters.scripts.faults.evaluating import with_short_loops
from unstuck.adapters.scripts.reading.lines import location_of_line
from unstuck.adapters.scripts.reading.training_loop import TrainingLoop
from unstuck.adapters.scripts.recording.recording import Recording
from unstuck.adapters.scripts.replay.beside import counting
from unstuck.adapters.scripts.replay.counted import counted, training_functions
from unstuck.adapters.scripts.replay.data_sets import places_of
from unstuck.adapters.scripts.replay.forms import labels_of
from unstuck.adapters.scripts.text.names_in_source import last_name, stored_names
from unstuck.adapters.watch import Run
from unstuck.diagnosis.case import Case
from unstuck.diagnosis.examination.evidence import PROVED
from unstuck.diagnosis.report.contents import Finding
from unstuck.diagnosis.rules import RULES

Array = np.ndarray
OF_ITS_SIZE = frozenset({"shape", "size", "ndim", "dtype", "len", "range"})
"""What is asked of an argument without reading a value of it."""


@dataclass(frozen=True)
class Instead:
    """A function that takes an argument, reads no value of it, and reads something from around it.

    function   its definition
    argument   that it does not read
    reads      the expressions that it reads from around it: names, and attributes of self
    """

    file: str
    function: ast.FunctionDef
    argument: str
    reads: tuple[ast.Name | ast.Attribute, ...]


# -- functions that read others than they are given --------------------------------------------------------------------


def reads_others(
    run: Run, recording: Recording, loop: TrainingLoop, files: Mapping[str, str], case: Case, seconds: float
) -> Finding | None:
    """A finding where a function is called with examples and reads others of the script's in their place.

    The script is run again, with short loops of training, where its text has such a function.
    """
    found = [each for file, text in files.items() for each in given_and_not_read(file, text) if not _holds(each, loop)]
    if not found:
        return None
    watch = _Calls(found, case)
    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        with_short_loops(run, recording, loop, seconds)
    finally:
        sys.setprofile(before)
    if watch.seen is None:
        return None
    each, read = watch.seen
    words = (
        f"`{each.function.name}` is given examples as `{each.argument}` and reads none of them: it takes "
        f"`{ast.unparse(read)}` in their place, which holds others"
    )
    place = location_of_line(each.file, read.lineno)
    return Finding(RULES["E02"], PROVED, words, {"argument": each.argument}, True, None, place)


def _holds(each: Instead, loop: TrainingLoop) -> bool:
    """Whether the training loop stands in the function: then it is no question for answers."""
    first, last, site = each.function.lineno, each.function.end_lineno or 0, loop.place.site
    return each.file == site.file and first <= site.line <= last


def given_and_not_read(file: str, text: str) -> Iterator[Instead]:
    """Every argument of a function of a program that is read for its size at most, with what is read from around."""
    for function in ast.walk(ast.parse(text)):
        if not isinstance(function, ast.FunctionDef):
            continue
        body = [node for statement in function.body for node in ast.walk(statement)]
        above = {id(child): node for node in body for child in ast.iter_child_nodes(node)}
        arguments = [each.arg for each in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
        own = stored_names(body) | set(arguments)
        names = (node for node in body if isinstance(node, ast.Name | ast.Attribute))
        reads = tuple(node for node in names if _is_from_around(node, own, above))
        for name in arguments:
            uses = [node for node in body if isinstance(node, ast.Name) and node.id == name]
            if name != "self" and reads and all(_is_of_size(node, above) for node in uses):
                yield Instead(file, function, name, reads)


def _is_from_around(node: ast.Name | ast.Attribute, own: set[str], above: Mapping[int, ast.AST]) -> bool:
    user = above.get(id(node))
    called = isinstance(user, ast.Call) and user.func is node
    if isinstance(node, ast.Name):
        return isinstance(node.ctx, ast.Load) and node.id not in own and not called
    is_own = isinstance(node.value, ast.Name) and node.value.id == "self"
    return is_own and isinstance(node.ctx, ast.Load) and not called


def _is_of_size(node: ast.Name, above: Mapping[int, ast.AST]) -> bool:
    """Whether a name is read here for its size only."""
    user = above.get(id(node))
    if isinstance(user, ast.Call) and user.func is not node:
        return last_name(user.func) in OF_ITS_SIZE
    return isinstance(node.ctx, ast.Load) and isinstance(user, ast.Attribute) and user.attr in OF_ITS_SIZE


class _Calls:
    """Looks on at calls of some functions until one is `seen` that is given examples and reads others."""

    def __init__(self, functions: list[Instead], case: Case) -> None:
        self.examples = np.concatenate([np.asarray(x, float) for x in (case.x, case.x_test) if x is not None])
        targets = np.asarray(case.targets, float)
        self.targets = targets.reshape(len(targets), -1)
        self.functions: dict[tuple[str, str, int], list[Instead]] = {}
        self.seen: tuple[Instead, ast.Name | ast.Attribute] | None = None
        for each in functions:
            lines = [each.function.lineno, *(part.lineno for part in each.function.decorator_list)]
            self.functions.setdefault((each.file, each.function.name, min(lines)), []).append(each)

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event != "call" or self.seen is not None:
            return
        code = frame.f_code
        for each in self.functions.get((code.co_filename, code.co_name, code.co_firstlineno), ()):
            given = _rows(frame.f_locals.get(each.argument), self.examples.shape[1])
            if given is None:
                continue
            for read in each.reads:
                taken = _rows(_value(read, frame), self.examples.shape[1])
                if taken is None or not self._are_examples(taken):
                    continue
                if not _are_among(given, taken, _whole(each, read)):
                    self.seen = each, read
                    return

    def _are_examples(self, rows: Array) -> bool:
        """Whether rows are inputs of the script, and could not be targets."""
        as_wide = self.targets.shape[1] == rows.shape[1]
        told = as_wide and places_of(self.targets, rows) is not None
        return not told and places_of(self.examples, rows) is not None


def _are_among(given: Array, taken: Array, whole: bool) -> bool:
    """Whether examples are those that are read; or, where not all of these are read at once, some of them."""
    if whole:
        return given.shape == taken.shape and np.array_equal(given, taken)
    return places_of(taken, given) is not None


def _whole(each: Instead, read: ast.Name | ast.Attribute) -> bool:
    """Whether a function reads all of something at once, no rows of it by number or in a loop."""
    words = ast.unparse(read)
    for node in ast.walk(each.function):
        part = node.value if isinstance(node, ast.Subscript) else node.iter if isinstance(node, ast.For) else None
        if part is not None and words in map(ast.unparse, ast.walk(part)):
            return False
    return True


def _value(read: ast.Name | ast.Attribute, frame: FrameType) -> Any:
    if isinstance(read, ast.Attribute):
        return getattr(frame.f_locals.get("self"), read.attr, None)
    return frame.f_locals.get(read.id, frame.f_globals.get(read.id))


def _rows(value: Any, features: int) -> Array | None:
    """(n, n_features): examples in an array or list, in rows, in columns, or a single one; None for anything else."""
    if not isinstance(value, (np.ndarray, list, tuple)):
        return None
    try:
        array = np.asarray(value, float)
    except (ValueError, TypeError):
        return None
    if array.ndim == 2 and array.shape[1] != features and array.shape[0] == features:
        return array.T
    if array.size == 0 or (array.shape[-1:] != (features,) and int(np.prod(array.shape[1:])) != features):
        return None
    return array.reshape(-1, features)


# -- answers held against the labels of another set --------------------------------------------------------------------


def of_two_sets(case: Case, scope: Mapping[str, Any], files: Mapping[str, str], loop_line: int) -> Finding | None:
    """A finding where a count of right answers reads the inputs of one set of examples, and the labels of the other.

    scope      what the program's variables hold where the training begins
    files      texts by name, the script's own first
    loop_line  of the training loop
    """
    if case.x_test is None or case.targets_test is None:
        return None
    sets = {"training": (case.x, case.targets), "test": (case.x_test, case.targets_test)}
    for path, line, names in _counts(*next(iter(files.items())), loop_line, scope):
        inputs, labels = _read_by(names, scope, sets)
        if len(inputs) == len(labels) == 1 and not inputs & labels:
            (x,), (t,) = inputs, labels
            words = f"the answers to the {x} inputs are held against the {t} labels"
            place = location_of_line(path, line)
            return Finding(RULES["E02"], PROVED, words, {"inputs": x, "labels": t}, True, None, place)
    return None


def _counts(file: str, text: str, loop_line: int, scope: Mapping[str, Any]) -> Iterator[tuple[str, int, Iterable[str]]]:
    """The counts of right answers in a script, and its calls of functions that count: (file, line, names read)."""
    for count in counted(file, text, loop_line, lambda: scope):
        yield *count.place, count.read
    tree = ast.parse(text)
    counts, training = counting(tree), training_functions(tree, loop_line)
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and last_name(call.func) in counts - training:
            nodes = [node for argument in call.args for node in ast.walk(argument)]
            yield file, call.lineno, {node.id for node in nodes if isinstance(node, ast.Name)}


def _read_by(
    names: Iterable[str], scope: Mapping[str, Any], sets: Mapping[str, tuple[Any, Any]]
) -> tuple[set[str], set[str]]:
    """The sets whose inputs and whose labels are among some variables; `other` for inputs that are of none."""
    inputs, labels = set[str](), set[str]()
    for name in names:
        value = scope.get(name)
        rows = _rows(value, np.asarray(sets["test"][0]).shape[1])
        held = {called for called, (x, _) in sets.items() if _begins_with(rows, x)}
        told = {called for called, (_, t) in sets.items() if _is_labels(value, t)}
        inputs |= held
        if told and not held:
            labels |= told
        elif rows is not None and not held and len(rows) >= len(sets["test"][0]):
            inputs.add("other")
    return inputs, labels


def _begins_with(rows: Array | None, x: Array) -> bool:
    return rows is not None and np.array_equal(rows[: len(x)], x)


def _is_labels(value: Any, targets: Array) -> bool:
    """Whether something is the targets of some examples, or the numbers of their classes."""
    try:
        array = np.asarray(value, float)
    except (ValueError, TypeError):
        return False
    t = np.asarray(targets, float).reshape(len(targets), -1)
    classes = labels_of(t)
    return any(
        len(form) >= len(t) and np.array_equal(form.reshape(len(form), -1)[: len(t)], rows)
        for rows in [t, *([] if classes is None else [classes[:, None]])]
        for form in ([array, array.T] if array.ndim else [])
    )
