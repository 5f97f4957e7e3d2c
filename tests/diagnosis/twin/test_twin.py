"""The twin's step, against the same step written by hand."""

from dataclasses import replace

import numpy as np
import pytest

from tests.diagnosis.networks import apart, draw_batch, draw_parameters, draw_twin
from unstuck.diagnosis.formulas.formula import Formula
from unstuck.diagnosis.formulas.updates import DEFAULT_ADAM
from unstuck.diagnosis.twin.parameters import Parameters
from unstuck.diagnosis.twin.twin import Link, Twin
from unstuck.diagnosis.twin.update_rule import State, UpdateRule

SIZES = (6, 5, 3)
EXACT = 1e-12


def gradients_by_hand(weights, biases, x, t, sent_through=None):
    """Of the cross-entropy of a tanh layer and a softmax, summed over the batch: (W1, W2), (b1, b2)."""
    a = np.tanh(x @ weights[0] + biases[0])
    e = np.exp(a @ weights[1] + biases[1])
    delta2 = e / e.sum(axis=1, keepdims=True) - t
    delta1 = (delta2 @ (weights[1] if sent_through is None else sent_through).T) * (1 - a**2)
    return [x.T @ delta1, a.T @ delta2], [delta1.sum(axis=0), delta2.sum(axis=0)]


class ByHand:
    """Arrays in one list, W1 W2 b1 b2, and an update written by hand."""

    def __init__(self, parameters: Parameters):
        self.arrays = [array.copy() for array in (*parameters.weights, *parameters.biases)]
        self.memory = [np.zeros_like(array) for array in self.arrays]
        self.squares = [np.zeros_like(array) for array in self.arrays]
        self.updates = 0

    def gradients(self, x, t, divide_by=1.0, at=None):
        w1, w2, b1, b2 = at or self.arrays
        weights, biases = gradients_by_hand((w1, w2), (b1, b2), x, t)
        return [gradient / divide_by for gradient in (*weights, *biases)]


def plain_sum(hand, x, t):
    for array, gradient in zip(hand.arrays, hand.gradients(x, t)):
        array -= 0.05 * gradient


def plain_mean(hand, x, t):
    for array, gradient in zip(hand.arrays, hand.gradients(x, t, len(x))):
        array -= 0.05 * gradient


def one_by_one(hand, x, t):
    for i in range(len(x)):
        plain_sum(hand, x[i : i + 1], t[i : i + 1])


def momentum(hand, x, t):
    for array, velocity, gradient in zip(hand.arrays, hand.memory, hand.gradients(x, t, len(x))):
        velocity *= 0.9
        velocity -= 0.05 * gradient
        array += velocity


def nesterov(hand, x, t):
    """Sutskever et al. 2013, equations 3 and 4."""
    ahead = [array + 0.9 * velocity for array, velocity in zip(hand.arrays, hand.memory)]
    for array, velocity, gradient in zip(hand.arrays, hand.memory, hand.gradients(x, t, len(x), ahead)):
        velocity *= 0.9
        velocity -= 0.05 * gradient
        array += velocity


def previous_raw_gradient(hand, x, t):
    for i, gradient in enumerate(hand.gradients(x, t, len(x))):
        hand.arrays[i] -= 0.05 * gradient + 0.15 * hand.memory[i]
        hand.memory[i] = gradient


def adam(hand, x, t):
    """Kingma and Ba 2015, algorithm 1."""
    hand.updates += 1
    for array, m, v, gradient in zip(hand.arrays, hand.memory, hand.squares, hand.gradients(x, t, len(x))):
        m += 0.1 * (gradient - m)
        v += 0.001 * (gradient**2 - v)
        unbiased = m / (1 - 0.9**hand.updates), v / (1 - 0.999**hand.updates)
        array -= 0.05 * unbiased[0] / (np.sqrt(unbiased[1]) + 1e-8)


def decay(hand, x, t):
    for array, gradient in zip(hand.arrays, hand.gradients(x, t, len(x))):
        array -= 0.05 * gradient + (0.02 * array if array.ndim == 2 else 0)


RULES = {
    plain_sum: UpdateRule(0.05, "sum"),
    plain_mean: UpdateRule(0.05, "mean"),
    one_by_one: UpdateRule(0.05, "each"),
    momentum: UpdateRule(0.05, "mean", ("momentum", 0.9)),
    nesterov: UpdateRule(0.05, "mean", ("nesterov", 0.9)),
    previous_raw_gradient: UpdateRule(0.05, "mean", ("raw", 3.0)),
    adam: UpdateRule(0.05, "mean", adaptive=DEFAULT_ADAM),
    decay: UpdateRule(0.05, "mean", decay=0.02),
}


def train(twin: Twin, parameters: Parameters, n_steps: int = 4, n: int = 5, seed: int = 0) -> Parameters:
    moved, state = parameters.copy(), State()
    for k in range(n_steps):
        twin.step(moved, state, *draw_batch(n, SIZES[0], SIZES[-1], seed + k))
    return moved


def ends(parameters: Parameters):
    return np.concatenate([array.ravel() for array in (*parameters.weights, *parameters.biases)])


