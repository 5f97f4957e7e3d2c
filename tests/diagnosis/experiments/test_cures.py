"""The cure names what is needed and nothing else, and claims no gain that the seeds make by themselves."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import unstuck
from tests.diagnosis.rules.small_program import Softmax, make_case
from tests.diagnosis.trials.architectures import ARCHITECTURES
from tests.diagnosis.trials.trial import Trial
from unstuck.diagnosis.experiments.cures import (
    NOTHING,
    SEEDS,
    compared,
    say_what_was_compared,
    smallest_of,
)
from unstuck.diagnosis.experiments.verdicts import MATTERS
from unstuck.diagnosis.twin.training import Outcome

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of the programs


def diagnosed(where, *faults, **options):
    return unstuck.diagnose(Trial(where, faults).case(), **options)


@pytest.mark.parametrize(
    ("where", "fault", "code"),
    [
        ("relu_softmax", "F01 SumOverWholeBatch", "F01"),
        ("nielsen", "B02 NoDerivative", "B02"),
        ("leaky_deep", "B10 SignOfHiddenDeltaWrong", "B10"),
        ("nielsen", "A01 AllTheSameNumber", "A01"),
        ("linear_output", "D12 sorted_and_not_shuffled", "D12"),
        ("leaky_deep", "D01 DividedByZeroSpread", "D01"),
        ("nielsen", "F10 one_output_for_ten_classes", "F10"),
    ],
)
def test_the_cure_of_one_fault_is_that_fault_put_right(where, fault, code):
    cure, *wider = diagnosed(where, fault).cures
    assert cure.changes == (code,)
    assert all(other.accuracy_after >= cure.accuracy_after + 0.03 for other in wider)
    assert cure.seeds == len(SEEDS)
    assert cure.accuracy_after - cure.accuracy_before > MATTERS
    assert cure.worth[code] == pytest.approx(cure.accuracy_after - cure.accuracy_before, abs=0.1)


@pytest.mark.parametrize(
    ("where", "fault", "code"),
    [
        ("binary", "U05 CopiesAreUpdated", "U05"),
        ("relu_softmax", "U06 IntegerParameters", "U06"),
        ("nielsen", "D14 ShufflesInputsOnly", "D14"),
        ("sigmoid_deep", "D14 ShufflesInputsOnly", "D14"),
        ("nielsen", "D11 TestLabelsOneAside", "D11"),
        ("nielsen", "E01 LargestOutputOfTheBatch", "E01"),
        ("nielsen", "D10 LabelsShuffledApart", "D10"),
        ("regression", "D04 OneImageForAll", "D04"),
        ("square_relu", "B14 GradientOneUnitAside", "B14"),
    ],
)
def test_what_is_outside_the_step_is_shown_beside_the_right_one(where, fault, code):
    gains = {cure.changes: cure.accuracy_after - cure.accuracy_before for cure in diagnosed(where, fault).cures}
    assert gains[(code,)] > 0.2


def test_beside_right_steps_an_unknown_fault_is_not_given_the_credit_of_a_known_one():
    cures = diagnosed("square_relu", "B14 GradientOneUnitAside", "B11 DiagonalJacobianOnTopOfCrossEntropy").cures
    assert [cure.changes for cure in cures] == [("B11", "B14")]


class ComparesWithTheClassNumber(Softmax):
    """What broadcasting makes of outputs (n, k) and labels (n, 1)."""

    def predict(self, x):
        return x @ self.w + self.b

    def step(self, x, targets):
        delta = (self.predict(x) - targets.argmax(axis=1)[:, None]) / len(x)
        self.w -= 0.05 * x.T @ delta
        self.b -= 0.05 * delta.sum(axis=0)


def test_a_class_number_in_the_place_of_targets_is_put_right_with_the_error_made_of_it():
    cure, *_ = unstuck.diagnose(make_case(ComparesWithTheClassNumber, updates=200)).cures
    assert cure.changes == ("D09",)
    assert cure.accuracy_after > 0.8


def test_what_was_cured_is_not_said_to_be_untried():
    report = diagnosed("nielsen", "D14 ShufflesInputsOnly")
    assert [finding.matters for finding in report.findings if finding.rule.code == "D14"] == [True]


def test_too_few_updates_become_as_many_as_the_network_needs():
    cure, *_ = diagnosed("tanh_deepest", "U09 whole_batch_three_times").cures
    assert cure.updates > 1200
    assert cure.accuracy_after > 0.78


def test_a_network_that_diverges_within_three_steps_is_followed_until_then():
    float32 = replace(ARCHITECTURES["relu_softmax"], dtype="float32")
    report = unstuck.diagnose(Trial(float32, ("U13 diverges",), label="float32").case())
    assert {"U07", "U13"} <= {finding.rule.code for finding in report.findings}
    assert report.cures[0].accuracy_after > 0.6


def test_two_faults_are_both_needed():
    cure, *_ = diagnosed("relu_softmax", "F01 SumOverWholeBatch", "B10 SignOfHiddenDeltaWrong").cures
    assert set(cure.changes) == {"F01", "B10"}
    assert min(cure.worth.values()) >= MATTERS


def test_a_healthy_network_has_no_cure():
    report = diagnosed("relu_softmax")
    assert report.verdict == "healthy"
    assert not report.cures


def test_the_twin_follows_the_users_own_updates():
    followed = diagnosed("relu_softmax", "F01 SumOverWholeBatch").network["followed"]
    assert followed["updates"] == 20
    assert followed["departure"] < 1e-9


def test_hardly_any_time_is_no_error():
    report = diagnosed("relu_softmax", "F01 SumOverWholeBatch", budget=1e-9)
    assert report.verdict == "inconclusive"
    assert not report.findings


def test_what_changes_nothing_is_left_out():
    worth = {"B01": 0.5, "irrelevant": 0.0, "U08": 0.2}

    def score(changes):
        return sum(worth[change] for change in changes)

    assert smallest_of(frozenset(worth), list(worth), score, lambda: True) == {"B01", "U08"}
    assert smallest_of(frozenset(worth), list(worth), score, lambda: False) == set(worth)
    assert smallest_of(frozenset(["irrelevant"]), ["irrelevant"], score, lambda: True) == {"irrelevant"}


@pytest.mark.parametrize(("gain", "claimed"), [(0.0, False), (0.01, False), (0.05, False), (0.3, True)])
def test_a_gain_within_the_spread_over_the_seeds_is_not_claimed(gain, claimed):
    noise = dict(zip(SEEDS, (0.0, 0.08, -0.08), strict=True))

    def run(changes, seed=0):
        return Outcome([0.4 + gain * (changes != NOTHING) + noise[seed] * (1 if changes else -1)])

    setup = SimpleNamespace(parameters=None)
    search = SimpleNamespace(
        run=run,
        score=lambda changes: run(changes).score,
        setup=lambda changes: setup,
        outcomes={},
        allowance=SimpleNamespace(left=1.0),
        per_run=0.1,
    )
    assert (compared(search, frozenset(["B01"]), ["B01"]) is not None) == claimed


def test_a_comparison_that_allows_no_claim_is_told():
    said = []
    search = SimpleNamespace(
        run=lambda changes, seed=0: Outcome([0.89 + 0.01 * seed + 0.015 * bool(changes)], updates=500),
        e=SimpleNamespace(leave_unchecked=lambda what, missing: said.append(what)),
    )
    say_what_was_compared(search, ["B03", "B08"])
    assert said == ["a cure: 90.0% ± 1.0 before, 91.5% ± 1.0 after with B03 + B08 put right (500 updates, 3 seeds)"]


def test_the_mean_is_over_the_seeds():
    def run(changes, seed=0):
        return Outcome([0.1 if not changes else 0.8 + 0.01 * seed])

    search = SimpleNamespace(
        run=run,
        score=lambda changes: run(changes).score,
        setup=lambda changes: None,
        outcomes={},
        allowance=SimpleNamespace(left=1.0),
        per_run=0.1,
    )
    trial = compared(search, frozenset(["B01"]), ["B01"])
    assert trial.before == pytest.approx(0.1)
    assert trial.after == pytest.approx(np.mean([0.8, 0.81, 0.82]))
    assert trial.after_spread == pytest.approx(0.01)
