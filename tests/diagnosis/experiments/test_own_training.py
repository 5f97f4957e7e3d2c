"""What the program's own steps and loop tell where no twin can stand in: the rate of an optimiser that nobody knows."""

import numpy as np
import pytest

from tests.diagnosis.rules.small_program import Softmax, make_case
from unstuck.diagnosis.diagnose import diagnose


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
