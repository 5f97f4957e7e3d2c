"""A training that runs anyway: its first updates are watched and judged, and then it is left alone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Protocol

from unstuck.adapters.watched.check import Seen
from unstuck.adapters.watched.conclusion import look
from unstuck.adapters.watched.examine import Watch
from unstuck.adapters.watched.history import History

UPDATES = 20


class LivingWatch(Watch, Protocol):
    """A watch that can be kept from ending what it watches."""

    stops: bool


class Examination:
    """What the first updates of a running training show.

    watch    made anew, for this training alone
    updates  after so many it is switched off
    listen   called with a line of text for everything that was seen

    `seen` holds what was seen, once it is done. Nothing is decided by experiment here: what may be meant is said too.
    """

    def __init__(self, watch: LivingWatch, updates: int = UPDATES, listen: Callable[[str], Any] = print) -> None:
        self._watch, self._updates, self._listen = watch, updates, listen
        self._at_work = ExitStack()
        self.seen: list[Seen] = []
        self.done = False
        watch.stops = False

    def start(self) -> None:
        """Training begins."""
        if not self.done:
            self._at_work.enter_context(self._watch.at_work())

    def updated(self) -> None:
        """A batch was learnt from."""
        if not self.done and self._watch.updates >= self._updates:
            self.finish()

    def finish(self) -> None:
        """Switches everything off and says what was seen; at most once."""
        if self.done:
            return
        self.done = True
        self._at_work.close()
        self.seen = [one for one in look(History(self._watch.events, self._watch.updates)) if not one.asleep]
        for one in self.seen:
            where = f" (line {one.place.line}: {one.place.text})" if one.place is not None and one.place.text else ""
            self._listen(f"unstuck: {one.code} ({one.grade}): {one.summary}{where}")
