"""Derivatives of operations on entries: the kinks with their ties, and what `autograd` has no rule for."""

import builtins
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from unstuck.autodiff.call import Array, Call, NoDerivative, Rule, Tie, unbroadcast

SAME_AS: dict[Callable[..., Any], Callable[..., Any]] = {
    operator.add: np.add,
    operator.sub: np.subtract,
    operator.mul: np.multiply,
    operator.truediv: np.true_divide,
    operator.mod: np.mod,
    operator.pow: np.power,
    operator.neg: np.negative,
    operator.pos: np.positive,
    operator.abs: np.absolute,
    operator.matmul: np.matmul,
    operator.iadd: np.add,
    operator.isub: np.subtract,
    operator.imul: np.multiply,
    operator.itruediv: np.true_divide,
    operator.imod: np.mod,
    operator.ipow: np.power,
    operator.imatmul: np.matmul,
    builtins.abs: np.absolute,
    builtins.pow: np.power,
    math.exp: np.exp,
    math.expm1: np.expm1,
    math.exp2: np.exp2,
    math.log1p: np.log1p,
    math.log2: np.log2,
    math.log10: np.log10,
    math.sqrt: np.sqrt,
    math.pow: np.power,
    math.sin: np.sin,
    math.cos: np.cos,
    math.tan: np.tan,
    math.asin: np.arcsin,
    math.acos: np.arccos,
    math.atan: np.arctan,
    math.atan2: np.arctan2,
    math.sinh: np.sinh,
    math.cosh: np.cosh,
    math.tanh: np.tanh,
    math.asinh: np.arcsinh,
    math.acosh: np.arccosh,
    math.atanh: np.arctanh,
    math.fabs: np.absolute,
    math.fmod: np.fmod,
    math.hypot: np.hypot,
    math.degrees: np.degrees,
    math.radians: np.radians,
}
"""Operators and functions of `math` and the NumPy function that has the same derivative."""

PIECEWISE_CONSTANT: frozenset[Any] = frozenset(
    [
        *(np.sign, np.floor, np.ceil, np.rint, np.round, np.around, np.trunc, np.fix, np.heaviside, np.signbit),
        *(np.floor_divide, operator.floordiv, operator.ifloordiv, np.spacing, np.ndarray.round),
        *(np.zeros_like, np.ones_like, np.empty_like, np.ndarray.argmax, np.argmax, np.argmin, np.ndarray.argmin),
        *(np.argsort, np.ndarray.argsort, np.bincount, np.searchsorted, np.digitize, np.unique, np.nonzero),
        *(math.floor, math.ceil, math.trunc, builtins.round, builtins.int, builtins.bool, builtins.len),
    ]
)
"""Operations whose derivative is 0 wherever it exists."""


def _extremum(sign: int) -> Rule:
    """The rule of maximum (1) and minimum (-1) of two arrays."""

    def rule(call: Call, adjoint: Array, position: int) -> Array:
        this, other = np.asarray(call.args[position]), np.asarray(call.args[1 - position])
        wins = sign * (this - other) > 0 if this.dtype.kind == "f" else sign * this > sign * other
        ties = this == other
        at_tie = {Tie.SPLIT: 0.5, Tie.ALL: 1.0, Tie.FIRST: float(position == 0), Tie.LAST: float(position == 1)}
        return unbroadcast(adjoint * (wins + at_tie[call.tie] * ties), this.shape)

    return rule


def _clip(call: Call, adjoint: Array, position: int) -> Array:
    """Inside the bounds the slope is 1; on them it is 1 (ALL, FIRST), 0 (LAST) or one half (SPLIT)."""
    x = np.asarray(call.args[0])
    low = call.argument(1, "a_min", call.kwargs.get("min"))
    high = call.argument(2, "a_max", call.kwargs.get("max"))
    if position:
        below_or_above = x < low if position == 1 else x > high
        return unbroadcast(adjoint * below_or_above, np.shape(call.args[position]))
    slope = np.ones(np.shape(call.value))
    on_bound = {Tie.SPLIT: 0.5, Tie.ALL: 1.0, Tie.FIRST: 1.0, Tie.LAST: 0.0}[call.tie]
    for bound, outside in ((low, np.less), (high, np.greater)):
        if bound is not None:
            slope = np.where(outside(x, bound), 0.0, np.where(x == bound, on_bound, slope))
    return unbroadcast(adjoint * slope, x.shape)


def _absolute(call: Call, adjoint: Array, position: int) -> Array:
    return adjoint * np.sign(call.args[0])


def _where(call: Call, adjoint: Array, position: int) -> Array:
    if len(call.args) != 3 or position == 0:
        raise NoDerivative("where with respect to its condition")
    condition = np.asarray(call.args[0], bool)
    chosen = condition if position == 1 else ~condition
    return unbroadcast(np.where(chosen, adjoint, 0.0), np.shape(call.args[position]))


