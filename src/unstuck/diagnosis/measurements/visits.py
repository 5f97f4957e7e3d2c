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

LEAST_BATCHES = 4  # in an epoch: with fewer, a batch taken again is no sign of anything
MOST_TAKEN = 100_000


@dataclass(frozen=True)
class Repeated:
    """`times` in a row the loop takes the same `size` examples, as often as `examples` hold so many."""

    examples: int
    size: int
    times: int


class Watched(np.ndarray):
    """An array (n, …), or transposed (…, n), that notes which of its n examples are taken by indexing it."""

    taken: Taken | None = None
    examples_last: bool = False

    def __array_finalize__(self, _: object) -> None:
        self.taken = None  # what is computed from the array is watched no more

    def __getitem__(self, key: Any) -> Any:
        found = np.asarray(self)[key]
        if self.taken is not None and len(self.taken) < MOST_TAKEN:
            rows = _rows(key, self.shape[-1 if self.examples_last else 0], self.examples_last)
            if rows is not None:
                self.taken.append(rows)
        return found

    @property
    def T(self) -> Watched:
        return self.transpose()

    def transpose(self, *axes: Any) -> Watched:
        turned = super().transpose(*axes)
        if self.ndim == 2 and turned.shape == self.shape[::-1]:
            turned.taken, turned.examples_last = self.taken, not self.examples_last
        return turned


def _rows(key: Any, n: int, last: bool) -> tuple[int, ...] | None:
    """The examples that a key of an array of n examples asks for, in their order; None where it does not say which."""
    keys = key if isinstance(key, tuple) else (key,)
    if any(part is None or part is Ellipsis for part in keys):
        return None
    if last and (len(keys) != 2 or not isinstance(keys[0], slice)):
        return None
    return tuple(map(int, np.sort(np.atleast_1d(np.arange(n)[keys[-1 if last else 0]]).ravel())))


def taken_by_the_loop(e: Examination, n: int, allowed: float) -> Taken:
    """The rows that one run of the loop over n examples takes, one taking after the other; whole sets left out."""
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
    return [] if call.failed else [part for part in taken if len(part) < n]


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
    runs = [(rows, len(list(same))) for rows, same in groupby(taken_by_the_loop(e, n, 3 * work.LOOP))]
    if not runs:
        return None
    size, times = len(runs[0][0]), runs[0][1]
    batches = n / size
    whole = times in (int(batches), int(np.ceil(batches)))
    if not whole or times < LEAST_BATCHES or any(len(rows) != size or run % times for rows, run in runs):
        return None
    return Repeated(n, size, times)
