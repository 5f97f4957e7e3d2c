"""Which recorded arrays are adjoints: found by a random projection, so that each is compared with few others."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from unstuck.autodiff.comparison import fit
from unstuck.autodiff.reverse import Adjoints

Array = np.ndarray

WINDOW = 1e-3  # of projections of unit vectors that are looked at more closely
MOST_PARTS = 4000


@dataclass(frozen=True, slots=True)
class Match:
    """An array is a multiple of the adjoint of this node, or of a part of it."""

    number: int
    scale: float
    whole: bool
    turned: bool


@dataclass
class Catalogue:
    """Adjoints and their parts by size, ordered by their projections."""

    entries: dict[int, list[tuple[float, int, Array, bool, bool]]] = field(default_factory=dict)
    directions: dict[int, Array] = field(default_factory=dict)

    def projection(self, array: Array) -> float:
        """The length of the unit vector along a direction that is fixed for each size."""
        flat = array.reshape(-1)
        if flat.size not in self.directions:
            self.directions[flat.size] = np.random.default_rng(flat.size).normal(size=flat.size)
        norm = float(np.linalg.norm(flat))
        return abs(float(flat @ self.directions[flat.size])) / norm if norm else -1.0

    def match(self, array: Array, tolerance: float, scale: float = 0.0) -> Match | None:
        """Of which adjoint the array is a multiple, of this scale if one is given; whole ones first, upright first."""
        entries = self.entries.get(array.size, [])
        if array.size < 2 or not entries or not array.any() or not np.isfinite(array).all():
            return None
        place = self.projection(array)
        width = max(WINDOW, 10 * tolerance)
        found: Match | None = None
        i = bisect_left(entries, place - width, key=lambda entry: entry[0])
        while i < len(entries) and entries[i][0] <= place + width:
            _, number, adjoint, whole, turned = entries[i]
            i += 1
            one = fit(array, adjoint)
            if one.residual <= tolerance and one.scale and abs(one.scale - scale) <= (0.01 * abs(scale) or np.inf):
                better = Match(number, one.scale, whole, turned)
                if found is None or (better.whole, not better.turned) > (found.whole, not found.turned):
                    found = better
        return found


def catalogue(true: Adjoints) -> Catalogue:
    """All adjoints of more than one entry, their parts, and the sums of the first so many parts."""
    found = Catalogue()
    for number, array, whole in _arrays(true):
        if array.size < 2 or not np.isfinite(array).all():
            continue
        for turned in (False, True):
            if turned and array.ndim != 2:
                continue
            upright = array.T if turned else array
            place = found.projection(np.ascontiguousarray(upright))
            if place >= 0:
                entry = (place, number, np.ascontiguousarray(upright), whole, turned)
                found.entries.setdefault(array.size, []).append(entry)
    for entries in found.entries.values():
        entries.sort(key=lambda entry: entry[0])
    return found


def _arrays(true: Adjoints) -> Iterator[tuple[int, Array, bool]]:
    left = MOST_PARTS
    for number, total in true.totals.items():
        if isinstance(total, np.ndarray):
            yield number, total, True
        parts = [part for _, part in true.parts.get(number, [])]
        if len(parts) < 2 or len(parts) > 200:
            continue
        running = parts[0]
        for i, part in enumerate(parts):
            if left <= 0:
                break
            left -= 1
            yield number, part, False
            if 0 < i < len(parts) - 1:
                running = running + part
                yield number, running, False
