"""The one place of the diagnosis that reads the time.

Time decides nothing that is said of a program. It serves three ends: the seconds that a report shows; the budget, whose
end leaves out whole experiments; and the net that catches calls which hang.

A budget is one of work: it goes down while this process has the processor. While it waits, or other programs have the
processor, it goes down more slowly, so that a busy machine leaves out less; and still it ends.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from unstuck.errors import CaseError

SPEED = 1.0  # seconds of this clock in a real one; another number only in tests
LONGEST = 1.5  # real seconds in which one second of a budget goes by, whatever else the machine does

_ends: ContextVar[float] = ContextVar("ends", default=math.inf)


class OutOfBudget(Exception):
    """Raised where an experiment is to go on past the end of the budget: it is left out as a whole."""


class _Work:
    """Seconds in which this process had the processor; of the others, 1 in LONGEST."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # the handler of a signal may ask, too
        self._worked, self._real, self._processor = 0.0, time.perf_counter(), time.process_time()

    def seconds(self) -> float:
        with self._lock:
            real, processor = time.perf_counter(), time.process_time()
            passed = real - self._real
            self._worked += min(passed, max(processor - self._processor, passed / LONGEST))
            self._real, self._processor = real, processor
            return self._worked


_work = _Work()


def now() -> float:
    """Seconds of a budget that went by since some moment."""
    return SPEED * _work.seconds()


def real_now() -> float:
    """Real seconds since some moment."""
    return time.perf_counter()


class Countdown:
    """So many seconds of this clock, from now on; cheap to ask often, as the clock is never ahead of the real one."""

    def __init__(self, seconds: float) -> None:
        self._ends = now() + seconds
        self._ask_from = real_now() + seconds / SPEED

    def lasts(self) -> float:
        """Real seconds that it goes on at least; 0 or less when it is over."""
        if (left := self._ask_from - real_now()) > 0:
            return left
        left = (self._ends - now()) / SPEED
        self._ask_from = real_now() + left
        return left


@contextmanager
def until(moment: float) -> Iterator[None]:
    """What runs inside may raise OutOfBudget from this moment on, or from that of a context around, if it is sooner."""
    token = _ends.set(min(moment, _ends.get()))
    try:
        yield
    finally:
        _ends.reset(token)


def expect_budget(seconds: float) -> None:
    """Raises CaseError for a budget that is no time: 0, less, or no number."""
    if not seconds > 0:
        raise CaseError(f"budget {seconds}: expected a number of seconds above 0")


def left() -> float:
    """Seconds to the end of the budget; infinite where there is none."""
    return _ends.get() - now()


def check() -> None:
    """Raise OutOfBudget when the budget is spent."""
    if left() < 0:
        raise OutOfBudget
