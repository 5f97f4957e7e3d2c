"""Every operation with a derivative, called on small arrays: what the tests of derivatives run through."""

import builtins
import math
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.autodiff.writes import Window, assigned, overwritten, read_window, write_window


@dataclass(frozen=True)
class Use:
    """One way to call an operation; floats and arrays of floats among the arguments are differentiated."""

    name: str
    op: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


R = np.random.default_rng(0)


def normal(*shape: int) -> Any:
    return R.normal(size=shape)


def positive(*shape: int) -> Any:
    return R.uniform(0.5, 2.0, size=shape)


def use(op: Callable[..., Any], *args: Any, name: str = "", **kwargs: Any) -> Use:
    label = name or getattr(op, "__qualname__", None) or getattr(op, "__name__", "?")
    owner = getattr(op, "__self__", None)
    if isinstance(owner, np.ufunc):
        label = f"{owner.__name__}.{op.__name__}"
    return Use(label, op, args, kwargs)


def elementwise() -> Iterator[Use]:
    for op in (np.add, np.subtract, np.multiply, np.true_divide, np.maximum, np.minimum, np.fmax, np.fmin):
        yield use(op, normal(3, 4), positive(4))
        yield use(op, positive(3, 1), normal(2, 1, 4) + 3)
        yield use(op, 0.3, positive(4))
    for op in (np.power, np.logaddexp, np.logaddexp2, np.arctan2, np.hypot, np.mod, np.fmod):
        yield use(op, positive(3, 4), positive(4))
    for op in (np.negative, np.exp, np.exp2, np.expm1, np.sin, np.cos, np.tan, np.arctan, np.sinh, np.cosh, np.tanh):
        yield use(op, normal(3, 4))
    for op in (np.arcsinh, np.square, np.absolute, np.fabs, np.sinc, np.positive, np.degrees, np.radians):
        yield use(op, normal(3, 4))
    for op in (np.log, np.log2, np.log10, np.log1p, np.sqrt, np.reciprocal):
        yield use(op, positive(3, 4))
    for op in (np.arcsin, np.arccos, np.arctanh):
        yield use(op, R.uniform(-0.8, 0.8, (3, 4)))
    yield use(np.arccosh, positive(4) + 1)
    yield use(np.clip, normal(3, 4), -0.5, 0.5)
    yield use(np.ndarray.clip, normal(3, 4), -0.5, None)
    yield use(np.ndarray.clip, normal(3, 4), min=-0.5, max=1.0, name="ndarray.clip by name")
    yield use(np.nan_to_num, normal(3, 4))
    yield use(np.where, normal(3, 4) > 0, normal(3, 4), normal(4))
    yield use(np.where, normal(3, 4) > 0, normal(3, 4), 0.5)
    for op in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.mod):
        yield use(op, 1.7, 2.3, name=f"{op.__name__} of floats")
        yield use(op, positive(3), 2.0, name=f"{op.__name__} of an array and a float")
        yield use(op, positive(3), positive(2, 1), name=f"{op.__name__} of arrays")
        yield use(op, 1.7, 2, name=f"{op.__name__} of a float and an int")
    for op in (operator.neg, operator.pos, operator.abs, builtins.abs, builtins.float):
        yield use(op, -1.7)
    yield use(operator.neg, normal(3))
    yield use(builtins.pow, 1.7, 3)
    for op in (math.exp, math.expm1, math.log1p, math.log2, math.log10, math.sqrt, math.sin, math.cos, math.tan):
        yield use(op, 0.7)
    for op in (math.atan, math.sinh, math.cosh, math.tanh, math.asinh, math.asin, math.acos, math.atanh):
        yield use(op, 0.7)
    for op in (math.fabs, math.erf, math.erfc, math.log, math.degrees, math.radians):
        yield use(op, 0.7)
    yield use(math.acosh, 1.7)
    yield use(math.log, 1.7, 3.1, name="math.log with a base")
    for op in (math.pow, math.atan2, math.hypot, math.fmod):
        yield use(op, 1.7, 0.6)
    for op in (builtins.sum, math.fsum):
        yield use(op, [0.3, 1.2, -0.7])
    yield use(builtins.sum, [normal(3), normal(2, 3)], 1.5, name="sum of arrays")
    for op in (builtins.max, builtins.min):
        yield use(op, [0.3, 1.2, -0.7])
        yield use(op, 0.3, 1.2, name=f"{op.__name__} of two numbers")


