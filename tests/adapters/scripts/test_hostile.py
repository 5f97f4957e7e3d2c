"""Whatever a script does: one sentence or a report, in time, and the machine as it was before."""

import os
import sys
import tempfile
import uuid
from pathlib import Path

import pytest

from tests.adapters.scripts.hostile import HOSTILE

MARK = "UNSTUCK_TEST_MARK"


@pytest.fixture
def marked(monkeypatch):
    """Marks every process that is started from here on; answers the processes alive that bear the mark."""
    mark = uuid.uuid4().hex
    monkeypatch.setenv(MARK, mark)
    return lambda: processes_with(mark)


def processes_with(mark):
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            alive = b"State:\tZ" not in (folder / "status").read_bytes()
            if alive and int(folder.name) != os.getpid() and mark.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes())
        except OSError:  # it has ended meanwhile, or is somebody else's
            continue
    return found


def contents(folder):
    """Names, bytes and times of everything in a folder."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) if path.is_file() else None
        for path in folder.rglob("*")
    }


def test_there_are_many():
    assert len(HOSTILE) >= 40


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_answered_and_nothing_is_left(name, shell, tmp_path, marked, monkeypatch):
    program, seconds, parts = HOSTILE[name]
    file = name if "." in name else f"{name}.py"
    (tmp_path / file).write_bytes(program if isinstance(program, bytes) else program.encode())
    (tmp_path / "kept.txt").write_text("kept")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "inner.txt").write_text("inner")
    temporary = tmp_path.parent / f"{tmp_path.name}-temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    before = contents(tmp_path)
    result = shell("diagnose", file, "--budget", seconds, "--no-cures")
    assert result.exit_code in (0, 1, 2), result.output
    assert "Traceback" not in result.output
    assert str(temporary) not in result.output
    assert "unstuck.adapters" not in result.output
    if parts is not None:
        assert result.exit_code == 2
        assert result.output.count("\n") <= 30
        assert all(part in result.output for part in (file, *parts)), result.output
    assert contents(tmp_path) == before
    assert list(temporary.iterdir()) == []
    if sys.platform == "linux":
        assert marked() == []


def test_a_folder_that_is_called_like_a_script_is_one_sentence(shell, tmp_path):
    (tmp_path / "network.py").mkdir()
    result = shell("diagnose", "network.py")
    assert result.exit_code == 2
    assert "network.py: is a folder" in result.stderr
    assert result.stderr.count("\n") == 1
