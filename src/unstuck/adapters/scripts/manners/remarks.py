"""What was done in a script's place, said once each, in the order it happened."""

from __future__ import annotations

import sys

from unstuck.adapters.scripts.manners.whose import script_line

LONGEST = 300  # characters of a remark that are the script's own


class Remarks:
    """Sentences for the report; of the same kind the first is kept, with the line of the script that led to it."""

    def __init__(self) -> None:
        self._sentences: dict[str, str] = {}

    def add(self, kind: str, sentence: str) -> None:
        """Notes a sentence, unless there is one of this kind."""
        if kind not in self._sentences:
            line = script_line(sys._getframe(1))
            self._sentences[kind] = f"{sentence[:LONGEST]} (line {line})" if line else sentence[:LONGEST]

    def sentences(self) -> tuple[str, ...]:
        """All that was noted."""
        return tuple(self._sentences.values())

    def forget(self) -> None:
        """Nothing was noted."""
        self._sentences.clear()