def _logarithm(call: Call, adjoint: Array, position: int) -> Array:
    """math.log(x) and math.log(x, base)."""
    x = call.args[0]
    base_log = math.log(call.args[1]) if len(call.args) > 1 else 1.0
    if position:
        return adjoint * -math.log(x) / (base_log**2 * call.args[1])
    return adjoint / (x * base_log)


def _error_function(call: Call, adjoint: Array, position: int) -> Array:
    """d erf(x) / dx = 2 / √π · exp(-x²)."""
    sign = -1.0 if call.op.__name__ == "erfc" else 1.0
    return adjoint * sign * 2.0 / math.sqrt(math.pi) * np.exp(-np.square(call.args[0]))


def _logistic(call: Call, adjoint: Array, position: int) -> Array:
    """scipy.special.expit: s (1 - s), with 1 - s taken from -x so that it keeps its digits."""
    x = np.asarray(call.args[0])
    return adjoint / ((1 + np.exp(-x)) * (1 + np.exp(x)))


def _same(call: Call, adjoint: Array, position: int) -> Array:
    return np.asarray(adjoint).reshape(np.shape(call.args[position]))


def _remainder(call: Call, adjoint: Array, position: int) -> Array:
    x, y = call.args[0], call.args[1]
    whole = np.trunc(np.true_divide(x, y)) if call.op is np.fmod or call.op is math.fmod else np.floor_divide(x, y)
    return unbroadcast(adjoint if position == 0 else -adjoint * whole, np.shape(call.args[position]))


def _nan_to_num(call: Call, adjoint: Array, position: int) -> Array:
    return np.where(np.isfinite(call.args[0]), adjoint, 0.0)


def _python_sum(call: Call, adjoint: Array, position: int) -> Any:
    """sum(items, start): every item was added once, broadcasting as it went."""
    if position:
        return unbroadcast(adjoint, np.shape(call.args[position]))
    items = call.args[0]
    if isinstance(items, np.ndarray):
        return np.broadcast_to(adjoint, items.shape).copy()
    return [unbroadcast(adjoint, np.shape(item)) for item in items]


def _python_extremum(call: Call, adjoint: Array, position: int) -> Any:
    """max and min of a list, or of several numbers: the adjoint goes to those that equal the result."""
    of_one = len(call.args) == 1
    items = list(call.args[0]) if of_one else list(call.args)
    equal = np.array([item == call.value for item in items], float)
    share = _at_ties(equal, call.tie, 0)
    if of_one and isinstance(call.args[0], np.ndarray):
        return adjoint * share
    return [adjoint * s for s in share] if of_one else adjoint * share[position]


def _at_ties(equal: Array, tie: Tie, axis: int) -> Array:
    """The shares of the entries that equal an extremum, along one axis."""
    if tie is Tie.ALL:
        return equal
    if tie is Tie.SPLIT:
        return equal / np.maximum(equal.sum(axis=axis, keepdims=True), 1)
    flipped = equal if tie is Tie.FIRST else np.flip(equal, axis)
    first = flipped * (np.cumsum(flipped, axis=axis) == 1)
    return first if tie is Tie.FIRST else np.flip(first, axis)


def shares_at_extremum(x: Array, extremum: Array, axis: tuple[int, ...], tie: Tie) -> Array:
    """How the adjoint of max or min over `axis` is shared among the entries of x; `extremum` keeps its axes."""
    equal = (x == extremum).astype(float)
    kept = [a for a in range(x.ndim) if a not in axis]
    moved = equal.transpose([*kept, *axis])
    flat = moved.reshape(*moved.shape[: len(kept)], -1)
    shares = _at_ties(flat, tie, -1).reshape(moved.shape)
    return shares.transpose(np.argsort([*kept, *axis]))


RULES: dict[Any, Rule] = {
    np.maximum: _extremum(1),
    np.fmax: _extremum(1),
    np.minimum: _extremum(-1),
    np.fmin: _extremum(-1),
    np.clip: _clip,
    np.absolute: _absolute,
    np.fabs: _absolute,
    np.where: _where,
    math.log: _logarithm,
    math.erf: _error_function,
    math.erfc: _error_function,
    np.positive: _same,
    np.matrix: _same,
    np.asmatrix: _same,
    np.fmod: _remainder,
    np.mod: _remainder,
    math.fmod: _remainder,
    np.nan_to_num: _nan_to_num,
    builtins.float: _same,
    builtins.sum: _python_sum,
    math.fsum: _python_sum,
    builtins.max: _python_extremum,
    builtins.min: _python_extremum,
    np.float64: _same,
    np.float32: _same,
}

BY_NAME: dict[str, Rule] = {"erf": _error_function, "erfc": _error_function, "expit": _logistic}
"""Ufuncs of scipy.special, told by their name so that SciPy need not be there."""
