"""The derivative of every supported operation is what central differences, autograd and PyTorch say it is."""

import importlib
import operator
import warnings
from typing import Any

import numpy as np
import pytest

from tests.autodiff.operations import Use, uses
from unstuck.autodiff.call import NoDerivative, Tie
from unstuck.autodiff.derivatives import has_derivative, pull_back
from unstuck.autodiff.tape import Node, Tape
from unstuck.autodiff.writes import carried_out

USES = uses()


def recorded(use: Use) -> tuple[Node, list[Node]]:
    """The operation's node and the nodes of its arguments that are floats."""
    tape = Tape()
    leaves: list[Node] = []

    def leaf(argument: Any) -> Any:
        if isinstance(argument, float) or (isinstance(argument, np.ndarray) and argument.dtype.kind == "f"):
            leaves.append(tape.leaf(argument))
            return leaves[-1]
        if type(argument) in (tuple, list):
            return type(argument)([leaf(part) for part in argument])
        return argument

    args = tuple(leaf(argument) for argument in use.args)
    return tape.add(use.op, args, use.kwargs, carried_out(use.op, use.args, use.kwargs)), leaves


def value_with(use: Use, leaves: list[Node], values: list[Any]) -> list[np.ndarray]:
    """The result, as a list of arrays, with other values for the leaves."""
    by_number = {leaf.number: value for leaf, value in zip(leaves, values)}
    counter = iter(sorted(by_number))

    def put(argument: Any) -> Any:
        if isinstance(argument, float) or (isinstance(argument, np.ndarray) and argument.dtype.kind == "f"):
            value = by_number[next(counter)]
            return float(value) if isinstance(argument, float) else value
        if type(argument) in (tuple, list):
            return type(argument)([put(part) for part in argument])
        return argument

    result = carried_out(use.op, tuple(put(argument) for argument in use.args), use.kwargs)
    return [np.asarray(part, float) for part in (result if isinstance(result, tuple | list) else [result])]


def adjoint_like(value: Any, generator: np.random.Generator) -> tuple[Any, list[np.ndarray]]:
    """A random adjoint of a result, and the same as a list of arrays."""
    if isinstance(value, tuple | list):
        parts = [generator.normal(size=np.shape(part)) for part in value]
        return parts, parts
    adjoint = generator.normal(size=np.shape(value))
    return adjoint, [adjoint]


def pulled_back(use: Use) -> tuple[list[Node], list[np.ndarray], list[np.ndarray]]:
    node, leaves = recorded(use)
    adjoint, parts = adjoint_like(node.value, np.random.default_rng(1))
    back = {leaf.number: np.zeros(np.shape(leaf.value)) for leaf in leaves}
    for leaf, part in pull_back(node, adjoint, lambda _: True):
        back[leaf.number] = back[leaf.number] + part
    return leaves, parts, [back[leaf.number] for leaf in leaves]


@pytest.mark.parametrize("use", USES, ids=[use.name for use in USES])
def test_equals_central_differences(use):
    leaves, adjoints, backs = pulled_back(use)
    for leaf, back in zip(leaves, backs):
        values = [np.array(other.value, float) for other in leaves]
        index = leaves.index(leaf)
        expected = np.zeros(np.shape(leaf.value))
        for entry in np.ndindex(*np.shape(leaf.value)):
            slopes = []
            for h in (1e-3, 5e-4):
                sides = []
                for sign in (1, -1):
                    moved = [value.copy() for value in values]
                    moved[index][entry] += sign * h
                    results = value_with(use, leaves, moved)
                    sides.append(sum(float((a * r).sum()) for a, r in zip(adjoints, results)))
                slopes.append((sides[0] - sides[1]) / (2 * h))
            expected[entry] = (4 * slopes[1] - slopes[0]) / 3  # Richardson: the error of h² cancels
        np.testing.assert_allclose(back, expected, rtol=1e-7, atol=1e-7)


def autograd_twin(use: Use) -> Any:
    """autograd's own function of the same name, or None."""
    wrapped = importlib.import_module("autograd.numpy")
    name = getattr(use.op, "__name__", "")
    if getattr(np, name, None) is use.op:
        return getattr(wrapped, name, None)
    if getattr(np.linalg, name, None) is use.op:
        return getattr(wrapped.linalg, name, None)
    return None


