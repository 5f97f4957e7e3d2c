"""A changed program as a file: with the encoding, the line ends and the byte order mark of the file it comes from."""

from __future__ import annotations

import codecs
import io
import json
import tokenize
from collections.abc import Iterator
from contextlib import suppress
from difflib import SequenceMatcher
from pathlib import Path

from unstuck.adapters.scripts.text.source import Source
from unstuck.errors import CaseError
from unstuck.writing import is_same_file

MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def content(source: Source, text: str) -> bytes:
    """The file of a program with another text: every line that is not changed keeps its bytes."""
    original = source.path.read_bytes()
    if source.cells:
        return _notebook(original, source, text)
    mark, encoding = next(((m, e) for m, e in MARKS if original.startswith(m)), (b"", ""))
    if not encoding:
        with suppress(SyntaxError):
            encoding = tokenize.detect_encoding(io.BytesIO(original).readline)[0]
    try:
        decoded = original[len(mark) :].decode(encoding or "latin-1")
    except UnicodeDecodeError:
        encoding, decoded = "latin-1", original.decode("latin-1")
    raw = io.StringIO(decoded, newline="").readlines()
    ends = [line[len(line.rstrip("\r\n")) :] for line in raw]
    usual = max(("\n", "\r\n", "\r"), key=ends.count)
    lines = []
    for line, at in matched(source.text, text):
        kept = raw[at] if at is not None and at < len(raw) else line.rstrip("\n")
        lines.append(kept if kept.endswith(("\n", "\r")) else kept + usual)
    whole = "".join(lines)
    if raw and not ends[-1]:
        whole = whole.rstrip("\r\n") + ("" if raw[-1].strip() else raw[-1])
    return mark + whole.encode(encoding or "latin-1")


def matched(old: str, new: str) -> Iterator[tuple[str, int | None]]:
    """The lines of a new text, each with the index of the line of the old one that it is; None where it is changed."""
    first, second = old.splitlines(keepends=True), new.splitlines(keepends=True)
    for kind, start, _, begin, end in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        for offset, line in enumerate(second[begin:end]):
            yield line, start + offset if kind == "equal" else None


def _notebook(original: bytes, source: Source, text: str) -> bytes:
    """The notebook with the changed lines in their cells, written as Jupyter writes notebooks."""
    document = json.loads(original.decode("utf-8-sig"))
    old, new = source.text.splitlines(), text.splitlines()
    changed: dict[int, dict[int, list[str]]] = {}
    behind: dict[tuple[int, int], list[str]] = {}  # new lines, by the cell and line that they come after
    for kind, start, stop, begin, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        cell, line = source.cell_and_line(max(start, 1) if kind == "insert" else start + 1)
        if kind == "insert":
            behind[cell or 1, line - 1 if start else -1] = new[begin:end]
            continue
        edits = changed.setdefault(cell or 1, {})
        edits[line - 1] = new[begin:end]
        edits |= {line - 1 + more: [] for more in range(1, stop - start)}
    cells = document.get("cells") or [cell for sheet in document["worksheets"] for cell in sheet["cells"]]
    for number in {*changed, *(cell for cell, _ in behind)}:
        cell, edits = cells[number - 1], changed.get(number, {})
        key = "source" if "source" in cell else "input"
        joined = "".join(cell[key]) if isinstance(cell[key], list) else cell[key]
        kept_lines = list(behind.get((number, -1), []))
        for index, line in enumerate(joined.split("\n")):
            kept_lines += [*edits.get(index, [line]), *behind.get((number, index), [])]
        kept = "\n".join(kept_lines)
        cell[key] = kept.splitlines(keepends=True) if isinstance(cell[key], list) else kept
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def expect_another_file(out: Path, path: Path) -> None:
    """Raises CaseError where the fix would be written over the program that it is for."""
    if is_same_file(out, path):
        raise CaseError(f"--fix {out}: is the program itself, which is never written to; name another file")
