"""Right formulas are the derivatives they claim to be; faulty ones give other numbers, up to any factor."""

import numpy as np
import pytest

from tests.diagnosis.networks import (
    apart,
    central_differences,
    draw_batch,
    draw_parameters,
    draw_pass,
    draw_twin,
    loss_from,
    unlike,
)
from unstuck.diagnosis.formulas import gradients, hidden_deltas
from unstuck.diagnosis.formulas.forward import HIDDEN, OUTPUT, hidden_form, output_form, right_hidden, right_output
from unstuck.diagnosis.formulas.functions import COMMON, FAMILIES
from unstuck.diagnosis.formulas.output_deltas import right_deltas, wrong_deltas
from unstuck.diagnosis.formulas.targets import codings
from unstuck.diagnosis.rules import RULES

PRECISE = 1e-7
DIFFERENT = 1e-5
WITH_DERIVATIVE = [form.name for form in OUTPUT if not form.fault and form.derivative is not None]
RIGHT_DELTAS = [(name, delta.name) for name in WITH_DERIVATIVE for delta in right_deltas(output_form(name))]
SHAPES = [(6, 5, 3), (6, 5, 4, 3), (6, 5, 5, 5, 5)]


# -- right formulas against central differences --------------------------------------------------------------------


@pytest.mark.parametrize("form", COMMON, ids=lambda form: form.name)
def test_derivative_of_an_activation(form):
    z = np.random.default_rng(1).normal(size=(5, 4)) * 3
    measured = central_differences(lambda at: form.value(at).sum(), z.copy())
    assert apart(form.derivative(z, form.value(z)), measured) < PRECISE


@pytest.mark.parametrize(("output", "loss"), RIGHT_DELTAS)
def test_output_delta_is_the_gradient_of_its_loss(output, loss):
    delta = next(formula for formula in right_deltas(output_form(output)) if formula.name == loss)
    twin, parameters = draw_twin((), output, delta), draw_parameters((4, 3))
    x, targets = draw_batch(6, 4, 3)
    targets = 2.5 * targets if "unnormalised" in loss else targets
    p = twin.forward_pass(parameters, x, targets)
    measured = central_differences(lambda sums: loss_from(twin, parameters, 0, sums, targets), p.sums[0].copy())
    assert apart(twin.deltas(p, 0, None), measured) < PRECISE


@pytest.mark.parametrize("output", ["softmax over the whole batch", "softmax over the examples"])
@pytest.mark.parametrize("loss", ["cross_entropy through the shared sum", "squared_error through the shared sum"])
def test_output_delta_of_a_softmax_along_a_wrong_axis(output, loss):
    test_output_delta_is_the_gradient_of_its_loss(output, loss)


@pytest.mark.parametrize("form", COMMON, ids=lambda form: form.name)
def test_hidden_deltas(form):
    twin, parameters = draw_twin((form.name,) * 2), draw_parameters((6, 5, 4, 3))
    x, targets = draw_batch(4, 6, 3)
    p = twin.forward_pass(parameters, x, targets)
    delta = None
    for layer in (2, 1, 0):
        delta = twin.deltas(p, layer, delta)
        loss = lambda sums, layer=layer: loss_from(twin, parameters, layer, sums, targets)  # noqa: E731
        assert apart(delta, central_differences(loss, p.sums[layer].copy())) < PRECISE


@pytest.mark.parametrize(
    ("hidden", "output", "n_outputs"), [("tanh", "softmax", 3), ("relu", "sigmoid", 3), ("sigmoid", "linear", 1)]
)
def test_gradients_of_weights_and_biases(hidden, output, n_outputs):
    sizes = (6, 5, 4, n_outputs)
    twin, parameters = draw_twin((hidden, hidden), output), draw_parameters(sizes)
    x, targets = draw_batch(4, 6, n_outputs)

    def loss(_):
        return loss_from(twin, parameters, 0, x @ parameters.weights[0] + parameters.biases[0], targets)

    found = twin.gradients(twin.forward_pass(parameters, x, targets))
    for layer, (weights, bias) in enumerate(found):
        assert apart(weights, central_differences(loss, parameters.weights[layer])) < PRECISE
        assert apart(bias, central_differences(loss, parameters.biases[layer])) < PRECISE


