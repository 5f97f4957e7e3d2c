"""The one place of the diagnosis that reads the time.

Time decides nothing that is said of a program. It serves three ends: the seconds that a report shows; the budget, whose
end leaves out whole experiments; and the net that catches calls which hang.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SPEED = 1.0  # seconds of this clock in a real one; another number only in tests

_ends: ContextVar[float] = ContextVar("ends", default=math.inf)


class OutOfBudget(Exception):
    """Raised where an experiment is to go on past the end of the budget: it is left out as a whole."""


def now() -> float:
    """Seconds since some moment."""
    return SPEED * time.perf_counter()


def real(seconds: float) -> float:
    """How long so many seconds of this clock last."""
    return seconds / SPEED


@contextmanager
def until(moment: float) -> Iterator[None]:
    """What runs inside may raise OutOfBudget from this moment on, or from that of a context around, if it is sooner."""
    token = _ends.set(min(moment, _ends.get()))
    try:
        yield
    finally:
        _ends.reset(token)


def left() -> float:
    """Seconds to the end of the budget; infinite where there is none."""
    return _ends.get() - now()


def check() -> None:
    """Raise OutOfBudget when the budget is spent."""
    if left() < 0:
        raise OutOfBudget
