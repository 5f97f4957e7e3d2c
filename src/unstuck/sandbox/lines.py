"""Counting the lines of Python that a call runs: how long it is, the same on every machine.

How much work a loop of the user's makes cannot be known beforehand, and how long it takes depends on the machine. The
lines it runs depend on the program alone. Those of libraries count as one for each call.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from unstuck.sandbox.origin import is_user_file


class OutOfLines(BaseException):
    """Raised in the code whose lines are counted; not an Exception, so that few handlers catch it."""


class Lines:
    """Counts the lines run between start and stop; OutOfLines ends them after `most`. None: counts nothing."""

    def __init__(self, most: int | None) -> None:
        self.most = most or 0
        self.count = 0
        self._counts = most is not None
        self._running = False

    @property
    def over(self) -> bool:
        """Whether all lines were used up."""
        return self._counts and self.count > self.most

    def start(self) -> None:
        """Begin to count what this thread calls from here on."""
        if self._counts:
            self._found = sys.gettrace()
            self._running = True
            sys.settrace(self._on_call)

    def stop(self) -> None:
        """Count no more, and put the trace function back that was there; may be called again."""
        if self._running:
            sys.settrace(self._found)
            self._running = False

    def _on_call(self, frame: FrameType, event: str, argument: Any) -> Any:
        self._add()
        return self._on_line if is_user_file(frame.f_code.co_filename) else None

    def _on_line(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            self._add()
        return self._on_line

    def _add(self) -> None:
        self.count += 1
        if self.count > self.most:
            raise OutOfLines
