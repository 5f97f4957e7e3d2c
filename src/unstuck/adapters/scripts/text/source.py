"""A program as it lies on disk: the text of a .py file, or the code cells of a notebook as one text."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from unstuck.adapters.scripts.text.notebook import code_cells
from unstuck.errors import CaseError

LARGEST_PROGRAM = 2_000_000  # bytes; programs are a thousand times smaller, what is larger is data
LARGEST_NOTEBOOK = 200_000_000  # bytes; pictures are stored in notebooks
PYTHON_2 = {  # what a line of Python 2 looks like -> what to call it
    re.compile(r"^\s*print\s+[^=\s(]|^\s*print\s*>>|^\s*print\s*(\"|'|\()"): "print without parentheses",
    re.compile(r"^\s*except\s+[\w.]+\s*,\s*\w+\s*:"): "`except Error, name`",
    re.compile(r"^\s*raise\s+\w+\s*,"): "`raise Error, text`",
    re.compile(r"^\s*exec\s+[\"'\w]"): "exec without parentheses",
    re.compile(r"\b0[0-7]+\b|\b\d+[lL]\b"): "numbers as Python 2 writes them",
    re.compile(r"<>"): "`<>`",
    re.compile(r"`[^`]+`"): "backquotes",
    re.compile(r"\bur(\"|')"): "strings as Python 2 writes them",
}


@dataclass(frozen=True)
class Source:
    """The text of a program, which parses.

    path      the file as it was named
    text      Python, lines ended by one newline each, without a byte order mark
    cells     of a notebook: the number of each code cell, counted from 1 over all cells, and its first line in `text`
    remarks   sentences on how it was read: lines that were left out, an encoding that was guessed
    """

    path: Path
    text: str
    cells: tuple[tuple[int, int], ...] = ()
    remarks: tuple[str, ...] = ()

    filename: str = field(init=False)  # what its code is compiled as: the absolute path, wherever the process goes

    def __post_init__(self) -> None:
        object.__setattr__(self, "filename", str(self.path.resolve()))

    def cell_and_line(self, line: int) -> tuple[int | None, int]:
        """Where a line of `text` stands in the file: the number of its cell (None in a .py file) and its line."""
        if not self.cells:
            return None, line
        number, first = self.cells[max(bisect_right(self.cells, line, key=lambda cell: cell[1]) - 1, 0)]
        return number, line - first + 1

    def place(self, line: int) -> str:
        """`line 12`, or `cell 3, line 4`."""
        return place_in(*self.cell_and_line(line))


def place_in(cell: int | None, line: int) -> str:
    """`line 12`, or `cell 3, line 4`."""
    return f"line {line}" if cell is None else f"cell {cell}, line {line}"


def read_source(path: Path) -> Source:
    """Read a program. Raises CaseError, one sentence with the line, if there is none that Python 3 could run."""
    if path.is_dir():
        raise CaseError(f"{path}: is a folder, expected a Python script (.py) or a notebook (.ipynb)")
    if not path.exists():
        raise CaseError(f"{path}: no such file, expected a Python script (.py) or a notebook (.ipynb)")
    if not path.is_file():
        raise CaseError(f"{path}: is a device or a pipe, expected a Python script (.py) or a notebook (.ipynb)")
    kind = path.suffix.lower()
    if kind not in (".py", ".ipynb"):
        raise CaseError(f"{path}: expected a Python script (.py) or a notebook (.ipynb)")
    limit = LARGEST_PROGRAM if kind == ".py" else LARGEST_NOTEBOOK
    size = path.stat().st_size
    if size > limit:
        raise CaseError(f"{path}: has {size / 1e6:.1f} MB, expected a program of at most {limit / 1e6:g} MB")
    source = read_script(path) if kind == ".py" else read_notebook(path)
    if not any(not line.strip().startswith("#") for line in source.text.splitlines() if line.strip()):
        raise CaseError(f"{path}: has no code in it, neither a script nor a `case` or `build`")
    check_syntax(source)
    return source


def read_script(path: Path) -> Source:
    """The text of a .py file, whatever its encoding and its line ends."""
    content = path.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):  # Notepad's "Unicode"
        return Source(path, _with_newlines(content.decode("utf-16", errors="replace")))
    if b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        raise CaseError(f"{path}, line {line}: is no text (it has a zero byte), expected Python")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return Source(path, _with_newlines(content.decode(encoding)))
    except SyntaxError as error:
        if "utf-8" not in str(error) and "unknown encoding" in str(error):
            raise CaseError(f"{path}, line 1: names an encoding that Python does not know: {error}") from None
    except UnicodeDecodeError:
        pass
    remark = "it is not UTF-8 and names no other encoding: read as Latin-1"
    return Source(path, _with_newlines(content.decode("latin-1")), remarks=(remark,))


def read_notebook(path: Path) -> Source:
    """The code cells of a notebook in their order, as one text. Raises CaseError if it is no notebook."""
    lines: list[str] = []
    cells: list[tuple[int, int]] = []
    remarks: list[str] = []
    for cell in code_cells(path):
        cells.append((cell.number, len(lines) + 1))
        remarks += cell.remarks
        lines += [*cell.lines, ""]
    return Source(path, "\n".join(lines) + "\n", tuple(cells), tuple(remarks))


def check_syntax(source: Source) -> None:
    """Raises CaseError with the line where Python cannot read the program, and says so if it is Python 2."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on escapes such as "\\d"
            ast.parse(source.text)
            compile(source.text, source.filename, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        text = "".join(source.text.split("\n")[line - 1 : line]).strip()[:80]
        where = f"{source.path}, {source.place(line)}"
        old = next((name for pattern, name in PYTHON_2.items() if pattern.search(text)), None)
        if old is not None:
            raise CaseError(f"{where}: is Python 2 ({old}): {text}; convert it to Python 3 first") from None
        raise CaseError(f"{where}: Python cannot read it: {getattr(error, 'msg', error)}: {text}") from None
    except (RecursionError, MemoryError):
        raise CaseError(f"{source.path}: is nested too deeply for Python to read it") from None


def defines_a_case(source: Source) -> bool:
    """Whether the program is wired: it binds `case` or `build` at its top level, and knows unstuck or no arrays.

    A plain script may have a `build` of its own; what it has not is a mention of this package.
    """
    tree = ast.parse(source.text)
    wired = any(name in ("case", "build") for statement in _top_level(tree.body) for name in _bound(statement))
    imported = {name.partition(".")[0] for node in ast.walk(tree) for name in _imported(node)}
    return wired and ("unstuck" in source.text or not imported & {"numpy", "torch", "keras", "tensorflow", "math"})


def _with_newlines(text: str) -> str:
    lines = io.StringIO(text.removeprefix("\ufeff"), newline=None).read()
    return lines if lines.endswith("\n") else lines + "\n"


def _top_level(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run at the top level, those inside of if, try and with included."""
    for statement in statements:
        yield statement
        for part in ("body", "orelse", "finalbody"):
            if isinstance(statement, (ast.If, ast.Try, ast.With)):
                yield from _top_level(getattr(statement, part, []))


def _bound(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        yield statement.name
    elif isinstance(statement, (ast.Import, ast.ImportFrom)):
        yield from (alias.asname or alias.name for alias in statement.names)
    elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        yield from (node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module
