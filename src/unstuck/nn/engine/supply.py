"""What an epoch trains on: all examples, or one window of them after another; the next is prepared in the background.

A window holds the rows of one stretch of the epoch's order. Where memory is limited, the order is shuffled so that a
stretch consists of whole blocks of neighbouring rows: then a file that is mapped into memory is read block by block,
and every window mixes blocks from all over the file. Of several processes each reads only its own part of the rows.
"""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.random import Generator

from unstuck.errors import TrainingError
from unstuck.nn.engine.examples import Examples, release_pages

Array = np.ndarray
Augmentation = Callable[[Array, Generator], Array]  # inputs (n, n_inputs) -> the same shape and type

BLOCKS = 64  # in a window
NOT_OURS = -1  # in the place of a row that another process reads
ROWS_AT_ONCE = 1024  # read between releases: the system maps more of a file than is asked for


class Supply:
    """A context manager. `shown` are the examples to train on, by the local rows that `show` returns."""

    def __init__(
        self,
        examples: Examples,
        augmentation: Augmentation | None,
        memory: int | None,
        batch_size: int,
        state: Any,
        own: range | None = None,
    ) -> None:
        """memory: bytes of inputs to hold at a time. state: of the generator at the start, decides the augmentation.

        own: the rows that this process reads where memory is limited; all of them without it.
        """
        self.own = range(len(examples)) if own is None else own
        self.examples, self.augmentation = examples, augmentation
        self.shown = replace(examples)
        self.window = None if memory is None else rows_in(memory, examples.x, batch_size)
        digest = hashlib.sha256(json.dumps(state, default=repr).encode()).digest()
        self.seed = int.from_bytes(digest[:8], "little")
        self.ahead: tuple[tuple[int, int], Future[Examples]] | None = None  # (epoch, start) and what will be shown

    def __enter__(self) -> "Supply":
        self.background = ThreadPoolExecutor(1)
        return self

    def __exit__(self, *exception: object) -> None:
        self.background.shutdown(cancel_futures=True)

    def shuffle(self, rows: Array, generator: Generator) -> Array:
        """The rows in a new order: any, or one of blocks that windows mix."""
        if self.window is None:
            return generator.permutation(rows)
        size = max(1, self.window // BLOCKS)
        starts = generator.permutation(-(-len(rows) // size)) * size
        order = (starts[:, None] + np.arange(size)).ravel()
        order = rows[order[order < len(rows)]]
        for start in range(0, len(order), self.window):
            generator.shuffle(order[start : start + self.window])
        return order

    def show(self, epoch: int, order: Array, position: int, is_last: bool) -> tuple[int, int, Array]:
        """Show the window that holds this position of the order: its start and end, and its local rows in order.

        Rows that other processes read are NOT_OURS.
        """
        if self.window is None:
            if self.augmentation is not None:
                self._take((epoch, 0), None)
                if not is_last:
                    self._order((epoch + 1, 0), None)
            return 0, len(order), order
        start = position // self.window * self.window
        end = min(start + self.window, len(order))
        rows, local = self._own_rows(order[start:end])
        self._take((epoch, start), rows)
        if end < len(order):
            self._order((epoch, end), self._own_rows(order[end : end + self.window])[0])
        return start, end, local

    def _own_rows(self, stretch: Array) -> tuple[Array, Array]:
        """Our own rows of a stretch, in the order of the file, and the place of each row of the stretch among them."""
        local = np.full(len(stretch), NOT_OURS)
        is_own = (stretch >= self.own.start) & (stretch < self.own.stop)
        rows = np.sort(stretch[is_own])
        local[is_own] = np.searchsorted(rows, stretch[is_own])
        return rows, local

    def is_augmenting(self) -> bool:
        """Whether what will be shown next is being augmented right now."""
        return self.augmentation is not None and self.ahead is not None and not self.ahead[1].done()

    def _order(self, key: tuple[int, int], rows: Array | None) -> None:
        self.ahead = key, self.background.submit(self._prepare, key, rows)

    def _take(self, key: tuple[int, int], rows: Array | None) -> None:
        if self.ahead is None or self.ahead[0] != key:
            self._order(key, rows)
        assert self.ahead is not None
        prepared = self.ahead[1].result()
        self.ahead = None
        self.shown.x, self.shown.t, self.shown.weight = prepared.x, prepared.t, prepared.weight

    def _prepare(self, key: tuple[int, int], rows: Array | None) -> Examples:
        """The examples of these rows, or all, with their inputs augmented."""
        if rows is None:
            prepared = replace(self.examples)
        else:
            t, weight = self.examples.answers(rows)
            prepared = Examples(self.examples.network, read_rows(self.examples.x, rows), t, weight)
        if self.augmentation is not None:
            prepared.x = self.augmentation(prepared.x, np.random.default_rng([self.seed, *key]))
        return prepared


def rows_in(memory: int, x: Array, batch_size: int) -> int:
    """How many rows make a window: whole batches; two windows, the shown and the next, fit the memory."""
    rows = memory // (2 * x.shape[1] * x.itemsize) // batch_size * batch_size
    if not rows:
        raise TrainingError(
            f"memory is {memory} bytes: expected at least {2 * batch_size * x.shape[1] * x.itemsize}, "
            "two batches of inputs"
        )
    return rows


def read_rows(x: Array, rows: Array) -> Array:
    """A copy of these rows; little of a mapped file is in memory at a time."""
    copy = np.empty((len(rows), x.shape[1]), x.dtype)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        x.take(rows[part], axis=0, out=copy[part], mode="clip")
        release_pages(x)
    return copy
