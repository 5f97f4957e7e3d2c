"""Programs as they lie on disk: encodings, line ends, notebooks, and what is no program at all."""

import json

import pytest

from unstuck.adapters.scripts.text.source import defines_a_case, read_source
from unstuck.errors import CaseError


def source_of(tmp_path, content, name="script.py"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_source(path)


def notebook(*cells):
    """Cells are code, or ("markdown", text)."""
    parts = [("code", cell) if isinstance(cell, str) else cell for cell in cells]
    return json.dumps(
        {"cells": [{"cell_type": kind, "source": text.splitlines(keepends=True)} for kind, text in parts]}
    )


@pytest.mark.parametrize(
    "content",
    [
        "x = 'é'\n".encode(),
        "x = 'é'".encode(),
        b"\xef\xbb\xbfx = '\xc3\xa9'\r\n",
        b"# -*- coding: latin-1 -*-\nx = '\xe9'\n",
        "x = 'é'\n".encode("utf-16"),
        b"x = '\xe9'\r\n",
    ],
)
def test_every_encoding_gives_the_same_text(tmp_path, content):
    assert source_of(tmp_path, content).text.splitlines()[-1] == "x = 'é'"


def test_a_guessed_encoding_is_said(tmp_path):
    assert "Latin-1" in source_of(tmp_path, b"x = '\xe9'\n").remarks[0]


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("", ("no code",)),
        ("# only a comment\n\n", ("no code",)),
        ("x = 1\nif x\n    pass\n", ("line 2", "if x")),
        ("if 1:\n\tx = 1\n        y = 2\n", ("line 3", "tabs")),
        ("x = 1\nprint x\n", ("line 2", "Python 2", "print x")),
        ("x = 0777\n", ("line 1", "Python 2")),
        ("raise ValueError, 'x'\n", ("line 1", "Python 2")),
        (b"x = 1\n\x00\x01", ("line 2", "zero byte")),
        ("# coding: klingon\n", ("line 1", "klingon")),
        ("(" * 2000 + ")" * 2000, ("line 1",)),
        ("x = 1\n" * 2_000_000, ("12.0 MB",)),
    ],
)
def test_what_python_cannot_read_is_one_sentence_with_its_line(tmp_path, content, parts):
    with pytest.raises(CaseError) as raised:
        source_of(tmp_path, content)
    assert all(part in str(raised.value) for part in ("script.py", *parts))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["script.txt", "script", "script.pyc"])
def test_other_files_are_refused(tmp_path, name):
    with pytest.raises(CaseError, match="expected a Python script"):
        source_of(tmp_path, "x = 1\n", name)


def test_a_folder_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(CaseError, match="folder"):
        read_source(tmp_path)
    with pytest.raises(CaseError, match="no such file"):
        read_source(tmp_path / "nothing.py")


def test_cells_of_a_notebook_are_one_text_with_places(tmp_path):
    text = notebook(("markdown", "# title"), "import numpy as np\nx = 1\n", "y = 2\nz = 3")
    source = source_of(tmp_path, text, "book.ipynb")
    lines = source.text.split("\n")
    assert [source.place(1 + lines.index(line)) for line in ("x = 1", "z = 3")] == ["cell 2, line 2", "cell 3, line 2"]


def test_what_only_ipython_understands_is_left_out_and_said(tmp_path):
    cell = "%matplotlib inline\n!pip install x\nfiles = !ls\nnp.array?\nx = (3\n  % 2)\n"
    cell += "%time y = 3\nfor i in x:\n    %run a.py"
    source = source_of(tmp_path, notebook(cell, "%%bash\nls", "%%time\nz = 3"), "book.ipynb")
    lines = source.text.split("\n")
    assert lines[:9] == ["pass", "pass", "pass", "pass", "x = (3", "  % 2)", "y = 3", "for i in x:", "    pass"]
    assert "ls" not in lines
    assert "z = 3" in lines
    assert len([remark for remark in source.remarks if "cell 1, line" in remark]) == 5
    assert any("cell 2 was left out" in remark for remark in source.remarks)


def test_python_with_percent_signs_stays_as_it_is(tmp_path):
    source = source_of(tmp_path, notebook("s = '''\n%d items\n!'''\nx = 7\n"), "book.ipynb")
    assert "%d items" in source.text
    assert source.remarks == ()


@pytest.mark.parametrize("content", ["", "{}", "[1, 2]", "{'cells': 3}", '{"cells": 3}', b"\xff\x00", "[" * 100_000])
def test_what_is_no_notebook_is_one_sentence(tmp_path, content):
    with pytest.raises(CaseError, match="is no notebook"):
        source_of(tmp_path, content, "book.ipynb")


def test_a_fault_in_a_cell_has_its_cell_and_line(tmp_path):
    with pytest.raises(CaseError, match="cell 2, line 2"):
        source_of(tmp_path, notebook("x = 1", "y = 2\nif y\n    pass"), "book.ipynb")


@pytest.mark.parametrize(
    ("text", "wired"),
    [
        ("import unstuck\ncase = unstuck.Case()\n", True),
        ("import numpy\nimport unstuck\ndef build(seed):\n    pass\n", True),
        ("case = 3\n", True),
        ("from mine import case\n", True),
        ("import unstuck\nif True:\n    case = 1\n", True),
        ("import numpy\ndef build(layers):\n    pass\n", False),
        ("import unstuck\ndef f():\n    case = 1\n", False),
        ("import unstuck\nfor case in (1, 2):\n    pass\n", False),
        ("x = 1\n", False),
    ],
)
def test_a_wired_case_is_told_by_what_the_file_binds(tmp_path, text, wired):
    assert defines_a_case(source_of(tmp_path, text)) is wired
