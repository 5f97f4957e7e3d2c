"""The code cells of a notebook, with what only IPython understands left out line by line."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unstuck.errors import CaseError

MEASURING = ("time", "timeit", "prun", "capture", "memit", "mprun", "debug")  # magics whose code runs nevertheless
NOT_PYTHON = re.compile(
    r"^(?P<indent>\s*)(%%?[A-Za-z]|!|\?|[\w.\[\], ]+=\s*(!|%[A-Za-z]))|^(?P<before>\s*)[\w.]+\?\??\s*$"
)
MEASURED = re.compile(rf"^(?P<indent>\s*)%({'|'.join(MEASURING)})\s+(-\w+\s+\S+\s+)*(?P<code>[^-\s].*)$")


@dataclass(frozen=True)
class Cell:
    """One code cell: its number among all cells, counted from 1, its lines as Python, and what was left out."""

    number: int
    lines: tuple[str, ...]
    remarks: tuple[str, ...]


def code_cells(path: Path) -> Iterator[Cell]:
    """The code cells of a notebook in their order. Raises CaseError if the file is none."""
    try:
        document = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        line = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise CaseError(f"{path}{line}: is no notebook: {getattr(error, 'msg', 'not text')}") from None
    except RecursionError:
        raise CaseError(f"{path}: is no notebook: nested too deeply") from None
    cells = _cells(document)
    if cells is None:
        raise CaseError(f"{path}: is no notebook: expected an object with a list `cells`")
    for number, cell in enumerate(cells, start=1):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            text = cell.get("source", cell.get("input", ""))
            yield as_python(number, "".join(map(str, text)) if isinstance(text, list) else str(text))


def _cells(document: Any) -> list[Any] | None:
    """The list of cells, of format 4 or of format 3, which has them in worksheets."""
    if not isinstance(document, dict):
        return None
    worksheets = document.get("worksheets")
    if isinstance(worksheets, list):
        return [cell for sheet in worksheets if isinstance(sheet, dict) for cell in sheet.get("cells", [])]
    cells = document.get("cells")
    return cells if isinstance(cells, list) else None


def as_python(number: int, text: str) -> Cell:
    """A cell whose magics, shell commands and questions are replaced by `pass`: lines keep their numbers."""
    lines = text.replace("\r\n", "\n").split("\n")
    if _parses(text):
        return Cell(number, tuple(lines), ())
    first = next(line for line in lines if line.strip())
    if first.startswith("%%") and first[2:].split()[:1] not in [[name] for name in MEASURING]:
        return Cell(number, ("pass",) * len(lines), (f"cell {number} was left out ({first.strip()[:40]})",))
    kept: list[str] = []
    remarks: list[str] = []
    for index, line in enumerate(lines, start=1):
        match, measured = NOT_PYTHON.match(line), MEASURED.match(line)
        if match is None:
            kept.append(line)
        elif measured:
            kept.append(f"{measured['indent']}{measured['code']}")
        else:
            kept.append(f"{match['indent'] or match['before'] or ''}pass")
            remarks.append(f"cell {number}, line {index} was left out ({line.strip()[:40]})")
    return Cell(number, tuple(kept), tuple(remarks))


def _parses(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True