def writing() -> Iterator[Use]:
    for op in (operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow):
        yield use(op, positive(3, 4), positive(4))
        yield use(op, 1.7, 2.3, name=f"{op.__name__} of floats")
    yield use(operator.imatmul, normal(3, 3), normal(3, 3))
    yield use(np.add.at, normal(4, 3), np.array([0, 2, 2]), normal(3, 3))
    yield use(np.add.at, normal(4, 3), (np.array([0, 2, 2]), np.array([1, 1, 1])), 0.5)
    yield use(np.subtract.at, normal(4), [0, 0, 1], normal(3))
    yield use(assigned, normal(4, 3), 1, normal(3))
    yield use(assigned, normal(4, 3), (slice(None), 2), 0.7)
    yield use(assigned, normal(4, 3), np.array([True, False, True, False]), normal(2, 3))
    yield use(assigned, normal(4, 3), ([0, 1], [2, 2]), normal(2))
    yield use(overwritten, normal(2, 3), normal(3))
    yield use(np.copyto, normal(2, 3), normal(3))
    yield use(np.put, normal(4), [0, 2], normal(2))
    yield use(np.putmask, normal(4), np.array([True, False, True, False]), normal(4))
    yield use(np.fill_diagonal, normal(3, 3), normal(3))
    yield use(np.ndarray.fill, normal(3), 0.4)
    yield use(np.ndarray.sort, normal(3, 4), 0)
    yield use(np.ndarray.sort, normal(4))
    place = Window(1, (2, 3), (1, 4), (4, 1))
    yield use(read_window, normal(3, 4), place)
    yield use(write_window, normal(3, 4), place, normal(2, 3))


