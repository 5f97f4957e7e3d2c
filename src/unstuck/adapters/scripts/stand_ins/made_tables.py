"""A table of numbers for a program that reads one which is not there: made up after what the program says of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from unstuck.adapters.scripts.stand_ins.words_in_tables import as_words, target_of, texts_among, words_of
from unstuck.adapters.scripts.text.names_in_source import last_name

TABLE = re.compile(r"\.(csv|data|txt|tsv)$", re.IGNORECASE)
READS = re.compile(r"read_csv|read_table|loadtxt|genfromtxt|csv\.reader")
SCALES = re.compile(r"Scaler|normali[sz]e|standardi[sz]e|minmax|\.std\(|\.max\(|\.ptp\(", re.IGNORECASE)
DECIDES = re.compile(r"sigmoid|softmax|logistic|exp\(\s*-|argmax|accuracy|class|label|perceptron", re.IGNORECASE)
NO_COLUMN = frozenset({"axis", "index", "columns", "values"})
LEAST_ROWS, MOST_ROWS, BEYOND = 600, 20_000, 1.4  # rows; and how many more than the last one that the program names
MOST_COLUMNS, MOST_CLASSES = 200, 20
NOISE = 0.25  # of what the columns say of the target


@dataclass(frozen=True)
class Columns:
    """What a program says of a table.

    names    that it looks up, in the order of the text
    width    how many columns there are with the target's, or None
    target   the number of the target's column: the first where the others are cut out from the second on, else the last
    rows     the largest row number that it cuts at, or 0
    dropped  how many columns it leaves out by name
    sizes    of the layers, as far as they are written out: the numbers of the first list or drawn arrays
    """

    names: tuple[str, ...]
    width: int | None
    target: int
    rows: int
    dropped: int
    sizes: tuple[int, ...]


def table_of(path: str, program: str) -> tuple[str, str] | None:
    """The text of a made-up table, and what to call it in the report; None where the program says too little of it."""
    name = re.split(r"[\\/]", path)[-1]
    if not TABLE.search(name) or name not in program or not READS.search(program):
        return None
    try:
        tree = ast.parse(program)
    except SyntaxError:
        return None
    said = columns_of(tree)
    width = said.width or max(said.sizes[0] + 1 + said.dropped if said.sizes else 0, len(said.names))
    if not 2 <= width <= MOST_COLUMNS or len(said.names) > width:
        return None
    words_by_name, names = words_of(tree), _names(said, width)
    classes = said.sizes[-1] if len(said.sizes) > 1 and 1 < said.sizes[-1] <= MOST_CLASSES else 2
    rows = int(np.clip(BEYOND * said.rows, LEAST_ROWS, MOST_ROWS))
    decides = DECIDES.search(program) is not None
    apart = SCALES.search(program) is not None
    header = _has_header(tree)
    target = said.target % width
    if header and names[target] in words_by_name:
        classes, decides = len(words_by_name[names[target]]), True
    table = made_up(rows, width, target, classes if decides else 0, apart)
    told = f"{'0 or 1' if classes == 2 else f'one of {classes} classes'}" if decides else "a number"
    ranges = "of very different ranges" if apart else "of like ranges"
    words = f"given {rows:,} made-up rows of {width - 1} columns {ranges} and a target, {told}"
    columns = [as_words(column, words_by_name.get(name, ())) for name, column in zip(names, table.T, strict=True)]
    return _as_text(columns, names if header else None), words


def columns_of(tree: ast.Module) -> Columns:
    """What the subscripts and calls of a program say of a table's columns and rows."""
    names: dict[str, None] = {}
    gone = set[str]()  # columns that are left out
    stops, rows, single, from_second = [0], [0], [0], False
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript):
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            names |= dict.fromkeys(_texts(node.slice))
            rows += _bounds(parts[0])
            if len(parts) == 2 and isinstance(parts[0], ast.Slice):
                stops += [bound for bound in _bounds(parts[1]) if bound > 0]
                single += [column for column in [_number(parts[1])] if column is not None]
                from_second |= _bounds(parts[1])[:1] == [1]
        elif isinstance(node, ast.Call):
            named = [word.value for word in node.keywords if word.arg in ("names", "columns", "usecols")]
            if getattr(node.func, "attr", "") in ("drop", "pop"):
                named += node.args[:1]
                gone |= {text for value in named for text in _texts(value)}
            names |= dict.fromkeys(text for value in named for text in _texts(value))
    learnt = target_of(tree)
    found = tuple(name for name in names if name not in NO_COLUMN and name != learnt)
    found += (learnt,) if learnt in names else ()
    width = max(*stops, max(single) + 1 if max(single) else 0) or None
    return Columns(found, width, 0 if from_second else -1, max(rows), len(gone - {learnt}), tuple(_sizes(tree)))


