"""What a called function is: the program's own, one that computes, one that makes or changes arrays, or neither."""

import builtins
import copy
import functools
import math
import types
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any

import numpy as np

from unstuck.autodiff.writes import GENERATORS

OWN, COMPUTES, CREATES, DRAWS, WRITES, SPREADS, IGNORED = (
    "own",  # written in Python: what it does is recorded where it is rewritten
    "computes",  # a value from values
    "creates",  # an array of zeros, ones, …
    "draws",  # random numbers
    "writes",  # into one of its arguments
    "spreads",  # hands on the elements of what it is given: zip, enumerate, list, …
    "ignored",
)

AT_HAND = 100_000  # values that a function takes one after another, up to which they are listed

_CREATING = (np.zeros, np.ones, np.empty, np.full, np.eye, np.identity)
_CREATING_LIKE = (np.zeros_like, np.ones_like, np.empty_like, np.full_like)
_WRITING = (np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis)
_WRITING_METHODS = frozenset({"fill", "sort", "partition", "put", "itemset", "resize", "setfield"})
_SPREADING = (zip, enumerate, list, tuple, map, iter, reversed, filter)
_COMPUTING = (abs, sum, max, min, pow, float, round, divmod, complex, int)
_COPYING = (copy.copy, copy.deepcopy)
_TAKING_ALL = (sum, max, min, math.fsum)
_SHUFFLING = frozenset({"shuffle"})
_QUIET_METHODS = frozenset({"tolist", "tofile", "tobytes", "view", "setflags", "dump", "item"}) - {"view", "item"}
_QUIET = (np.shape, np.ndim, np.size, np.savetxt, np.save, np.set_printoptions, np.array_equal, np.allclose)
_TESTS = frozenset(
    math.__dict__[name] for name in ("isnan", "isinf", "isfinite", "isclose", "gcd", "comb", "factorial")
)


@functools.lru_cache(maxsize=4096)
def _of_builtin_type(kind: type) -> str:
    return COMPUTES if issubclass(kind, (np.ndarray, np.generic)) else IGNORED


_BOUND = (types.BuiltinFunctionType, types.MethodType, types.MethodWrapperType)
_KNOWN: dict[int, tuple[Any, str]] = {}  # by id; the functions are kept so that no id is used twice


def kind_of(function: Any) -> str:
    """Which kind of function this is; a cheap look, made at each call."""
    known = _KNOWN.get(id(function))
    if known is not None and known[0] is function:
        return known[1]
    found = _kind_of(function)
    if isinstance(function, types.FunctionType | type):
        return found  # to keep one of the program's own would keep all of its data
    if type(function) not in _BOUND or isinstance(function.__self__, types.ModuleType):
        _KNOWN[id(function)] = function, found
    return found


def _kind_of(function: Any) -> str:
    kind = type(function)
    if kind is types.FunctionType:
        return _of_numpy(function) if (function.__module__ or "").startswith("numpy") else OWN
    if kind is types.MethodType:
        return _drawing(function.__name__) if isinstance(function.__self__, GENERATORS) else OWN
    if kind is types.BuiltinFunctionType or kind is types.MethodWrapperType:
        return _builtin(function)
    if kind is np.ufunc:
        return COMPUTES
    if isinstance(function, type):
        return _class(function)
    return _of_numpy(function) if (getattr(function, "__module__", "") or "").startswith("numpy") else OWN


def takes_all_of(function: Any) -> bool:
    """Whether a function takes everything that its first argument gives before it returns."""
    return _is(function, _TAKING_ALL)


def copies(function: Any) -> bool:
    """Whether a function gives what it is given once more, as `np.copy` does with an array."""
    return _is(function, _COPYING)


def _of_numpy(function: Any) -> str:
    if _is(function, _CREATING) or _is(function, _CREATING_LIKE):
        return CREATES
    if _is(function, _WRITING):
        return WRITES
    if _is(function, _QUIET) or function.__module__.startswith("numpy.random"):
        return IGNORED
    return COMPUTES


def _is(function: Any, known: tuple[Any, ...]) -> bool:
    return any(function is other for other in known)


def _class(kind: type) -> str:
    if issubclass(kind, np.generic) or kind in _COMPUTING or kind is np.matrix:
        return COMPUTES
    if kind in _SPREADING:
        return SPREADS
    return IGNORED if kind.__module__ == "builtins" else OWN


def _builtin(function: Any) -> str:
    holder = getattr(function, "__self__", None)
    name = function.__name__
    if isinstance(holder, np.ndarray):
        if name in _QUIET_METHODS:
            return IGNORED
        return WRITES if name in _WRITING_METHODS else COMPUTES
    if isinstance(holder, (np.generic, float)):
        return IGNORED if name == "is_integer" else COMPUTES
    if isinstance(holder, np.ufunc):
        return WRITES if name == "at" else COMPUTES
    if isinstance(holder, GENERATORS):
        return _drawing(name)
    if holder is math:
        return IGNORED if function in _TESTS else COMPUTES
    if holder is builtins:
        if _is(function, _COMPUTING):
            return COMPUTES
        return SPREADS if _is(function, _SPREADING) else IGNORED
    if _is(function, _CREATING):
        return CREATES
    if _is(function, _WRITING):
        return WRITES
    module = getattr(function, "__module__", None) or ""
    return COMPUTES if module.partition(".")[0] == "numpy" else IGNORED


def _drawing(name: str) -> str:
    if name in _SHUFFLING:
        return WRITES
    return IGNORED if name in ("seed", "get_state", "set_state", "getstate", "setstate") else DRAWS


def operation(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The function and its arguments as the tape names them: a bound method as the unbound one with its object."""
    holder = getattr(function, "__self__", None)
    if isinstance(holder, np.ndarray):
        return getattr(np.ndarray, function.__name__), (holder, *arguments)
    if isinstance(holder, np.generic):
        return getattr(np.ndarray, function.__name__, getattr(type(holder), function.__name__)), (holder, *arguments)
    return np.copy if copies(function) else function, arguments


def at_hand(values: Iterator[Any]) -> Iterable[Any]:
    """The same values as a list, whose elements can be followed; of very many an iterator again."""
    first = list(islice(values, AT_HAND))
    return first if len(first) < AT_HAND else chain(first, values)


def is_typed_number(function: Any, value: Any) -> bool:
    """Whether this is a single number in one of NumPy's types, made of one that stands in the source: a first bias."""
    return isinstance(function, type) and isinstance(value, np.floating)


def is_watched(function: Any, files: set[str]) -> bool:
    """Whether what a call does is recorded where it is written; a class counts as such."""
    if isinstance(function, type):
        return True
    for called in (function, vars(type(function)).get("__call__")):
        code = getattr(getattr(called, "__func__", called), "__code__", None)
        if code is not None:
            return code.co_filename in files
    return False