def by_autograd(use: Use) -> list[np.ndarray] | None:
    """The adjoints of all float arguments as autograd computes them, or None where it cannot."""
    function, make_vjp = autograd_twin(use), importlib.import_module("autograd.core").make_vjp
    if function is None or use.op is np.full_like or any(isinstance(argument, tuple | list) for argument in use.args):
        return None
    node, _ = recorded(use)
    adjoint, _ = adjoint_like(node.value, np.random.default_rng(1))
    found = []
    for position, argument in enumerate(use.args):
        if isinstance(argument, float) or (isinstance(argument, np.ndarray) and argument.dtype.kind == "f"):

            def of_one(x: Any, position: int = position) -> Any:
                return function(*use.args[:position], x, *use.args[position + 1 :], **use.kwargs)

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                vjp, _ = make_vjp(of_one, argument)
            found.append(np.asarray(vjp(np.asarray(adjoint, float)), float))
    return found


def test_equal_autograd_where_it_has_a_rule():
    compared = set()
    for use in USES:
        try:
            with np.errstate(all="ignore"):
                expected = by_autograd(use)
        except (NotImplementedError, TypeError, ValueError, AttributeError, AssertionError, KeyError, IndexError):
            continue  # autograd knows the function, not this way of calling it
        if expected is not None:
            compared.add(use.name)
            for back, other in zip(pulled_back(use)[2], expected):
                if back.shape != other.shape or np.isnan(other).any():
                    continue  # autograd's `where` does not sum over repeated axes, its maximum norm divides 0 by 0
                np.testing.assert_allclose(back, other, rtol=1e-12, atol=1e-12, err_msg=use.name)
    assert len(compared) >= 90, sorted(compared)


def test_equal_pytorch():
    torch = pytest.importorskip("torch")
    pairs = [
        (Use("matmul", np.matmul, (np.ones((2, 3)) * 0.3, np.arange(12.0).reshape(3, 4)), {}), torch.matmul),
        (Use("dot", np.dot, (np.linspace(0, 1, 3), np.linspace(1, 2, 3)), {}), torch.dot),
        (Use("logaddexp", np.logaddexp, (np.linspace(-1, 1, 4), np.linspace(2, 0, 4)), {}), torch.logaddexp),
        (Use("cumprod", np.cumprod, (np.linspace(0.5, 2, 4),), {}), lambda x: torch.cumprod(x, 0)),
        (Use("std", np.std, (np.linspace(0.5, 2, 4) ** 2,), {}), lambda x: torch.std(x, correction=0)),
        (Use("max", np.max, (np.array([0.3, 2.0, 1.0]),), {}), torch.amax),
        (Use("norm", np.linalg.norm, (np.linspace(0.5, 2, 4),), {}), torch.linalg.vector_norm),
        (Use("prod", np.prod, (np.array([0.3, 0.0, 1.0]),), {}), torch.prod),
        (Use("inv", np.linalg.inv, (np.eye(3) + 0.1 * np.arange(9.0).reshape(3, 3),), {}), torch.linalg.inv),
        (Use("sinc", np.sinc, (np.linspace(0.1, 2, 4),), {}), torch.sinc),
        (Use("clip", np.clip, (np.linspace(-2, 2, 8), -0.5, 0.7), {}), torch.clamp),
        (Use("einsum", np.einsum, ("ij,kj->ik", np.ones((2, 3)), np.arange(6.0).reshape(2, 3)), {}), torch.einsum),
        (Use("roll", np.roll, (np.arange(5.0), 2), {}), torch.roll),
    ]
    for use, twin in pairs:
        tensors = [
            torch.tensor(a, requires_grad=a.dtype.kind == "f") if isinstance(a, np.ndarray) else a for a in use.args
        ]
        result = twin(*tensors)
        adjoint, _ = adjoint_like(result.detach().numpy(), np.random.default_rng(1))
        result.backward(torch.as_tensor(adjoint))
        expected = [t.grad.numpy() for t in tensors if isinstance(t, torch.Tensor)]
        for back, other in zip(pulled_back(use)[2], expected):
            np.testing.assert_allclose(back, other, rtol=1e-12, atol=1e-12, err_msg=use.name)


@pytest.mark.parametrize(("tie", "slopes"), [(Tie.FIRST, 1.0), (Tie.LAST, 0.0), (Tie.SPLIT, 0.5), (Tie.ALL, 1.0)])
def test_relu_at_zero_takes_the_slope_of_the_convention(tie, slopes):
    tape = Tape()
    x = tape.leaf(np.array([-1.0, 0.0, 2.0]))
    relu = tape.add(np.maximum, (x, 0.0), {}, np.array([0.0, 0.0, 2.0]))
    ((_, back),) = pull_back(relu, np.ones(3), lambda _: True, tie)
    np.testing.assert_array_equal(back, [0.0, slopes, 1.0])


