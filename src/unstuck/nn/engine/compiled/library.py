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
from unstuck.nn.engine.compiled.fingerprint import fingerprint

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


def processor_levels() -> list[str]:
    """The instruction sets that have a library here and that the processor has, best first."""
    built = [level for level in (*LEVELS, GENERIC) if path_of(level, "float32").exists()]
    best = processor_level(built[-1]) if built else 0  # the lowest runs everywhere
    return [level for level in built if level == GENERIC or int(level[1:]) <= best]


@cache
def processor_level(library: str) -> int:
    """The processor's own level as that library finds it: 4 for x86-64-v4; 0 where there are no levels."""
    try:
        return ctypes.CDLL(str(path_of(library, "float32"))).processor_level()
    except (OSError, AttributeError):
        return 0


def open_library(path: Path, level: str, dtype: str) -> Library | None:
    """The library at that path; None if it cannot be loaded, was built from other sources or is of another type."""
    try:
        library = ctypes.CDLL(str(path))
        stated = _statements(library)
        run = library.run
        constants = stated["constant"]
        found = Library(
            level,
            run,
            constants["vector_bytes"],
            constants["widest"],
            np.dtype(dtype),
            stated["size"]["entry"],
            stated["activation"],
            stated["input"],
            *(_structure(stated, name) for name in ("layer", "network")),
        )
    except (OSError, AttributeError, KeyError, TypeError, ValueError):
        return None
    run.restype = ctypes.c_long
    run.argtypes = (*[ctypes.c_void_p] * 2, ctypes.c_long, *[ctypes.c_void_p] * 2, ctypes.c_long)
    belongs = constants["sources"] == fingerprint(FOLDER) and constants["real_bytes"] == found.real.itemsize
    return found if belongs else None


Statements = dict[str, dict[str, int]]


def _statements(library: ctypes.CDLL) -> Statements:
    """What layout.h states: group -> name -> value. The fields of a structure are groups by their kind."""
    words, value = (ctypes.c_char_p * 3)(), ctypes.c_int64()
    stated: Statements = {}
    i = 0
    while library.state(ctypes.c_long(i), words, ctypes.byref(value)):
        group, name, kind = ((word or b"").decode() for word in words)
        stated.setdefault(f"{group} {kind}".strip(), {})[name] = value.value
        i += 1
    return stated


def _structure(stated: Statements, name: str) -> np.dtype:
    """A structure as NumPy sees it; ValueError if its fields do not fit into its size."""
    fields = [(field, kind, at) for kind in ("i8", "f8") for field, at in stated[f"{name} {kind}"].items()]
    names, kinds, offsets = zip(*fields)
    return np.dtype({"names": names, "formats": kinds, "offsets": offsets, "itemsize": stated["size"][name]})
