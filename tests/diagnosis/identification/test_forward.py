"""Layout and activations are told by the outputs alone."""

import numpy as np
import pytest

from tests.diagnosis.identification.storage import STORAGES, store
from tests.diagnosis.networks import draw_batch, draw_parameters, draw_twin
from unstuck.diagnosis.formulas.forward import HIDDEN, OUTPUT
from unstuck.diagnosis.identification.forward import Forward, identify_forward
from unstuck.diagnosis.identification.layout import find_chains, read_chain

SIZES = (6, 5, 4, 3)
ROUNDING = 1e-9
FAR = 1e-6  # far from rounding


def identify(parameters, outputs, x, storage="rows") -> Forward:
    arrays = store(parameters, storage)
    chains = find_chains([array.shape for array in arrays], x.shape[1], outputs.shape[1])
    found = identify_forward(arrays, x, outputs, chains, ROUNDING)
    assert found is not None
    return found


def identify_twin(twin) -> Forward:
    parameters, (x, _) = draw_parameters(SIZES), draw_batch(8, SIZES[0], SIZES[-1])
    with np.errstate(all="ignore"):
        return identify(parameters, twin.predict(parameters, x), x)


def equal_names(form, table) -> set[str]:
    """Names under which the table holds a function that is the same where sums are small."""
    z = 0.3 * np.random.default_rng(0).normal(size=(50, 4))
    return {f.name for f in table if f.fault == form.fault and np.array_equal(f.value(z), form.value(z))}


@pytest.mark.parametrize("storage", STORAGES)
def test_every_storage_is_read_right(storage):
    parameters, (x, _) = draw_parameters(SIZES), draw_batch(8, SIZES[0], SIZES[-1])
    found = identify(parameters, draw_twin(("relu", "relu")).predict(parameters, x), x, storage)
    assert found.residual < ROUNDING
    assert (found.hidden, found.output, found.faults) == (("relu", "relu"), "softmax", ())
    weights, biases = read_chain(found.chain, store(parameters, storage))
    assert all(np.array_equal(a, b) for a, b in zip(weights, parameters.weights))
    assert all(np.array_equal(a, b) for a, b in zip(biases, parameters.biases))


def test_a_square_layer_is_read_the_way_it_lies():
    sizes = (5, 5, 5)
    parameters, (x, _) = draw_parameters(sizes), draw_batch(8, 5, 5)
    found = identify(parameters, draw_twin(("tanh",)).predict(parameters, x), x, "columns")
    assert [layer.transposed for layer in found.chain] == [True, True]
    assert found.rival_residual > FAR


@pytest.mark.parametrize("form", HIDDEN, ids=lambda form: f"{form.name} {form.fault}")
def test_every_hidden_activation_is_named(form):
    found = identify_twin(draw_twin((form.name,) * 2))
    assert found.residual < ROUNDING
    assert set(found.hidden) <= equal_names(form, HIDDEN)
    assert {code for code, _, _ in found.faults} == ({form.fault} if form.fault else set())
    assert found.rival_residual > FAR


@pytest.mark.parametrize("form", OUTPUT, ids=lambda form: f"{form.name} {form.fault}")
def test_every_output_function_is_named(form):
    found = identify_twin(draw_twin(("tanh", "tanh"), form.name, delta=draw_twin().output_delta))
    assert found.residual < ROUNDING
    assert found.output in equal_names(form, OUTPUT)
    assert found.rival_residual > FAR


def test_one_layer_may_be_different():
    found = identify_twin(draw_twin(("tanh", "relu")))
    assert (found.hidden, found.faults) == (("tanh", "relu"), ())


def test_a_layer_without_activation_is_the_one_named():
    found = identify_twin(draw_twin(("tanh", "linear")))
    assert [(code, layer) for code, layer, _ in found.faults] == [("F05", 1)]


@pytest.mark.parametrize(("mode", "code"), [("unused", "F07"), ("outside", "F12")])
def test_a_bias_in_the_wrong_place_is_named_with_its_layer(mode, code):
    found = identify_twin(draw_twin(("tanh", "tanh")).plant(bias_modes=("inside", mode, "inside")))
    assert [(c, layer) for c, layer, _ in found.faults] == [(code, 1)]


def test_of_a_single_example_no_coupling_is_claimed():
    """At one example a softmax over the whole batch is a softmax: the plain one is named."""
    parameters, (x, _) = draw_parameters(SIZES), draw_batch(1, SIZES[0], SIZES[-1])
    batchwide = draw_twin(("tanh", "tanh"), "softmax over the whole batch").predict(parameters, x)
    assert identify(parameters, batchwide, x).output == "softmax"


def test_an_unknown_activation_is_not_claimed():
    parameters, (x, _) = draw_parameters((6, 5, 3)), draw_batch(8, 6, 3)
    outputs = np.cbrt(x @ parameters.weights[0] + parameters.biases[0]) @ parameters.weights[1] + parameters.biases[1]
    assert identify(parameters, outputs, x).residual > 1e-3
