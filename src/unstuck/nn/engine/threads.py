"""How a training step uses the cores.

Most of its matrix products are too small for the threads of OpenBLAS: waking and awaiting those costs more than it
saves, and tenfold when another program wants the same cores. So OpenBLAS keeps to one thread, and only large products
are halved between two threads of our own, which wait for each other without spinning.
"""

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np

Array = np.ndarray
Task = Callable[[], object]

ROWS = 16  # halves are multiples of it, as the products' inner loops like them

WORTH_SHARING = 200_000_000  # multiplications of a product, 4 ms of one core; for less, a cold second cache costs more

SYMBOLS = "scipy_openblas_{}_num_threads64_", "openblas_{}_num_threads64_", "openblas_{}_num_threads"


@contextmanager
def single_threaded() -> Iterator[None]:
    """Run matrix products on one thread inside; changes nothing where NumPy brings no OpenBLAS of its own."""
    library = _openblas()
    if library is None:
        yield
        return
    get, put = library
    threads = get()
    put(1)
    try:
        yield
    finally:
        put(threads)


@cache
def _find_openblas() -> ctypes.CDLL | None:
    """The library that NumPy has brought and loaded, if it has."""
    package = Path(np.__file__).parent
    paths = [
        path for folder in (package.parent / "numpy.libs", package / ".dylibs") for path in folder.glob("*openblas*")
    ]
    return ctypes.CDLL(str(paths[0])) if paths else None


@cache
def _openblas() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """The functions that read and set the number of its threads."""
    library = _find_openblas()
    for symbol in SYMBOLS:
        if library is not None and hasattr(library, symbol.format("set")):
            return getattr(library, symbol.format("get")), getattr(library, symbol.format("set"))
    return None


class SecondThread:
    """A thread that waits for work; a context manager that ends it.

    `is_core_taken` says whether other work of ours keeps the second core busy: then halves would wait for each other.
    """

    def __init__(self) -> None:
        self.is_core_taken: Callable[[], bool] = lambda: False

    def __enter__(self) -> "SecondThread":
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
