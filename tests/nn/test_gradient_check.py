import numpy as np
import pytest

from tests.nn.numerical import problem, shake
from unstuck.errors import TrainingError
from unstuck.nn.gradient_check import check_gradients
from unstuck.nn.network import Network


def build(sizes=(5, 4, 4, 3), **settings) -> Network:
    return shake(Network(sizes, hidden="tanh", initializer="glorot_normal", dtype="float64", **settings))


def kinds(network: Network, gradients) -> list[str]:
    return [difference.kind for difference in check_gradients(network, *problem(network, 6), gradients)]


def healthy(network: Network) -> list[np.ndarray]:
    return network.gradients(*problem(network, 6))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("entries", [None, 5])
def test_the_definition_is_right(dtype: str, entries: int | None) -> None:
    network = build(l2=0.1).astype(dtype)
    before = [p.copy() for p in network.parameters]
    found = check_gradients(network, *problem(network, 6), entries=entries)
    assert [d.array for d in found] == ["weights_1", "biases_1", "weights_2", "biases_2", "weights_3", "biases_3"]
    assert all(d.is_equal for d in found)
    assert all(np.array_equal(p, q) for p, q in zip(before, network.parameters))


def test_each_kind_of_disagreement_is_named() -> None:
    network = build(l2=0.5)
    g = healthy(network)
    without_l2 = g[4] - 0.5 * network.parameters[4]
    noise = np.random.default_rng(0).normal(size=3)
    changed = [-g[0], 6 * g[1], g[2].T, 0 * g[3], without_l2, noise]
    assert kinds(network, changed) == ["sign", "factor", "transpose", "zero", "missing term", "different"]


def test_a_gradient_in_the_other_orientation_is_a_transpose() -> None:
    network = build()
    g = healthy(network)
    assert kinds(network, [g[0].T, *g[1:]])[0] == "transpose"


def test_index_ratio_and_numbers_point_at_the_worst_entry() -> None:
    network = build()
    g = healthy(network)
    wrong = g[0].copy()
    wrong[3, 1] += 10
    worst = check_gradients(network, *problem(network, 6), [wrong, *g[1:]])[0]
    assert worst.index == (3, 1)
    assert worst.given - worst.expected == pytest.approx(10)
    assert "weights_1: different" in str(worst)
    assert "at [3, 1]" in str(worst)
    halved = check_gradients(network, *problem(network, 6), [g[0] / 2, *g[1:]])[0]
    assert halved.ratio == pytest.approx(0.5)


def test_gradients_of_another_number_or_shape_are_refused() -> None:
    network = build()
    x, targets = problem(network, 6)
    with pytest.raises(TrainingError, match="1 gradients for 6 parameter arrays"):
        check_gradients(network, x, targets, [np.zeros((5, 4))])
    with pytest.raises(TrainingError, match=r"gradient 1 has shape \(3,\): expected \(4,\), biases_1"):
        check_gradients(network, x, targets, [np.zeros((5, 4)), np.zeros(3), *healthy(network)[2:]])
