"""What a script writes, kept apart from the disk and shown to the script as if it were there."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unstuck.adapters.scripts.manners.whose import shielded

DEVICES = "/dev/"  # written to as they are, never made, removed or renamed


class Overlay:
    """A folder that lies over the disk: written files go into it, and are found in it before those of the disk.

    root     an empty folder; `root/files` mirrors the disk's absolute paths
    provide  called with an absolute path that is nowhere; answers the path of a file to be read in its place, or None
    """

    def __init__(self, root: Path, provide: Callable[[str], str | None] = lambda path: None) -> None:
        self.root = os.path.realpath(root)
        self.files = os.path.join(self.root, "files")
        self._provide = provide
        self._gone: set[str] = set()  # what the script removed of the disk
        self._promised: dict[str, Callable[[str], Any]] = {}  # by mirrored path: what writes it once it is read

    def to_read(self, path: str) -> str:
        """Where to read what the script calls `path`; a path that does not exist where there is nothing."""
        place = os.path.abspath(path)
        mirrored = self.mirrored(place)
        if mirrored is None:
            return path
        self._keep_promise(mirrored)
        if place in self._gone or (
            os.path.lexists(mirrored) and not (os.path.isdir(mirrored) and os.path.isdir(place))
        ):
            return mirrored
        if os.path.lexists(place):
            return path
        return self._provide(path) or path

    def has(self, path: str) -> bool:
        """Whether there is anything of this name, on the disk or written by the script."""
        with shielded():
            place = os.path.abspath(path)
            mirrored = self.mirrored(place)
            if mirrored is not None and (os.path.lexists(mirrored) or mirrored in self._promised):
                return True
            return place not in self._gone and os.path.lexists(place)

    def to_write(self, path: str, keep: bool) -> str:
        """Where to write what the script calls `path`; `keep`: with the content that it has."""
        place = os.path.abspath(path)
        mirrored = self.mirrored(place)
        if mirrored is None or os.path.isdir(place) or not os.path.isdir(self.to_read(os.path.dirname(place))):
            return path  # it fails there as it would anyway
        if place.startswith(DEVICES) and os.path.exists(place) and not os.path.isfile(place):
            return path
        os.makedirs(os.path.dirname(mirrored), exist_ok=True)
        if not keep:
            self._promised.pop(mirrored, None)
        self._keep_promise(mirrored)
        if keep and not os.path.lexists(mirrored) and os.path.isfile(place) and place not in self._gone:
            shutil.copyfile(place, mirrored)
        self._gone.discard(place)
        return mirrored

    def copy(self, source: str, path: str) -> str:
        """Puts a file of the disk where the script calls it `path`."""
        shutil.copyfile(source, self.to_write(path, keep=False))
        return path

    def put(self, path: str, text: str) -> None:
        """A file of text in a folder that need not exist."""
        mirrored = self.mirrored(os.path.abspath(path))
        assert mirrored is not None
        os.makedirs(os.path.dirname(mirrored), exist_ok=True)
        with open(mirrored, "w", encoding="utf-8") as file:
            file.write(text)

    def promise(self, path: str, write: Callable[[str], Any]) -> None:
        """A file that `write(path)` makes when it is read, if it ever is."""
        target = self.to_write(path, keep=False)
        if target == path:
            write(path)
        else:
            self._promised[target] = write

    def listing(self, path: str) -> list[str]:
        """The names in a folder, those written by the script among them."""
        place = os.path.abspath(path)
        mirrored = self.mirrored(place)
        real = (
            set(os.listdir(path)) if mirrored is None or (place not in self._gone and os.path.isdir(place)) else set()
        )
        if mirrored is None:
            return sorted(real)
        written = set(os.listdir(mirrored)) if os.path.isdir(mirrored) else set()
        written |= {os.path.basename(file) for file in self._promised if os.path.dirname(file) == mirrored}
        if not real and not os.path.isdir(mirrored):
            return os.listdir(self.to_read(path))  # raises
        return sorted({name for name in real if os.path.join(place, name) not in self._gone} | written)

    def remove(self, path: str, folder: bool) -> None:
        """Removes a file, or an empty folder; of the disk in appearance only."""
        place = os.path.abspath(path)
        mirrored = self.mirrored(place)
        found, how = self.to_read(path), os.rmdir if folder else os.remove
        if mirrored is None or not os.path.lexists(found):
            how(found)
            return
        if folder != os.path.isdir(found):
            code = errno.ENOTDIR if folder else errno.EISDIR
            raise OSError(code, os.strerror(code), path)
        if folder and self.listing(path):
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), path)
        if os.path.lexists(mirrored):
            how(mirrored)
        if os.path.lexists(place):
            self._gone.add(place)

    def rename(self, source: str, target: str) -> None:
        """Moves a file or a folder, of the disk by copying it."""
        found, place = self.to_read(source), os.path.abspath(source)
        if not os.path.lexists(found):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), source)
        into = self.to_write(target, keep=False)
        if os.path.isdir(found):
            shutil.copytree(found, into, dirs_exist_ok=True)
        else:
            shutil.copyfile(found, into)
        mirrored = self.mirrored(place)
        if mirrored is not None and os.path.lexists(mirrored):
            shutil.rmtree(mirrored) if os.path.isdir(mirrored) else os.remove(mirrored)
        if mirrored is not None and os.path.lexists(place):
            self._gone.add(place)

    def make_folder(self, path: str) -> None:
        """Makes a folder; FileExistsError if there is one, FileNotFoundError if there is none above."""
        place = os.path.abspath(path)
        mirrored = self.mirrored(place)
        if mirrored is None:
            os.mkdir(path)
            return
        if os.path.lexists(self.to_read(path)):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        if not os.path.isdir(self.to_read(os.path.dirname(place))):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        os.makedirs(mirrored, exist_ok=True)
        self._gone.discard(place)

    def forget(self) -> None:
        """The disk as it is, without anything that was written or removed."""
        self._gone.clear()
        self._promised.clear()
        shutil.rmtree(self.files, ignore_errors=True)

    def mirrored(self, place: str) -> str | None:
        """Where a path lies in the overlay; None for what lies in it."""
        if place == self.root or place.startswith(self.root + os.sep):
            return None
        drive, tail = os.path.splitdrive(place)
        return os.path.join(self.files, drive.strip(":\\/"), tail.lstrip("\\/"))

    def _keep_promise(self, mirrored: str) -> None:
        write = self._promised.pop(mirrored, None)
        if write is not None:
            write(mirrored)
