"""Derivatives of products of arrays: dot, matmul, einsum, outer, convolution."""

import operator
from typing import Any

import numpy as np

from unstuck.autodiff.call import Array, Call, NoDerivative, Rule, unbroadcast


def _dot(call: Call, adjoint: Any, position: int) -> Array:
    """np.dot: the last axis of a with the last but one of b; a plain product where one is a number."""
    a, b = np.asarray(call.args[0], float), np.asarray(call.args[1], float)
    g = np.asarray(adjoint, float)
    if a.ndim == 0 or b.ndim == 0:
        return unbroadcast(g * (b if position == 0 else a), np.shape(call.args[position]))
    if a.ndim <= 2 and b.ndim <= 2:
        return _matmul(call, adjoint, position)
    b_axis = max(b.ndim - 2, 0)
    if position == 0:
        others = [axis for axis in range(b.ndim) if axis != b_axis]
        return np.tensordot(g, b, axes=(list(range(a.ndim - 1, g.ndim)), others))
    back = np.tensordot(a, g, axes=(list(range(a.ndim - 1)), list(range(a.ndim - 1))))
    return np.moveaxis(back, 0, b_axis)


def _matmul(call: Call, adjoint: Any, position: int) -> Array:
    """a @ b with stacks of matrices broadcast; a vector is a row on the left and a column on the right."""
    a, b = np.asarray(call.args[0], float), np.asarray(call.args[1], float)
    g = np.asarray(adjoint, float)
    left, right = a if a.ndim > 1 else a[None, :], b if b.ndim > 1 else b[:, None]
    if a.ndim == 1:
        g = np.expand_dims(g, -1 if b.ndim == 1 else -2)
    if b.ndim == 1:
        g = np.expand_dims(g, -1)
    if position == 0:
        return unbroadcast(g @ np.swapaxes(right, -1, -2), left.shape).reshape(a.shape)
    return unbroadcast(np.swapaxes(left, -1, -2) @ g, right.shape).reshape(b.shape)


def _outer(call: Call, adjoint: Any, position: int) -> Array:
    a, b = (np.asarray(x, float).reshape(-1) for x in call.args[:2])
    g = np.asarray(adjoint, float).reshape(a.size, b.size)
    return (g @ b if position == 0 else a @ g).reshape(np.shape(call.args[position]))


def _ufunc_outer(call: Call, adjoint: Any, position: int) -> Array:
    """np.multiply.outer, np.add.outer, np.subtract.outer."""
    a, b = (np.asarray(x, float) for x in call.args[:2])
    ufunc = call.op.__self__  # type: ignore[attr-defined]
    if ufunc not in (np.multiply, np.add, np.subtract):
        raise NoDerivative(f"{ufunc.__name__}.outer")
    g = np.asarray(adjoint, float).reshape(a.size, b.size)
    sign = -1.0 if ufunc is np.subtract and position == 1 else 1.0
    if ufunc is np.multiply:
        back = g @ b.reshape(-1) if position == 0 else a.reshape(-1) @ g
    else:
        back = sign * g.sum(axis=1 - position)
    return back.reshape((a, b)[position].shape)


def _einsum(call: Call, adjoint: Any, position: int) -> Array:
    """The subscripts of result and argument change places; letters that stand in neither are repeated."""
    if not isinstance(call.args[0], str):
        raise NoDerivative("einsum with lists of axes")
    operands = [np.asarray(x, float) for x in call.args[1:]]
    inputs, output = _letters(call.args[0], operands)
    wanted = inputs[position - 1]
    if len(set(wanted)) < len(wanted):
        raise NoDerivative("einsum with a letter twice in one argument")
    others = [i for i in range(len(operands)) if i != position - 1]
    subscripts, arrays = [output, *[inputs[i] for i in others]], [np.asarray(adjoint, float)]
    arrays += [operands[i] for i in others]
    known = set("".join(subscripts))
    sizes = dict(zip(wanted, operands[position - 1].shape))
    alone = "".join(letter for letter in wanted if letter not in known)
    if alone:
        subscripts.append(alone)
        arrays.append(np.ones([sizes[letter] for letter in alone]))
    back = np.einsum(",".join(subscripts) + "->" + wanted, *arrays, optimize=len(arrays) > 2)
    return unbroadcast(back, operands[position - 1].shape)


