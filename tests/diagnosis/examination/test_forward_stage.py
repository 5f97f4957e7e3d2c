"""What the outputs tell of layers and activations, and what they cannot."""

from contextlib import closing

import numpy as np
import pytest

from tests.diagnosis.examination.small_network import SmallNetwork
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.examination.forward_stage import examine_forward
from unstuck.diagnosis.program.program import Program


class HiddenSoftmax(SmallNetwork):
    def hidden(self, x):
        e = np.exp(x @ self.parameters[0] + self.parameters[1])
        return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("alike", [False, True])
def test_inputs_that_are_all_alike_accuse_no_formula(alike):
    network = HiddenSoftmax()
    network.x *= not alike
    with closing(Program(network.case())) as program:
        e = examine_forward(Examination(program.case, program))
    assert e.forward_proved != alike
    assert e.undecided == alike
