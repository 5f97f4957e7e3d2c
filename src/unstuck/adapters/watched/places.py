"""Which line of the user's own files is at work."""

from __future__ import annotations

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
