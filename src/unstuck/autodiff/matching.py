"""Which recorded arrays are adjoints: found by a random projection, so that each is compared with few others."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unstuck.autodiff.comparison import fit
from unstuck.autodiff.proof import Proof
from unstuck.autodiff.reverse import Adjoints

Array = np.ndarray

WINDOW = 1e-3  # of projections of unit vectors that are looked at more closely
MOST_PARTS = 4000
SAME_NUMBER = 1e-9  # relative difference up to which two single numbers are equal


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

    def match(self, array: Array, tolerance: float, scale: float = 0.0, of: int | None = None) -> Match | None:
        """Of which adjoint the array is a multiple; whole ones first, upright first.

        scale : the multiple that it must be, 0 for any
        of : the number of the node whose adjoint it must be, None for any
        """
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
            if (of is not None and number != of) or without_ones(adjoint) != without_ones(array):
                continue
            one = fit(array, adjoint)
            if one.residual <= tolerance and one.scale and abs(one.scale - scale) <= (0.01 * abs(scale) or np.inf):
                better = Match(number, one.scale, whole, turned)
                if found is None or (better.whole, not better.turned) > (found.whole, not found.turned):
                    found = better
        return found


@dataclass(frozen=True)
class Numbers:
    """Adjoints of single numbers, and their parts, ascending: what an engine of single numbers computes.

    A single number is a multiple of any other: only equal ones match, at the scale of the right gradients.
    """

    totals: Array
    parts: Array

    @classmethod
    def of(cls, proof: Proof) -> "Numbers":
        """Those of a proof; where no gradient is right, at the scale at which a loss is differentiated plainly."""
        scale, true = proof.scale or 1.0, proof.adjoints
        totals = [float(np.sum(total)) for total in true.totals.values() if np.size(total) == 1]
        parts = [
            float(np.sum(part))
            for found in true.parts.values()
            if len(found) > 1
            for _, part in found
            if np.size(part) == 1
        ]
        return cls(np.sort(scale * np.array(totals)), np.sort(scale * np.array(parts)))

    def match(self, value: float) -> Match | None:
        """Whether a number is an adjoint, or a part of one."""
        if _is_among(value, self.totals):
            return Match(-1, 1.0, whole=True, turned=False)
        return Match(-1, 1.0, whole=False, turned=False) if _is_among(value, self.parts) else None


def _is_among(value: float, ascending: Array) -> bool:
    i = int(np.searchsorted(ascending, value))
    near = ascending[max(i - 1, 0) : i + 1]
    return value != 0 and bool((np.abs(near - value) <= SAME_NUMBER * abs(value)).any())


def without_ones(array: Any) -> list[int]:
    """The shape of an array but for axes of length 1."""
    return [size for size in np.shape(array) if size != 1]


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
