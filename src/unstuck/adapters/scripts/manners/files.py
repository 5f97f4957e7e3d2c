"""A script's calls of the file functions, led to the overlay. Calls of everybody else are left alone."""

from __future__ import annotations

import builtins
import errno
import io
import os
import shutil
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import numpy as np

from unstuck.adapters.scripts.manners.overlay import Overlay
from unstuck.adapters.scripts.manners.whose import replace

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
READERS = ("stat", "lstat", "access", "readlink", "chdir", "statvfs", "getxattr", "listxattr")
CHANGERS = ("chmod", "chown", "lchown", "utime", "truncate", "setxattr", "removexattr")
MAKERS = ("mkfifo", "mknod")


def divert_files(overlay: Overlay) -> None:
    """From now on what the script writes lands in the overlay, and what it reads is looked for there first."""
    _divert_opening(overlay)
    for name in READERS:
        _divert(overlay, name, overlay.to_read)
    for name in CHANGERS:
        _divert(overlay, name, lambda path: overlay.to_write(path, keep=True))
    for name in MAKERS:
        _divert(overlay, name, lambda path: overlay.to_write(path, keep=False))
    _divert_folders(overlay)
    _divert_names(overlay)
    _divert_arrays(overlay)
    shutil._use_fd_functions = False  # type: ignore[attr-defined]  # rmtree by names, which are led to the overlay


def text_of(path: Any) -> str | None:
    """A path as a string; None for a file descriptor and for what is no path."""
    if isinstance(path, int):
        return None
    try:
        return os.fsdecode(path)
    except TypeError:
        return None


@contextmanager
def named(*paths: str) -> Any:
    """Has an OSError name the path that the script gave, not the one that it was led to."""
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            error.filename = paths[0]
        if error.filename2 is not None and len(paths) > 1:
            error.filename2 = paths[1]
        raise


def without_descriptors(options: dict[str, Any]) -> None:
    """Names that are relative to an open folder cannot be led anywhere: NotImplementedError, as on some systems."""
    if any(options.get(name) is not None for name in ("dir_fd", "src_dir_fd", "dst_dir_fd")):
        raise NotImplementedError("dir_fd unavailable on this platform")


def _divert(overlay: Overlay, name: str, lead: Callable[[str], str]) -> None:
    """Leads the first argument of a function of os."""
    original = getattr(os, name, None)
    if original is None:
        return

    def call(path: Any = ".", *args: Any, **kwargs: Any) -> Any:
        without_descriptors(kwargs)
        text = text_of(path)
        if text is None:
            return original(path, *args, **kwargs)
        with named(text):
            return original(lead(text), *args, **kwargs)

    replace(os, name, call)


def _divert_opening(overlay: Overlay) -> None:
    open_file, open_descriptor = builtins.open, os.open

    def opened(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        text = text_of(file)
        if text is None or not isinstance(mode, str):
            return open_file(file, mode, *args, **kwargs)
        with named(text):
            if not set(mode) & set("wax+"):
                return open_file(overlay.to_read(text), mode, *args, **kwargs)
            if "x" in mode and os.path.lexists(overlay.to_read(text)):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), text)
            if "r" in mode and not os.path.lexists(overlay.to_read(text)):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), text)
            return open_file(overlay.to_write(text, keep="w" not in mode), mode, *args, **kwargs)

    def descriptor(path: Any, flags: int, *args: Any, **kwargs: Any) -> Any:
        without_descriptors(kwargs)
        text = text_of(path)
        if text is None:
            return open_descriptor(path, flags, *args, **kwargs)
        with named(text):
            if flags & WRITING:
                return open_descriptor(overlay.to_write(text, keep=not flags & os.O_TRUNC), flags, *args, **kwargs)
            return open_descriptor(overlay.to_read(text), flags, *args, **kwargs)

    replace(io, "open", opened)
    builtins.open = io.open
    replace(os, "open", descriptor)


def _divert_folders(overlay: Overlay) -> None:
    scan = os.scandir

    def listing(path: Any = ".") -> list[Any]:
        text = text_of(path)
        if text is None:
            return os.listdir(path)
        with named(text):
            names = overlay.listing(text)
        return [os.fsencode(name) for name in names] if isinstance(path, bytes) else names

    class Entries(list[Any]):
        """What os.scandir gives: an iterator that is closed."""

        def __enter__(self) -> Any:
            return iter(self)

        def __exit__(self, *error: Any) -> None:
            return None

        def __next__(self) -> Any:
            if not self:
                raise StopIteration
            return self.pop(0)

        def close(self) -> None:
            self.clear()

    def entries(path: Any = ".") -> Any:
        text = text_of(path)
        if text is None:
            return scan(path)
        with named(text):
            names = set(overlay.listing(text))
            found = {}
            for folder in (text, overlay.mirrored(os.path.abspath(text))):
                if folder is not None and os.path.isdir(folder):
                    with scan(folder) as listed:
                        found.update({entry.name: entry for entry in listed if entry.name in names})
            return Entries(found[name] for name in sorted(found))

    replace(os, "listdir", listing)
    replace(os, "scandir", entries)


def _divert_names(overlay: Overlay) -> None:
    """Making, removing and renaming."""
    link = {name: getattr(os, name, None) for name in ("link", "symlink")}

    def removed(path: Any, **kwargs: Any) -> None:
        without_descriptors(kwargs)
        with named(text := os.fsdecode(path)):
            overlay.remove(text, folder=False)

    def folder_removed(path: Any, **kwargs: Any) -> None:
        without_descriptors(kwargs)
        with named(text := os.fsdecode(path)):
            overlay.remove(text, folder=True)

    def renamed(source: Any, target: Any, **kwargs: Any) -> None:
        without_descriptors(kwargs)
        with named(source := os.fsdecode(source), target := os.fsdecode(target)):
            overlay.rename(source, target)

    def made(path: Any, mode: int = 0o777, **kwargs: Any) -> None:
        without_descriptors(kwargs)
        with named(text := os.fsdecode(path)):
            overlay.make_folder(text)

    def linked(name: str) -> Callable[..., None]:
        original = link[name]

        def call(source: Any, target: Any, *args: Any, **kwargs: Any) -> None:
            without_descriptors(kwargs)
            source, target = os.fsdecode(source), os.fsdecode(target)
            if original is not None:
                with named(source, target):
                    original(overlay.to_read(source), overlay.to_write(target, keep=False), *args, **kwargs)

        return call

    for name, call in (("remove", removed), ("unlink", removed), ("rmdir", folder_removed), ("mkdir", made)):
        replace(os, name, call)
    for name in ("rename", "replace"):
        replace(os, name, renamed)
    for name in link:
        replace(os, name, linked(name))


def _divert_arrays(overlay: Overlay) -> None:
    """A table of numbers takes longer to write than a network to train: it is written when it is read back."""
    save = np.savetxt

    def savetxt(fname: Any, X: Any, *args: Any, **kwargs: Any) -> None:
        text = text_of(fname) if isinstance(fname, (str, bytes, os.PathLike)) else None
        if text is None:
            save(fname, X, *args, **kwargs)
            return
        with named(text):
            table = np.array(X)
            overlay.promise(text, lambda path: save(path, table, *args, **kwargs))

    replace(np, "savetxt", savetxt)
    np.lib._datasource._file_openers._file_openers[None] = io.open  # type: ignore[attr-defined]  # kept since its import
