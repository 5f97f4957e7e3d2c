"""Derivatives of sums, means, extrema, norms and running sums, along any axes."""

from typing import Any

import numpy as np

from unstuck.autodiff.call import Array, Call, NoDerivative, Rule
from unstuck.autodiff.elementwise import shares_at_extremum


def _axes(call: Call, position: int = 1) -> tuple[int, ...]:
    """The axes that are summed over, none negative."""
    default = 0 if hasattr(call.op, "reduce") or getattr(call.op, "__name__", "") == "reduce" else None
    axis = call.argument(position, "axis", default)
    ndim = np.ndim(call.args[0])
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    return tuple(int(a) % ndim for a in axes) if ndim else ()


def _repeated(adjoint: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Array:
    """The adjoint of a result with `axes` removed or kept, as long as the argument."""
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    return np.broadcast_to(np.asarray(adjoint, float).reshape(kept), shape)


def _mask(call: Call, shape: tuple[int, ...]) -> Any:
    return np.broadcast_to(call.kwargs.get("where", True), shape)


def _sum(call: Call, adjoint: Any, position: int) -> Any:
    if isinstance(call.args[0], tuple | list):
        return _of_list(_sum, call, adjoint)
    shape = np.shape(call.args[0])
    return _repeated(adjoint, shape, _axes(call)) * _mask(call, shape)


def _mean(call: Call, adjoint: Any, position: int) -> Any:
    if isinstance(call.args[0], tuple | list):
        return _of_list(_mean, call, adjoint)
    shape, axes = np.shape(call.args[0]), _axes(call)
    mask = _mask(call, shape)
    return _repeated(adjoint, shape, axes) * mask / mask.sum(axis=axes, keepdims=True)


def _nan_sum(call: Call, adjoint: Any, position: int) -> Any:
    known = ~np.isnan(call.args[0])
    repeated = _repeated(adjoint, known.shape, _axes(call)) * known
    return repeated / known.sum(axis=_axes(call), keepdims=True) if call.op is np.nanmean else repeated


def _average(call: Call, adjoint: Any, position: int) -> Any:
    x = np.asarray(call.args[0])
    weights = call.argument(2, "weights")
    if position or (weights is not None and np.shape(weights) != x.shape and np.ndim(weights) != 1):
        raise NoDerivative("average with respect to its weights")
    axes = _axes(call)
    if weights is None:
        return _repeated(adjoint, x.shape, axes) / np.prod([x.shape[a] for a in axes])
    w = np.asarray(weights, float)
    if w.shape != x.shape:
        w = np.broadcast_to(w.reshape([-1 if a == axes[0] else 1 for a in range(x.ndim)]), x.shape)
    return _repeated(adjoint, x.shape, axes) * w / w.sum(axis=axes, keepdims=True)


def _product(call: Call, adjoint: Any, position: int) -> Any:
    """Of each entry: the product of all others along the axes, also where some are 0."""
    x, axes = np.asarray(call.args[0], float), _axes(call)
    kept = [a for a in range(x.ndim) if a not in axes]
    moved = x.transpose([*kept, *axes])
    flat = moved.reshape(*moved.shape[: len(kept)], -1)
    ones = np.ones((*flat.shape[:-1], 1))
    before = np.cumprod(np.concatenate([ones, flat[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([ones, flat[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    others = (before * after).reshape(moved.shape).transpose(np.argsort([*kept, *axes]))
    return _repeated(adjoint, x.shape, axes) * others


def _extremum(call: Call, adjoint: Any, position: int) -> Any:
    if isinstance(call.args[0], tuple | list):
        return _of_list(_extremum, call, adjoint)
    x, axes = np.asarray(call.args[0]), _axes(call)
    highest = _repeated(call.value, x.shape, axes)
    return _repeated(adjoint, x.shape, axes) * shares_at_extremum(x, highest, axes, call.tie)


def _variance(call: Call, adjoint: Any, position: int) -> Any:
    """var and std: 2 (x - mean) / (n - ddof), and divided by twice the deviation; the slope at std = 0 is 0."""
    x, axes = np.asarray(call.args[0], float), _axes(call)
    if "where" in call.kwargs:
        raise NoDerivative("variance of a part")
    deviation = call.op in (np.std, np.ndarray.std)
    count = np.prod([x.shape[a] for a in axes]) - call.argument(4, "ddof", call.kwargs.get("correction", 0))
    slope = 2 * (x - x.mean(axis=axes, keepdims=True)) / count
    if deviation:
        std = _repeated(call.value, x.shape, axes)
        slope = np.divide(slope, 2 * std, out=np.zeros_like(slope), where=std > 0)
    return _repeated(adjoint, x.shape, axes) * slope


def _norm(call: Call, adjoint: Any, position: int) -> Any:
    """numpy.linalg.norm: 2-norm of vectors, Frobenius norm of matrices, 1-norm and maximum norm of vectors."""
    x = np.asarray(call.args[0], float)
    order = call.argument(1, "ord")
    axes = _axes(call, 2)
    of_vector = len(axes) == 1 or x.ndim == 1
    if order not in (None, "fro", 2, 1, np.inf) or (order is not None and not of_vector and order != "fro"):
        raise NoDerivative(f"norm of order {order!r}")
    length = _repeated(call.value, x.shape, axes)
    if order == 1:
        slope = np.sign(x)
    elif order == np.inf:
        slope = np.sign(x) * shares_at_extremum(np.abs(x), length, axes, call.tie)
    else:
        slope = np.divide(x, length, out=np.zeros_like(x), where=length > 0)
    return _repeated(adjoint, x.shape, axes) * slope


def _running_sum(call: Call, adjoint: Any, position: int) -> Any:
    shape = np.shape(call.args[0])
    default = 0 if getattr(call.op, "__name__", "") == "accumulate" else None
    axis = call.argument(1, "axis", default)
    reverse = np.asarray(adjoint, float)
    if axis is None:
        return np.flip(np.cumsum(np.flip(reverse.reshape(-1)))).reshape(shape)
    return np.flip(np.cumsum(np.flip(reverse, axis), axis=axis), axis)


def _running_product(call: Call, adjoint: Any, position: int) -> Any:
    x = np.asarray(call.args[0], float)
    axis = call.argument(1, "axis")
    flat = x.reshape(-1) if axis is None else x
    axis = 0 if axis is None else axis
    if (flat == 0).any():
        raise NoDerivative("running product with a 0 in it")
    weighted = np.asarray(adjoint, float).reshape(flat.shape) * np.cumprod(flat, axis=axis)
    return (np.flip(np.cumsum(np.flip(weighted, axis), axis=axis), axis) / flat).reshape(x.shape)


def _difference(call: Call, adjoint: Any, position: int) -> Any:
    x = np.asarray(call.args[0])
    n, axis = call.argument(1, "n", 1), call.argument(2, "axis", -1)
    if "prepend" in call.kwargs or "append" in call.kwargs:
        raise NoDerivative("diff with entries added at the ends")
    total = np.asarray(adjoint, float)
    for _ in range(n):
        zero = np.zeros_like(np.take(total, [0], axis)) if total.shape[axis] else np.zeros(x.shape)
        total = -np.diff(total, axis=axis, prepend=zero, append=zero)
    return total


def _log_sum_exp(call: Call, adjoint: Any, position: int) -> Any:
    """scipy.special.logsumexp: the adjoint times the softmax."""
    x, axes = np.asarray(call.args[0], float), _axes(call)
    if call.argument(2, "b") is not None or call.kwargs.get("return_sign"):
        raise NoDerivative("logsumexp with weights")
    return _repeated(adjoint, x.shape, axes) * np.exp(x - _repeated(call.value, x.shape, axes))


def _softmax(call: Call, adjoint: Any, position: int) -> Any:
    """scipy.special.softmax: p (g - Σ g p)."""
    p, axes = np.asarray(call.value, float), _axes(call)
    return p * (adjoint - (adjoint * p).sum(axis=axes, keepdims=True))


def _log_softmax(call: Call, adjoint: Any, position: int) -> Any:
    """scipy.special.log_softmax: g - p Σ g."""
    return adjoint - np.exp(call.value) * np.sum(adjoint, axis=_axes(call), keepdims=True)


def _of_list(rule: Rule, call: Call, adjoint: Any) -> list[Any]:
    """The same reduction of a list of arrays of one shape, which NumPy stacks."""
    stacked = Call(call.op, (np.asarray(call.args[0]), *call.args[1:]), call.kwargs, call.value, call.tie)
    return list(rule(stacked, adjoint, 0))


RULES: dict[Any, Rule] = {
    **dict.fromkeys([np.sum, np.ndarray.sum, np.add.reduce], _sum),
    **dict.fromkeys([np.mean, np.ndarray.mean], _mean),
    **dict.fromkeys([np.nansum, np.nanmean], _nan_sum),
    np.average: _average,
    **dict.fromkeys([np.prod, np.ndarray.prod, np.multiply.reduce], _product),
    **dict.fromkeys([np.max, np.amax, np.ndarray.max, np.maximum.reduce], _extremum),
    **dict.fromkeys([np.min, np.amin, np.ndarray.min, np.minimum.reduce], _extremum),
    **dict.fromkeys([np.var, np.ndarray.var, np.std, np.ndarray.std], _variance),
    np.linalg.norm: _norm,
    **dict.fromkeys([np.cumsum, np.ndarray.cumsum, np.add.accumulate], _running_sum),
    **dict.fromkeys([np.cumprod, np.ndarray.cumprod], _running_product),
    np.diff: _difference,
}

BY_NAME: dict[str, Rule] = {"logsumexp": _log_sum_exp, "softmax": _softmax, "log_softmax": _log_softmax}
"""Functions of scipy.special, told by their name so that SciPy need not be there."""
