"""How many threads NumPy's matrix products use.

The products of a training step are too small to share: waking and awaiting OpenBLAS's threads costs more than it
saves, and tenfold when another program wants the same cores. Training therefore runs them on one thread.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np

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
def _openblas() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """The functions that read and set the number of threads of the library that NumPy has loaded."""
    package = Path(np.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):
        for path in folder.glob("*openblas*"):
            library = ctypes.CDLL(str(path))
            for symbol in SYMBOLS:
                if hasattr(library, symbol.format("set")):
                    return getattr(library, symbol.format("get")), getattr(library, symbol.format("set"))
    return None
