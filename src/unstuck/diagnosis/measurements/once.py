"""A measurement that several rules share is made once for an examination."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from unstuck.diagnosis.examination.examination import Examination

T = TypeVar("T")


def once(measure: Callable[[Examination], T]) -> Callable[[Examination], T]:
    """Remembers what `measure` found with the state of the examination that it was made of."""
    name = f"{measure.__module__}.{measure.__qualname__}"

    @functools.wraps(measure)
    def remembered(e: Examination) -> T:
        if name not in e.measured:
            e.measured[name] = measure(e)
        return e.measured[name]

    return remembered
