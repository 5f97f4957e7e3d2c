"""Derivatives of functions that only move entries: the same function on an array of integers says where each came from.

A function that moves, repeats, drops or joins entries is linear, and each entry of its result is one entry of its
arguments or none of them. So the function is run once on numbered entries (1, 2, …; 0 for what comes from nowhere),
and the adjoint of every entry is added up where the entry came from. One rule for about sixty functions.
"""

import operator
from typing import Any

import numpy as np

from unstuck.autodiff.call import Array, Call, Rule, is_real, unbroadcast
from unstuck.autodiff.writes import assigned, carried_out, overwritten, read_window, write_window

stride_tricks = np.lib.stride_tricks

DATA: dict[Any, tuple[int, ...]] = {
    **dict.fromkeys(
        [
            *(np.transpose, np.reshape, np.ravel, np.swapaxes, np.moveaxis, np.rollaxis, np.squeeze, np.expand_dims),
            *(np.broadcast_to, np.repeat, np.tile, np.roll, np.flip, np.fliplr, np.flipud, np.rot90, np.take),
            *(np.delete, np.resize, np.diag, np.diagonal, np.diagflat, np.tril, np.triu, np.pad, np.copy),
            *(np.atleast_1d, np.atleast_2d, np.atleast_3d, np.array, np.asarray, np.ascontiguousarray),
            *(np.asanyarray, np.asfortranarray, np.concatenate, np.stack, np.vstack, np.hstack, np.dstack),
            *(np.column_stack, np.block, np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit),
            *(np.take_along_axis, np.meshgrid, np.broadcast_arrays, np.trim_zeros, np.matrix_transpose),
            *(stride_tricks.as_strided, stride_tricks.sliding_window_view, operator.getitem, read_window),
            *(np.ndarray.transpose, np.ndarray.reshape, np.ndarray.ravel, np.ndarray.flatten, np.ndarray.swapaxes),
            *(np.ndarray.squeeze, np.ndarray.repeat, np.ndarray.take, np.ndarray.diagonal, np.ndarray.copy),
            *(np.ndarray.item, np.ndarray.tolist, np.ndarray.__getitem__, np.asarray_chkfinite, np.squeeze),
        ],
        (0,),
    ),
    np.append: (0, 1),
    np.insert: (0, 2),
    np.full: (1,),
    np.full_like: (1,),
    np.compress: (1,),
    np.extract: (1,),
    np.choose: (1,),
    np.select: (1, 2),
    assigned: (0, 2),
    overwritten: (0, 1),
    write_window: (0, 2),
    np.copyto: (0, 1),
    np.put: (0, 2),
    np.place: (0, 2),
    np.putmask: (0, 2),
    np.put_along_axis: (0, 2),
    np.fill_diagonal: (0, 1),
    np.ndarray.fill: (0, 1),
    np.ndarray.put: (0, 2),
}
"""Functions that move entries, with the positions of the arguments that hold entries."""

NAMED_DATA = frozenset({"constant_values", "fill_value", "values", "default", "arr", "a", "arrays", "v", "m", "ary"})
NOT_FOR_INTEGERS = frozenset({"dtype", "casting", "order", "like", "subok"})


def move(call: Call, adjoint: Any, position: int) -> Any:
    """The adjoint of one argument, or of each array in it where it is a list."""
    if position not in DATA[call.op]:
        return np.zeros(np.shape(call.args[position]))
    counter = [1]
    args = list(call.args)
    for data in DATA[call.op]:
        if data < len(args):
            args[data] = _numbered(args[data], counter) if data == position else _nowhere(args[data])
    if call.op in (np.reshape, np.ravel, np.ndarray.reshape, np.ndarray.ravel, np.ndarray.flatten):
        kwargs = call.kwargs
    else:
        kwargs = {
            key: _nowhere(value) if key in NAMED_DATA else value
            for key, value in call.kwargs.items()
            if key not in NOT_FOR_INTEGERS
        }
    if call.op is np.array:
        args = args[:1]
    origins = carried_out(call.op, tuple(args), kwargs)
    return _gathered(call.args[position], _totals(origins, adjoint, counter[0]), [1])


def _totals(origins: Any, adjoint: Any, count: int) -> Array:
    """For each numbered entry the sum of the adjoints of its places; several results are summed."""
    if isinstance(origins, tuple | list) and isinstance(adjoint, list):
        parts = [_totals(o, a, count) for o, a in zip(origins, adjoint) if a is not None]
        return np.sum(parts, axis=0) if parts else np.zeros(count)
    places = np.asarray(origins, np.intp).reshape(-1)
    return np.bincount(places, np.asarray(adjoint, float).reshape(-1), count)