@pytest.mark.parametrize("by_hand", RULES, ids=lambda function: function.__name__)
def test_steps_equal_those_written_by_hand(by_hand):
    parameters = draw_parameters(SIZES)
    found = train(draw_twin(update=RULES[by_hand]), parameters)
    hand = ByHand(parameters)
    for k in range(4):
        by_hand(hand, *draw_batch(5, SIZES[0], SIZES[-1], k))
    wanted = np.concatenate([array.ravel() for array in hand.arrays])
    start = ends(parameters)
    assert apart(ends(found) - start, wanted - start) < EXACT


def test_nesterov_on_gradients_keeps_the_parameters_that_the_other_form_looks_ahead_at():
    """Sutskever et al. 2013, the two forms of section 2; the rate is in units of the first step."""
    parameters, beta = draw_parameters(SIZES), 0.8
    looking, state = parameters.copy(), State()
    for k in range(4):
        update = UpdateRule(0.05, "mean", ("nesterov", beta))
        draw_twin(update=update).step(looking, state, *draw_batch(5, SIZES[0], SIZES[-1], k))
    state.look_ahead(looking, beta)
    update = UpdateRule(0.05 * (1 + beta), "mean", ("nesterov gradient", beta))
    moved = train(draw_twin(update=update), parameters)
    assert apart(ends(moved), ends(looking)) < EXACT


def test_the_sparse_form_of_the_first_layer_equals_the_dense_one():
    """Of single examples only the rows of inputs that are not zero are touched; a formula made anew is used in full."""
    right = Link()
    renamed = replace(right, weights=Formula("inputs times delta", lambda p, l, d: p.activations[l].T @ d))
    rule = UpdateRule(0.05, "each")
    twins = [draw_twin(update=rule, links=(first, right)) for first in (right, renamed)]
    assert [twin._first_layer_is_plain for twin in twins] == [True, False]
    sparse, dense = (train(twin, draw_parameters(SIZES)) for twin in twins)
    assert apart(ends(sparse), ends(dense)) < 1e-15


def test_an_input_of_zero_leaves_its_weights_alone():
    parameters = draw_parameters(SIZES)
    moved, (x, t) = parameters.copy(), draw_batch(1, SIZES[0], SIZES[-1])
    x[0, 2] = 0
    draw_twin(update=UpdateRule(0.05, "each")).step(moved, State(), x, t)
    assert np.array_equal(moved.weights[0][2], parameters.weights[0][2])
    assert not np.any(moved.weights[0][0] == parameters.weights[0][0])


@pytest.mark.parametrize("mode", ["inside", "outside", "unused"])
def test_predict_applies_biases_as_their_mode_says(mode):
    parameters = draw_parameters(SIZES)
    x, _ = draw_batch(4, SIZES[0], SIZES[-1])
    (w1, w2), (b1, b2) = parameters.weights, parameters.biases
    hidden = {"inside": np.tanh(x @ w1 + b1), "outside": np.tanh(x @ w1) + b1, "unused": np.tanh(x @ w1)}[mode]
    twin = draw_twin(output="linear").plant(bias_modes=(mode, "inside"))
    assert apart(twin.predict(parameters, x), hidden @ w2 + b2) < EXACT
    assert apart(twin.predict(parameters, x[:1]), (hidden @ w2 + b2)[:1]) < EXACT


def test_factors_scale_the_gradients_of_their_arrays():
    parameters = draw_parameters(SIZES)
    batch = draw_batch(5, SIZES[0], SIZES[-1])
    links = (Link(weight_scale=-1.0, bias_scale=0.0), Link(weight_scale=10.0))
    moved, right = parameters.copy(), parameters.copy()
    draw_twin(links=links).step(moved, State(), *batch)
    draw_twin().step(right, State(), *batch)
    for layer, factor in ((0, -1.0), (1, 10.0)):
        start = parameters.weights[layer]
        assert apart(moved.weights[layer] - start, factor * (right.weights[layer] - start)) < EXACT
    assert np.array_equal(moved.biases[0], parameters.biases[0])
    assert apart(moved.biases[1], right.biases[1]) < EXACT


def test_updating_on_the_way_back_sends_errors_through_new_weights():
    parameters = draw_parameters(SIZES)
    x, t = draw_batch(5, SIZES[0], SIZES[-1])
    after = Formula("through weights already updated", lambda p, l, d: d @ p.weights_after[l + 1].T, "B06")
    moved = parameters.copy()
    draw_twin(update=UpdateRule(0.5, "sum"), links=(Link(back=after), Link())).step(moved, State(), x, t)
    (w1, w2), (b1, b2) = parameters.weights, parameters.biases
    (_, g2), _ = gradients_by_hand((w1, w2), (b1, b2), x, t)
    (g1, _), _ = gradients_by_hand((w1, w2), (b1, b2), x, t, w2 - 0.5 * g2)
    assert apart(moved.weights[1], w2 - 0.5 * g2) < EXACT
    assert apart(moved.weights[0], w1 - 0.5 * g1) < EXACT


def test_planting_leaves_the_twin_as_it_was():
    twin = draw_twin()
    planted = twin.plant_link(0, weight_scale=-1.0)
    assert (twin.links[0].weight_scale, planted.links[0].weight_scale) == (1.0, -1.0)
    assert planted.plant_link(0, weight_scale=1.0) == twin
