"""What scripts with a loop of their own take from TensorFlow: its tape of derivatives, and its data sets."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch

from unstuck.adapters.pytorch.numbers import as_tensor


class GradientTape:
    """`tf.GradientTape`, on PyTorch's graph, which is recorded anyway: derivatives are taken on demand."""

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent

    def __enter__(self) -> GradientTape:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def watch(self, tensor: torch.Tensor) -> None:
        """Has derivatives taken by a tensor that is no variable."""
        tensor.requires_grad_()

    def gradient(self, target: torch.Tensor, sources: Any, **_: Any) -> Any:
        """The derivatives of a target's sum by a source or a list of them; None where it does not depend on it."""
        listed = list(sources) if isinstance(sources, (list, tuple)) else [sources]
        tensors = [getattr(source, "value", source) for source in listed]
        before = [tensor.grad for tensor in tensors]
        for tensor in tensors:
            tensor.grad = None
        torch.autograd.backward(target.sum() if target.ndim else target, retain_graph=self._persistent, inputs=tensors)
        found = [tensor.grad for tensor in tensors]
        for tensor, kept in zip(tensors, before, strict=True):
            tensor.grad = kept
        return found if isinstance(sources, (list, tuple)) else found[0]


def function(body: Any = None, **_: Any) -> Any:
    """`tf.function`: the function itself, computed as it stands."""
    return body if body is not None else lambda own: own


Epoch = Callable[[], Iterator[Any]]


class Data:
    """`tf.data.Dataset` of examples, or of batches of them: iterated anew for each pass."""

    def __init__(self, epoch: Epoch, n: int) -> None:
        self._epoch, self._n = epoch, n

    @staticmethod
    def from_tensor_slices(tensors: Any) -> Data:
        """One example for each row of an array, or of a tuple of arrays."""
        if not isinstance(tensors, tuple):
            array = np.asarray(tensors)
            return Data(lambda: iter(array), len(array))
        arrays = [np.asarray(one) for one in tensors]
        return Data(lambda: zip(*arrays, strict=True), len(arrays[0]))

    def __iter__(self) -> Iterator[Any]:
        return map(_as_tensors, self._epoch())

    def __len__(self) -> int:
        return self._n

    def shuffle(self, buffer_size: int = 1, seed: int | None = None, **_: Any) -> Data:
        """The examples in a random order among as many as the buffer holds."""
        generator = np.random.default_rng(seed if seed is not None else np.random.randint(2**31))  # noqa: NPY002

        def epoch() -> Iterator[Any]:
            held: list[Any] = []
            for example in self._epoch():
                held.append(example)
                if len(held) >= buffer_size:
                    yield held.pop(int(generator.integers(len(held))))
            while held:
                yield held.pop(int(generator.integers(len(held))))

        return Data(epoch, self._n)

    def batch(self, batch_size: int, drop_remainder: bool = False, **_: Any) -> Data:
        """As many examples at once."""

        def epoch() -> Iterator[Any]:
            examples = self._epoch()
            while held := list(itertools.islice(examples, batch_size)):
                if len(held) == batch_size or not drop_remainder:
                    yield _stacked(held)

        return Data(epoch, self._n // batch_size if drop_remainder else -(-self._n // batch_size))

    def map(self, change: Callable[..., Any], *_: Any, **__: Any) -> Data:
        """Each element changed by a function."""

        def epoch() -> Iterator[Any]:
            for one in self:
                yield change(*one) if isinstance(one, tuple) else change(one)

        return Data(epoch, self._n)

    def repeat(self, count: int | None = None) -> Data:
        """Pass after pass; for ever without a count, or with -1: its length is that of one pass then."""
        times = None if count is None or count < 0 else count

        def epoch() -> Iterator[Any]:
            for _ in itertools.count() if times is None else range(times):
                yield from self._epoch()

        return Data(epoch, self._n if times is None else self._n * times)

    def take(self, count: int) -> Data:
        """The first elements; all of them for -1."""
        return self if count < 0 else Data(lambda: itertools.islice(self._epoch(), count), min(count, self._n))

    def skip(self, count: int) -> Data:
        """All but the first elements; none for -1."""
        first = self._n if count < 0 else count
        return Data(lambda: itertools.islice(self._epoch(), first, None), max(0, self._n - first))

    def prefetch(self, *_: Any) -> Data:
        """Itself: nothing is computed ahead."""
        return self

    def cache(self, *_: Any) -> Data:
        """Itself."""
        return self


def _stacked(examples: list[Any]) -> Any:
    if isinstance(examples[0], tuple):
        return tuple(_stacked([example[i] for example in examples]) for i in range(len(examples[0])))
    if isinstance(examples[0], torch.Tensor):
        return torch.stack(examples)
    return np.stack([np.asarray(one) for one in examples])


def _as_tensors(element: Any) -> Any:
    if isinstance(element, tuple):
        return tuple(_as_tensors(one) for one in element)
    return as_tensor(element)


def batches_of(data: Iterable[Any]) -> Iterator[Any]:
    """A data set as `fit` takes it: a generator of batches without end."""
    while True:
        yield from data
