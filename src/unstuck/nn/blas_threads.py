"""The threads of BLAS libraries, kept to one.

Most matrix products here are too small for them: waking and awaiting them costs more than they save, and tenfold when
another program wants the same cores.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threadpoolctl import LibController


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
