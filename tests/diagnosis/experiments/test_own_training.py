"""What the program's own steps and loop tell where no twin can stand in: the rate of an optimiser that nobody knows."""

import numpy as np
import pytest

from tests.diagnosis.rules.small_program import Softmax, make_case
from unstuck.diagnosis.diagnose import diagnose
from unstuck.diagnosis.experiments.task import Task
from unstuck.diagnosis.twin.training import going_along


class RootsOfGradients(Softmax):
    rate = 0.03

    def step(self, x, targets):
        delta = (self.predict(x) - targets) / len(x)
        for array, gradient in ((self.w, x.T @ delta), (self.b, delta.sum(axis=0))):
            array -= self.rate * np.sign(gradient) * np.abs(gradient) ** 0.3


class TinySteps(RootsOfGradients):
    rate = 3e-6


@pytest.mark.parametrize(("program", "found"), [(RootsOfGradients, []), (TinySteps, ["U08"])], ids=["right", "tiny"])
def test_a_rate_is_judged_by_the_programs_own_steps(program, found):
    report = diagnose(make_case(program), cures=False, budget=120)
    assert [finding.rule.code for finding in report.findings] == found
    if found:
        assert "times as far" in report.findings[0].summary


class Numbers(RootsOfGradients):
    rate = 0.003

    def predict(self, x):
        return x @ self.w + self.b


class LongSteps(Numbers):
    rate = 3.0


@pytest.mark.parametrize(("program", "found"), [(Numbers, []), (LongSteps, ["U07"])], ids=["right", "long"])
def test_numbers_are_a_task_as_classes_are(program, found):
    classes = make_case().targets
    targets = classes @ np.random.default_rng(5).normal(size=(classes.shape[1], classes.shape[1]))
    case = make_case(program, targets=targets, **dict.fromkeys(("labels", "targets_test", "labels_test", "raw"), None))
    report = diagnose(case, cures=False, budget=120)
    assert [finding.rule.code for finding in report.findings] == found
    assert report.verdict == ("faulty" if found else "healthy")


def test_outputs_in_other_units_than_the_numbers_wanted_are_not_called_healthy():
    generator = np.random.default_rng(0)
    wanted = generator.normal(size=(200, 2)) + 5
    assert going_along(np.log(wanted), wanted) > 0.9
    assert going_along(-wanted, wanted) == 0
    task = Task(wanted, np.arange(100), np.arange(100, 200), None, 1.0)
    assert task.in_units(wanted[100:] + 0.5)
    assert not task.in_units(np.log(wanted[100:]))
