"""What every event knows."""

from __future__ import annotations

from dataclasses import dataclass

from unstuck.adapters.watched.values import Place


@dataclass(frozen=True, eq=False)
class Event:
    """Something that was seen.

    update  how many updates of parameters were made before it
    place   the innermost line of the user's own files that led to it
    """

    update: int
    place: Place | None
