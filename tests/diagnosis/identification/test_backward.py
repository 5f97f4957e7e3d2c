"""Single steps of random networks are explained by the formulas they were made of."""

import numpy as np
import pytest

from tests.diagnosis.identification.storage import store
from tests.diagnosis.networks import draw_batch, draw_parameters, draw_pass, draw_twin
from unstuck.diagnosis.formulas.formula import Formula
from unstuck.diagnosis.formulas.forward import output_form
from unstuck.diagnosis.formulas.functions import TANH
from unstuck.diagnosis.formulas.gradients import RIGHT_BIAS
from unstuck.diagnosis.formulas.hidden_deltas import factor_formulas, factors_of_other_layers
from unstuck.diagnosis.formulas.output_deltas import right_deltas
from unstuck.diagnosis.identification.backward import identify_backward
from unstuck.diagnosis.identification.forward import identify_forward
from unstuck.diagnosis.identification.layout import find_chains
from unstuck.diagnosis.identification.results import Backward
from unstuck.diagnosis.program.observations import Record
from unstuck.diagnosis.twin.twin import Link
from unstuck.diagnosis.twin.update_rule import State, UpdateRule

SIZES = (7, 6, 6, 4)
ROUNDING = 1e-9


def identify(twin, *, sizes=SIZES, code=lambda targets: targets, most=np.inf) -> Backward:
    """What four steps of this twin are found to be made of, on targets that its loop codes this way; the last input
    is always 1, and no change is larger than `most`."""
    records = []
    for seed in range(4):
        before, after = draw_parameters(sizes, seed), draw_parameters(sizes, seed)
        x, targets = draw_batch(6, sizes[0], sizes[-1], seed)
        x[:, -1] = 1
        twin.step(after, State(), x, code(targets))
        arrays = store(before, "rows")
        clipped = [a + np.clip(b - a, -most, most) for a, b in zip(arrays, store(after, "rows"), strict=True)]
        records.append(Record(x, targets, arrays, clipped))
    arrays, x = records[0].before, records[0].x
    outputs = twin.predict(draw_parameters(sizes, 0), x)
    chains = find_chains([array.shape for array in arrays], sizes[0], sizes[-1])
    forward = identify_forward(arrays, x, outputs, chains, ROUNDING)
    assert forward is not None
    assert forward.residual < ROUNDING
    return identify_backward(records, forward, float(np.finfo(float).eps), sizes[-1])


def faults(backward: Backward) -> list[tuple[str, int]]:
    return [(code, l) for layer in backward.layers if layer.guess for code, l, _ in layer.guess.faults]


def delta(output: str, name: str):
    return next(formula for formula in right_deltas(output_form(output)) if formula.name == name)


SMOOTHINGS = {
    "shared by all classes": lambda t: 0.87 * t + 0.13 / t.shape[1],
    "shared by the other classes": lambda t: np.where(t > 0, 0.9, 0.1 / (t.shape[1] - 1)),
}


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
@pytest.mark.parametrize("decay", [0.0, 0.01])
@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_any_label_smoothing_is_right(smoothing, decay, loss):
    twin = draw_twin(("relu", "relu"), delta=delta("softmax", loss), update=UpdateRule(decay=decay))
    found = identify(twin, code=SMOOTHINGS[smoothing])
    assert found.explained
    assert faults(found) == []
    coding = found.layers[-1].guess.coding
    np.testing.assert_allclose(coding.compute(np.eye(4)), SMOOTHINGS[smoothing](np.eye(4)), atol=1e-9)


def test_targets_that_are_not_smoothed_stay_as_given():
    assert identify(draw_twin(("relu", "relu"))).layers[-1].guess.coding.name == "as given"


def test_smoothing_behind_sigmoids_is_right():
    found = identify(draw_twin(("relu", "relu"), "sigmoid"), code=lambda t: 0.9 * t + 0.05)
    assert found.explained
    assert faults(found) == []


@pytest.mark.parametrize("loss", [delta.name for delta in right_deltas(output_form("linear"))])
def test_every_loss_of_scores_is_right(loss):
    found = identify(draw_twin(("relu", "relu"), "linear", delta("linear", loss)))
    assert found.explained
    assert faults(found) == []


def test_the_derivative_of_an_unscaled_tanh_is_named_behind_a_scaled_one():
    slip = Formula("slip", lambda z, a, t: (a - t) * (1 - a * a))
    assert faults(identify(draw_twin(("tanh", "tanh"), "scaled_tanh", slip)))[-1] == ("B18", 2)


@pytest.mark.parametrize("spared", [(), (-1,)], ids=["all weights", "all but those of the constant input"])
def test_what_a_decay_spares(spared):
    found = identify(draw_twin(("relu", "relu"), update=UpdateRule(decay=-0.02, spared=spared)))
    assert found.explained
    assert [layer.weight_fit.spared for layer in found.layers] == [spared, (), ()]
    np.testing.assert_allclose([layer.weight_fit.decay for layer in found.layers], 0.02)


@pytest.mark.parametrize("hidden", ["sigmoid", "relu"])
@pytest.mark.parametrize(("layer", "other"), [(0, 1), (1, 0)])
def test_the_derivative_of_a_layer_taken_at_another_one(layer, other, hidden):
    (stale,) = factors_of_other_layers(draw_pass(SIZES), layer)
    links = [Link(), Link(), Link()]
    links[layer] = Link(factor=stale)
    found = identify(draw_twin((hidden, hidden), links=tuple(links)))
    assert found.layers[layer].guess.faults == (("B03", layer, f"derivative taken at layer {other + 1}"),)


def test_the_slopes_of_a_leaky_rectifier_the_other_way_round():
    swapped = Formula("swapped", lambda f, p, l: np.where(p.sums[l] > 0, 0.01, 1.0))
    found = identify(draw_twin(("leaky_relu(0.01)",) * 2, links=(Link(factor=swapped), Link(), Link())))
    assert faults(found) == [("B18", 0)]


@pytest.mark.parametrize("slip", [None, "no derivative"])
def test_gradients_clipped_by_value_are_explained(slip):
    factor = next(f for f in factor_formulas(TANH) if slip in (None, f.name))
    found = identify(draw_twin(("tanh", "tanh"), links=(Link(factor=factor), Link(), Link())), most=0.01)
    assert found.explained
    assert all(layer.bias is RIGHT_BIAS for layer in found.layers)
    assert faults(found) == ([] if slip is None else [("B02", 0)])


def test_a_single_bias_that_is_always_cut_off_is_right():
    found = identify(draw_twin(("tanh",), "sigmoid"), sizes=(6, 30, 1), most=0.03)
    assert found.layers[-1].bias is RIGHT_BIAS
