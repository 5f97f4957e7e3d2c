"""How matrix products use the cores.

Most of ours are too small for the threads of a BLAS library: waking and awaiting those costs more than it saves, and
tenfold when another program wants the same cores. So BLAS keeps to one thread, and only large products are halved
between two threads of our own, which wait for each other without spinning.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    pass

Array = np.ndarray
Task = Callable[[], object]

ROWS = 16  # halves are multiples of it, as the products' inner loops like them

WORTH_SHARING = 200_000_000  # multiplications of a product, 4 ms of one core; for less, a cold second cache costs more


class SecondThread:
    """A thread that waits for work; a context manager that ends it.

    `is_core_taken` says whether other work of ours keeps the second core busy: then halves would wait for each other.
    """

    def __init__(self) -> None:
        self.is_core_taken: Callable[[], bool] = lambda: False

    def __enter__(self) -> SecondThread:
        self.wanted, self.done = threading.Lock(), threading.Lock()
        self.wanted.acquire()
        self.done.acquire()
        self.task: Task | None = None
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.task = None
        self.wanted.release()
        self.thread.join()

    def both(self, ours: Task, theirs: Task) -> None:
        """Run `theirs` on the second thread while `ours` runs on this one; what either raises is raised here."""
        self.task = theirs
        self.wanted.release()
        try:
            ours()
        finally:
            self.done.acquire()
        if self.error is not None:
            error, self.error = self.error, None
            raise error

    def matmul(self, a: Array, b: Array, out: Array) -> None:
        """np.matmul of (m, k) and (k, n) into (m, n); of a large product each thread makes half of the rows."""
        m = len(a)
        if m * b.size < WORTH_SHARING or m < 2 * ROWS:
            np.matmul(a, b, out=out)
            return
        middle = m // (2 * ROWS) * ROWS
        self.both(
            lambda: np.matmul(a[:middle], b, out=out[:middle]),
            lambda: np.matmul(a[middle:], b, out=out[middle:]),
        )

    def _work(self) -> None:
        with np.errstate(all="ignore"):
            while True:
                self.wanted.acquire()
                if self.task is None:
                    return
                try:
                    self.task()
                except BaseException as error:
                    self.error = error
                self.done.release()