def _numbered(data: Any, counter: list[int]) -> Any:
    """The same structure with a number in the place of each entry."""
    if isinstance(data, tuple | list):
        return type(data)([_numbered(part, counter) for part in data])
    shape = np.shape(data)
    size = int(np.prod(shape, dtype=int))
    numbers = np.arange(counter[0], counter[0] + size).reshape(shape)
    counter[0] += size
    if isinstance(data, np.ndarray) and data.flags.f_contiguous and not data.flags.c_contiguous:
        numbers = np.asfortranarray(numbers)  # as_strided and order="K" look at the memory
    return numbers if shape else numbers[()]


def _nowhere(data: Any) -> Any:
    if isinstance(data, tuple | list):
        return type(data)([_nowhere(part) for part in data])
    return np.zeros(np.shape(data), np.intp)[()] if data is not None else None


def _gathered(data: Any, totals: Array, counter: list[int]) -> Any:
    """The adjoints in the structure of the argument."""
    if isinstance(data, tuple | list):
        return [_gathered(part, totals, counter) for part in data]
    shape = np.shape(data)
    size = int(np.prod(shape, dtype=int))
    part = totals[counter[0] : counter[0] + size].reshape(shape)
    counter[0] += size
    return part


def _subscript(call: Call, adjoint: Any, position: int) -> Any:
    """x[key]; a key without arrays visits no entry twice."""
    data, key = call.args
    if isinstance(data, tuple | list):
        return [adjoint if i == key % len(data) else None for i in range(len(data))]
    total = np.zeros(np.shape(data))
    parts = key if isinstance(key, tuple) else (key,)
    plain = all(part is None or part is Ellipsis or isinstance(part, int | slice | np.integer) for part in parts)
    if plain or (isinstance(key, np.ndarray) and key.dtype == bool):
        total[key] = adjoint
    else:
        np.add.at(total, key, adjoint)
    return total


def _assignment(call: Call, adjoint: Any, position: int) -> Any:
    """old[key] = value: the old entries that stay, and the value with the sum over its repetitions."""
    if position == 0:
        kept = np.array(adjoint, float)
        kept[call.args[1]] = 0.0
        return kept
    return move(call, adjoint, position)


def _shape(call: Call, adjoint: Any, position: int) -> Any:
    order = call.kwargs.get("order", "C")
    if order not in ("C", None) or isinstance(call.args[0], tuple | list):
        return move(call, adjoint, position)
    return np.asarray(adjoint).reshape(np.shape(call.args[0]))


def _transposition(call: Call, adjoint: Any, position: int) -> Any:
    axes = call.args[1:] or call.kwargs.get("axes")
    if isinstance(axes, tuple) and len(axes) == 1:
        axes = axes[0]
    if axes is None or axes == ():
        return np.transpose(adjoint)
    axes = [axis % np.ndim(adjoint) for axis in axes]
    return np.transpose(adjoint, np.argsort(axes))


def _sorting(call: Call, adjoint: Any, position: int) -> Any:
    """np.sort, ndarray.sort, np.partition: the order is found again by argsort; equal entries are interchangeable."""
    x = np.asarray(call.args[0])
    partitions = call.op in (np.partition, np.ndarray.partition)
    axis = call.argument(2 if partitions else 1, "axis", -1)
    if axis is None:
        x, axis = x.reshape(-1), 0
    if partitions:
        order = np.argpartition(x, call.argument(1, "kth"), axis=axis, kind=call.kwargs.get("kind", "introselect"))
    else:
        order = np.argsort(x, axis=axis, kind="stable")
    total = np.zeros(x.shape)
    np.put_along_axis(total, order, np.asarray(adjoint, float), axis)
    return total.reshape(np.shape(call.args[0]))


def _added_at(call: Call, adjoint: Any, position: int) -> Any:
    """np.add.at(old, key, value) and np.subtract.at."""
    if position == 0:
        return adjoint
    sign = -1.0 if call.op.__self__ is np.subtract else 1.0  # type: ignore[attr-defined]
    taken = np.asarray(adjoint)[call.args[1]]
    value = np.shape(call.args[2])
    return sign * unbroadcast(taken, value)


def _astype(call: Call, adjoint: Any, position: int) -> Any:
    return adjoint if is_real(call.value) else np.zeros(np.shape(call.args[0]))


RULES: dict[Any, Rule] = {
    **dict.fromkeys(DATA, move),
    operator.getitem: _subscript,
    np.ndarray.__getitem__: _subscript,
    assigned: _assignment,
    np.reshape: _shape,
    np.ndarray.reshape: _shape,
    np.ravel: _shape,
    np.ndarray.ravel: _shape,
    np.ndarray.flatten: _shape,
    np.transpose: _transposition,
    np.ndarray.transpose: _transposition,
    np.sort: _sorting,
    np.ndarray.sort: _sorting,
    np.partition: _sorting,
    np.ndarray.partition: _sorting,
    np.add.at: _added_at,
    np.subtract.at: _added_at,
    np.ndarray.astype: _astype,
}
