"""Files are complete or not there at all, whoever writes them, however many do, and whatever stands in their place."""

import multiprocessing
import os
import stat
from pathlib import Path

import pytest

import unstuck
from unstuck.errors import UnstuckError
from unstuck.writing import MACHINE, write_whole


def save_again_and_again(path: str, seed: int) -> None:
    for _ in range(60):
        unstuck.save(unstuck.Network([20, 10, 2], seed=seed), path)


def test_several_processes_may_write_one_path_and_readers_find_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "model"
    save_again_and_again(str(path), 0)
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=save_again_and_again, args=(str(path), seed)) for seed in (1, 2)]
    for writer in writers:
        writer.start()
    read = 0
    while any(writer.is_alive() for writer in writers):
        assert unstuck.load(path).seed in (0, 1, 2)
        read += 1
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert read > 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize("exists", [True, False], ids=["to a file", "dangling"])
def test_a_symbolic_link_stays_one_and_what_it_points_to_is_written(exists: bool, tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    if exists:
        target.write_text("old")
    link.symlink_to(target)
    write_whole(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_pipe_is_refused_and_stays_one(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnstuckError, match="is a pipe, expected the name of a file"):
        write_whole(tmp_path / "pipe", "text")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_device_is_refused() -> None:
    with pytest.raises(UnstuckError, match="is a device"):
        write_whole("/dev/null", "text")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_device_behind_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/null")
    with pytest.raises(UnstuckError, match="is a device"):
        unstuck.save(unstuck.Network([2, 2]), tmp_path / "link")


def test_long_names_are_written_and_longer_ones_refused(tmp_path: Path) -> None:
    write_whole(tmp_path / ("a" * 255), "text")
    with pytest.raises(UnstuckError, match="longer than 255 bytes"):
        write_whole(tmp_path / ("a" * 256), "text")


def test_the_permissions_of_a_file_stay_those_it_had(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o640)
    write_whole(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_parts_of_writers_that_were_killed_are_removed_and_those_of_others_kept(tmp_path: Path) -> None:
    ended = multiprocessing.get_context("spawn").Process(target=int)
    ended.start()
    ended.join()
    parts = {
        "gone": f".file.{MACHINE}-{ended.pid}-01234567.part",
        "alive": f".file.{MACHINE}-{os.getpid()}-01234567.part",
        "elsewhere": f".file.00000000-{ended.pid}-01234567.part",
        "elsewhere, long ago": f".file.00000000-{ended.pid}-89abcdef.part",
        "another file": f".file.txt.{MACHINE}-{ended.pid}-01234567.part",
    }
    for name in parts.values():
        (tmp_path / name).write_text("half")
    os.utime(tmp_path / parts["elsewhere, long ago"], (0, 0))
    write_whole(tmp_path / "file", "whole")
    kept = {parts["alive"], parts["elsewhere"], parts["another file"], "file"}
    assert {entry.name for entry in tmp_path.iterdir()} == kept


def test_a_failure_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnstuckError, match="No space left"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_what_is_neither_bytes_nor_text_leaves_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "out.py"
    write_whole(out, b"x = 1\n")
    assert out.read_bytes() == b"x = 1\n"
    with pytest.raises(TypeError):
        write_whole(out, 5)  # type: ignore[arg-type]
    assert out.read_bytes() == b"x = 1\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out.py"]
