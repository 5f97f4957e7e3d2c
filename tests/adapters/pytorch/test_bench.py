"""Broken programs are named on their line, right ones are left in peace."""

import pytest

from tests.adapters.bench import complaints_of_broken, complaints_of_right
from tests.adapters.running import pairs
from unstuck.adapters.pytorch.watch import PYTORCH

PAIRS = pairs("pytorch")
QUICK = (  # told without an experiment
    "accuracy-spread-over-labels",
    "argmax-over-examples",
    "divided-by-batches",
    "evaluated-with-dropout",
    "loss-made-anew",
    "lstm-axes-mixed",
    "old-parameters-after-new-head",
    "sorted-and-not-shuffled",
    "zeroed-before-step",
)
slowly = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in PAIRS]


def test_quick_ones_are_there():
    assert set(QUICK) <= set(PAIRS)


@pytest.mark.parametrize("name", slowly)
def test_a_broken_program_is_named_on_its_line(name):
    assert complaints_of_broken(PYTORCH, name, PAIRS[name]) == []


@pytest.mark.parametrize("name", slowly)
def test_a_right_program_is_healthy(name):
    assert complaints_of_right(PYTORCH, name) == []
