"""Whose code is it: the user's, or that of Python, of an installed library, or of this package?"""

import functools
import os
import site
import sys
import sysconfig
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: the class was made by a class statement, not in C


@functools.cache
def library_folders() -> tuple[str, ...]:
    """Folders, ending in a separator, whose files are not the user's."""
    folders = {sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders |= {*site.getsitepackages(), site.getusersitepackages(), str(Path(__file__).resolve().parents[1])}
    folders |= {os.path.realpath(folder) for folder in folders}
    return tuple(sorted(folder.rstrip(os.sep) + os.sep for folder in folders))


@functools.cache
def is_user_file(filename: str) -> bool:
    """Whether code compiled from this file (or pseudo-file such as "<stdin>") is the user's."""
    if filename.startswith("<"):
        return not filename.startswith(("<frozen", "<__array_function__"))
    path = os.path.abspath(filename)
    if {"site-packages", "dist-packages"} & set(path.split(os.sep)):
        return False
    return not path.startswith(library_folders())


def is_user_namespace(namespace: dict[str, Any]) -> bool:
    """Whether a module's globals, or the globals of an exec, are the user's."""
    file = namespace.get("__file__")
    if isinstance(file, str):
        return is_user_file(file)
    return _is_user_name(namespace.get("__name__"))


def is_user_class(cls: type) -> bool:
    """Whether a class was written by the user; found without touching its metaclass."""
    if not cls.__flags__ & HEAP_TYPE:
        return False
    own = type.__dict__["__dict__"].__get__(cls)
    for value in own.values():
        if type(value) is FunctionType:
            return is_user_namespace(value.__globals__)
    module = sys.modules.get(own.get("__module__", ""))
    return is_user_namespace(vars(module)) if module is not None else _is_user_name(own.get("__module__"))


@functools.cache
def names_used(code: CodeType) -> frozenset[str]:
    """All global and attribute names in a code object and the code nested in it."""
    nested = (names_used(constant) for constant in code.co_consts if type(constant) is CodeType)
    return frozenset(code.co_names).union(*nested)


def _is_user_name(name: object) -> bool:
    top = name.partition(".")[0] if isinstance(name, str) else ""
    return top not in sys.stdlib_module_names and top != "unstuck"
