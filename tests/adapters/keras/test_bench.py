"""Broken programs are named on their line, right ones are left in peace."""

import os

import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
pytest.importorskip("keras")

from tests.adapters.bench import complaints_of_broken, complaints_of_right
from tests.adapters.running import pairs
from unstuck.adapters.keras.watch import KERAS

PAIRS = pairs("keras")
QUICK = ("binary-accuracy-for-ten", "one-unit-softmax", "sorted-without-shuffling")  # told without an experiment
slowly = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in PAIRS]


@pytest.mark.parametrize("name", slowly)
def test_a_broken_program_is_named_on_its_line(name):
    assert complaints_of_broken(KERAS, name, PAIRS[name]) == []


@pytest.mark.parametrize("name", slowly)
def test_a_right_program_is_healthy(name):
    assert complaints_of_right(KERAS, name) == []
