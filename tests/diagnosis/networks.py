"""Random twins and passes, and derivatives by central differences."""

from itertools import pairwise

import numpy as np

from unstuck.diagnosis.formulas.formula import Formula, Pass
from unstuck.diagnosis.formulas.forward import output_form
from unstuck.diagnosis.formulas.functions import Form
from unstuck.diagnosis.formulas.output_deltas import right_deltas
from unstuck.diagnosis.twin.parameters import Parameters
from unstuck.diagnosis.twin.twin import Link, Twin
from unstuck.diagnosis.twin.update_rule import UpdateRule

STEP = 1e-5
AS_GIVEN = Formula("as given", lambda given: given)


def draw_twin(hidden=("tanh",), output="softmax", delta=None, update=None, links=None) -> Twin:
    """A right twin, but for what is given."""
    depth = len(hidden) + 1
    return Twin(
        hidden=tuple(hidden),
        output=output,
        training_output=output,
        output_delta=delta or right_deltas(output_form(output))[0],
        coding=AS_GIVEN,
        links=links or (Link(),) * depth,
        update=update or UpdateRule(),
        bias_modes=("inside",) * depth,
    )


def draw_parameters(sizes, seed=0) -> Parameters:
    generator = np.random.default_rng(seed)
    pairs = list(pairwise(sizes))
    weights = [generator.normal(size=pair) / np.sqrt(pair[0]) for pair in pairs]
    return Parameters(weights, [0.5 * generator.normal(size=n_out) for _, n_out in pairs])


def draw_batch(n, n_features, n_outputs, seed=0):
    """Inputs (n, n_features), one in five of them zero, and one-hot targets (n, n_outputs)."""
    generator = np.random.default_rng(100 + seed)
    x = generator.normal(size=(n, n_features)) * (generator.random((n, n_features)) > 0.2)
    return x, np.eye(n_outputs)[generator.integers(0, n_outputs, n)]


def draw_pass(sizes=(6, 5, 4, 3), hidden="tanh", output="softmax", n=7, seed=0, spread=1.0) -> Pass:
    """A pass through random parameters; `spread` widens the output sums."""
    twin = draw_twin((hidden,) * (len(sizes) - 2), output)
    x, targets = draw_batch(n, sizes[0], sizes[-1], seed)
    parameters = draw_parameters(sizes, seed)
    parameters.weights[-1] *= spread
    return twin.forward_pass(parameters, x, targets)


LOSSES = {
    "cross_entropy": lambda z, a, t: -(t * log_softmax(z)).sum(),
    "cross_entropy of unnormalised targets": lambda z, a, t: -(t * log_softmax(z)).sum(),
    "cross_entropy through the shared sum": lambda z, a, t: -(t * np.log(a)).sum(),
    "squared_error through the shared sum": lambda z, a, t: 0.5 * ((a - t) ** 2).sum(),
    "binary_cross_entropy": lambda z, a, t: -(t * np.log(a) + (1 - t) * np.log(1 - a)).sum(),
    "squared_error": lambda z, a, t: 0.5 * ((a - t) ** 2).sum(),
    "absolute_error": lambda z, a, t: np.abs(a - t).sum(),
    "log_cosh": lambda z, a, t: np.log(np.cosh(a - t)).sum(),
    "pseudo_huber": lambda z, a, t: np.sqrt(1 + (a - t) ** 2).sum(),
    "huber(1)": lambda z, a, t: huber(a - t, 1.0).sum(),
    "huber(0.5)": lambda z, a, t: huber(a - t, 0.5).sum(),
    "hinge": lambda z, a, t: np.maximum(0, 1 - (2 * t - 1) * a).sum(),
    "squared_hinge": lambda z, a, t: 0.5 * (np.maximum(0, 1 - (2 * t - 1) * a) ** 2).sum(),
    "hinge of every other class": lambda z, a, t: broken_margins(a, t).sum(),
    "squared_hinge of every other class": lambda z, a, t: 0.5 * (broken_margins(a, t) ** 2).sum(),
    "hinge of the nearest other class": lambda z, a, t: broken_margins(a, t).max(axis=1).sum(),
    "exponential": lambda z, a, t: np.exp(-(2 * t - 1) * a).sum(),
    "poisson": lambda z, a, t: (np.exp(a) - t * a).sum(),
    "gamma": lambda z, a, t: (a + t * np.exp(-a)).sum(),
    **{
        f"quantile({q:g})": lambda z, a, t, q=q: np.where(a > t, (1 - q) * (a - t), q * (t - a)).sum()
        for q in (0.9, 0.1, 0.95, 0.05, 0.75, 0.25, 0.8, 0.2)
    },
}


def huber(error, most):
    return np.where(np.abs(error) < most, 0.5 * error**2, most * (np.abs(error) - most / 2))


def broken_margins(a, t):
    """By how much each class comes nearer than 1 to the own one; 0 for that itself."""
    return np.where(t > 0, 0, np.maximum(0, 1 + a - (a * t).sum(axis=1, keepdims=True)))


def log_softmax(z):
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def loss_from(twin: Twin, parameters: Parameters, layer: int, sums, targets) -> float:
    """The loss that the twin's output delta belongs to, as a function of the sums of one layer (n, width)."""
    forms: list[Form] = twin.forms()
    for l in range(layer, len(forms) - 1):
        sums = forms[l].value(sums) @ parameters.weights[l + 1] + parameters.biases[l + 1]
    return LOSSES[twin.output_delta.name](sums, forms[-1].value(sums), targets)


def central_differences(function, at, step=STEP):
    """The gradient of a function of one array, entry by entry; `at` is left as it was."""
    found = np.empty_like(at)
    for i in np.ndindex(at.shape):
        kept = at[i]
        at[i] = kept + step
        above = function(at)
        at[i] = kept - step
        below = function(at)
        at[i] = kept
        found[i] = (above - below) / (2 * step)
    return found


def apart(found, wanted) -> float:
    """‖found − wanted‖ as a share of ‖wanted‖."""
    return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))


def unlike(found, wanted) -> float:
    """The sine of the angle between two arrays: 0 if they differ by a factor only."""
    found, wanted = np.ravel(found), np.ravel(wanted)
    if not np.any(found) or not np.any(wanted):
        return float(np.any(found) != np.any(wanted))
    found, wanted = found / np.abs(found).max(), wanted / np.abs(wanted).max()
    cosine = found @ wanted / (np.linalg.norm(found) * np.linalg.norm(wanted))
    return float(np.sqrt(max(0.0, 1 - cosine**2)))
