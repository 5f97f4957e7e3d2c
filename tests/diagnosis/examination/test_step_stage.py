"""What is said of a step whose update rule, or part of whose gradients, the tables do not hold."""

from dataclasses import replace

import numpy as np
import pytest

import unstuck
from tests.diagnosis.examination.small_network import Remembering, SmallNetwork
from tests.diagnosis.trials.architectures import ARCHITECTURES
from tests.diagnosis.trials.trial import Trial
from unstuck.diagnosis.measurements.proof import FormulaFault


def resilient(memory, gradient):
    """Riedmiller and Braun 1993: steps of one size at first, grown or shrunk by the sign alone."""
    sign, before = np.sign(gradient), memory.get("sign", 0.0)
    size = memory.get("size", np.full(gradient.shape, 0.005))
    memory["size"] = size * np.where(sign * before > 0, 1.2, np.where(sign * before < 0, 0.5, 1.0))
    memory["sign"] = sign
    return -memory["size"] * sign


def adam(first_share, second_share):
    """Adam with these bias corrections of its two means, functions of the step number."""

    def change(memory, gradient):
        t = memory["t"] = memory.get("t", 0) + 1
        mean = memory["mean"] = 0.9 * memory.get("mean", 0.0) + 0.1 * gradient
        square = memory["square"] = 0.999 * memory.get("square", 0.0) + 0.001 * gradient**2
        return -0.01 * mean / first_share(t) / (np.sqrt(square / second_share(t)) + 1e-8)

    return change


def codes(found) -> set[str]:
    return {finding.rule.code for finding in found}


def test_an_unknown_adaptive_rule_proves_no_formula_wrong():
    report = unstuck.diagnose(SmallNetwork(Remembering(resilient)).case(), cures=False)
    assert not report.findings
    assert not codes(report.notes) & {"B12", "B14", "L04", "F02"}
    assert any(missing.what == "loss, gradients and update" for missing in report.unchecked)


def test_a_layer_that_stays_is_seen_under_an_unknown_rule_too():
    resilience = Remembering(resilient)

    def update(gradients):
        changes = resilience(gradients)
        return [0 * changes[0], 0 * changes[1], *changes[2:]]

    assert "B13" in codes(unstuck.diagnose(SmallNetwork(update).case(), cures=False).findings)


def with_dropout(network, changes):
    """The network under another mask in every step, its arrays changed by so much of their gradients."""
    generator, right = np.random.RandomState(0), network.gradients

    def step(x, targets):
        weights = network.parameters[2].copy()
        network.parameters[2] *= generator.binomial(1, 0.5, (8, 1)) * 2  # of hidden units
        gradients = right(x, targets)
        network.parameters[2][:] = weights
        for array, gradient, share in zip(network.parameters, gradients, changes, strict=True):
            array -= 0.1 * share * gradient

    return step


@pytest.mark.parametrize(("changes", "expected"), [((1, 1, 1, 1), set()), ((0, 0, 1, 1), {"B13"})])
def test_a_layer_that_stays_is_seen_where_the_step_is_random(changes, expected):
    network = SmallNetwork()
    report = unstuck.diagnose(network.case(step=with_dropout(network, changes)), cures=False)
    assert codes(report.findings) == expected


@pytest.mark.parametrize(("changes", "expected"), [((1, 1, 1, 1), set()), ((0, 1, 1, 1), {"B13"})])
def test_without_a_known_forward_pass_a_layer_that_stays_is_suspected(changes, expected):
    network, generator = SmallNetwork(), np.random.RandomState(1)
    case = replace(
        network.case(step=with_dropout(network, changes)),
        predict=lambda x: network.predict(x) + generator.uniform(0, 0.1, (len(x), 6)),
    )
    report = unstuck.diagnose(case, cures=False)
    assert "B13" not in codes(report.findings)
    assert codes(report.notes) & {"B13"} == expected


def test_only_what_is_exact_or_far_from_its_rival_is_proved():
    def fault(residual, rival_residual):
        return FormulaFault("L04", 2, "this", residual, "that", rival_residual)

    assert fault(1e-9, 1e-8).exact
    assert fault(5e-3, 0.1).exact
    assert not fault(1.6e-2, 2.5e-2).exact
    assert not fault(np.inf, np.inf).exact


@pytest.mark.parametrize(("share", "noted"), [(0.1, True), (0.01, False)])
def test_a_gradient_that_is_all_but_the_right_one_is_not_called_unexplained(share, noted):
    network = SmallNetwork()
    right = network.gradients

    def gradients(x, targets):
        made = right(x, targets)
        return [*made[:2], made[2] * (1 + share * network.parameters[2] ** 2), made[3]]

    network.gradients = gradients
    report = unstuck.diagnose(network.case(), cures=False)
    said = [item.summary for item in [*report.findings, *report.notes] if item.rule.code == "B14"]
    assert len(said) == noted
    assert not any("100%" in summary for summary in said)


def test_gradients_cut_to_one_length_are_right_beside_a_decay_too():
    network = SmallNetwork()

    def clipped(gradients):
        length = np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))
        return [-0.1 * (g / length + 0.01 * p) for g, p in zip(gradients, network.parameters, strict=True)]

    network.update = clipped
    report = unstuck.diagnose(network.case(), cures=False)
    assert not codes([*report.findings, *report.notes]) & {"B14", "B17", "B08"}


