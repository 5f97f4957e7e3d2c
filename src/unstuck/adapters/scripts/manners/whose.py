"""On whose behalf a function is called: the script's, or that of this package and of Python itself."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from pathlib import Path
from types import FrameType
from typing import Any

from unstuck.sandbox.origin import is_user_file

PACKAGE = str(Path(__file__).resolve().parents[3]) + os.sep
TRANSPARENT = str(Path(__file__).resolve().parents[1]) + os.sep  # hooks and stand-ins act for who calls them
IMPORTING = ("<frozen importlib", str(importlib.__file__))

_own = threading.local()  # .depth: whether one of our own replacements is at work in this thread


def acts_for_script(frame: FrameType | None) -> bool:
    """Whether the innermost frame that is neither a library's nor a hook's belongs to the user."""
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(PACKAGE):
            if not file.startswith(TRANSPARENT):
                return False
        elif _is_user_file(file):
            return True
        frame = frame.f_back
    return False


def imported_by_script(frame: FrameType | None) -> bool:
    """Whether the innermost frame outside of Python's import and of hooks is the user's: no library asks for itself."""
    while frame is not None and frame.f_code.co_filename.startswith((*IMPORTING, TRANSPARENT)):
        frame = frame.f_back
    return frame is not None and _is_user_file(frame.f_code.co_filename)


@cache
def _is_user_file(file: str) -> bool:
    with shielded():
        return is_user_file(file)


def script_line(frame: FrameType | None) -> int | None:
    """The line of the user's code, innermost, that led here."""
    while frame is not None:
        if is_user_file(frame.f_code.co_filename):
            return frame.f_lineno
        frame = frame.f_back
    return None


def for_the_script(
    original: Callable[..., Any], shield: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Makes of a function one that takes the place of `original`, in calls that act for the script and no others.

    With `shield`, what the replacement calls itself, however deep, goes to the originals.
    """

    def replacing(replacement: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def called(*args: Any, **kwargs: Any) -> Any:
            if is_ours() or not acts_for_script(sys._getframe(1)):
                return original(*args, **kwargs)
            if not shield:
                return replacement(*args, **kwargs)
            with shielded():
                return replacement(*args, **kwargs)

        return called

    return replacing


@contextmanager
def shielded() -> Iterator[None]:
    """Inside, no call of this thread counts as the script's."""
    before, _own.depth = is_ours(), True
    try:
        yield
    finally:
        _own.depth = before


def is_ours() -> bool:
    """Whether one of our own replacements is at work in this thread."""
    return getattr(_own, "depth", False)


def replace(owner: Any, name: str, replacement: Callable[..., Any], shield: bool = True) -> None:
    """Puts a function into the place of `owner.name` for calls that act for the script; it is left alone if absent."""
    original = getattr(owner, name, None)
    if original is not None:
        setattr(owner, name, for_the_script(original, shield)(replacement))
