"""Paths from the names of a running script to the objects that they lead to, through containers and attributes."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from unstuck.sandbox.origin import is_user_class


def reachable_paths(
    scope: dict[str, Any], depth: int = 8, limit: int = 200_000
) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """(path, value) of what can be reached from a scope through containers and attributes; a path is a tuple of steps
    for `follow`."""
    pending: list[tuple[tuple[Any, ...], Any]] = [((("key", name),), value) for name, value in list(scope.items())]
    seen: set[int] = set()
    count = 0
    while pending and count < limit:
        path, value = pending.pop(0)
        count += 1
        yield path, value
        if len(path) >= depth or isinstance(value, (str, bytes, int, float, type, np.generic)) or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, dict):
            children = [(("key", key), child) for key, child in value.items()]
        elif isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.dtype == object):
            if len(value) > 1000:
                continue
            children = [(("key", index), child) for index, child in enumerate(value)]
        elif (
            isinstance(getattr(value, "__dict__", None), dict)
            and not is_function(value)
            and "__path__" not in vars(value)
        ):
            if type(value).__name__ == "module":
                continue
            children = [(("attribute", name), child) for name, child in vars(value).items()]
        else:
            continue
        pending += [((*path, step), child) for step, child in children if not _hidden(step)]


def is_data(value: Any) -> bool:
    """Whether a value may be large: an array, a container, an object that holds some; no module, function or class."""
    return not isinstance(value, ModuleType | type) and not is_function(value)


def is_function(value: Any) -> bool:
    """Whether a value can be called and is no object of a class of the program's own: a layer may be called, too."""
    return callable(value) and (isinstance(value, type) or not is_user_class(type(value)))


def _hidden(step: tuple[str, Any]) -> bool:
    return isinstance(step[1], str) and step[1].startswith("__unstuck")


def follow(scope: dict[str, Any], path: tuple[Any, ...]) -> Any:
    """What stands at a path now."""
    value: Any = scope
    for kind, name in path:
        value = value[name] if kind == "key" else getattr(value, name)
    return value


def spelled(path: tuple[Any, ...]) -> str:
    """A path as one writes it: net.layers[1].w."""
    first, *rest = path
    text = str(first[1])
    for kind, name in rest:
        text += f".{name}" if kind == "attribute" else f"[{name!r}]"
    return text