# -- faulty formulas are different ---------------------------------------------------------------------------------

PIECEWISE = {"derivative taken at the activation"}  # slopes do not change between a sum and its activation
POSITIVE = PIECEWISE | {"derivative applied twice"}  # slopes are 0 or 1


def equal_deltas(output: str) -> set[str]:
    """Wrong deltas that are right for this output function."""
    if output == "linear":
        return {"sign of the error", "error of the sums"}
    if output.startswith("leaky_relu"):
        return PIECEWISE
    if output.startswith("hard_sigmoid"):
        return {"derivative applied twice"}  # slopes are 0 or one number
    return POSITIVE | {"error of the sums"} if output.startswith(("relu", "hard_tanh")) else set()


def equal_factors(hidden: str) -> set[str]:
    """Wrong factors that are right for this activation."""
    own = {
        "sigmoid": {"derivative of another function: a (1 - a)"},
        "tanh": {"derivative of another function: 1 - a²"},
        "hard_tanh": POSITIVE,
        "hard_sigmoid(0.2)": {"derivative applied twice"},
        "hard_sigmoid(1/6)": {"derivative applied twice"},
    }
    if hidden.startswith("leaky_relu"):
        return PIECEWISE | {f"derivative of another function: {hidden}"}
    return POSITIVE if hidden.startswith("relu") else own.get(hidden, set())


@pytest.mark.parametrize("output", WITH_DERIVATIVE)
def test_wrong_output_deltas_are_no_multiples_of_right_ones(output):
    form = output_form(output)
    p = draw_pass(output=output, n=40, spread=6.0 if output.startswith("hard") else 1.0)

    def values(table):
        with np.errstate(all="ignore"):
            return [(f.name, f.compute(p.sums[-1], p.activations[-1], p.targets)) for f in table(form)]

    right = [delta for _, delta in values(right_deltas)]
    equal = {name for name, wrong in values(wrong_deltas) if any(unlike(wrong, delta) < DIFFERENT for delta in right)}
    assert equal == equal_deltas(output)


@pytest.mark.parametrize("form", COMMON, ids=lambda form: form.name)
def test_wrong_factors_are_no_multiples_of_the_derivative(form):
    p = draw_pass(hidden=form.name, n=40)
    p.sums[0] = np.random.default_rng(2).normal(size=(40, 5)) * 4
    p.activations[1] = form.value(p.sums[0])
    right, *wrong = [(f, f.compute(form, p, 0)) for f in hidden_deltas.factor_formulas(form)]
    equal = {formula.name for formula, values in wrong if unlike(values, right[1]) < DIFFERENT}
    assert equal - equal_factors(form.name) == set()


@pytest.mark.parametrize("sizes", SHAPES, ids=str)
def test_wrong_ways_back_and_gradients_are_no_multiples_of_right_ones(sizes):
    p, after = draw_pass(sizes), draw_pass(sizes, seed=1)
    p.weights_after, p.biases_after = after.weights, after.biases
    for layer in range(p.depth):
        delta = np.random.default_rng(layer).normal(size=(7, sizes[layer + 1]))
        tables = [gradients.weight_formulas(p, layer), gradients.bias_formulas(p, layer)]
        if layer > 0:
            tables.append(hidden_deltas.back_formulas(p, layer - 1, layer == p.depth - 1))
        for formulas in tables:
            own = layer - 1 if formulas[0] is hidden_deltas.RIGHT_BACK else layer
            right, *wrong = [formula.compute(p, own, delta) for formula in formulas]
            assert [f.name for f, w in zip(formulas[1:], wrong) if unlike(w, right) < DIFFERENT] == []


