"""Gradients that no formula explains, beside central differences of the user's own loss."""

import numpy as np
import pytest

import unstuck
from tests.diagnosis.examination.small_network import SmallNetwork
from tests.diagnosis.rules.small_program import N_CLASSES, make_case, see
from unstuck.diagnosis.examination import examine_forward, examine_step

STAGES = (examine_forward, examine_step)
random = np.random.RandomState(0)
W, V = random.randn(64, 8) * 0.2, random.randn(8, N_CLASSES) * 0.5


def outputs(x):
    return np.tanh(x @ W) @ V


def loss(x, targets):
    """The fourth power of the error."""
    return np.sum((outputs(x) - targets) ** 4) / len(x)


def gradients(x, targets):
    hidden = np.tanh(x @ W)
    delta = 4 * (outputs(x) - targets) ** 3 / len(x)
    return [x.T @ (delta @ V.T * (1 - hidden**2)), hidden.T @ delta]


def shuffled_below(x, targets):
    below, above = gradients(x, targets)
    return [below[:, ::-1] * np.linspace(0.5, 2, 8), above]


def found(gradients, **fields):
    case = make_case(
        predict=outputs, parameters=lambda: [W, V], gradients=gradients, step=None, train=None, accuracy=None, **fields
    )
    return see(case, "B14", stages=STAGES).get("B14")


def test_the_gradient_of_a_loss_that_no_table_holds_is_right():
    assert found(gradients).grade == "suspected"
    assert found(gradients, loss=loss) is None


def test_a_gradient_unlike_that_of_the_loss_is_no_more_than_suspected_if_the_layer_above_is_unlike_it_too():
    other = lambda x, t: loss(x, t) + np.abs(outputs(x)).sum()  # noqa: E731
    assert found(gradients, loss=other).grade == "suspected"


def test_a_gradient_unlike_that_of_the_loss_is_proved_if_the_layer_above_is_like_it():
    evidence = found(shuffled_below, loss=loss)
    assert (evidence.grade, evidence.layer) == ("proved", 1)


@pytest.mark.parametrize(("array", "along"), [(0, 1), (1, 0), (2, 0)])
def test_a_mean_in_every_place_is_no_factor(array, along):
    changes = [lambda gradient: gradient] * 4
    changes[array] = lambda gradient: 0 * gradient + gradient.mean(axis=along, keepdims=True)
    network = SmallNetwork(lambda gradients: [-0.1 * change(g) for change, g in zip(changes, gradients, strict=True)])
    report = unstuck.diagnose(network.case(batch_size=6, learning_rate=0.1), cures=False)
    found = {finding.rule.code for finding in [*report.findings, *report.notes]}
    assert found & {"B08", "B16"}
    assert "B17" not in found


@pytest.mark.parametrize(("times", "noted"), [(1, False), (0.3, False), (1 / 6, False), (0.03, True), (30, True)])
def test_a_rate_far_from_the_one_stated_is_noted(times, noted):
    """1 / 6: the mean over the outputs."""
    network = SmallNetwork(lambda gradients: [-0.1 * gradient for gradient in gradients])
    report = unstuck.diagnose(network.case(batch_size=6, learning_rate=0.1 / times), cures=False)
    assert "B17" not in {finding.rule.code for finding in report.findings}
    assert ("B17" in {note.rule.code for note in report.notes}) == noted
