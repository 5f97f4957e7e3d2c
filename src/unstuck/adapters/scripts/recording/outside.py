"""Values from outside, which nothing recorded made: where in the program they stand is kept for a while."""

from collections import deque
from itertools import islice
from typing import Any

import numpy as np

from unstuck.adapters.scripts.recording.hooks import Place
from unstuck.adapters.scripts.recording.provenance import Where

DATA = 100_000  # bytes from which on the origin of an array is never forgotten
FEWEST, LATELY = 16, 64  # numbers that are no chance, and arrays made last among which they are looked for


class Outside:
    """Arrays, lists and tuples from outside, and the places that made them, should they become leaves."""

    def __init__(self, places: list[Place]) -> None:
        self.places = places
        self.lately: deque[tuple[Any, int]] = deque(maxlen=4096)
        self.known: dict[int, tuple[Any, int]] = {}

    def made(self, place: int, value: Any) -> Any:
        """Remember where a value was made; the value itself."""
        kind = type(value)
        if kind is np.ndarray or kind is list or kind is tuple:
            if len(self.lately) == self.lately.maxlen:
                gone, _ = self.lately[0]
                if not (isinstance(gone, np.ndarray) and gone.nbytes > DATA):
                    self.known.pop(id(gone), None)
            self.lately.append((value, place))
            self.known[id(value)] = value, place
        return value

    def origin(self, value: Any) -> Where | None:
        """The expression that made a value, where it is still known."""
        made = self.known.get(id(value))
        if made is not None and made[0] is value:
            return self.places[made[1]].site, ()
        place = self._first_shown(value) if isinstance(value, np.ndarray) and value.size >= FEWEST else None
        return None if place is None else (self.places[place].site, ())

    def _first_shown(self, value: np.ndarray) -> int | None:
        """The place that made the first of the last few arrays with the same numbers: in another shape, perhaps."""
        found, flat = None, value.reshape(-1)
        for known, place in islice(reversed(self.lately), LATELY):
            if isinstance(known, np.ndarray) and known.size == flat.size and np.array_equal(known.reshape(-1), flat):
                found = place
        return found

    def forget(self) -> None:
        """Let go of the values."""
        self.lately.clear()
        self.known.clear()
