"""How matrix products use the cores.

Most of ours are too small for the threads of a BLAS library: waking and awaiting those costs more than it saves, and
tenfold when another program wants the same cores. So BLAS keeps to one thread, and only large products are halved
between two threads of our own, which wait for each other without spinning.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from threadpoolctl import LibController

Array = np.ndarray
Task = Callable[[], object]

ROWS = 16  # halves are multiples of it, as the products' inner loops like them

WORTH_SHARING = 200_000_000  # multiplications of a product, 4 ms of one core; for less, a cold second cache costs more


class Pools:
    """The thread pools of the BLAS and OpenMP libraries that this process has loaded, and who wants them small.

    BLAS has one number of threads for the whole process: the first who asks makes it 1, the last who leaves puts it
    back. OpenMP has one for every thread of ours, which each puts back for itself.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._n_modules = 0
        self._found: list[LibController] = []
        self._asked = 0
        self._before: dict[str, int] = {}  # by path: what to put back
        self._of_thread = threading.local()

    @contextmanager
    def limited(self) -> Iterator[None]:
        """One thread for each pool inside; what was set before comes back with the last who leaves."""
        outermost = not hasattr(self._of_thread, "before")
        with self._lock:
            self._asked += 1
            if outermost:
                self._of_thread.before = {}
            self.keep()
        try:
            yield
        finally:
            with self._lock:
                self._asked -= 1
                if outermost:
                    self._put_back(self._of_thread.before)
                    del self._of_thread.before
                if not self._asked:
                    self._put_back(self._before)
                    self._before = {}

    def keep(self) -> None:
        """Limit what has been loaded or changed since, if anybody wants it limited."""
        with self._lock:
            if not self._asked:
                return
            if len(sys.modules) != self._n_modules:
                self._find()
            for library in self._found:
                before = self._before if is_shared(library) else getattr(self._of_thread, "before", None)
                threads = library.get_num_threads()
                if before is not None and threads != 1:
                    before.setdefault(library.filepath, threads)
                    put(library, 1)

    def _find(self) -> None:
        """Look through the loaded libraries: only when modules have come, for it takes milliseconds."""
        from threadpoolctl import ThreadpoolController

        self._found = ThreadpoolController().lib_controllers
        self._n_modules = len(sys.modules)

    def _put_back(self, before: dict[str, int]) -> None:
        for library in self._found:
            if library.filepath in before:
                put(library, before[library.filepath])


def is_shared(library: LibController) -> bool:
    """Whether all threads of ours have one pool in common."""
    return library.user_api == "blas" and getattr(library, "threading_layer", "") != "openmp"


def put(library: LibController, n_threads: int) -> None:
    """Set the number of threads, whichever of our threads set it before."""
    clear = getattr(library, "clear_controlling_thread", None)  # from threadpoolctl 3.7 on one alone may set it
    if clear is not None:
        clear(force=True)
    library.set_num_threads(n_threads)
    if clear is not None:
        clear(force=True)


POOLS = Pools()


def single_threaded() -> Any:
    """A context in which BLAS and OpenMP keep to one thread: nested, from several threads, whatever is raised inside.

    Libraries loaded inside are limited by `POOLS.keep()`, and where the next context begins.
    """
    return POOLS.limited()


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
