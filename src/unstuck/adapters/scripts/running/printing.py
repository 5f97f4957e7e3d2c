"""A script run as it stands, without hooks, for what it prints."""

from __future__ import annotations

import io
from importlib.abc import MetaPathFinder
from types import CodeType
from typing import Any

KEPT = 10_000  # lines
WIDEST = 200  # characters of a line that are kept


class NoFinder(MetaPathFinder):
    """Finds no module: they are imported as they stand."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        """None for every module."""


class Printing:
    """A watch that only listens to the script's own `print`; lines are what was printed, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    @property
    def namespace(self) -> dict[str, Any]:
        """The `print` that is listened to."""
        return {"print": self.note}

    def note(self, *values: Any, **options: Any) -> None:
        """Keeps what is printed; what goes to a file of the script's goes there."""
        if options.get("file") is not None:
            print(*values, **options)
        elif len(self.lines) < KEPT:
            stream = io.StringIO()
            print(*values, sep=options.get("sep"), end="", file=stream)
            self.lines += [line[:WIDEST] for line in stream.getvalue().splitlines() if line.strip()]

    def compile(self, text: str, filename: str) -> CodeType:
        """The script as it stands. Raises SyntaxError as `compile` does."""
        return compile(text, filename, "exec", dont_inherit=True)

    def finder(self, folder: str) -> MetaPathFinder:
        """None of the modules beside the script is watched."""
        return NoFinder()
