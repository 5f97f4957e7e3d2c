"""Parameters that are no arrays of their own are read as arrays, and written where the script keeps them."""

import types

import numpy as np

from unstuck.adapters.scripts.live_parameters import layers


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
