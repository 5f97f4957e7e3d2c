"""Every stuck program is stuck, is diagnosed as promised, and learns with its cure."""

import pytest

from unstuck.diagnosis.diagnose import diagnose
from unstuck.web.gallery import PROGRAMS
from unstuck.web.pages import numbered_lines
from unstuck.web.worker import load_program


@pytest.fixture(params=PROGRAMS)
def name(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return request.param


def last_accuracy(program):
    *_, (_, _, accuracy) = program.training()
    return accuracy


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # programs as their authors would have written them
def test_a_program_is_stuck_and_learns_with_its_cure(name):
    assert last_accuracy(load_program(name, cured=False)) < 0.2
    assert last_accuracy(load_program(name, cured=True)) > 0.8


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_diagnosis_names_the_fault_and_nothing_else(name):
    report = diagnose(load_program(name, cured=False).build(0), cures=False)
    assert [finding.rule.code for finding in report.findings] == [PROGRAMS[name].code]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_diagnosis_finds_nothing_in_the_cured_program(name):
    assert diagnose(load_program(name, cured=True).build(0), cures=False).verdict == "healthy"


def test_a_cure_changes_one_place(name):
    program = PROGRAMS[name]
    assert program.source.count(program.before) == 1
    assert program.symptom.endswith(".")
    changed = [line for _, line, fault in numbered_lines(program) if fault]
    assert changed == program.before.splitlines()
