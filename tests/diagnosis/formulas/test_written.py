"""What reports write out in NumPy is the formula of that name."""

import numpy as np
import pytest

from unstuck.diagnosis.formulas import forward, gradients, hidden_deltas, output_deltas
from unstuck.diagnosis.formulas.formula import Pass
from unstuck.diagnosis.formulas.written import WRITTEN

RNG = np.random.default_rng(0)
X, WIDE, ABOVE = RNG.random((5, 4)), RNG.normal(size=(4, 4)), RNG.normal(size=(4, 4))
SIGMOID = forward.hidden_form("sigmoid")
Z = X @ WIDE
A = SIGMOID.value(Z)
PASS = Pass(
    activations=[X, A, forward.softmax(A @ ABOVE)],
    sums=[Z, A @ ABOVE],
    weights=[WIDE, ABOVE],
    biases=[RNG.random(4), RNG.random(4)],
    targets=np.eye(4)[[0, 1, 2, 3, 0]],
    hidden=("sigmoid",),
    output="softmax",
    weights_after=[WIDE + 1, ABOVE + 1],
    biases_after=[RNG.random(4), RNG.random(4)],
)


def names() -> set[str]:
    found = {form.name for form in (*forward.HIDDEN, *forward.OUTPUT)} | {"bias outside the activation"}
    for form in (*forward.HIDDEN, *forward.OUTPUT):
        found |= {formula.name for formula in output_deltas.wrong_deltas(form)}
        if form.derivative is not None:
            found |= {formula.name for formula in hidden_deltas.factor_formulas(form)}
    found |= {formula.name for formula in hidden_deltas.back_formulas(PASS, 0, True)}
    found |= {formula.name for l in (0, 1) for formula in gradients.weight_formulas(PASS, l)}
    return found | {f"bias gradient: {formula.name}" for l in (0, 1) for formula in gradients.bias_formulas(PASS, l)}


def test_every_name_is_that_of_a_formula():
    assert set(WRITTEN) <= names()


def slope(value):
    return SIGMOID.derivative(value, SIGMOID.value(value))


@pytest.mark.parametrize("formula", hidden_deltas.factor_formulas(SIGMOID), ids=lambda formula: formula.name)
def test_factors_are_written_as_they_are_computed(formula):
    if formula.name not in WRITTEN:
        return
    said = WRITTEN[formula.name][0].removeprefix("delta = ")
    known = {"error": 1.0, "a": A, "z": Z, "f": SIGMOID.value, "slope": slope, "np": np}
    written = eval(said.replace("f'", "slope"), known)
    np.testing.assert_allclose(np.broadcast_to(written, Z.shape), formula.compute(SIGMOID, PASS, 0))


@pytest.mark.parametrize("formula", gradients.weight_formulas(PASS, 0), ids=lambda formula: formula.name)
def test_gradients_are_written_as_they_are_computed(formula):
    if formula.name not in WRITTEN:
        return
    delta = RNG.normal(size=Z.shape)
    known = {"x": X, "delta": delta, "W": WIDE, "np": np}
    written = eval(WRITTEN[formula.name][0].removeprefix("dW = "), known)
    np.testing.assert_allclose(np.broadcast_to(written, WIDE.shape), formula.compute(PASS, 0, delta))
