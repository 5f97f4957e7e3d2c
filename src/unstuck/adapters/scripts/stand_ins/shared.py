"""Large arrays that are handed out again for every run of a script, each time as if they were made anew."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np


class Shared:
    """Arrays by their keys, each filled once. What a script writes into the one that it was given changes no other:
    pages are copied when they are written to."""

    def __init__(self) -> None:
        self._filled: dict[Hashable, int] = {}  # by key, the number of an open file in memory

    def array(
        self, key: Hashable, shape: tuple[int, ...], dtype: Any, fill: Callable[[np.ndarray], None]
    ) -> np.ndarray:
        """The array that `fill` makes of an empty one; of a system without files in memory a new one each time."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if not size or not hasattr(os, "memfd_create"):
            fill(array := np.empty(shape, dtype))
            return array
        if key not in self._filled:
            self._filled[key] = file = os.memfd_create("unstuck")
            os.ftruncate(file, size)
            fill(np.frombuffer(mmap.mmap(file, size), dtype).reshape(shape))
        private = mmap.mmap(self._filled[key], size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
        return np.frombuffer(private, dtype).reshape(shape)
