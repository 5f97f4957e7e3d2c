"""Parameters that are no arrays of their own are read as arrays, and written where the script keeps them."""

import types

import numpy as np

from unstuck.adapters.scripts.replay.live_parameters import layers


def unit(weights: object, bias: float) -> types.SimpleNamespace:
    return types.SimpleNamespace(w=weights, b=bias)


def paths_of(name: str) -> list[tuple[tuple[str, object], ...]]:
    begin = (("key", "net"), ("key", 0))
    return [(*begin, ("key", number), ("attribute", name)) for number in range(2)]


def test_the_units_of_a_layer_are_one_array_that_is_written_through() -> None:
    units = [unit(np.array([1.0, 2.0, 3.0]), 0.5), unit([4.0, 5.0, 6.0], -0.5)]
    weights, biases = layers({"net": [units]}, [*paths_of("w"), *paths_of("b")])
    assert weights.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert biases.tolist() == [0.5, -0.5]
    row = units[0].w
    weights[...] = [[7, 8, 9], [10, 11, 12]]
    biases[...] = [2, 3]
    assert units[0].w is row
    assert row.tolist() == [7, 8, 9]
    assert units[1].w == [10, 11, 12]
    assert [(each.b, type(each.b)) for each in units] == [(2.0, float), (3.0, float)]


def test_a_number_is_written_where_its_name_stands_and_an_array_is_live() -> None:
    scope = {"slope": 0.25, "w": np.zeros(2)}
    slope, w = layers(scope, [(("key", "slope"),), (("key", "w"),)])
    slope[...] = 3.0
    assert scope["slope"] == 3.0
    assert w is scope["w"]


def in_lists(*numbers: object) -> tuple[tuple[str, object], ...]:
    return tuple(("key", number) for number in numbers)


def test_the_numbers_of_lists_in_lists_are_a_matrix_for_each_layer() -> None:
    scope = {"w": [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[7.0, 8.0, 9.0]]], "b": [[0.1, 0.2, 0.3], [0.4]]}
    first = [in_lists("w", 0, j, k) for j in range(3) for k in range(2)]
    second = [in_lists("w", 1, 0, k) for k in range(3)]
    biases = [in_lists("b", layer, j) for layer, size in ((0, 3), (1, 1)) for j in range(size)]
    found = layers(scope, [*first, *biases, *second])
    assert [each.shape for each in found] == [(3, 2), (3,), (1,), (1, 3)]
    assert found[0].tolist() == scope["w"][0]
    found[0][...] = [[6, 5], [4, 3], [2, 1]]
    assert scope["w"][0] == [[6.0, 5.0], [4.0, 3.0], [2.0, 1.0]]
    assert type(scope["w"][0][0][0]) is float


def test_the_numbers_of_units_are_a_matrix_whatever_their_order() -> None:
    scope = {"net": [[{"weights": [1.0, 2.0, 3.0]}, {"weights": [4.0, 5.0, 6.0]}]]}
    (weights,) = layers(scope, [in_lists("net", 0, j, "weights", k) for k in range(3) for j in range(2)])
    assert weights.tolist() == [[1, 2, 3], [4, 5, 6]]
    weights[...] = np.zeros((2, 3))
    assert scope["net"][0][1]["weights"] == [0.0, 0.0, 0.0]
