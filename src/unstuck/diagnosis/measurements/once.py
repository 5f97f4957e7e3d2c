"""A measurement that several rules share is made once for an examination."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from unstuck.diagnosis.examination.examination import Examination

T = TypeVar("T")


def once(measure: Callable[[Examination], T]) -> Callable[[Examination], T]:
    """Remembers what `measure` found in the examination itself."""
    name = f"{measure.__module__}.{measure.__qualname__}"

    @functools.wraps(measure)
    def remembered(e: Examination) -> T:
        known = e.__dict__.setdefault("measured", {})
        if name not in known:
            known[name] = measure(e)
        return known[name]

    return remembered
