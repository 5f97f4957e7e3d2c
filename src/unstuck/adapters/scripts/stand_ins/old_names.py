"""Names that NumPy and other modules no longer have, for scripts that were written when they did."""

from __future__ import annotations

import builtins
import sys
import time
from types import ModuleType
from typing import Any

import numpy as np

from unstuck.adapters.scripts.manners.whose import acts_for_script
from unstuck.adapters.scripts.stand_ins.supply import Supply


def asfarray(a: Any, dtype: Any = np.float64) -> np.ndarray:
    """`a` as an array of a floating point type; other types become 64 bits."""
    return np.asarray(a, dtype=dtype if np.issubdtype(dtype, np.inexact) else np.float64)


OLD_NAMES: dict[ModuleType, dict[str, Any]] = {
    np: {
        **{name: getattr(builtins, name) for name in ("int", "float", "complex", "object", "str", "bool")},
        "float_": np.float64,
        "complex_": np.complex128,
        "string_": np.bytes_,
        "unicode_": np.str_,
        **dict.fromkeys(("Inf", "Infinity", "infty", "PINF"), np.inf),
        **dict.fromkeys(("NaN", "NAN"), np.nan),
        "NINF": -np.inf,
        "asfarray": asfarray,
        "mat": np.asmatrix,
        "round_": np.round,
        "in1d": np.isin,
        "product": np.prod,
        "cumproduct": np.cumprod,
        "alltrue": np.all,
        "sometrue": np.any,
        "row_stack": np.vstack,
        "rank": np.ndim,
        "asscalar": lambda a: np.asarray(a).item(),
    },
    time: {"clock": time.process_time},
}


def answer_old_names(supply: Supply) -> None:
    """Has modules answer to the names that they had, for the script only, and says so for each."""
    for module, names in OLD_NAMES.items():
        answer_to(module, names, supply)


def answer_to(module: ModuleType, names: dict[str, Any], supply: Supply) -> None:
    """Has one module answer to names that it lacks."""
    otherwise = vars(module).get("__getattr__")

    def answer(name: str) -> Any:
        """What a name that the module lacks stands for."""
        if name in names and acts_for_script(sys._getframe(1)):
            called = f"{module.__name__}.{name}"
            if supply.give(called, f"it uses {called}, which newer versions no longer have", "given what it was"):
                return names[name]
        if otherwise is not None:
            return otherwise(name)
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

    vars(module)["__getattr__"] = answer
