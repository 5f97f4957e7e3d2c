"""Reverse mode, merged operations, functional writes and traced functions."""

import operator

import numpy as np
import pytest

from unstuck.autodiff.graph import merged
from unstuck.autodiff.reverse import adjoints
from unstuck.autodiff.tape import Tape
from unstuck.autodiff.tracing import traced
from unstuck.autodiff.writes import carried_out, read_window, window, write_window
from unstuck.errors import TrainingError


def gradients(function, *values):
    """The gradients of a traced function of arrays that returns one number."""
    tape, leaves, result = traced(function, values)
    graph = merged(tape)
    found = adjoints(graph, {graph.same[result.number]: 1.0}, graph.descendants(leaf.number for leaf in leaves))
    assert not found.missing
    return [found.totals.get(leaf.number, np.zeros(leaf.value.shape)) for leaf in leaves]


def network(w, b, v):
    x = np.linspace(-1, 1, 12).reshape(4, 3)
    h = np.tanh(x @ w + b)
    scores = h @ v
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return -np.mean(np.log(p[np.arange(4), [0, 1, 1, 0]]))


def test_a_network_equals_pytorch():
    torch = pytest.importorskip("torch")
    generator = np.random.default_rng(0)
    values = [generator.normal(size=(3, 5)), generator.normal(size=5), generator.normal(size=(5, 2))]
    w, b, v = (torch.tensor(value, requires_grad=True) for value in values)
    x = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(4, 3)
    torch.nn.functional.cross_entropy(torch.tanh(x @ w + b) @ v, torch.tensor([0, 1, 1, 0])).backward()
    for found, expected in zip(gradients(network, *values), (w, b, v)):
        np.testing.assert_allclose(found, expected.grad.numpy(), rtol=1e-12, atol=1e-14)


def test_writes_in_place_are_followed():
    def function(x):
        y = np.zeros_like(x) + x * 2
        y[1] += x[0] ** 2
        y[:, 0] = x[0, 0] * x[1, 1]
        y *= 3
        return (y * y).sum()

    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    (found,) = gradients(function, x)
    h = 1e-6
    for entry in np.ndindex(2, 2):
        step = np.zeros_like(x)
        step[entry] = h
        slope = (plain(x + step) - plain(x - step)) / (2 * h)
        assert found[entry] == pytest.approx(slope, rel=1e-7)


def plain(x):
    y = x * 2
    y[1] += x[0] ** 2
    y[:, 0] = x[0, 0] * x[1, 1]
    return ((3 * y) ** 2).sum()


def test_equal_operations_are_one():
    tape = Tape()
    x = tape.leaf(np.array([1.0, 2.0]))
    first = tape.add(np.exp, (x,), {}, np.exp(x.value))
    second = tape.add(np.exp, (x,), {}, np.exp(x.value))
    loss = tape.add(operator.add, (first, second), {}, first.value + second.value)
    graph = merged(tape)
    assert graph.representative(second) is first
    found = adjoints(graph, {loss.number: np.ones(2)}, graph.descendants([x.number]))
    np.testing.assert_allclose(found.totals[first.number], [2.0, 2.0])
    assert len(found.parts[first.number]) == 2


def test_values_from_outside_are_never_merged():
    tape = Tape()
    tape.leaf(np.ones(2))
    tape.leaf(np.ones(2))
    assert merged(tape).same == [0, 1]


def test_an_operation_without_derivative_hides_what_lies_behind_it():
    tape = Tape()
    x, y = tape.leaf(np.arange(3.0)), tape.leaf(np.arange(3.0) + 1)
    odd = tape.add(np.interp, (x, [0.0, 1.0], [0.0, 1.0]), {}, np.interp(x.value, [0.0, 1.0], [0.0, 1.0]))
    loss = tape.add(np.dot, (odd, y), {}, float(odd.value @ y.value))
    graph = merged(tape)
    found = adjoints(graph, {loss.number: 1.0}, graph.descendants([x.number, y.number]))
    assert [node for node, _ in found.missing] == [odd]
    assert found.known(y.number)
    assert not found.known(x.number)


def test_a_cut_keeps_the_next_update_apart():
    tape = Tape()
    w = tape.leaf(np.array([2.0]))
    new = tape.add(operator.mul, (w, 3.0), {}, w.value * 3)
    loss = tape.add(np.sum, (new,), {}, 6.0)
    graph = merged(tape, cut=[new])
    assert adjoints(graph, {loss.number: 1.0}, graph.descendants([w.number])).totals.get(w.number) is None


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_window_reads_and_writes_the_view_it_was_taken_from(order):
    base = np.array(np.arange(24.0).reshape(4, 6), order=order)
    view = base[1:3, ::-2].T
    place = window(view, base)
    np.testing.assert_array_equal(read_window(base, place), view)
    new = write_window(base, place, view * 0)
    view *= 0
    np.testing.assert_array_equal(new, base)


def test_carrying_out_changes_nothing():
    old = np.array([3.0, 1.0, 2.0])
    for op, args in [
        (np.ndarray.sort, ()),
        (operator.iadd, (1.0,)),
        (np.add.at, ([0], 1.0)),
        (np.ndarray.fill, (0.0,)),
    ]:
        carried_out(op, (old, *args), {})
        np.testing.assert_array_equal(old, [3.0, 1.0, 2.0])


def test_what_leaves_the_arrays_is_said():
    with pytest.raises(TrainingError, match="plain float"):
        gradients(lambda x: float(x.sum()), np.ones(2))
