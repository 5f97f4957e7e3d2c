"""Lines that the numbers of a fault tell, whatever the program calls its variables."""

import inspect
from contextlib import closing

import numpy as np
import pytest

from tests.diagnosis.examination.small_network import SmallNetwork
from unstuck.diagnosis.examination import examine_forward, examine_step
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.measurements.proof import formula_faults
from unstuck.diagnosis.measurements.value_lines import line_of_fault
from unstuck.diagnosis.program.program import Program


def line_of(program, find):
    """The line that the fault which `find` names in an examination is found on."""
    with closing(Program(program().case(batch_size=6))) as examined:
        e = examine_step(examine_forward(Examination(examined.case, examined)))
        return line_of_fault(e, *find(e), {})


def place_of(program):
    lines, start = inspect.getsourcelines(program)
    return __file__, start + next(i for i, text in enumerate(lines) if "# here" in text)


class Derivative(SmallNetwork):
    def gradients(self, u, v):
        q = self.hidden(u)
        r = (self.predict(u) - v) / len(u)
        s = (r @ self.parameters[2].T) * (1 - q)  # here
        return [u.T @ s, s.sum(axis=0), q.T @ r, r.sum(axis=0)]


class OutputError(SmallNetwork):
    def gradients(self, u, v):
        q, p = self.hidden(u), self.predict(u)
        r = p - v
        r = r * p * (1 - p) / len(u)  # here
        s = (r @ self.parameters[2].T) * (1 - q * q)
        return [u.T @ s, s.sum(axis=0), q.T @ r, r.sum(axis=0)]


class Gradient(SmallNetwork):
    def gradients(self, u, v):
        q = self.hidden(u)
        r = (self.predict(u) - v) / len(u)
        s = (r @ self.parameters[2].T) * (1 - q * q)
        first = [u.T @ s, s.sum(axis=0)]
        z = u @ self.parameters[0] + self.parameters[1]
        first.append(z.T @ r)  # here
        return [*first, r.sum(axis=0)]


class Activation(SmallNetwork):
    def hidden(self, u):
        w, b, *_ = self.parameters
        z = u @ w + b
        return 1 / (1 + np.exp(z))  # here

    def derivative(self, a):
        return a * (1 - a)


class Adding(SmallNetwork):
    def step(self, x, targets):
        first, *others = self.gradients(x, targets)
        for array, gradient in zip(self.parameters[1:], others):
            array -= 0.1 * gradient
        self.parameters[0] += 0.1 * first  # here


class Negative(SmallNetwork):
    def gradients(self, u, v):
        q = self.hidden(u)
        r = (self.predict(u) - v) / len(u)
        s = (r @ self.parameters[2].T) * (1 - q * q)
        first = -u.T @ s  # here
        return [first, s.sum(axis=0), q.T @ r, r.sum(axis=0)]


class AddingByOneLine(SmallNetwork):
    def step(self, x, targets):
        for sign, array, gradient in zip((1, -1, -1, -1), self.parameters, self.gradients(x, targets)):
            array += sign * 0.1 * gradient


class UnknownError(SmallNetwork):
    def gradients(self, u, v):
        q, p = self.hidden(u), self.predict(u)
        r = np.sqrt(np.abs(p - v)) * np.cos(p)  # here
        s = (r @ self.parameters[2].T) * (1 - q * q)
        return [u.T @ s, s.sum(axis=0), q.T @ r, r.sum(axis=0)]


class UnknownGate(SmallNetwork):
    def gradients(self, u, v):
        q = self.hidden(u)
        r = (self.predict(u) - v) / len(u)
        s = r @ self.parameters[2].T
        s = s * (s > 0) * (1 - q**4)  # here
        return [u.T @ s, s.sum(axis=0), q.T @ r, r.sum(axis=0)]


@pytest.mark.parametrize(("program", "fault"), [(UnknownError, ("L04", 0)), (UnknownGate, ("B14", 1))])
def test_the_line_of_an_error_in_no_table_is_read_off_the_change_that_it_makes(program, fault):
    assert line_of(program, lambda e: fault) == place_of(program)


@pytest.mark.parametrize("program", [Adding, Negative])
def test_the_line_that_turns_a_step_round_is_named(program):
    assert line_of(program, lambda e: ("B10", 1)) == place_of(program)


def test_a_line_that_changes_every_array_is_not_accused_of_turning_one_round():
    assert line_of(AddingByOneLine, lambda e: ("B10", 1)) is None


@pytest.mark.parametrize("program", [Derivative, OutputError, Gradient, Activation])
def test_the_line_that_makes_the_faulty_numbers_is_named(program):
    def first_fault(e):
        fault = formula_faults(e)[0]
        return fault.code, fault.layer

    assert line_of(program, first_fault) == place_of(program)
