"""Files that are complete or not there at all: the one way in which this package writes them."""

from __future__ import annotations

import os
import platform
import re
import secrets
import stat
import time
import zlib
from contextlib import suppress
from pathlib import Path

from unstuck.errors import UnstuckError

LONGEST_NAME = 255  # bytes, on the file systems in use
STALE = 3600.0  # seconds after which a part was left by a process that was killed
MACHINE = f"{zlib.crc32(platform.node().encode()):08x}"
KINDS = {
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
}


def place_of(path: str | os.PathLike[str]) -> Path:
    """Where the file will be: what a symbolic link points to. Raises UnstuckError where no regular file can be."""
    place = Path(os.path.realpath(path))
    if len(os.fsencode(place.name)) > LONGEST_NAME:
        raise UnstuckError(f"{path}: the name is longer than {LONGEST_NAME} bytes")
    try:
        kind = stat.S_IFMT(place.stat().st_mode)
    except FileNotFoundError:
        kind = stat.S_IFREG
    except OSError as error:
        raise UnstuckError(f"cannot write {path}: {error.strerror}") from error
    if kind != stat.S_IFREG:
        raise UnstuckError(f"{path}: is {KINDS.get(kind, 'no regular file')}, expected the name of a file")
    if not place.parent.is_dir():
        raise UnstuckError(f"{path}: there is no folder {place.parent}")
    return place


def is_same_file(path: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    """Whether both names lead to one file, through links as well, or would if it were there."""
    try:
        return os.path.realpath(path) == os.path.realpath(other) or os.path.samefile(path, other)
    except OSError:
        return False


def write_whole(path: str | os.PathLike[str], content: bytes | str) -> None:
    """Write a file, text as UTF-8, so that readers find the old one or the new one and never a part of it.

    It is written beside its place under a name of its own, so that several processes may write one path, and renamed.
    Devices, pipes and folders are refused, symbolic links followed. Raises UnstuckError.
    """
    place = place_of(path)
    data = content.encode("utf-8") if isinstance(content, str) else content
    name = os.fsencode(f".{place.name}")[: LONGEST_NAME - 50].decode(errors="ignore")
    part = place.with_name(f"{name}.{MACHINE}-{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        remove_abandoned_parts(place.parent, name)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        with open(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            os.chmod(part, stat.S_IMODE(place.stat().st_mode))
        os.replace(part, place)
        _sync_folder(place.parent)
    except BaseException as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise UnstuckError(f"cannot write {path}: {error.strerror}") from error
        raise


def remove_abandoned_parts(folder: Path, name: str) -> None:
    """Remove the parts of this file whose writers were killed: gone from this machine, or silent for long."""
    pattern = re.compile(re.escape(name) + r"\.([0-9a-f]+)-([0-9]+)-[0-9a-f]+\.part")
    for entry in os.scandir(folder):
        found = pattern.fullmatch(entry.name)
        if found is not None:
            with suppress(OSError):
                gone = found[1] == MACHINE and not lives(int(found[2]))
                if gone or time.time() - entry.stat().st_mtime > STALE:
                    os.unlink(entry.path)


def lives(process: int) -> bool:
    """Whether there is a process of this number; where that cannot be asked, there may be."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _sync_folder(folder: Path) -> None:
    """The renaming itself lasts through a loss of power; not every system can be told so."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