def _letters(subscripts: str, operands: list[Array]) -> tuple[list[str], str]:
    """The letters of each operand and of the result, with letters in the place of an ellipsis."""
    subscripts = subscripts.replace(" ", "")
    left, arrow, right = subscripts.partition("->")
    inputs = left.split(",")
    free = [letter for letter in "ZYXWVUTSRQPONML" if letter not in subscripts]
    for i, letters in enumerate(inputs):
        if "..." in letters:
            count = operands[i].ndim - len(letters.replace("...", ""))
            inputs[i] = letters.replace("...", "".join(reversed(free[:count])))
    if not arrow:
        named = "".join(sorted(c for c in set(left) - set(",.") if left.count(c) == 1))
        right = ("..." if "..." in left else "") + named
    longest = max(
        (o.ndim - len(s.replace("...", "")) for o, s in zip(operands, left.split(",")) if "..." in s), default=0
    )
    return inputs, right.replace("...", "".join(reversed(free[:longest])))


def _convolve(call: Call, adjoint: Any, position: int) -> Array:
    """convolve and correlate of NumPy and scipy.signal: every mode is a part of the full one."""
    a, v = np.asarray(call.args[0], float), np.asarray(call.args[1], float)
    by_numpy = a.ndim == 1 and call.op in (np.convolve, np.correlate)
    correlates = call.op.__name__.startswith("correlate")
    mode = call.argument(2, "mode", "full" if call.op is not np.correlate else "valid")
    if call.argument(3, "boundary", "fill") not in ("fill", "auto", "direct", "fft"):
        raise NoDerivative(f"{call.op.__name__} with boundary {call.argument(3, 'boundary')!r}")
    kernel = np.flip(v) if correlates else v
    full = np.zeros([n + m - 1 for n, m in zip(a.shape, kernel.shape)])
    starts = [_start(n, m, mode, by_numpy) for n, m in zip(a.shape, kernel.shape)]
    g = np.asarray(adjoint, float)
    full[tuple(slice(s, s + size) for s, size in zip(starts, g.shape))] = g
    if position == 0:
        return _valid_correlation(full, kernel)
    back = _valid_correlation(full, a)
    return np.flip(back) if correlates else back


def _start(n: int, m: int, mode: str, by_numpy: bool) -> int:
    """Where in the full convolution of n with m entries the mode begins."""
    if mode == "full":
        return 0
    if mode == "valid":
        return min(n, m) - 1
    return (min(n, m) - 1) // 2 if by_numpy else (m - 1) // 2


def _valid_correlation(x: Array, kernel: Array) -> Array:
    """Σ_j x[i + j] kernel[j] at every i where the kernel fits."""
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape)
    return np.tensordot(windows, kernel, axes=kernel.ndim)


RULES: dict[Any, Rule] = {
    np.dot: _dot,
    np.ndarray.dot: _dot,
    np.matmul: _matmul,
    operator.matmul: _matmul,
    operator.imatmul: _matmul,
    np.outer: _outer,
    **dict.fromkeys([np.multiply.outer, np.add.outer, np.subtract.outer], _ufunc_outer),
    np.einsum: _einsum,
    np.convolve: _convolve,
    np.correlate: _convolve,
}

BY_NAME: dict[str, Rule] = dict.fromkeys(
    ["convolve", "convolve2d", "fftconvolve", "correlate", "correlate2d"], _convolve
)
"""Functions of scipy.signal, told by their name so that SciPy need not be there."""
