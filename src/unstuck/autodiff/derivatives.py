"""The derivative of one recorded operation with respect to each of its arguments.

`pull_back` takes the adjoint of a result to the adjoints of its arguments (a vector-Jacobian product). Rules of our
own come first: those of movement, writing in place, sums and products, and all that have a choice at ties. For the
other functions the rules are those of the library `autograd` (https://github.com/HIPS/autograd), loaded on first use.
"""

import importlib
import operator
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from unstuck.autodiff import elementwise, movement, products, reductions
from unstuck.autodiff.call import Call, NoDerivative, Rule, Tie, is_real, unbroadcast
from unstuck.autodiff.families import MAXIMA, SUMMING
from unstuck.autodiff.tape import LEAF, Node, filled, nodes_in
from unstuck.autodiff.vectorized import of_vectorized

Array = np.ndarray

MULTIPLYING_MATRICES = (operator.mul, operator.imul)  # of np.matrix: not number by number
OWN_RULES: dict[Any, Rule] = {**movement.RULES, **reductions.RULES, **products.RULES, **elementwise.RULES}


def has_derivative(op: Callable[..., Any]) -> bool:
    """Whether a rule for the operation exists, be it that its derivative is 0 everywhere."""
    return op is LEAF or is_piecewise_constant(op) or _rule(op) is not None


def is_piecewise_constant(op: Callable[..., Any]) -> bool:
    """Whether the derivative is 0 wherever there is one."""
    try:
        return op in elementwise.PIECEWISE_CONSTANT
    except TypeError:
        return False


def call_of(node: Node, tie: Tie = Tie.SPLIT) -> Call:
    """The operation with the recorded values of its arguments; floats are taken in float64, matrices as arrays."""
    args = tuple(filled(argument, _exact_value) for argument in node.args)
    kwargs = {key: filled(argument, _exact_value) for key, argument in node.kwargs.items()}
    of_matrices = [isinstance(getattr(argument, "value", None), np.matrix) for argument in node.args]
    op = node.op
    if any(of_matrices):
        if op in MULTIPLYING_MATRICES and all(np.ndim(argument) == 2 for argument in args):
            op = np.matmul
        elif of_matrices[0] and op in SUMMING | MAXIMA and (len(args) > 1 or kwargs.get("axis") is not None):
            kwargs["keepdims"] = True
    return Call(op, args, kwargs, _exact(node.value), tie)


def pull_back(node: Node, adjoint: Any, wanted: Callable[[Node], bool], tie: Tie = Tie.SPLIT) -> list[tuple[Node, Any]]:
    """The adjoints that one operation hands to its arguments, given the adjoint of its result.

    `wanted` says for which nodes among the arguments. Returns (node, adjoint) once for each time a node stands among
    the arguments; the same node may come twice. Raises NoDerivative, which names the operation, where there is no rule.
    """
    if is_piecewise_constant(node.op) or not is_real(node.value):
        return []
    call = call_of(node, tie)
    rule = _rule(call.op)
    if rule is None:
        raise NoDerivative(name_of(node.op))
    if any(wanted(parent) for parent in nodes_in(list(node.kwargs.values()))):
        raise NoDerivative(f"{name_of(node.op)} with an argument given by name")
    contributions: list[tuple[Node, Any]] = []
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for position, argument in enumerate(node.args):
            if not any(wanted(parent) for parent in nodes_in(argument)):
                continue
            try:
                back = rule(call, adjoint, position)
            except NoDerivative:
                raise
            except Exception as error:
                raise NoDerivative(f"{name_of(node.op)} as it is called here ({error})") from error
            _collect(argument, back, wanted, contributions)
    return contributions


def name_of(op: Callable[..., Any]) -> str:
    """How a person calls the operation: `numpy.fft.fft`, `ndarray.sum`, `operator.add`."""
    name = getattr(op, "__qualname__", None) or getattr(op, "__name__", None) or repr(op)
    owner = getattr(op, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"numpy.{owner.__name__}.{op.__name__}"
    if isinstance(op, np.ufunc):
        return f"numpy.{op.__name__}"
    module = getattr(op, "__module__", None)
    return f"{module.lstrip('_')}.{name}" if module and module != "builtins" else str(name)


def _collect(argument: Any, back: Any, wanted: Callable[[Node], bool], into: list[tuple[Node, Any]]) -> None:
    if isinstance(argument, Node):
        if wanted(argument) and back is not None:
            shape = np.shape(argument.value) if not isinstance(argument.value, tuple | list) else None
            into.append((argument, back if shape is None else np.asarray(back, float).reshape(shape)))
    elif isinstance(argument, tuple | list):
        for part, part_back in zip(argument, back):
            _collect(part, part_back, wanted, into)


def _exact_value(node: Node) -> Any:
    return _exact(node.value)


def _exact(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "f" and value.dtype != np.float64:
        value = value.astype(np.float64)
    return np.asarray(value) if isinstance(value, np.matrix) else value


@cache
def _rule(op: Any) -> Rule | None:
    if isinstance(op, np.vectorize):
        return of_vectorized
    for candidate in _equivalents(op):
        if candidate in OWN_RULES:
            return OWN_RULES[candidate]
    name = getattr(op, "__name__", "")
    module = getattr(op, "__module__", None) or ""
    if "scipy" in module or (isinstance(op, np.ufunc) and not hasattr(np, name)):
        for table in (elementwise.BY_NAME, reductions.BY_NAME, products.BY_NAME):
            if name in table:
                return table[name]
    for candidate in _equivalents(op):
        primitive = _autograd_primitives().get(candidate)
        if primitive is not None:
            return _autograd_rule(primitive)
    return None


def _equivalents(op: Any) -> list[Any]:
    """The operation, and what has the same derivative under another name."""
    found = [op]
    if op in elementwise.SAME_AS:
        found.append(elementwise.SAME_AS[op])
    name = getattr(op, "__name__", "")
    if getattr(np.ndarray, name, None) is op and hasattr(np, name):
        found.append(getattr(np, name))
    return found


@cache
def _autograd_primitives() -> dict[Any, Any]:
    """NumPy's functions that autograd wraps, each with its wrapper."""
    table: dict[Any, Any] = {}
    core = importlib.import_module("autograd.core")
    for path in ("", ".linalg", ".fft"):
        wrapped = importlib.import_module(f"autograd.numpy{path}")
        original: Any = np if not path else getattr(np, path[1:])
        for name in dir(original):
            function, primitive = getattr(original, name), getattr(wrapped, name, None)
            if callable(function) and primitive in core.primitive_vjps:
                table[function] = primitive
    return table


def _autograd_rule(primitive: Any) -> Rule:
    def rule(call: Call, adjoint: Any, position: int) -> Any:
        vjps = importlib.import_module("autograd.core").primitive_vjps
        if "out" in call.kwargs or "where" in call.kwargs:
            raise NoDerivative(f"{name_of(call.op)} with out= or where=")
        args = tuple(np.asarray(a, float) if isinstance(a, float) else a for a in call.args)
        kwargs = {key: value for key, value in call.kwargs.items() if key != "dtype"}
        (back,) = vjps[primitive]((position,), call.value, args, kwargs)(adjoint)
        shape = np.shape(call.args[position])
        return unbroadcast(np.asarray(back, float), shape)

    return rule
