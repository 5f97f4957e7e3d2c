"""How a hostile change is registered, and what is common to several."""

import time
import warnings
from collections.abc import Callable

HOSTILE: dict[str, Callable] = {}
UNUSABLE: set[str] = set()  # nothing is left to examine: a CaseError with a sentence is as good as a report


def hostile(change):
    HOSTILE[change.__name__] = change
    return change


def unusable(change):
    UNUSABLE.add(change.__name__)
    return hostile(change)


def after(function, n, what):
    """The function, doing `what` instead from its n-th call on."""
    calls = [0]

    def counted(*arguments):
        calls[0] += 1
        return function(*arguments) if calls[0] < n else what()

    return counted


def before(function, what):
    def both(*arguments):
        what()
        return function(*arguments)

    return both


def fail():
    raise RuntimeError("the user's program broke")


def hang():
    while True:
        time.sleep(0.01)


def spin():
    n = 0
    while True:
        n += 1


def warn():
    warnings.warn("overflow, perhaps", RuntimeWarning, stacklevel=2)
