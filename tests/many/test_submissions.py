"""Which programs are found in a folder, and what each of them may read."""

import os
from pathlib import Path

import pytest

from unstuck.errors import CaseError
from unstuck.many.submissions import find_submissions


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")


def test_every_script_and_notebook_is_found_once_and_named_below_the_folder(folder):
    touch(folder, "b.py", "A.PY", "ada/net.py", "ada/deep/er/net.ipynb", "notes.txt")
    found = find_submissions([Path("class"), Path("class/b.py")])
    assert [one.name for one in found] == ["A.PY", "ada/deep/er/net.ipynb", "ada/net.py", "b.py"]
    assert found[2].path == "class/ada/net.py"


def test_a_program_of_its_own_folder_may_read_that_folder_and_no_neighbour(folder):
    touch(folder, "ada/net.py", "ada/helper/more.py", "bob/net.py", "data.csv")
    reads = {one.name: one.reads for one in find_submissions([folder])}
    assert reads["ada/net.py"] == reads["ada/helper/more.py"] == (str(folder / "ada"),)


def test_a_program_beside_others_may_read_what_is_no_program(folder):
    touch(folder, "ada.py", "bob.py", "data.csv", "pictures/1.txt", "cleo/net.py", ".secret")
    reads = {one.name: one.reads for one in find_submissions([folder])}
    assert reads["ada.py"] == tuple(str(folder / name) for name in ("ada.py", "data.csv", "pictures"))


def test_links_are_found_and_not_followed_unless_they_are_named(folder, tmp_path):
    touch(tmp_path, "outside.py")
    (folder / "link.py").symlink_to(tmp_path / "outside.py")
    (folder / "circle.py").symlink_to("circle.py")
    (folder / "around").symlink_to(folder)
    (folder / "outside.csv").symlink_to("/")
    touch(folder, "net.py")
    found = {one.name: one for one in find_submissions([folder])}
    assert {name: one.is_link for name, one in found.items()} == {"circle.py": True, "link.py": True, "net.py": False}
    assert found["net.py"].reads == (str(folder / "net.py"),)
    assert not find_submissions([folder / "link.py"])[0].is_link


def test_a_folder_named_like_a_program_is_a_line_and_is_looked_into(folder):
    touch(folder, "x.py/net.py")
    assert [one.name for one in find_submissions([folder])] == ["x.py", "x.py/net.py"]


def test_caches_environments_and_the_reports_are_left_out(folder):
    touch(folder, "net.py", ".git/a.py", "__pycache__/b.py", "venv/pyvenv.cfg", "venv/c.py", "out/d.py")
    assert [one.name for one in find_submissions([folder], leave_out=folder / "out")] == ["net.py"]


def test_bytes_that_are_no_text_are_spelled_out(folder):
    place = os.path.join(os.fsencode(folder), b"\xff.py")
    try:
        with open(place, "w"):
            pass
    except OSError:
        pytest.skip("this file system has no such names")
    assert find_submissions([folder])[0].name == "\\udcff.py"


def test_nothing_to_examine_is_one_sentence(folder):
    with pytest.raises(CaseError, match=r"no script \(\.py\)"):
        find_submissions([folder])
    with pytest.raises(CaseError, match="missing: no such file or folder"):
        find_submissions([Path("missing")])
