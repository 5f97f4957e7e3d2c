"""Which rows of its inputs the user's training loop takes, batch after batch, as its own indexing tells."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from unstuck.diagnosis.measurements.own_loop import Loop, own_loop, some_examples
from unstuck.diagnosis.program import work

if TYPE_CHECKING:
    from unstuck.diagnosis.examination.examination import Examination

Array = np.ndarray
Taken = list[tuple[int, ...]]

WHOLE, FEW = 0.8, 0.5  # shares of the examples: taken in an epoch, and different ones among these
LEAST_BATCHES = 4  # in an epoch: with fewer, a batch taken again is no sign of anything
MOST_TAKEN = 100_000


@dataclass(frozen=True)
class Repeated:
    """`times` in a row the loop takes the same `size` examples, as often as `examples` hold so many."""

    examples: int
    size: int
    times: int


@dataclass(frozen=True)
class Overlapping:
    """Every epoch takes as many examples as there are, or nearly, and no more than `different` of them."""

    examples: int
    taken: int
    different: int


class Watched(np.ndarray):
    """An array (n, …), or transposed (…, n), that notes which of its n examples are taken by indexing it; all of them
    in another order are watched on. `order`: which of the first examples its own are."""

    taken: Taken | None = None
    examples_last: bool = False
    order: Array | None = None

    def __array_finalize__(self, _: object) -> None:
        self.taken = None  # what is computed from the array is watched no more

    def __getitem__(self, key: Any) -> Any:
        found = np.asarray(self)[key]
        if self.taken is not None and len(self.taken) < MOST_TAKEN:
            n = self.shape[-1 if self.examples_last else 0]
            places = _places(key, n, self.examples_last)
            if places is not None:
                rows = places if self.order is None else self.order[places]
                self.taken.append(tuple(map(int, np.sort(rows))))
                if len(rows) == n and found.ndim == self.ndim:
                    found = found.view(Watched)
                    found.taken, found.examples_last, found.order = self.taken, self.examples_last, rows
        return found

    @property
    def T(self) -> Watched:
        return self.transpose()

    def transpose(self, *axes: Any) -> Watched:
        turned = super().transpose(*axes)
        if self.ndim == 2 and turned.shape == self.shape[::-1]:
            turned.taken, turned.examples_last, turned.order = self.taken, not self.examples_last, self.order
        return turned


def _places(key: Any, n: int, last: bool) -> Array | None:
    """(m,) where the examples stand that a key of an array of n examples asks for; None where it does not say which."""
    keys = key if isinstance(key, tuple) else (key,)
    if any(part is None or part is Ellipsis for part in keys):
        return None
    if last and (len(keys) != 2 or not isinstance(keys[0], slice)):
        return None
    return np.atleast_1d(np.arange(n)[keys[-1 if last else 0]]).ravel()


def taken_by_the_loop(e: Examination, n: int, allowed: float) -> Taken:
    """The rows that one run of the loop over n examples takes, one taking after the other."""
    program, problems = e.program, list(e.program.problems)
    plain, targets = some_examples(e, n)
    x = plain.view(Watched)
    taken: Taken = []
    x.taken = taken
    try:
        program.restore()
        program.perturb_randomness(1)
        call = program.train(x, targets, allowed)
    finally:
        program.restore()
        program.problems[:] = problems  # a loop that only takes plain arrays does nothing wrong
    return [] if call.failed else taken


def one_batch_again_and_again(e: Examination) -> Repeated | None:
    """Whether every epoch takes one batch as often as there are batches, over fewer and over more examples alike.

    None as well where the loop does not take its examples by indexing the inputs handed over.
    """
    loop = own_loop(e)
    if loop is None or not loop.moved:
        return None
    n = len(loop.x)
    fewer = _repeated(e, loop, n) if 2 * n <= len(e.program.x) else None
    more = _repeated(e, loop, 2 * n) if fewer is not None else None
    if fewer is None or more is None:
        return None
    return more if fewer.times < more.times and fewer.size == more.size else None


def _repeated(e: Examination, loop: Loop, n: int) -> Repeated | None:
    taken = [part for part in taken_by_the_loop(e, n, 3 * work.LOOP) if len(part) < n]
    runs = [(rows, len(list(same))) for rows, same in groupby(taken)]
    if not runs:
        return None
    size, times = len(runs[0][0]), runs[0][1]
    batches = n / size
    whole = times in (int(batches), int(np.ceil(batches)))
    if not whole or times < LEAST_BATCHES or any(len(rows) != size or run % times for rows, run in runs):
        return None
    return Repeated(n, size, times)


def overlapping_batches(e: Examination) -> Overlapping | None:
    """Whether the batches of every epoch overlap so that less than half of the examples are in any of them, over fewer
    and over more examples alike. Epochs begin where all examples are put in another order."""
    loop = own_loop(e)
    if loop is None or not loop.moved:
        return None
    n = len(loop.x)
    fewer = _overlapping(e, n) if 2 * n <= len(e.program.x) else None
    return _overlapping(e, 2 * n) if fewer is not None else None


def _overlapping(e: Examination, n: int) -> Overlapping | None:
    epochs: list[Taken] = []
    for part in taken_by_the_loop(e, n, 3 * work.LOOP):
        if len(part) >= n:
            epochs.append([])
        elif epochs:
            epochs[-1].append(part)
    epochs = [epoch for epoch in epochs if epoch]
    counts = [(sum(map(len, epoch)), len(set().union(*epoch))) for epoch in epochs]
    if len(counts) < 2 or any(taken < WHOLE * n or different > FEW * n for taken, different in counts):
        return None
    return Overlapping(n, counts[0][0], max(different for _, different in counts))