def test_the_rounding_that_saturated_units_magnify_hides_no_adaptive_rule():
    fast = replace(ARCHITECTURES["adam"], dtype="float32", learning_rate=0.5, biases="apart")
    report = unstuck.diagnose(Trial(fast, label="float32").case(), cures=False)
    assert report.network["update"]["learning_rate"] == pytest.approx(0.5)
    assert codes(report.findings) == {"U07"}


def test_an_unexplained_layer_is_named_from_the_output_down():
    network = SmallNetwork()
    right = network.gradients

    def gradients(x, targets):
        made = right(x, targets)
        return [made[0], made[1], made[2] * (1 + network.parameters[2] ** 2), made[3]]

    network.gradients = gradients
    report = unstuck.diagnose(network.case(), cures=False)
    (note,) = [item for item in [*report.findings, *report.notes] if item.rule.code == "B14"]
    assert note.layer == 2
    assert note.evidence["nearest_formula"]


def with_fault(update=None) -> SmallNetwork:
    """A network whose hidden derivative is forgotten."""
    network = SmallNetwork(update)
    network.derivative = np.ones_like
    return network


def test_gradients_tell_where_the_update_rule_is_unknown():
    network = with_fault(Remembering(resilient))
    report = unstuck.diagnose(network.case(gradients=network.gradients), cures=False)
    assert codes(report.findings) == {"B02"}


def test_gradients_tell_where_the_step_is_random():
    network = with_fault(lambda gradients: [g * np.random.normal(size=g.shape) for g in gradients])  # noqa: NPY002
    report = unstuck.diagnose(network.case(gradients=network.gradients), cures=False)
    assert codes(report.findings) == {"B02"}
    assert {missing.what for missing in report.unchecked} >= {"update"}


def test_random_gradients_are_not_explained():
    network = SmallNetwork()

    def gradients(x, targets):
        return [g * np.random.normal(size=g.shape) for g in network.gradients(x, targets)]  # noqa: NPY002

    report = unstuck.diagnose(network.case(step=None, gradients=gradients), cures=False)
    assert not codes([*report.findings, *report.notes]) & {"B14"}


def test_right_gradients_under_an_unknown_rule_are_left_in_peace():
    network = SmallNetwork(Remembering(resilient))
    report = unstuck.diagnose(network.case(gradients=network.gradients), cures=False)
    assert not report.findings
    assert not report.notes


def test_one_number_for_all_biases_is_a_gradient():
    network = SmallNetwork()

    def gradients(x, targets):
        made = network.gradients(x, targets)
        return [made[0], made[1].sum(), *made[2:]]

    report = unstuck.diagnose(network.case(step=None, gradients=gradients), cures=False)
    assert codes(report.findings) == {"B08"}


@pytest.mark.parametrize("first_share", [lambda t: 1 - 0.9 * t, lambda t: 1.5 - t], ids=["a known form", "another"])
def test_a_bias_correction_that_turns_the_steps_round_is_no_ascent(first_share):
    network = SmallNetwork(Remembering(adam(first_share, lambda t: 1 - 0.999**t)))
    report = unstuck.diagnose(network.case(), cures=False)
    said = codes([*report.findings, *report.notes])
    assert "U12" in said
    assert "U01" not in said


def test_the_step_number_in_the_place_of_the_power_is_named():
    network = SmallNetwork(Remembering(adam(lambda t: 1 - 0.9 * t, lambda t: 1 - 0.999**t)))
    assert "U12" in codes(unstuck.diagnose(network.case(), cures=False).findings)


def test_a_rate_whose_changes_are_lost_in_rounding_is_seen_at_biases_of_zero():
    setup = replace(ARCHITECTURES["relu_softmax"], dtype="float32", learning_rate=1e-7)
    report = unstuck.diagnose(Trial(setup, ()).case(), cures=False)
    assert codes(report.findings) == {"U08"}
    assert report.network["update"]["learning_rate"] == pytest.approx(1e-7, rel=1e-3)


@pytest.mark.parametrize("optimizer", ["momentum", "nesterov", "nesterov_accumulated", "nesterov_look_ahead"])
def test_the_rate_is_the_one_that_the_program_states(optimizer):
    setup = replace(ARCHITECTURES["relu_softmax"], optimizer=optimizer, momentum=0.9, learning_rate=0.01)
    report = unstuck.diagnose(Trial(setup, ()).case(), cures=False)
    assert report.network["update"]["learning_rate"] == pytest.approx(0.01, rel=1e-3)


def test_the_memory_of_the_one_bias_of_one_output_is_that_of_the_others():
    setup = replace(ARCHITECTURES["binary"], optimizer="momentum", momentum=0.9, learning_rate=0.05, dtype="float64")
    report = unstuck.diagnose(Trial(setup, ()).case(), cures=False)
    assert report.network["update"]["momentum"] == pytest.approx(0.9, rel=1e-3)
    assert not any("an update rule that the twin can follow" in entry.missing for entry in report.unchecked)
