"""Which chain of matrices the parameter arrays form: order, orientation, and where the biases are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

Array = np.ndarray
MOST_CHAINS = 400


@dataclass(frozen=True)
class LayerLayout:
    """Where one layer's numbers are among the parameter arrays.

    weights      index of the matrix
    transposed   stored as (n_out, n_in)
    bias         index of the bias array, None where there is none apart
    folded       "first" or "last" where the bias is a row of the matrix (in canonical orientation), else ""
    """

    weights: int
    transposed: bool
    bias: int | None = None
    folded: str = ""


Chain = tuple[LayerLayout, ...]


def find_chains(shapes: list[tuple[int, ...]], n_features: int, n_outputs: int) -> list[Chain]:
    """All chains from `n_features` to `n_outputs`, the most natural first: all arrays used, in order, one style."""
    matrices = [i for i, shape in enumerate(shapes) if _as_matrix(shape) is not None]
    found: list[Chain] = []
    for chain in _extend((), n_features, n_outputs, shapes, matrices):
        found.append(chain)
        if len(found) >= MOST_CHAINS:
            break
    return sorted(found, key=lambda chain: _strangeness(chain, len(shapes)))


def _as_matrix(shape: tuple[int, ...]) -> tuple[int, int] | None:
    if len(shape) == 2:
        return shape[0], shape[1]
    if len(shape) == 1:
        return shape[0], 1
    return None


def _extend(
    chain: Chain, width: int, n_outputs: int, shapes: list[tuple[int, ...]], matrices: list[int]
) -> Iterator[Chain]:
    if chain and width == n_outputs:
        yield from _with_biases(chain, shapes)
    used = {layer.weights for layer in chain}
    last = chain[-1].weights if chain else -1
    ordered = [i for i in matrices if i > last] + [i for i in matrices if i < last]
    for i in ordered:
        if i in used:
            continue
        shape = _as_matrix(shapes[i])
        assert shape is not None
        for transposed in (False, True):
            if transposed and (len(shapes[i]) == 1 and shape[0] == 1):
                continue
            n_in, n_out = shape[::-1] if transposed else shape
            for folded, rows in (("", n_in), ("first", n_in - 1), ("last", n_in - 1)):
                if rows == width and rows > 0:
                    layer = LayerLayout(i, transposed, None, folded)
                    yield from _extend((*chain, layer), n_out, n_outputs, shapes, matrices)


def _with_biases(chain: Chain, shapes: list[tuple[int, ...]]) -> Iterator[Chain]:
    """The chain with bias arrays assigned in their order, each behind its weights or before them; and without any."""
    behind, before = _assigned(chain, shapes, behind=True), _assigned(chain, shapes, behind=False)
    yield behind
    if before != behind:
        yield before
    if any(layer.bias is not None for layer in behind):
        yield chain


def _assigned(chain: Chain, shapes: list[tuple[int, ...]], behind: bool) -> Chain:
    """Each layer with the array that fits as its bias: the next behind its weights, or the last before them."""
    taken = {layer.weights for layer in chain}
    assigned: list[LayerLayout] = []
    for layer in chain:
        width = _width(layer, shapes)
        choice = None
        if not layer.folded:
            fitting = [
                i
                for i, shape in enumerate(shapes)
                if i not in taken and int(np.prod(shape)) == width and sum(n > 1 for n in shape) <= 1
            ]
            shared = [i for i, shape in enumerate(shapes) if i not in taken and int(np.prod(shape)) == 1]
            if behind:
                nearest = [i for i in fitting if i > layer.weights]
            else:
                nearest = [i for i in reversed(fitting) if i < layer.weights]
            choice = next(iter(nearest or fitting or shared), None)
        if choice is not None:
            taken.add(choice)
        assigned.append(LayerLayout(layer.weights, layer.transposed, choice, layer.folded))
    return tuple(assigned)


def _width(layer: LayerLayout, shapes: list[tuple[int, ...]]) -> int:
    shape = _as_matrix(shapes[layer.weights])
    assert shape is not None
    return shape[0] if layer.transposed else shape[1]


def _strangeness(chain: Chain, n_arrays: int) -> tuple[int, int, int, int]:
    used = len(chain) + sum(layer.bias is not None for layer in chain)
    order = [layer.weights for layer in chain]
    disorder = sum(a > b for a, b in pairwise(order))
    styles = len({layer.transposed for layer in chain}) + len({layer.folded for layer in chain})
    return n_arrays - used, disorder, styles, -len(chain)


def read_chain(chain: Chain, arrays: list[Array]) -> tuple[list[Array], list[Array | None]]:
    """Weights (n_in, n_out) and biases (n_out,) of each layer, from the arrays as the user keeps them."""
    weights: list[Array] = []
    biases: list[Array | None] = []
    for layer in chain:
        matrix = arrays[layer.weights]
        matrix = matrix.reshape(-1, 1) if matrix.ndim == 1 else matrix
        matrix = matrix.T if layer.transposed else matrix
        bias: Array | None = None
        if layer.folded == "first":
            bias, matrix = matrix[0], matrix[1:]
        elif layer.folded == "last":
            bias, matrix = matrix[-1], matrix[:-1]
        elif layer.bias is not None:
            flat = arrays[layer.bias].reshape(-1)
            bias = flat if flat.size == matrix.shape[1] else np.full(matrix.shape[1], flat[0])
        weights.append(matrix)
        biases.append(bias)
    return weights, biases


def write_chain(chain: Chain, weights: list[Array], biases: list[Array | None], arrays: list[Array]) -> list[Array]:
    """Copies of the user's arrays with these weights and biases in them: the inverse of `read_chain`."""
    copies = [np.array(array, dtype=float) for array in arrays]
    into_weights, into_biases = read_chain(chain, copies)
    for view, value in zip([*into_weights, *into_biases], [*weights, *biases], strict=True):
        if view is not None and value is not None:
            view[...] = value
    return copies
