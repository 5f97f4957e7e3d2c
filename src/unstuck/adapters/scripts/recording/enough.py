"""When enough was recorded of a run: after so many updates, or so much time, memory or work."""

from collections.abc import Callable

from unstuck.adapters.scripts.recording.recording import Recording, Settings
from unstuck.adapters.watch import Stopped
from unstuck.sandbox import clock

FIRST_LOOK = 400  # nodes; then whenever their number has grown by a third
FIRST_WORK = 10_000_000  # numbers computed, after which is looked too: one update on all examples may take a second
GROWTH = 1.33
SELDOM = 256  # nodes, between two looks at the clock


class Enough:
    """Counts what is recorded, and ends the run where it is enough.

    updates       is asked now and then how many updates of all parameters were seen
    updates_seen  what it said last
    stopped       whether the run is to end; every further look raises Stopped
    over          whether it has ended; nothing is counted any more
    """

    def __init__(self, recording: Recording, updates: Callable[[Recording], int], settings: Settings) -> None:
        self.recording, self.updates, self.settings = recording, updates, settings
        self.updates_seen = 0
        self.stopped = self.over = False
        self.work, self.next_work = 0, FIRST_WORK
        self.next_look = FIRST_LOOK
        self.countdown = clock.Countdown(settings.seconds)

    def grown(self, nodes: int, held: int) -> None:
        """Look where that is due. `nodes` are on the tape, which hold so many bytes. Raises Stopped."""
        if nodes >= self.next_look or self.work >= self.next_work or self.stopped or not nodes % SELDOM:
            self.check(nodes, held)

    def check(self, nodes: int, held: int) -> None:
        """Look at nodes, bytes and clock. Raises Stopped."""
        if self.over:
            return
        if self.stopped:
            raise Stopped
        if nodes > self.settings.nodes or held > self.settings.bytes or self.countdown.lasts() <= 0:
            self.stopped = True
        elif nodes >= self.next_look or self.work >= self.next_work:
            self._count_updates(nodes)
        if self.stopped:
            raise Stopped

    def _count_updates(self, nodes: int) -> None:
        """Count the updates, and stop where they are enough."""
        self.next_look = int(nodes * GROWTH) + FIRST_LOOK
        self.next_work = int(self.work * GROWTH) + FIRST_WORK
        self.updates_seen = self.updates(self.recording) if nodes else 0
        if self.updates_seen >= self.settings.updates:
            self.recording.complete = self.stopped = True
