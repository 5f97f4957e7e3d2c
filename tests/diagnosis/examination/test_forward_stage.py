"""What the outputs tell of layers and activations, and what they cannot."""

from contextlib import closing

from tests.diagnosis.examination.small_network import SmallNetwork
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.examination.forward_stage import examine_forward
from unstuck.diagnosis.program.program import Program


def test_inputs_that_are_all_alike_prove_no_formula():
    network = SmallNetwork()
    for alike in (False, True):
        network.x *= not alike
        with closing(Program(network.case())) as program:
            e = examine_forward(Examination(program.case, program))
        assert e.forward_proved != alike
        assert e.undecided == alike
