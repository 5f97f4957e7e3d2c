"""A function of arrays, run once and recorded as a tape, without touching its source.

The arrays handed in answer to NumPy's functions, operators and methods by the protocols `__array_ufunc__` and
`__array_function__`. What leaves the arrays (`float(x)`, `math.exp(x)`, a C extension) cannot be followed: it raises
TrainingError, so that no derivative is silently 0.
"""

import linecache
import operator
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from unstuck.autodiff.tape import Node, Site, Tape
from unstuck.autodiff.writes import assigned, carried_out, overwritten
from unstuck.errors import TrainingError

Array = np.ndarray

OPERATORS = {
    **{f"__{name}__": getattr(operator, name) for name in ("add", "sub", "mul", "truediv", "pow", "mod", "matmul")},
    **{f"__{name}__": getattr(operator, name) for name in ("neg", "pos", "abs", "floordiv")},
    **{f"__{name}__": getattr(operator, name) for name in ("lt", "le", "gt", "ge", "eq", "ne")},
}
IN_PLACE = ("iadd", "isub", "imul", "itruediv", "ipow", "imatmul")
METHODS = (
    *("sum", "mean", "max", "min", "prod", "var", "std", "cumsum", "cumprod", "dot", "transpose", "reshape", "ravel"),
    *("flatten", "swapaxes", "squeeze", "repeat", "take", "clip", "copy", "astype", "round", "argmax", "argmin"),
    *("diagonal", "trace", "argsort", "conj", "item"),
)


class Traced:
    """A value whose operations are recorded; stands in the place of an array."""

    __slots__ = ("node", "tape")
    __array_priority__ = 1000
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, tape: Tape, node: Node) -> None:
        self.tape, self.node = tape, node

    @property
    def value(self) -> Any:
        """The array that it stands for."""
        return self.node.value

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return np.shape(self.value)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return np.ndim(self.value)

    @property
    def size(self) -> int:
        """The number of entries."""
        return int(np.size(self.value))

    @property
    def dtype(self) -> Any:
        """The dtype of the entries."""
        return np.asarray(self.value).dtype

    @property
    def T(self) -> "Traced":
        """The transpose."""
        return self._record(np.transpose, (self,), {})

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return bool(self.value)

    def __index__(self) -> int:
        return operator.index(self.value)

    def __float__(self) -> float:
        raise TrainingError("the function turns an array into a plain float: its derivative is lost")

    def __array__(self, *_: Any, **__: Any) -> Array:
        raise TrainingError("the function hands an array to code that NumPy's protocols do not reach")

    def __getitem__(self, key: Any) -> "Traced":
        return self._record(operator.getitem, (self, key), {})

    def __setitem__(self, key: Any, value: Any) -> None:
        self.node = self._record(assigned, (self, key, value), {}).node

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None)
        if method == "at":
            changed = inputs[0]
            changed.node = self._record(ufunc.at, inputs, kwargs).node
            return None
        op = ufunc if method == "__call__" else getattr(ufunc, method)
        result = self._record(op, inputs, kwargs)
        if out is None:
            return result
        target = out[0] if isinstance(out, tuple) else out
        if not isinstance(target, Traced):
            raise TrainingError("the function writes into an array that it was not given")
        target.node = self._record(overwritten, (target, result), {}).node
        return target

    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        if function in (np.shape, np.ndim, np.size):
            return function(self.value, *args[1:], **kwargs)
        return self._record(function, args, kwargs)

    def _record(self, op: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        call_args, call_kwargs = _nodes(tuple(args)), _nodes(kwargs)
        plain_args = _values(tuple(args))
        if op in (assigned, overwritten) or getattr(op, "__name__", "") == "at":
            value = carried_out(op, plain_args, _values(kwargs))
        else:
            value = op(*plain_args, **_values(kwargs))
        if value is NotImplemented:
            return value
        node = self.tape.add(op, call_args, call_kwargs, value, (_caller(), ()))
        if isinstance(value, tuple | list) and op is not np.ndarray.tolist:
            parts = [
                self.tape.add(operator.getitem, (node, i), {}, part, (node.site, ())) for i, part in enumerate(value)
            ]
            return type(value)([Traced(self.tape, part) for part in parts]) if type(value) in (tuple, list) else parts
        return Traced(self.tape, node)


def _forward(op: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Traced, *args: Any, **kwargs: Any) -> Any:
        return self._record(op, (self, *args), kwargs)

    return method


def _reflected(op: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Traced, other: Any) -> Any:
        return self._record(op, (other, self), {})

    return method


def _in_place(op: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Traced, other: Any) -> Any:

        args = (self, other)
        value = carried_out(op, _values(args), {})
        self.node = self.tape.add(op, _nodes(args), {}, value, (_caller(), ()))
        return self

    return method


for _name, _op in OPERATORS.items():
    setattr(Traced, _name, _forward(_op))
    if _name in ("__add__", "__sub__", "__mul__", "__truediv__", "__pow__", "__mod__", "__matmul__", "__floordiv__"):
        setattr(Traced, f"__r{_name[2:]}", _reflected(_op))
for _name in IN_PLACE:
    setattr(Traced, f"__{_name}__", _in_place(getattr(operator, _name)))
for _name in METHODS:
    setattr(Traced, _name, _forward(getattr(np.ndarray, _name)))


def traced(function: Callable[..., Any], values: Sequence[Any]) -> tuple[Tape, list[Node], Any]:
    """Run `function(*values)` once. Returns the tape, the nodes of the values, and the result with nodes in it."""
    tape = Tape()
    leaves = [tape.leaf(np.array(value)) for value in values]
    result = function(*[Traced(tape, leaf) for leaf in leaves])
    return tape, leaves, _nodes(result)


def _nodes(argument: Any) -> Any:
    return _mapped(argument, lambda t: t.node)


def _values(argument: Any) -> Any:
    return _mapped(argument, lambda t: t.node.value)


def _mapped(argument: Any, of: Callable[[Traced], Any]) -> Any:
    if isinstance(argument, Traced):
        return of(argument)
    if type(argument) in (tuple, list):
        return type(argument)([_mapped(part, of) for part in argument])
    if isinstance(argument, dict):
        return {key: _mapped(part, of) for key, part in argument.items()}
    if isinstance(argument, slice):
        return slice(*[_mapped(part, of) for part in (argument.start, argument.stop, argument.step)])
    return argument


def _caller() -> Site | None:
    """The place in the user's code: the first frame outside this module and NumPy."""
    frame = sys._getframe(1)
    here = __file__
    while frame is not None and (frame.f_code.co_filename == here or "numpy" in frame.f_code.co_filename):
        frame = frame.f_back  # type: ignore[assignment]
    if frame is None:
        return None
    place = list(frame.f_code.co_positions())[frame.f_lasti // 2]
    line, end_line, column, end_column = (0 if p is None else p for p in place)
    text = linecache.getline(frame.f_code.co_filename, line)
    text = text[column:end_column] if line == end_line else text.strip()
    return Site(frame.f_code.co_filename, line, column + 1, end_line, end_column + 1, text)
