"""Parameters kept as one long vector: the ways in which it may be cut into the arrays of a network."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

Array = np.ndarray
Cut = tuple[tuple[int, ...], ...]  # shapes, in the order of the vector


def cuts(length: int, n_features: int, n_outputs: int) -> Iterator[Cut]:
    """Shapes of weights and biases whose sizes add up to `length`, for up to three hidden layers of one width."""
    for n_hidden, biased in itertools.product((1, 2, 0, 3), (True, False)):
        width = _width(length, n_features, n_outputs, n_hidden, biased)
        if width is None:
            continue
        sizes = [n_features, *([width] * n_hidden), n_outputs]
        pairs = list(itertools.pairwise(sizes))
        for transposed in (False, True):
            weights = [(b, a) if transposed else (a, b) for a, b in pairs]
            if not biased:
                yield tuple(weights)
                continue
            biases = [(b,) for _, b in pairs]
            yield tuple(shape for pair in zip(weights, biases, strict=True) for shape in pair)
            yield (*weights, *biases)
            yield tuple((b, a + 1) if transposed else (a + 1, b) for a, b in pairs)


def _width(length: int, n_features: int, n_outputs: int, n_hidden: int, biased: bool) -> int | None:
    """The hidden width that gives exactly this many numbers, None where there is none."""

    def count(width: int) -> int:
        sizes = [n_features, *([width] * n_hidden), n_outputs]
        return sum((a + biased) * b for a, b in itertools.pairwise(sizes))

    if n_hidden == 0:
        return 0 if count(0) == length else None
    low, high = 1, length
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if count(middle) < length else (low, middle)
    return low if count(low) == length else None


def cut(vector: Array, shapes: Cut) -> list[Array]:
    """The vector as arrays of these shapes."""
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    return [part.reshape(shape) for part, shape in zip(np.split(vector.ravel(), ends[:-1]), shapes, strict=True)]


def join(arrays: list[Array]) -> Array:
    return np.concatenate([array.ravel() for array in arrays])
