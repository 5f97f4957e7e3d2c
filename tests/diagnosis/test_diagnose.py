"""A failure of this package costs what failed, not the report; and no test passes because of that."""

from dataclasses import replace

import pytest

import unstuck
from tests.diagnosis.trials.trial import Trial
from unstuck.diagnosis.rules import RULES
from unstuck.diagnosis.source import location


@pytest.fixture
def crashing_rule(monkeypatch):
    def crash(e):
        raise ZeroDivisionError("by nothing")

    monkeypatch.setitem(RULES, "L04", replace(RULES["L04"], check=crash))


def diagnose():
    return unstuck.diagnose(Trial("relu_softmax", ("F01 SumOverWholeBatch",)).case(), budget=6, cures=False)


@pytest.mark.usefixtures("crashing_rule")
def test_a_rule_that_crashes_costs_itself_and_not_the_report(monkeypatch):
    monkeypatch.delenv("UNSTUCK_STRICT")
    report = diagnose()
    assert [finding.rule.code for finding in report.findings] == ["F01"]
    missing = {entry.what: entry.missing for entry in report.unchecked}
    assert "ZeroDivisionError: by nothing" in missing["L04 loss-derivative-wrong"]


@pytest.mark.usefixtures("crashing_rule")
def test_a_rule_that_crashes_fails_every_test_that_diagnoses():
    with pytest.raises(ZeroDivisionError):
        diagnose()


def test_a_form_of_code_that_nobody_foresaw_costs_the_line(monkeypatch):
    def crash(source):
        raise IndexError

    monkeypatch.setitem(location.FORMS, "F01", (crash,))
    case = Trial("relu_softmax").case()
    with pytest.raises(IndexError):
        location.find(case, "F01")
    monkeypatch.delenv("UNSTUCK_STRICT")
    assert location.find(case, "F01") is None


@pytest.mark.parametrize("budget", [0, -1.0, float("nan")])
def test_a_budget_that_is_no_time_is_refused(budget):
    with pytest.raises(unstuck.CaseError, match="expected a number of seconds above 0"):
        unstuck.diagnose(Trial("relu_softmax").case(), budget=budget)