def movement() -> Iterator[Use]:
    a = normal(2, 3, 4)
    yield use(np.transpose, a)
    yield use(np.transpose, a, (1, -1, 0))
    yield use(np.ndarray.transpose, a, 2, 0, 1)
    yield use(np.ndarray.transpose, a, (2, 0, 1))
    yield use(np.ndarray.transpose, a)
    yield use(np.reshape, a, (4, -1))
    yield use(np.reshape, a, (4, -1), order="F", name="reshape in Fortran order")
    yield use(np.ndarray.reshape, a, 4, 6)
    yield use(np.ndarray.reshape, a, (4, 6))
    for op in (np.ravel, np.ndarray.ravel, np.ndarray.flatten, np.squeeze, np.copy, np.ndarray.copy, np.array):
        yield use(op, normal(2, 1, 3))
    yield use(np.ndarray.flatten, a, order="F", name="flatten in Fortran order")
    for op in (np.asarray, np.ascontiguousarray, np.asfortranarray, np.atleast_1d, np.atleast_2d, np.atleast_3d):
        yield use(op, normal(3))
    yield use(np.array, [normal(3), normal(3)], name="array of a list of arrays")
    yield use(np.array, [[0.1, 0.2], [0.3, 1.0]], name="array of floats")
    for op in (np.swapaxes, np.ndarray.swapaxes, np.moveaxis):
        yield use(op, a, 0, 2)
    yield use(np.rollaxis, a, 2)
    yield use(np.expand_dims, a, 1)
    yield use(np.broadcast_to, normal(3, 1), (2, 3, 4))
    for op in (np.repeat, np.ndarray.repeat):
        yield use(op, a, 2, axis=1)
        yield use(op, a, 3)
    yield use(np.repeat, normal(3), [1, 0, 2], name="repeat by counts")
    yield use(np.tile, normal(2, 3), (2, 2))
    yield use(np.roll, a, 2, axis=1)
    yield use(np.roll, a, -1)
    for op in (np.flip, np.fliplr, np.flipud, np.rot90):
        yield use(op, normal(3, 4))
    for op in (np.take, np.ndarray.take):
        yield use(op, a, [0, 0, 2], axis=1)
    yield use(np.take_along_axis, normal(3, 4), np.array([[0, 0], [1, 3], [2, 2]]), 1)
    yield use(np.delete, a, 1, axis=2)
    yield use(np.insert, normal(3, 4), 1, normal(3), axis=1)
    yield use(np.insert, normal(3, 4), 0, 1, axis=1, name="insert of a number")
    yield use(np.append, normal(2, 3), normal(1, 3), axis=0)
    yield use(np.pad, normal(2, 3), ((1, 0), (2, 1)))
    yield use(np.pad, normal(2, 3), 1, mode="constant", constant_values=1, name="pad with ones")
    yield use(np.pad, normal(2, 3), 1, mode="edge", name="pad with the edge")
    for op in (np.diag, np.diagflat):
        yield use(op, normal(3))
    for op in (np.diag, np.diagonal, np.ndarray.diagonal, np.tril, np.triu):
        yield use(op, normal(3, 3))
    for op in (np.concatenate, np.stack, np.vstack, np.hstack, np.dstack):
        yield use(op, [normal(2, 3), normal(2, 3)])
    yield use(np.concatenate, (normal(2, 3), np.ones((2, 1))), axis=1, name="concatenate with a constant")
    yield use(np.column_stack, [normal(3), normal(3, 2)])
    yield use(np.block, [[normal(2, 2), normal(2, 1)], [normal(1, 2), normal(1, 1)]])
    for op in (np.split, np.array_split, np.hsplit):
        yield use(op, normal(3, 4), 2, **({} if op is np.hsplit else {"axis": 1}))
    yield use(np.lib.stride_tricks.sliding_window_view, normal(4, 5), (2, 3))
    w = normal(4, 5)
    yield use(np.lib.stride_tricks.as_strided, w, (3, 2, 2), (w.strides[0], *w.strides))
    yield use(np.full, (2, 3), 0.7)
    yield use(np.full_like, np.zeros((2, 3)), 0.7)
    for key in (1, slice(None, None, -1), (slice(None), 1), (Ellipsis, None, 0), [0, 0, 1], ([0, 1, 1], [2, 0, 0])):
        yield use(operator.getitem, normal(2, 3), key, name=f"getitem {key}")
    yield use(operator.getitem, normal(2, 3), normal(2, 3) > 0, name="getitem of a mask")
    yield use(operator.getitem, [normal(2), normal(3)], 1, name="getitem of a list")
    yield use(np.ndarray.item, normal(1, 1))
    yield use(np.ndarray.astype, normal(3), np.float64)
    for op in (np.sort, np.partition):
        yield use(op, normal(3, 4), *([] if op is np.sort else [2]), axis=1)
    yield use(np.select, [np.array([True, False, False]), np.array([True, True, False])], [normal(3), normal(3)])
    yield use(np.choose, np.array([0, 1, 1]), [normal(3), normal(3)])
    yield use(np.compress, np.array([True, False, True]), normal(3, 2), axis=0)
    yield use(np.extract, np.array([True, False, True]), normal(3))
    yield use(np.resize, normal(3), (2, 3))


def reductions() -> Iterator[Use]:
    a = normal(2, 3, 4)
    for op in (np.sum, np.mean, np.max, np.min, np.prod, np.var, np.std):
        method = getattr(np.ndarray, op.__name__)
        for one in (op, method):
            yield use(one, a, name=f"{one.__qualname__} of all")
            yield use(one, a, 1)
            yield use(one, a, axis=(0, -1), keepdims=True, name=f"{one.__qualname__} over two axes")
    yield use(np.var, a, axis=0, ddof=1, name="var with ddof")
    yield use(np.sum, [0.3, 0.5, 0.7], name="sum of a list")
    yield use(np.mean, [normal(2), normal(2)], axis=0, name="mean of a list of arrays")
    yield use(np.average, normal(3, 4), 0, np.array([1, 2, 3]))
    for ufunc in (np.add, np.maximum, np.minimum, np.multiply):
        yield use(ufunc.reduce, normal(3, 4))
        yield use(ufunc.reduce, normal(3, 4), axis=1)
    yield use(np.add.accumulate, normal(3, 4))
    for op in (np.cumsum, np.ndarray.cumsum, np.cumprod):
        yield use(op, normal(3, 4))
        yield use(op, normal(3, 4), axis=1)
        yield use(op, normal(3, 4), 0)
    yield use(np.diff, normal(3, 5))
    yield use(np.diff, normal(5, 3), n=2, axis=0)
    yield use(np.linalg.norm, normal(3, 4))
    yield use(np.linalg.norm, normal(3, 4), axis=1, keepdims=True)
    yield use(np.linalg.norm, normal(4), ord=1, name="norm of order 1")
    yield use(np.linalg.norm, normal(4), ord=np.inf, name="norm of infinite order")
    for op in (np.nansum, np.nanmean):
        yield use(op, normal(3, 4), axis=0)
    yield use(np.trace, normal(3, 3))