def made_up(rows: int, width: int, target: int, classes: int, apart: bool) -> np.ndarray:
    """(rows, width): a target that depends on the other columns, with noise; the same at each call.

    classes  how many the target has, in about equal shares; 0 for a target that is a number
    apart    whether the columns differ much in range, as counts do beside sums of money
    """
    rng = np.random.default_rng(0)
    plain = rng.normal(size=(rows, width - 1))
    weights = rng.choice([-1.0, 1.0], width - 1) * rng.uniform(0.5, 1.5, width - 1)
    score = plain @ weights / np.linalg.norm(weights)
    score += NOISE * rng.normal(size=rows)
    scale = 10.0 ** rng.integers(0, 5, width - 1) if apart else np.ones(width - 1)
    features = np.round((plain + 4).clip(0) * scale, 0 if apart else 2)
    values = np.round(score, 3) if not classes else np.searchsorted(np.quantile(score, _shares(classes)), score)
    return np.insert(features, target, values, axis=1)


def _shares(classes: int) -> np.ndarray:
    return np.arange(1, classes) / classes


def _texts(node: ast.AST) -> list[str]:
    """The text constants of a subscript or argument that is one or a list of them."""
    return texts_among(node.elts if isinstance(node, ast.List | ast.Tuple) else [node])


def _number(node: ast.AST) -> int | None:
    negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    inner = node.operand if isinstance(node, ast.UnaryOp) and negative else node
    if not isinstance(inner, ast.Constant) or type(inner.value) is not int:
        return None
    return -inner.value if negative else inner.value


def _bounds(node: ast.AST) -> list[int]:
    """The numbers at which a slice begins and ends."""
    if not isinstance(node, ast.Slice):
        return []
    numbers = [_number(bound) for bound in (node.lower, node.upper) if bound is not None]
    return [number for number in numbers if number is not None]


def _sizes(tree: ast.Module) -> Iterator[int]:
    """The sizes of the layers: the first list of them; else the first pair of an array drawn at random, and the last
    number of the last such pair."""
    for node in ast.walk(tree):
        if isinstance(node, ast.List | ast.Tuple) and len(node.elts) > 2:
            numbers = [_number(part) for part in node.elts]
            if all(number is not None and number > 0 for number in numbers) and numbers[0] != numbers[1]:
                yield from (number for number in numbers if number is not None)
                return
    pairs = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and re.search(r"rand|normal|uniform|zeros", ast.unparse(node.func)):
            for group in [node.args, *(part.elts for part in node.args if isinstance(part, ast.Tuple))]:
                numbers = [_number(part) for part in group]
                if len(numbers) == 2 and all(number is not None and number > 0 for number in numbers):
                    pairs.append((node.lineno, numbers))
    if pairs:
        pairs.sort(key=lambda pair: pair[0])
        yield from (size for size in (pairs[0][1][0], pairs[-1][1][1]) if size is not None)


def _has_header(tree: ast.Module) -> bool:
    """Whether the first line is read as names, or passed over."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = last_name(node.func)
            given = {word.arg: word.value for word in node.keywords}
            if name in ("read_csv", "read_table"):
                header = given.get("header")
                return not ("names" in given or (isinstance(header, ast.Constant) and header.value is None))
            if name in ("loadtxt", "genfromtxt"):
                return bool({"skiprows", "skip_header"} & set(given))
            if name == "next":
                return True
    return False


def _names(said: Columns, width: int) -> list[str]:
    """Those that the program looks up, the target's where the program takes it, and made-up ones."""
    spare = [f"column_{number}" for number in range(1, width - len(said.names) + 1)]
    if len(said.names) == 1:
        spare.insert(said.target % width, said.names[0])
        return spare
    return [*said.names[:-1], *spare, *said.names[-1:]]


def _as_text(columns: list[list[str]], names: list[str] | None) -> str:
    lines = map(",".join, zip(*columns, strict=True))
    return "\n".join([*([",".join(names)] if names else []), *lines]) + "\n"
