"""Files: what the system has against one becomes one sentence naming it."""

import os

import pytest

from tests.data.refusal import refusal
from unstuck.data.files import open_file, read_up_to
from unstuck.errors import DataError


def read(path):
    with open_file(path) as file:
        return file.read()


def test_a_missing_file(tmp_path):
    assert "no such file" in refusal(read, tmp_path / "missing")


def test_a_path_through_a_file(tmp_path):
    (tmp_path / "file").touch()
    assert "cannot be read" in refusal(read, tmp_path / "file" / "below")


def test_a_folder(tmp_path):
    assert "is a folder" in refusal(read, tmp_path)


def test_a_pipe_is_refused_before_it_blocks(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "pipe" in refusal(read, tmp_path / "pipe")


def test_a_device_is_refused():
    with pytest.raises(DataError, match="/dev/zero: is a device"):
        read("/dev/zero")


@pytest.mark.parametrize("path", ["a\0b", None, 1.5])
def test_what_is_no_path(path):
    with pytest.raises(DataError, match="not a usable path"):
        read(path)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (PermissionError(13, "Permission denied"), "no permission"),
        (OSError(5, "Input/output error"), "cannot be read: Input/output error"),
    ],
)
def test_what_the_system_refuses(tmp_path, monkeypatch, error, sentence):
    def refuse(*_):
        raise error

    (tmp_path / "file").touch()
    monkeypatch.setattr("builtins.open", refuse)
    assert sentence in refusal(read, tmp_path / "file")


def test_errors_of_the_caller_pass_through(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ZeroDivisionError), open_file(tmp_path / "file"):
        raise ZeroDivisionError
    with pytest.raises(DataError, match="mine"), open_file(tmp_path / "file"):
        raise DataError("mine")


def test_reading_stops_at_the_end_or_at_the_size(tmp_path):
    (tmp_path / "file").write_bytes(b"abcdef")
    for size, content in ((0, b""), (4, b"abcd"), (6, b"abcdef"), (10**15, b"abcdef")):
        with open_file(tmp_path / "file") as file:
            assert read_up_to(file, size) == content
