"""Columns of words in a made-up table: which words a program expects where, and which column it learns."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

import numpy as np

from unstuck.adapters.scripts.text.names_in_source import bindings, last_name

TARGETS = re.compile(r"^(y|t|target|label|output|answer)s?(_|\d|$)", re.IGNORECASE)
CODES = frozenset({"get_dummies", "factorize", "fit_transform", "LabelEncoder", "astype", "Categorical"})
ANY = ("first", "second", "third")  # words of a column of which a program only says that it holds some
TRANSLATES = ("map", "replace")


def words_of(tree: ast.Module) -> dict[str, tuple[str, ...]]:
    """By the name of a column, the words that a program translates, compares with, or has coded as numbers."""
    found: dict[str, dict[str, None]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            compared = texts_among(node.comparators)
            for name in _columns(node.left) if compared else ():
                found.setdefault(name, {}).update(dict.fromkeys(compared))
        elif isinstance(node, ast.Call) and last_name(node.func) in TRANSLATES and node.args:
            for name, translated in _translated(node):
                found.setdefault(name, {}).update(dict.fromkeys(translated))
        elif isinstance(node, ast.Call) and last_name(node.func) in CODES:
            for name in _coded(node):
                found.setdefault(name, {})
    return {name: (*words, "other")[: max(len(words), 2)] if words else ANY for name, words in found.items()}


def target_of(tree: ast.Module) -> str | None:
    """The one column that a program makes its targets of."""
    for name, value, _ in bindings(tree):
        looked_up = list(dict.fromkeys(_columns(value))) if value is not None and TARGETS.match(name) else []
        if len(looked_up) == 1:
            return looked_up[0]
    return None


def as_words(values: np.ndarray, words: tuple[str, ...]) -> list[str]:
    """A word for each value: the larger, the later; of whole numbers from 0 the word of that number. Without words the
    numbers themselves."""
    if not words:
        return [f"{value:.10g}" for value in values]
    if set(np.unique(values)) <= set(range(len(words))):
        return [words[int(value)] for value in values]
    bounds = np.quantile(values, np.arange(1, len(words)) / len(words))
    return [words[place] for place in np.searchsorted(bounds, values)]


def texts_among(nodes: Iterable[ast.AST | None]) -> list[str]:
    """The constants among some nodes that are text."""
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _columns(node: ast.AST) -> Iterator[str]:
    """The columns that are looked up by themselves in an expression."""
    for part in ast.walk(node):
        if isinstance(part, ast.Subscript):
            yield from texts_among([part.slice])


def _translated(call: ast.Call) -> Iterator[tuple[str, list[str]]]:
    """(column, words) of `df["a"].map({"x": 0, "y": 1})`, `df["a"].replace(["x", "y"], ...)` and
    `df.replace({"a": {"x": 0}})`."""
    given = call.args[0]
    owner = call.func.value if isinstance(call.func, ast.Attribute) else call
    for name in [*_columns(owner)][:1]:
        yield name, _words_in(given)
    if isinstance(given, ast.Dict):
        for key, value in zip(given.keys, given.values, strict=True):
            if isinstance(value, ast.Dict) and isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, _words_in(value)


def _words_in(node: ast.AST) -> list[str]:
    parts = node.keys if isinstance(node, ast.Dict) else node.elts if isinstance(node, ast.List | ast.Tuple) else []
    return texts_among(parts)


def _coded(call: ast.Call) -> Iterator[str]:
    """The columns that are coded as numbers whatever words they hold."""
    if last_name(call.func) == "astype":
        yield from _columns(call.func) if "category" in texts_among(call.args) else ()
        return
    if last_name(call.func) == "fit_transform" and not re.search(r"encoder|^le\b|_le\b", ast.unparse(call.func), re.I):
        return
    for argument in call.args[:1]:
        yield from _columns(argument)
    for keyword in call.keywords:
        if keyword.arg == "columns" and isinstance(keyword.value, ast.List):
            yield from _words_in(keyword.value)
