"""Folders of programs as a teacher gets them."""

import pytest
from click.testing import CliRunner

from tests.cli.test_scripts import FAULTY, LINES
from unstuck.cli import main
from unstuck.many.isolation import why_no_isolation

WALLED = pytest.mark.skipif(bool(why_no_isolation()), reason=f"no wall can be had here: {why_no_isolation()}")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder, `class`, below the working folder."""
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "class"
    made.mkdir()
    return made


@pytest.fixture
def lesson(folder):
    """Two students with folders of their own and programs of one name, and one program beside them."""
    for name, text in (("ada/net.py", FAULTY), ("bob/net.py", FAULTY), ("good.py", LINES)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def shell(folder):
    """Runs a command beside the folder."""
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])