@pytest.mark.parametrize(
    ("tie", "shares"),
    [
        (Tie.FIRST, [1, 0, 0, 0]),
        (Tie.LAST, [0, 0, 1, 0]),
        (Tie.SPLIT, [1 / 3, 1 / 3, 1 / 3, 0]),
        (Tie.ALL, [1, 1, 1, 0]),
    ],
)
def test_equal_maxima_share_as_the_convention_says(tie, shares):
    tape = Tape()
    x = tape.leaf(np.array([2.0, 2.0, 2.0, 1.0]))
    ((_, back),) = pull_back(tape.add(np.max, (x,), {}, 2.0), 1.0, lambda _: True, tie)
    np.testing.assert_allclose(back, shares)


def test_an_operation_without_derivative_is_named():
    tape = Tape()
    x = tape.leaf(np.arange(4.0))
    node = tape.add(np.interp, (x, [0.0, 1.0], [1.0, 2.0]), {}, np.interp([0.0], [0.0, 1.0], [1.0, 2.0]))
    with pytest.raises(NoDerivative, match=r"numpy\.interp"):
        pull_back(node, np.ones(1), lambda _: True)
    assert not has_derivative(np.interp)


def test_steps_have_derivative_zero():
    tape = Tape()
    x = tape.leaf(np.arange(4.0))
    assert pull_back(tape.add(np.sign, (x,), {}, np.sign(x.value)), np.ones(4), lambda _: True) == []


def test_a_float32_operation_is_differentiated_in_float64():
    tape = Tape()
    x = tape.leaf(np.linspace(0, 1, 4, dtype=np.float32))
    ((_, back),) = pull_back(tape.add(np.exp, (x,), {}, np.exp(x.value)), np.ones(4), lambda _: True)
    assert back.dtype == np.float64


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_matrices_are_multiplied_as_matrices_and_keep_their_axes():
    tape, rng = Tape(), np.random.default_rng(0)
    a, b = tape.leaf(np.asmatrix(rng.random((2, 3)))), tape.leaf(np.asmatrix(rng.random((3, 4))))
    adjoint = rng.random((2, 4))
    product = tape.add(operator.mul, (a, b), {}, a.value * b.value)
    given = dict(pull_back(product, adjoint, lambda node: True))
    assert np.allclose(given[a], adjoint @ b.value.A.T)
    assert np.allclose(given[b], a.value.A.T @ adjoint)
    square = tape.add(np.power, (a, 2), {}, np.power(a.value, 2))
    assert np.allclose(dict(pull_back(square, np.ones((2, 3)), lambda node: True))[a], 2 * a.value.A)
    total = tape.add(np.sum, (a,), {"axis": 0}, np.sum(a.value, axis=0))
    assert np.allclose(dict(pull_back(total, np.ones((1, 3)), lambda node: True))[a], np.ones((2, 3)))


def test_a_function_taken_entry_by_entry_has_its_slopes_and_at_a_kink_the_side_of_the_tie():
    tape, adjoint = Tape(), np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    rectify = np.vectorize(lambda z: z if z > 0 else 0.0)
    x = tape.leaf(np.array([[-2.0, -1e-5, 0.0], [1e-5, 3.0, 200.0]]))
    node = tape.add(rectify, (x,), {}, rectify(x.value))
    for tie, at_zero in ((Tie.SPLIT, 0.5), (Tie.LAST, 0.0), (Tie.FIRST, 1.0)):
        ((_, back),) = pull_back(node, adjoint, lambda _: True, tie)
        assert np.allclose(back, adjoint * [[0, 0, at_zero], [1, 1, 1]], rtol=1e-9, atol=1e-9)
    smooth = np.vectorize(lambda row, column: row * np.tanh(column))
    row, column = tape.leaf(np.array([[0.3, -0.7, 1.9]])), tape.leaf(np.array([[0.4], [-1.2]]))
    node = tape.add(smooth, (row, column), {}, smooth(row.value, column.value))
    given = dict(pull_back(node, adjoint, lambda _: True))
    slopes = np.tanh(column.value), row.value / np.cosh(column.value) ** 2
    assert np.allclose(given[row], (adjoint * slopes[0]).sum(axis=0, keepdims=True), rtol=1e-9)
    assert np.allclose(given[column], (adjoint * slopes[1]).sum(axis=1, keepdims=True), rtol=1e-9)
