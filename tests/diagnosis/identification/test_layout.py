"""Chains of matrices are found in the shapes of the arrays, and read in one canonical form."""

import numpy as np
import pytest

from tests.diagnosis.identification.storage import STORAGES, store
from tests.diagnosis.networks import draw_parameters
from unstuck.diagnosis.identification.layout import LayerLayout, find_chains, read_chain

SIZES = (6, 5, 3)


def chains_of(arrays, n_features=SIZES[0], n_outputs=SIZES[-1]):
    return find_chains([array.shape for array in arrays], n_features, n_outputs)


def same(found, parameters) -> bool:
    weights, biases = found
    pairs = [*zip(weights, parameters.weights), *zip(biases, parameters.biases)]
    return len(weights) == len(parameters.weights) and all(
        (a is None) == (b is None) and (a is None or np.array_equal(a, b)) for a, b in pairs
    )


@pytest.mark.parametrize("storage", STORAGES)
def test_one_of_the_first_chains_reads_the_network_as_it_is(storage):
    parameters = draw_parameters(SIZES)
    arrays = store(parameters, storage)
    chains = chains_of(arrays)
    read = [same(read_chain(chain, arrays), parameters) for chain in chains]
    assert any(read[:2])  # folded first and folded last have the same shapes


def test_the_plainest_reading_comes_first():
    chains = find_chains([(6, 5), (5,), (5, 3), (3,)], 6, 3)
    assert chains[0] == (LayerLayout(0, False, bias=1), LayerLayout(2, False, bias=3))


def test_a_square_matrix_may_lie_either_way():
    chains = find_chains([(6, 5), (5, 5), (5, 3)], 6, 3)
    assert {chain[1].transposed for chain in chains if len(chain) == 3} == {False, True}


def test_a_vector_is_a_layer_of_one_unit():
    arrays = [np.arange(6.0)]
    weights, biases = read_chain(chains_of(arrays, 6, 1)[0], arrays)
    assert weights[0].shape == (6, 1)
    assert biases == [None]


def test_one_number_may_be_the_bias_of_a_whole_layer():
    arrays = [np.ones((6, 3)), np.array([0.5])]
    chain = chains_of(arrays)[0]
    assert np.array_equal(read_chain(chain, arrays)[1][0], [0.5, 0.5, 0.5])


@pytest.mark.parametrize("shapes", [[(6, 5), (4, 3)], [(5, 3)], [()], []], ids=str)
def test_shapes_that_lead_nowhere_are_no_chain(shapes):
    assert find_chains(shapes, 6, 3) == []


def test_many_square_matrices_end():
    assert len(find_chains([(5, 5)] * 8, 5, 5)) <= 400