def products() -> Iterator[Use]:
    for shapes in [
        ((2, 3), (3, 4)),
        ((3,), (3, 4)),
        ((2, 3), (3,)),
        ((3,), (3,)),
        ((2, 2, 3), (3,)),
        ((2, 3), (2, 3, 4)),
    ]:
        a, b = normal(*shapes[0]), normal(*shapes[1])
        yield use(np.dot, a, b, name=f"dot {shapes}")
        yield use(np.ndarray.dot, a, b, name=f"ndarray.dot {shapes}")
        yield use(np.matmul, a, b, name=f"matmul {shapes}")
        yield use(operator.matmul, a, b, name=f"@ {shapes}")
    yield use(np.dot, normal(2, 2, 3), normal(2, 3, 4), name="dot of stacks")
    yield use(np.dot, 0.7, normal(2, 3), name="dot with a number")
    yield use(np.matmul, normal(5, 1, 2, 3), normal(4, 3, 2), name="matmul broadcasting")
    yield use(np.outer, normal(3), normal(4))
    yield use(np.outer, normal(2, 2), normal(3), name="outer of a matrix")
    for ufunc in (np.multiply, np.add, np.subtract):
        yield use(ufunc.outer, normal(2, 3), normal(4))
    yield use(np.inner, normal(2, 3), normal(4, 3))
    yield use(np.inner, normal(3), normal(3))
    yield use(np.tensordot, normal(2, 3, 4), normal(4, 3, 5), axes=([1, 2], [1, 0]))
    yield use(np.tensordot, normal(2, 3), normal(3, 4), axes=1)
    yield use(np.kron, normal(2, 2), normal(2, 3))
    yield use(np.cross, normal(3), normal(3))
    for subscripts, shapes in [
        ("ij,jk->ik", ((2, 3), (3, 4))),
        ("ij,jk", ((2, 3), (3, 4))),
        ("bij,bjk->bik", ((2, 3, 4), (2, 4, 2))),
        ("ij->", ((2, 3),)),
        ("ij->ji", ((2, 3),)),
        ("i,j,k->ijk", ((2,), (3,), (2,))),
        ("...ij,jk->...ik", ((2, 2, 3), (3, 4))),
        ("nchw,fc->nfhw", ((2, 3, 2, 2), (4, 3))),
        ("ij,ij->i", ((2, 3), (2, 3))),
        ("ij,kl->ik", ((2, 3), (2, 3))),
    ]:
        yield use(np.einsum, subscripts, *[normal(*shape) for shape in shapes], name=f"einsum {subscripts}")
    for op in (np.convolve, np.correlate):
        for mode in ("full", "same", "valid"):
            yield use(op, normal(6), normal(3), mode)
    yield use(np.linalg.inv, normal(3, 3) + 3 * np.eye(3))
    yield use(np.linalg.det, normal(3, 3) + 3 * np.eye(3))
    yield use(np.linalg.solve, normal(3, 3) + 3 * np.eye(3), normal(3, 2))
    yield use(np.linalg.pinv, normal(4, 2))


def uses() -> list[Use]:
    """All of them."""
    return [*elementwise(), *writing(), *movement(), *reductions(), *products()]
