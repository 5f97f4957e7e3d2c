"""Optimisers with memory, in any algebraic variant, told from the changes that they make."""

from dataclasses import replace

import numpy as np
import pytest

import unstuck
from tests.diagnosis.examination.small_network import Remembering, SmallNetwork
from unstuck.diagnosis.formulas.updates import DEFAULT_ADAM, AdaptiveRule, ada_grad, rms_prop
from unstuck.diagnosis.identification.moments import find_moments
from unstuck.diagnosis.twin.update_rule import RateLaw

RULES = {
    "usual": DEFAULT_ADAM,
    "other betas": replace(DEFAULT_ADAM, beta1=0.85, beta2=0.97),
    "corrections multiplied": replace(DEFAULT_ADAM, beta2=0.99, corrections=("multiplied", "multiplied")),
    "only the second corrected": replace(DEFAULT_ADAM, corrections=("none", "right")),
    "corrections kept in both": replace(DEFAULT_ADAM, keeps="both"),
    "corrections kept in the first": replace(DEFAULT_ADAM, keeps="first"),
    "no root": replace(DEFAULT_ADAM, rooted=False),
    "no square": replace(DEFAULT_ADAM, squared="sizes"),
    "second moment of the first": replace(DEFAULT_ADAM, squared="squares of the mean"),
    "first moment of the squares": replace(DEFAULT_ADAM, divided="mean of the squares"),
    "rms_prop": rms_prop(0.93),
    "rms_prop without root": replace(rms_prop(0.9), rooted=False),
    "ada_grad": ada_grad(),
    "nadam": replace(DEFAULT_ADAM, divided="mean and gradient"),
    "adamax": AdaptiveRule(squared="sizes", gathered="largest", rooted=False),
    "amsgrad": replace(DEFAULT_ADAM, gathered="largest mean", beta2=0.9),
    "ada_belief": replace(DEFAULT_ADAM, squared="squares apart from the mean"),
}


def gradients(n_runs=2, n_steps=8):
    generator = np.random.default_rng(0)
    return [[generator.normal(size=400) * generator.gamma(1, size=400) for _ in range(n_steps)] for _ in range(n_runs)]


def changes(rule, law=lambda step: 1.0):
    return [[-0.01 * law(n) * d for n, d in enumerate(rule.directions(run))] for run in gradients()]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_is_told_with_its_settings_from_the_changes(rule):
    found = find_moments(gradients(), changes(rule), 1e-4)
    assert found is not None
    assert (found.rule.name, found.rule.fault) == (rule.name, rule.fault)
    assert found.law == RateLaw()


@pytest.mark.parametrize("corrections", [("right", "right"), ("multiplied", "multiplied")])
def test_a_rate_that_falls_is_no_correction(corrections):
    rule = replace(DEFAULT_ADAM, corrections=corrections)
    found = find_moments(gradients(), changes(rule, lambda step: 0.98**step), 1e-4)
    assert found is not None
    assert found.rule.corrections == corrections
    assert (found.law.name, found.law.value) == ("geometric", pytest.approx(0.98, abs=1e-5))


@pytest.mark.parametrize("name", ["usual", "other betas", "no root", "rms_prop", "ada_grad"])
def test_a_share_of_the_values_taken_off_beside_the_rule_hides_nothing(name):
    rule, generator = RULES[name], np.random.default_rng(5)
    values = [[generator.normal(size=400) for _ in run] for run in gradients()]
    made = [[c - 0.002 * v for c, v in zip(*pair, strict=True)] for pair in zip(changes(rule), values, strict=True)]
    found = find_moments(gradients(), made, 1e-4, values)
    assert found is not None
    assert found.decays
    assert (found.rule.name, found.law) == (rule.name, RateLaw())


def test_no_rule_is_found_where_the_changes_have_nothing_to_do_with_the_gradients():
    others = [[np.random.default_rng(n).normal(size=400) for n in range(8)]] * 2
    assert find_moments(gradients(), others, 1e-4) is None


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (replace(DEFAULT_ADAM, beta2=0.99, corrections=("multiplied", "multiplied")), "U12"),
        (replace(DEFAULT_ADAM, keeps="both"), "U12"),
        (replace(DEFAULT_ADAM, rooted=False), "U17"),
        (replace(DEFAULT_ADAM, squared="sizes"), "U17"),
        (replace(rms_prop(0.9), rooted=False), "U17"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_a_wrong_rule_in_a_program_is_proved_and_named(rule, code):
    def update(memory, gradient):
        return -0.003 * rule.direction(memory, gradient)

    report = unstuck.diagnose(SmallNetwork(Remembering(update)).case(), cures=False)
    (said,) = [item for item in [*report.findings, *report.notes] if item.rule.code == code]
    assert said.grade == "proved"
    assert said.evidence["rule"] == rule.name
    assert report.network["update"]["learning_rate"] == pytest.approx(0.003, rel=1e-3)


@pytest.mark.parametrize("rule", [replace(DEFAULT_ADAM, beta1=0.85, beta2=0.97), rms_prop(0.93)], ids=["adam", "rms"])
def test_unusual_settings_of_a_right_rule_are_followed_and_nothing_is_said(rule):
    def update(memory, gradient):
        return -0.003 * rule.direction(memory, gradient)

    report = unstuck.diagnose(SmallNetwork(Remembering(update)).case(), cures=False)
    assert not report.findings
    assert report.network["update"]["learning_rate"] == pytest.approx(0.003, rel=1e-3)
    assert f"{rule.kind}(" in str(report)
