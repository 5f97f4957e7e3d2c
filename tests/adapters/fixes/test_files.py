"""A changed program keeps the encoding, the line ends, the byte order mark and the layout of its file."""

import json

import pytest

from unstuck.adapters.fixes.edit import applied
from unstuck.adapters.fixes.files import content, expect_another_file
from unstuck.adapters.fixes.statements import inserted_before, inserted_behind
from unstuck.adapters.fixes.syntax import Syntax
from unstuck.adapters.scripts.text.source import read_source
from unstuck.errors import CaseError


@pytest.mark.parametrize(
    "before",
    [
        b"# caf\xe9\nrate = 1\nx = 2\n",
        b"# -*- coding: latin-1 -*-\r\n# caf\xe9\r\nrate = 1\r\n",
        b"\xef\xbb\xbfrate = 1\r\nx = 2",
        b"if True:\n\trate = 1\t# mine",
        b"a = 3\r\nrate = 1\nx = 2\n\n\n",
        "rate = 1\n# λ\n".encode(),
        b"\xff\xfe" + "rate = 1\n".encode("utf-16-le"),
    ],
)
def test_only_the_changed_characters_change(tmp_path, before):
    path = tmp_path / "script.py"
    path.write_bytes(before)
    source = read_source(path)
    wide = before.startswith(b"\xff\xfe")
    old, new = (words.encode("utf-16-le" if wide else "ascii") for words in ("rate = 1", "rate = 7"))
    after = content(source, source.text.replace("rate = 1", "rate = 7"))
    assert after.replace(b"\r\n", b"\n") == before.replace(old, new).replace(b"\r\n", b"\n")
    if before.count(b"\r\n") in (0, before.count(b"\n")):
        assert after == before.replace(old, new)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "end"])
@pytest.mark.parametrize("at", ["before", "behind"])
def test_a_new_line_ends_as_the_others_do(tmp_path, end, last, at):
    lines = ["opt = 1", "if opt:", "\tloss.backward()"]
    path = tmp_path / "script.py"
    path.write_bytes(end.join([*lines, *([""] if last else [])]).encode())
    source = read_source(path)
    syntax = Syntax(source.text)
    (call,) = syntax.calls("backward")
    put = inserted_before if at == "before" else inserted_behind
    changed = applied(source.text, put(syntax, syntax.statement(call), "opt.step()"))
    lines.insert(2 if at == "before" else 3, "\topt.step()")
    assert content(source, changed) == end.join([*lines, *([""] if last else [])]).encode()


def test_a_notebook_keeps_its_other_cells_and_its_magics(tmp_path):
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Über\n"]},
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": ["%matplotlib inline\n", "rate = 1\n", "x = 2"]},
    ]
    path = tmp_path / "book.ipynb"
    path.write_text(json.dumps({"cells": cells, "nbformat": 4}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    source = read_source(path)
    after = content(source, source.text.replace("rate = 1", "rate = 7"))
    assert after == path.read_bytes().replace(b"rate = 1", b"rate = 7")


@pytest.mark.parametrize("at", ["rate = 1\n", "x = 2\n"])
def test_a_new_line_in_a_notebook_leaves_the_others(tmp_path, at):
    sources = [["rate = 1\n", "y = 1"], ["%time\n", "x = 2"]]
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": source} for source in sources]
    path = tmp_path / "book.ipynb"
    path.write_text(json.dumps({"cells": cells, "nbformat": 4}), encoding="utf-8")
    source = read_source(path)
    after = json.loads(content(source, source.text.replace(at.strip(), f"{at}z = 3")))
    lines = [line for cell in after["cells"] for line in "".join(cell["source"]).split("\n")]
    expected = ["rate = 1", "y = 1", "%time", "x = 2"]
    expected.insert(expected.index(at.strip()) + 1, "z = 3")
    assert lines == expected


def test_the_program_itself_is_never_written_to(tmp_path):
    path, link = tmp_path / "script.py", tmp_path / "link.py"
    path.write_text("x = 1\n")
    link.symlink_to(path)
    for out in (path, link, tmp_path / "." / "script.py"):
        with pytest.raises(CaseError, match="is the program itself"):
            expect_another_file(out, path)
    expect_another_file(tmp_path / "other.py", path)
