"""Where in the user's code a value first appears: what variables hold is looked at after every line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import numpy as np

from unstuck.sandbox.origin import is_user_class, is_user_file

Array = np.ndarray
Place = tuple[str, int]  # file and line
DEPTH, MOST_VALUES = 3, 1000  # containers within containers that are looked into; values looked at after a line
MOST_LINES = 5000  # run by the call, after which nothing is looked at any more


class FirstAppearance:
    """Calls a function and keeps the first line after which a variable holds an array for which `is_wanted` says so, in
    whatever lists, dicts or objects of the user's it lies. What was such an array before the call does not count."""

    def __init__(self, function: Callable[..., Any], is_wanted: Callable[[Array], bool]) -> None:
        self.function, self.is_wanted = function, is_wanted
        self.place: Place | None = None
        self._lines = 0
        self._held: list[Array] | None = None  # wanted before the first line has run
        self._last: dict[FrameType, Place] = {}

    def __call__(self, *arguments: Any) -> Any:
        before = sys.gettrace()
        sys.settrace(self._on_call)
        try:
            return self.function(*arguments)
        finally:
            sys.settrace(before)
            self._last.clear()
            self._held = None

    def _wanted(self, values: Any) -> Iterator[Array]:
        held = self._held or []
        return (a for a in _arrays(values) if not any(a is one for one in held) and self.is_wanted(a))

    @property
    def _is_over(self) -> bool:
        return self.place is not None or self._lines > MOST_LINES

    def _on_call(self, frame: FrameType, event: str, argument: Any) -> Any:
        if self._is_over or not is_user_file(frame.f_code.co_filename):
            return None
        caller = frame.f_back
        if caller is not None and is_user_file(caller.f_code.co_filename):
            self._last[frame] = (caller.f_code.co_filename, caller.f_lineno)
        return self._on_line

    def _on_line(self, frame: FrameType, event: str, argument: Any) -> Any:
        self._lines += 1
        if self._is_over or event not in ("line", "return"):
            return self._on_line
        last = self._last.get(frame)
        if self._held is None:
            self._held = list(self._wanted([*frame.f_locals.values(), *frame.f_globals.values()]))
        values = [*frame.f_locals.values(), argument] if event == "return" else frame.f_locals.values()
        if last is not None and next(self._wanted(values), None) is not None:
            self.place = last
        self._last[frame] = (frame.f_code.co_filename, frame.f_lineno)
        return self._on_line


def _arrays(values: Any) -> Iterator[Array]:
    """The arrays of numbers among these values, and in the containers and the user's objects among them."""
    pending = [(value, 0) for value in values]
    seen: set[int] = set()
    while pending and len(seen) < MOST_VALUES:
        value, depth = pending.pop(0)
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, np.ndarray):
            if value.dtype.kind == "f":
                yield value
        elif depth < DEPTH:
            pending += [(inner, depth + 1) for inner in _inside(value)]


def _inside(value: Any) -> list[Any]:
    kind = type(value)
    if kind in (list, tuple):
        return list(value[:100])
    if kind is dict:
        return list(value.values())[:100]
    return list(vars(value).values()) if is_user_class(kind) and hasattr(value, "__dict__") else []
