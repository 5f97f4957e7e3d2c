"""Whether a loop only prepares data, so that it can run as it stands, without hooks."""

import types
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from unstuck.adapters.scripts.recording.paths import is_function
from unstuck.adapters.scripts.recording.provenance import Provenance

PLAIN = (int, float, str, bytes, bool, type(None), list, tuple, dict, set, range, np.ndarray, np.generic)
DRAWING = frozenset({".random", ".rand", ".randn", ".default_rng"})


def only_prepares(names: frozenset[str], scopes: Sequence[Mapping[str, Any]], known: Provenance) -> bool:
    """Whether these names lead to nothing that is followed, to no object of the user's and to no random numbers.

    names   those that a loop's body loads, attributes with a dot before them
    scopes  where they are looked up: local names first
    """
    return _leads_to_data(names, scopes, known, set())


def _leads_to_data(
    names: frozenset[str], scopes: Sequence[Mapping[str, Any]], known: Provenance, seen: set[int]
) -> bool:
    if names & DRAWING:
        return False
    for name in names:
        scope = next((scope for scope in scopes if name in scope), None)
        if scope is None:
            continue
        value = scope[name]
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, types.FunctionType):
            code = value.__code__
            used = frozenset(code.co_names) | frozenset(f".{name}" for name in code.co_names)
            inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
            if value.__closure__ or inner or not _leads_to_data(used, (value.__globals__,), known, seen):
                return False
        elif isinstance(value, PLAIN):
            if known.holds(value):
                return False
        elif isinstance(value, types.ModuleType):
            if value.__name__ in ("random", "numpy.random"):
                return False
        elif (
            (not isinstance(value, types.BuiltinFunctionType | type) and not is_function(value))
            or isinstance(getattr(value, "__self__", None), np.random.RandomState)
            or (isinstance(value, type) and value.__module__ == "__main__")
        ):
            return False
    return True
