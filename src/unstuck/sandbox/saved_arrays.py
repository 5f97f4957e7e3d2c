"""The numbers of NumPy arrays and PyTorch tensors: saved, compared and put back into the same memory."""

import functools
import sys
from collections.abc import Iterable
from operator import is_
from typing import Any

import numpy as np

from unstuck.sandbox.reachable import LARGE as LARGE  # larger arrays are compared by a sample before they are saved
from unstuck.sandbox.reachable import Node

SAMPLED_NUMBERS = 1 << 14


class Record:
    """The saved state of one object; size is in bytes, for arrays and tensors."""

    size = 0

    def __init__(self, node: Node) -> None:
        self.node = node

    def changed(self, thorough: bool = False) -> bool:
        raise NotImplementedError

    def restore(self) -> None:
        raise NotImplementedError


def same(now: Iterable[Any], saved: Iterable[Any]) -> bool:
    """Whether both hold the very same objects, in order; both must be equally long."""
    return all(map(is_, now, saved))


class ArrayContent(Record):
    """Numbers (or references) of an array that owns its memory, its shape and its writeable flag."""

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.object: np.ndarray = node.object
        plain = self._plain()
        self.size, self.shape, self.writeable = plain.nbytes, plain.shape, plain.flags.writeable
        self.saved = np.array(plain, copy=True, order="K", subok=False)
        self.sample = self._sample(plain)

    def _plain(self) -> np.ndarray:
        return self.object if type(self.object) is np.ndarray else np.ndarray.view(self.object, np.ndarray)

    def _sample(self, plain: np.ndarray) -> bytes:
        if self.size < SAMPLED_NUMBERS:
            return b""
        return (plain.ravel(order="K") if plain.flags.forc else plain.flat)[_sampled_places(self.saved.size)].tobytes()

    def changed(self, thorough: bool = False) -> bool:
        plain = self._plain()
        if plain.shape != self.shape or plain.flags.writeable != self.writeable:
            return True
        if thorough or self.size < SAMPLED_NUMBERS:
            return not same_bits(plain, self.saved)
        return self._sample(plain) != self.sample

    def restore(self) -> None:
        if self.object.shape != self.shape:
            if self.object.size != self.saved.size:
                self.object.resize(self.shape, refcheck=False)
            else:
                self.object.shape = self.shape
        plain = self._plain()
        if plain.flags.writeable:
            plain[...] = self.saved
        elif not same_bits(plain, self.saved):
            self.object.flags.writeable = True
            self._plain()[...] = self.saved
        if self.object.flags.writeable != self.writeable:
            self.object.flags.writeable = self.writeable


@functools.lru_cache(maxsize=32)
def _sampled_places(size: int) -> np.ndarray:
    return np.sort(np.random.default_rng(0).integers(0, max(size, 1), min(size, SAMPLED_NUMBERS)))


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype == object:
        return same(a.ravel(order="C").tolist(), b.ravel(order="C").tolist())
    if a.dtype.char in "gG":  # the unused bytes of a long double are not numbers
        return bool(np.all((a == b) | ((a != a) & (b != b))))
    if a.flags.c_contiguous and b.flags.c_contiguous and a.dtype.kind in "biufc":
        return np.array_equal(a.reshape(-1).view(np.uint8), b.reshape(-1).view(np.uint8))
    return a.tobytes() == b.tobytes()


class TensorContent(Record):
    """Numbers of a PyTorch tensor, the storage they lie in, its gradient's binding and requires_grad."""

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.object = node.object
        self.data = self.object.data  # an alias of the storage: a program may bind .data to another one
        self.saved = self.data.clone()
        self.size = self.saved.numel() * self.saved.element_size()
        self.leaf = self.object.is_leaf
        self.grad = self.object.grad if self.leaf else None
        self.requires_grad = self.object.requires_grad
        torch = sys.modules["torch"]
        self.places = torch.from_numpy(_sampled_places(self.saved.numel())).to(self.data.device)
        self.sample = self._numbers(self.data)

    def _numbers(self, data: Any, thorough: bool = False) -> bytes:
        flat = data.reshape(-1) if thorough or self.size < SAMPLED_NUMBERS else data.reshape(-1)[self.places]
        return flat.contiguous().view(sys.modules["torch"].uint8).cpu().numpy().tobytes()

    def changed(self, thorough: bool = False) -> bool:
        now = self.object.data
        if now.data_ptr() != self.data.data_ptr() or now.shape != self.data.shape:
            return True
        if self.leaf and (self.object.grad is not self.grad or self.object.requires_grad != self.requires_grad):
            return True
        if thorough:
            return self._numbers(now, True) != self._numbers(self.saved, True)
        return self._numbers(now) != self.sample

    def restore(self) -> None:
        if self.object.data.data_ptr() != self.data.data_ptr() or self.object.shape != self.data.shape:
            self.object.data = self.data
        self.data.copy_(self.saved)
        if self.leaf:
            if self.object.grad is not self.grad:
                self.object.grad = self.grad
            if self.object.requires_grad != self.requires_grad:
                self.object.requires_grad_(self.requires_grad)
