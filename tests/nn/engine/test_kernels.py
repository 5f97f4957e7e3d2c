"""The fast form computes what the definition says, to rounding, for everything it covers."""

from dataclasses import replace

import numpy as np
import pytest

from tests.nn.numerical import problem, relative_error, shake
from unstuck.nn.activations import ACTIVATIONS
from unstuck.nn.engine import kernels
from unstuck.nn.engine import vector as vector_module
from unstuck.nn.engine.examples import Examples
from unstuck.nn.engine.threads import SecondThread
from unstuck.nn.engine.vector import ParameterVector
from unstuck.nn.layers import limit_norms
from unstuck.nn.losses import LOSSES
from unstuck.nn.network import Network
from unstuck.nn.optimizers import SGD, Adam, AdamW, RMSProp, initial_memory

PAIRS = [(output, loss) for loss in LOSSES.values() for output in ACTIVATIONS.values() if loss.fits(output)]
SECOND_THREAD = SecondThread()  # not started: nothing here is worth sharing
TOLERANCE = {"float32": 2e-5, "float64": 1e-13}


def build(dtype: str = "float64", hidden="tanh", output="softmax", loss="cross_entropy", **settings) -> Network:
    network = Network((5, 4, 7, 3), hidden, output, loss, "glorot_normal", seed=0, dtype=dtype, **settings)
    return shake(network)


def gradients_in(vector: ParameterVector) -> list[np.ndarray]:
    return [g for pair in vector.views(vector.gradient) for g in pair if g is not None]


def both_gradients(network: Network, n: int, weight=None):
    """Gradients by the definition, and by the fast form, with the same random numbers for dropout."""
    x, targets = problem(network, n)
    x, t = network.prepare(x), network.encode(targets)
    passes = network.forward(x, np.random.default_rng(5))
    expected = network.backward(passes, t, weight, with_penalty=False)

    vector = ParameterVector(network, SGD())
    step = kernels.FastStep(Examples(network, x, t, weight), vector, n, SECOND_THREAD)
    logits = np.empty_like(t)
    assert step.gradients(np.arange(n), np.random.default_rng(5), logits)
    vector.release()
    return [*gradients_in(vector), logits], [*expected, passes[-1].z]


def assert_equal_to_rounding(found, expected, dtype: str) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected):
        assert one.dtype == dtype
        assert relative_error(one, other) <= TOLERANCE[dtype]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("hidden", sorted(ACTIVATIONS))
@pytest.mark.parametrize("n", [1, 6])
def test_hidden_activations(dtype: str, hidden: str, n: int) -> None:
    assert_equal_to_rounding(*both_gradients(build(dtype, hidden), n), dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("output", "loss"), PAIRS, ids=[f"{o.name}-{lo.name}" for o, lo in PAIRS])
def test_outputs_and_losses(dtype: str, output, loss) -> None:
    network = build(dtype, output=output.name, loss=loss.name)
    assert_equal_to_rounding(*both_gradients(network, 6), dtype)


@pytest.mark.parametrize(
    "settings", [{"biases": False}, {"dropout": 0.5}, {"dropout": [0.0, 0.2]}, {"l2": 0.1}], ids=str
)
def test_layers_without_biases_and_with_dropout(settings: dict) -> None:
    assert_equal_to_rounding(*both_gradients(build(**settings), 6), "float64")


def test_weights_of_examples() -> None:
    assert_equal_to_rounding(*both_gradients(build(), 4, np.array([0, 1, 2.5, 0.5])), "float64")


def test_targets_that_are_no_distribution() -> None:
    network = build()
    x = np.random.default_rng(0).normal(size=(4, 5))
    t = np.random.default_rng(1).random((4, 3)) * 3
    expected = network.backward(network.forward(x), t)
    vector = ParameterVector(network, SGD())
    step = kernels.FastStep(Examples(network, x, t, None), vector, 4, SECOND_THREAD)
    assert step.gradients(np.arange(4), network.generator, np.empty_like(t))
    assert_equal_to_rounding(gradients_in(vector), expected, "float64")


@pytest.mark.parametrize(
    "optimizer",
    [SGD(0.1), SGD(0.1, 0.9), SGD(0.1, 0.9, nesterov=True), RMSProp(), Adam(), AdamW()],
    ids=repr,
)
@pytest.mark.parametrize("settings", [{}, {"l2": 0.3}, {"max_norm": 0.5}, {"biases": False, "l2": 0.1}], ids=str)
def test_updates_of_the_vector(optimizer, settings: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_module, "BLOCK", 16)  # many blocks, some with weights and biases
    network = build(**settings)
    vector = ParameterVector(network, optimizer)
    own = [p.copy() for p in network.parameters]
    memories = [initial_memory(optimizer, p) for p in own]
    generator = np.random.default_rng(0)
    for update in (1, 2, 3):
        gradients = [generator.normal(size=p.shape) for p in own]
        for view, gradient in zip(gradients_in(vector), gradients):
            view[...] = gradient
        vector.update(0.05, update)
        for p, gradient, memory in zip(own, gradients, memories):
            decayed = gradient + network.l2 * p if p.ndim == 2 else gradient
            optimizer.step(p, decayed, memory, 0.05, update)
            if network.max_norm and p.ndim == 2:
                limit_norms(p, network.max_norm)
    vector.release()
    assert_equal_to_rounding(network.parameters, own, "float64")


def test_the_vector_hands_the_values_back_to_the_arrays_it_came_from() -> None:
    network = build()
    before = network.parameters
    vector = ParameterVector(network, SGD())
    vector.values += 1
    vector.release()
    assert all(p is q for p, q in zip(network.parameters, before))
    assert np.array_equal(before[0], build().parameters[0] + 1)


def test_saturated_layers_neither_overflow_nor_warn() -> None:
    for hidden in ("sigmoid", "tanh"):
        network = build("float32", hidden, output="sigmoid", loss="binary_cross_entropy")
        for parameter in network.parameters:
            parameter *= 1e4
        assert all(np.isfinite(found).all() for found in both_gradients(network, 6)[0])


def test_numbers_that_are_not_finite_are_reported() -> None:
    network = build()
    network.layers[1].weights[0, 0] = np.nan
    vector = ParameterVector(network, SGD())
    t = np.eye(3)[:2]
    step = kernels.FastStep(Examples(network, np.ones((2, 5)), t, None), vector, 2, SECOND_THREAD)
    assert not step.gradients(np.arange(2), network.generator, np.empty_like(t))


def test_what_has_no_fast_form_is_known() -> None:
    class Odd(Network):
        def forward(self, x, generator=None):
            return super().forward(x, generator)

    odd_activation = replace(ACTIVATIONS["tanh"], derivative=lambda z, a: a)
    assert kernels.has_fast_form(build())
    assert not kernels.has_fast_form(build(hidden=odd_activation))
    assert not kernels.has_fast_form(build(loss=replace(LOSSES["cross_entropy"], logits_gradient=lambda z, t: z)))
    assert not kernels.has_fast_form(Odd([3, 2]))
