"""Which line of the user's own files is at work."""

from __future__ import annotations

import linecache
import re
import sys
from itertools import islice
from types import FrameType

from unstuck.adapters.watched.values import Place
from unstuck.sandbox.origin import is_user_file


def innermost(frame: FrameType | None = None) -> Place | None:
    """The innermost line of the user's files among the callers; None where all code is a library's."""
    frame = frame or sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if is_user_file(code.co_filename):
            position = next(islice(code.co_positions(), frame.f_lasti // 2, None), (None, None, None, None))
            line = position[0] or frame.f_lineno
            return Place(code.co_filename, line, (position[2] or 0) + 1)
        frame = frame.f_back
    return None


def block_of(place: Place, word: str) -> Place:
    """The line that opens the block around a place, if the word is in it; the place itself where there is none."""
    around, indent = place.line, _indent(linecache.getline(place.file, place.line))
    for line in range(place.line - 1, 0, -1):
        text = linecache.getline(place.file, line)
        decorates = line == around - 1 and text.lstrip().startswith("@")
        if text.strip() and (_indent(text) < indent or decorates):
            around, indent = line, _indent(text)
            if word in text:
                return Place(place.file, line, indent + 1)
    return place


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def assigned(owner: type, attribute: str) -> Place | None:
    """The line of a class's constructor that assigns an attribute; None where it has none such."""
    code = getattr(vars(owner).get("__init__"), "__code__", None)
    if code is None or not is_user_file(code.co_filename):
        return None
    for line in sorted({line for _, _, line in code.co_lines() if line is not None}):
        text = linecache.getline(code.co_filename, line)
        if re.search(rf"\.{attribute}\b[^=]*=(?!=)", text):
            return Place(code.co_filename, line, _indent(text) + 1)
    return None


def outside_of_apply(frame: FrameType | None) -> Place | None:
    """The innermost line of the user's files, or that which handed its function to a library's `apply`."""
    while frame is not None and not is_user_file(frame.f_code.co_filename):
        frame = frame.f_back
    above = frame.f_back if frame is not None else None
    by_apply = above is not None and above.f_code.co_name == "apply" and not is_user_file(above.f_code.co_filename)
    return (innermost(above) if by_apply else None) or innermost(frame)


def innermost_of(error: BaseException) -> Place | None:
    """The innermost line of the user's files that an exception passed through."""
    found, trace = None, error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if is_user_file(code.co_filename):
            found = Place(code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return found
