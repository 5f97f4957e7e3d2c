"""A share of the written programs; all of them: python -m tests.programs.wired.bench"""

import os
import random

import pytest

from tests.programs.wired import further_cases, third_cases
from tests.programs.wired.bench import case_of, complaints
from tests.programs.wired.cases import FAULTY, HEALTHY, SHORTFALLS
from unstuck.diagnosis.diagnose import diagnose

WIDER = float(os.environ.get("UNSTUCK_TRIALS", "1"))


def share(programs, count):
    return random.Random(7).sample(programs, min(int(count * WIDER), len(programs)))


def named(*names):
    return [w for w in further_cases.FAULTY if w.name in names]


FURTHER = [
    *named("truth turned round", "tags of other digits", "clock of one batch", "test measured by itself, in other units"),  # found since the first run
    *share(further_cases.FAULTY, 3),
    *share(further_cases.HEALTHY, 3),
    *share(third_cases.FAULTY, 3),
    *share(third_cases.HEALTHY, 3),
]
NOT_FOUND = SHORTFALLS | further_cases.NOT_FOUND | third_cases.NOT_FOUND
FALSELY = further_cases.FALSELY | third_cases.FALSELY


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of the programs
@pytest.mark.parametrize("written", [*share(FAULTY, 6), *share(HEALTHY, 4), *FURTHER], ids=lambda w: f"{w.program}: {w.name}")
def test_a_written_program_gets_its_verdict(written, tmp_path):
    wrong = complaints(written, diagnose(case_of(written, tmp_path), cures=False, budget=300.0))
    name = f"{written.program}: {written.name}"
    missed = name in NOT_FOUND
    known = [f"{' or '.join(written.named_by)} is not first"] if missed else []
    known += FALSELY.get(name, [])
    assert wrong == known
    if known:
        pytest.xfail("; ".join(known))
