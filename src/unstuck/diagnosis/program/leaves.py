"""The user's parameters as numeric leaves that can be read and written in place, whatever holds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray


@dataclass
class Leaf:
    """One numeric parameter: an array, a nested list of numbers, or a single number (then it cannot be written)."""

    holder: Any

    @property
    def dtype(self) -> np.dtype:
        if isinstance(self.holder, np.ndarray) and self.holder.dtype != object:
            return self.holder.dtype
        return np.asarray(self._plain()).dtype

    def _plain(self) -> Any:
        return self.holder.tolist() if isinstance(self.holder, np.ndarray) else self.holder

    def read(self) -> Array:
        """A float64 copy."""
        with np.errstate(all="ignore"):
            return np.array(self._plain() if self.dtype == object else self.holder, dtype=float)

    def write(self, values: Array) -> bool:
        """Puts `values` in place; False where the holder cannot take them."""
        if isinstance(self.holder, np.ndarray):
            if not self.holder.flags.writeable:
                return False
            self.holder[...] = values
            return True
        if isinstance(self.holder, list):
            _fill(self.holder, values)
            return True
        return False


def _fill(nested: list, values: Array) -> None:
    for i, item in enumerate(nested):
        if isinstance(item, list):
            _fill(item, values[i])
        elif isinstance(item, np.ndarray):
            item[...] = values[i]
        else:
            nested[i] = type(item)(values[i]) if isinstance(item, (float, np.floating)) else float(values[i])


def _as_array(value: Any) -> Any:
    """A torch tensor as the array that shares its memory; anything else as it is."""
    if hasattr(value, "detach") and hasattr(value, "numpy"):
        return value.detach().cpu().numpy()
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _is_numbers(value: Any) -> bool:
    """A list of numbers, or of lists of numbers (looked at by its first element)."""
    while isinstance(value, list) and value:
        value = value[0]
        if _is_number(value):
            return True
    return False


def find_leaves(value: Any) -> list[Leaf]:
    """All numeric leaves in the order in which `parameters()` gives them."""
    return list(_walk(value, 0))


def _walk(value: Any, depth: int) -> Iterator[Leaf]:
    value = _as_array(value)
    if value is None or depth > 6:
        return
    if isinstance(value, np.ndarray):
        if value.dtype != object:
            if value.dtype.kind in "fiub":
                yield Leaf(value)
        elif value.size and all(_is_number(item) for item in value.ravel()[:100]):
            yield Leaf(value)
        else:
            for item in value.ravel():
                yield from _walk(item, depth + 1)
    elif _is_number(value) or (isinstance(value, list) and _is_numbers(value) and _is_regular(value)):
        yield Leaf(value)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _walk(item, depth + 1)
    elif isinstance(value, (list, tuple)) or hasattr(value, "__next__"):
        for item in value:
            yield from _walk(item, depth + 1)


def _is_regular(value: list) -> bool:
    try:
        return np.array(value).dtype.kind in "fiu"
    except ValueError:
        return False
