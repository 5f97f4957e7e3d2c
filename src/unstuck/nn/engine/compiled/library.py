"""The compiled library: built with the package, one for each instruction set and type, the best of them loaded.

Nothing of it is needed: where there is none, training takes its NumPy form.
"""

import ctypes
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from unstuck.errors import TrainingError

FOLDER = Path(__file__).parent  # where the package's build puts the libraries
LEVELS = ("v4", "v3", "v2")  # of x86-64, best first; any other processor has one library, for all of its kind
GENERIC = "generic"


@dataclass(frozen=True)
class Library:
    """A library, and what it states of itself: its constants and the layout of its structures."""

    level: str
    run: Callable[..., int]
    vector_bytes: int
    widest: int  # vectors in a panel
    real: np.dtype
    entry_bytes: int
    activations: dict[str, int]
    inputs: dict[str, int]
    layer: np.dtype
    network: np.dtype

    @property
    def lanes(self) -> int:
        """Numbers in a vector."""
        return self.vector_bytes // self.real.itemsize


@cache
def load_library(dtype: str) -> Library | None:
    """The library for numbers of that type; None where there is none for this processor."""
    if os.environ.get("UNSTUCK_COMPILED", "1") == "0":
        return None
    found = (open_library(path_of(level, dtype), level, dtype) for level in wanted_levels())
    return next((library for library in found if library is not None), None)


def path_of(level: str, dtype: str) -> Path:
    """Where the library of an instruction set lies if it was built."""
    return FOLDER / f"step-{level}-{dtype}.so"


def wanted_levels() -> list[str]:
    """The instruction sets to try, best first: the one that UNSTUCK_ISA names, or all that the processor has.

    Raises TrainingError if UNSTUCK_ISA names one that is unknown or that the processor lacks.
    """
    levels, name = processor_levels(), os.environ.get("UNSTUCK_ISA")
    if not name:
        return levels
    if name not in levels:
        raise TrainingError(f"UNSTUCK_ISA is {name!r}: expected one of {', '.join(levels) or 'none'} on this machine")
    return [name]


@cache
def processor_levels() -> list[str]:
    """The instruction sets that have a library here and that the processor has, best first."""
    built = [level for level in (*LEVELS, GENERIC) if path_of(level, "float32").exists()]
    if not built or built[-1] == GENERIC:
        return built
    try:
        best = ctypes.CDLL(str(path_of(built[-1], "float32"))).processor_level()  # the lowest runs everywhere
    except (OSError, AttributeError):
        return []
    return [level for level in built if int(level[1:]) <= best]


def open_library(path: Path, level: str, dtype: str) -> Library | None:
    """The library at that path; None if it cannot be loaded or does not state what is expected of one."""
    try:
        library = ctypes.CDLL(str(path))
        groups = _statements(library)
        run = library.run
        constants, sizes = groups["constant"], groups["size"]
        found = Library(
            level,
            run,
            constants["vector_bytes"][1],
            constants["widest"][1],
            np.dtype(dtype),
            sizes["entry"][1],
            {name: value for name, (_, value) in groups["activation"].items()},
            {name: value for name, (_, value) in groups["input"].items()},
            *(_structure(groups[name], sizes[name][1]) for name in ("layer", "network")),
        )
    except (OSError, AttributeError, KeyError, TypeError, ValueError):
        return None
    run.restype = ctypes.c_long
    run.argtypes = (*[ctypes.c_void_p] * 2, ctypes.c_long, *[ctypes.c_void_p] * 2, ctypes.c_long)
    return found if constants["real_bytes"][1] == found.real.itemsize else None


def _statements(library: ctypes.CDLL) -> dict[str, dict[str, tuple[str, int]]]:
    """What layout.h states: group -> name -> kind and value."""
    words, value = (ctypes.c_char_p * 3)(), ctypes.c_int64()
    groups: dict[str, dict[str, tuple[str, int]]] = {}
    i = 0
    while library.state(ctypes.c_long(i), words, ctypes.byref(value)):
        group, name, kind = ((word or b"").decode() for word in words)
        groups.setdefault(group, {})[name] = kind, value.value
        i += 1
    return groups


def _structure(fields: dict[str, tuple[str, int]], size: int) -> np.dtype:
    """A structure as NumPy sees it; ValueError if its fields do not fit into its size."""
    kinds, offsets = zip(*fields.values())
    return np.dtype({"names": list(fields), "formats": list(kinds), "offsets": list(offsets), "itemsize": size})