@pytest.mark.parametrize("table", [HIDDEN, OUTPUT], ids=["hidden", "output"])
def test_wrong_functions_give_other_outputs(table):
    z = np.random.default_rng(3).normal(size=(7, 4)) * 2
    right = [form for form in table if not form.fault]
    for wrong in (form for form in table if form.fault):
        equal = [form.name for form in right if apart(wrong.value(z), form.value(z)) < DIFFERENT]
        assert not equal, wrong.name


LABELS = np.array([3, 1, 0, 9, 4, 5])


@pytest.mark.parametrize("given", [LABELS, np.eye(10)[LABELS]], ids=["labels", "rows"])
def test_wrong_readings_of_the_targets_are_others(given):
    readings = [(reading, reading.compute(given)) for reading in codings(given, 10)]
    right = [values for reading, values in readings if not reading.fault]
    assert right
    for reading, values in readings:
        assert values.shape == (6, 10)
        if reading.fault:
            assert not any(np.array_equal(values, other) for other in right), reading.name


def test_every_fault_of_a_formula_has_a_rule():
    p = draw_pass((6, 5, 5, 5))
    p.weights_after, p.biases_after = p.weights, p.biases
    formulas = [*HIDDEN, *OUTPUT, *codings(np.array([1, 2]), 5), *codings(np.eye(5), 5)]
    formulas += [f for name in WITH_DERIVATIVE for f in wrong_deltas(output_form(name))]
    formulas += [f for form in COMMON for f in hidden_deltas.factor_formulas(hidden_form(form.name))]
    formulas += [f for l in (1, 2) for f in (*gradients.weight_formulas(p, l), *gradients.bias_formulas(p, l))]
    formulas += hidden_deltas.back_formulas(p, 1, True)
    codes = {code for formula in formulas for code in formula.fault.split("+") if code}
    assert codes - set(RULES) == set()


@pytest.mark.parametrize("form", [form for form in (*HIDDEN, *OUTPUT) if form.meant], ids=lambda form: form.name)
def test_what_a_faulty_function_was_meant_to_be_is_right(form):
    find = hidden_form if form in HIDDEN else output_form
    assert form.fault
    assert not find(form.meant).fault


def test_only_functions_that_could_be_any_leave_open_what_was_meant():
    assert {form.name.split()[0] for form in (*HIDDEN, *OUTPUT) if form.leaves_open} == {"linear", "softmax"}
    assert not any(form.leaves_open for form in OUTPUT)


def test_a_softmax_of_one_output_is_put_right_as_a_sigmoid():
    assert right_output("softmax over the examples", 10) == "softmax"
    assert right_output("softmax over the examples", 1) == "sigmoid"
    assert right_hidden("linear", "tanh") == "tanh"
    assert right_hidden("relu", "tanh") == "relu"


RANGES = {"softmax": (0, 1), "sigmoid": (0, 1), "hard_sigmoid": (0, 1), "tanh": (-1.72, 1.72)}
IN_A_RANGE = [form for form in OUTPUT if form.family in RANGES and not form.fault]


@pytest.mark.parametrize("form", IN_A_RANGE, ids=lambda form: form.name)
def test_a_right_function_has_the_range_of_its_family(form):
    z = np.random.default_rng(0).uniform(-20, 20, (50, 3))
    low, high = RANGES[form.family]
    values = np.exp(form.value(z)) if form.name == "log_softmax" else form.value(z)
    assert low <= values.min() <= values.max() <= high
    assert values.max() - values.min() > 0.9 * (high - low) / 1.72


def test_every_family_is_that_of_a_right_function_of_its_name():
    for family in FAMILIES:
        assert any(form.name.startswith(family) for form in OUTPUT if form.family == family and not form.fault)
    assert {form.family for form in (*HIDDEN, *OUTPUT)} == {"", *FAMILIES}
