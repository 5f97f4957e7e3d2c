"""What was done in a script's place, said once each, in the order it happened."""

from __future__ import annotations

import sys
from collections.abc import Callable

from unstuck.adapters.scripts.manners.whose import script_line

LONGEST = 300  # characters of a remark that are the script's own


class Remarks:
    """Sentences for the report; of the same kind the first is kept, with the line of the script that led to it.

    tell   called with each sentence as soon as it is noted
    place  says where a line of the script stands
    """

    def __init__(
        self,
        tell: Callable[[str], None] = lambda sentence: None,
        place: Callable[[int], str] = lambda line: f"line {line}",
    ) -> None:
        self._sentences: dict[str, str] = {}
        self._tell = tell
        self._place = place

    def add(self, kind: str, sentence: str) -> None:
        """Notes a sentence, unless there is one of this kind."""
        if kind not in self._sentences:
            line = script_line(sys._getframe(1))
            self._sentences[kind] = sentence[:LONGEST] + (f" ({self._place(line)})" if line else "")
            self._tell(self._sentences[kind])

    def sentences(self) -> tuple[str, ...]:
        """All that was noted."""
        return tuple(self._sentences.values())

    def forget(self) -> None:
        """Nothing was noted."""
        self._sentences.clear()
