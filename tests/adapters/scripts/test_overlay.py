"""What a script writes is found by it, and by nobody else."""

import os

import pytest

from unstuck.adapters.scripts.manners.overlay import Overlay


@pytest.fixture
def disk(tmp_path, monkeypatch):
    """A folder with a file, in which the program stands."""
    folder = tmp_path / "disk"
    (folder / "sub").mkdir(parents=True)
    (folder / "kept.txt").write_text("kept")
    (folder / "sub" / "inner.txt").write_text("inner")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def overlay(tmp_path, disk):
    return Overlay(tmp_path / "overlay")


def contents(folder):
    return {str(path): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def write(overlay, path, text, keep=False):
    with open(overlay.to_write(path, keep), "a" if keep else "w") as file:
        file.write(text)


def read(overlay, path):
    with open(overlay.to_read(path)) as file:
        return file.read()


def test_written_files_are_read_back_and_the_disk_stays(overlay, disk):
    before = contents(disk)
    write(overlay, "new.txt", "new")
    write(overlay, "kept.txt", " and more", keep=True)
    write(overlay, "sub/inner.txt", "other")
    assert [read(overlay, name) for name in ("new.txt", "kept.txt", "sub/inner.txt")] == [
        "new",
        "kept and more",
        "other",
    ]
    assert overlay.listing(".") == ["kept.txt", "new.txt", "sub"]
    assert contents(disk) == before


def test_removed_files_are_gone_in_appearance(overlay, disk):
    overlay.remove("kept.txt", folder=False)
    assert not os.path.lexists(overlay.to_read("kept.txt"))
    assert not overlay.has("kept.txt")
    assert overlay.listing(".") == ["sub"]
    assert (disk / "kept.txt").read_text() == "kept"
    write(overlay, "kept.txt", "again")
    assert read(overlay, "kept.txt") == "again"


def test_a_folder_is_removed_once_it_is_empty(overlay, disk):
    with pytest.raises(OSError, match="not empty"):
        overlay.remove("sub", folder=True)
    overlay.remove("sub/inner.txt", folder=False)
    overlay.remove("sub", folder=True)
    assert not os.path.isdir(overlay.to_read("sub"))
    assert (disk / "sub" / "inner.txt").exists()


def test_renaming_moves_files_of_the_disk_by_copying(overlay, disk):
    overlay.rename("kept.txt", "moved.txt")
    assert read(overlay, "moved.txt") == "kept"
    assert overlay.listing(".") == ["moved.txt", "sub"]
    assert (disk / "kept.txt").exists()


def test_folders_are_made_apart(overlay, disk):
    overlay.make_folder("made")
    write(overlay, "made/file.txt", "x")
    assert read(overlay, "made/file.txt") == "x"
    assert not (disk / "made").exists()
    with pytest.raises(FileExistsError):
        overlay.make_folder("made")
    with pytest.raises(FileNotFoundError):
        overlay.make_folder("nowhere/made")


def test_writing_into_a_missing_folder_fails_as_it_would(overlay):
    with pytest.raises(FileNotFoundError):
        write(overlay, "nowhere/file.txt", "x")


def test_devices_are_never_removed_or_renamed(overlay):
    overlay.remove(os.devnull, folder=False)
    assert os.path.exists(os.devnull)
    assert not os.path.exists(overlay.to_read(os.devnull))


def test_a_promise_is_kept_when_it_is_read(overlay):
    kept = []

    def keep(path):
        kept.append(path)
        with open(path, "w") as file:
            file.write("table")

    overlay.promise("table.txt", keep)
    assert overlay.has("table.txt")
    assert overlay.listing(".") == ["kept.txt", "sub", "table.txt"]
    assert kept == []
    assert read(overlay, "table.txt") == "table"
    assert len(kept) == 1


def test_what_is_nowhere_may_be_provided(tmp_path, disk):
    (tmp_path / "given").write_text("given")
    overlay = Overlay(tmp_path / "overlay", lambda path: str(tmp_path / "given") if path == "wanted" else None)
    assert read(overlay, "wanted") == "given"
    assert overlay.to_read("other") == "other"


def test_forgetting_shows_the_disk_again(overlay):
    write(overlay, "new.txt", "new")
    overlay.remove("kept.txt", folder=False)
    overlay.forget()
    assert overlay.listing(".") == ["kept.txt", "sub"]
    assert read(overlay, "kept.txt") == "kept"
