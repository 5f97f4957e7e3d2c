"""`assert_learns` passes for a network that learns, and fails with the report for one that cannot."""

import unittest

import pytest

import unstuck
from tests.diagnosis.trials.trial import Trial
from unstuck.testing import assert_learns

FAULT = "B01 ActivationForDerivative"


@pytest.fixture(scope="module")
def blind():
    """A case of which only the outputs can be seen."""
    return Trial("relu_softmax", wiring="predict_only").case()


def test_a_network_that_learns_passes():
    report = assert_learns(Trial("relu_softmax").case(), budget=10)
    assert report.verdict == "healthy"


def test_a_network_that_cannot_learn_fails_with_the_whole_report():
    case = Trial("nielsen", (FAULT,)).case()
    case.name = "mine"
    with pytest.raises(AssertionError) as failure:
        assert_learns(case, budget=10)
    message = str(failure.value)
    assert message.startswith("mine: faulty, because of B01 activation-instead-of-derivative")
    assert "cure: Multiply by the derivative" in message


def test_nothing_examined_is_a_failure_that_says_what_is_missing(blind):
    with pytest.raises(AssertionError, match=r"(?s)inconclusive.*parameters=.*inconclusive=\"skip\""):
        assert_learns(blind, budget=5)


def test_nothing_examined_may_be_skipped_or_pass(blind):
    with pytest.raises(unittest.SkipTest, match="inconclusive"):
        assert_learns(blind, budget=5, inconclusive="skip")
    assert assert_learns(blind, budget=5, inconclusive="pass").verdict == "inconclusive"


def test_another_word_is_refused(blind):
    with pytest.raises(ValueError, match="inconclusive='maybe': expected"):
        assert_learns(blind, inconclusive="maybe")


def test_the_network_is_left_as_it_was():
    case = Trial("nielsen", (FAULT,)).case()
    before = [array.copy() for array in case.parameters()]
    with pytest.raises(AssertionError):
        assert_learns(case, budget=5)
    assert all((a == b).all() for a, b in zip(before, case.parameters(), strict=True))


def test_a_case_that_cannot_be_used_is_no_failure_of_the_network():
    with pytest.raises(unstuck.CaseError):
        assert_learns(unstuck.Case(predict=lambda x: x, x=[1, 2], targets=[1, 2]))
