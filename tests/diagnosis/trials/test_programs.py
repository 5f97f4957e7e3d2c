"""The generator itself: its right programs are right and learn, its faults show."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from .architectures import ARCHITECTURES
from .compare import numbers_of, pair_fits, same
from .faults import FAULTS, plant
from .healthy import draw_setup, learns
from .matrix import fault_trials
from .programs import Program
from .setup import Setup
from .trial import Trial, outcome
from .wiring import MISSING, WIRINGS, digits_for

TRAINED_ONLY = {"D12", "D14"}  # show in the loop over the data
EVALUATED_ONLY = {"E01", "E02", "E03"}
SETTINGS = {"U07", "U08", "U09", "U10", "U13"}


def program_and_batch(setup: Setup, n: int = 6):
    program = Program(setup, 3)
    (x, targets, _), _ = program.load(digits_for(program))
    return program, x[:n], targets[:n]


@pytest.mark.parametrize("where", ARCHITECTURES)
def test_gradients_equal_central_differences_of_the_loss(where):
    setup = replace(ARCHITECTURES[where], dtype="float64", reduction="mean", epsilon=0.0, initializer="lecun_normal")
    program, x, targets = program_and_batch(setup)
    for name, gradient in program.gradients(x, targets).items():
        flat = program.arrays[name].reshape(-1) if program.arrays[name].flags.c_contiguous else None
        assert flat is not None
        for i in np.random.RandomState(0).choice(flat.size, min(8, flat.size), replace=False):
            kept = flat[i]
            losses = []
            for flat[i] in (kept + 1e-6, kept - 1e-6):
                losses.append(program.loss(x, targets))
            flat[i] = kept
            np.testing.assert_allclose(gradient.reshape(-1)[i], (losses[0] - losses[1]) / 2e-6, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("where", ARCHITECTURES)
def test_every_right_program_learns_from_two_starts(where):
    assert learns(ARCHITECTURES[where])


CLOTHES = list(itertools.product(("rows", "columns", "examples"), ("apart", "first", "last")))


@pytest.mark.parametrize(("layout", "biases"), CLOTHES)
def test_layouts_and_folded_biases_are_the_same_network(layout, biases):
    setup = replace(ARCHITECTURES["adam"], biases="apart", layout="rows", bias_initializer="zeros")
    reference, x, targets = program_and_batch(setup)
    other = Program(replace(setup, layout=layout, biases=biases), 3)
    for _ in range(3):
        reference.step(x, targets)
        other.step(x, targets)
    np.testing.assert_allclose(other.predict(x), reference.predict(x), rtol=1e-9)


def test_two_ways_to_write_momentum_are_the_same():
    setup = replace(ARCHITECTURES["momentum"], optimizer="momentum")
    one, x, targets = program_and_batch(setup)
    other = Program(replace(setup, optimizer="momentum_accumulated"), 3)
    for _ in range(4):
        one.step(x, targets)
        other.step(x, targets)
    np.testing.assert_allclose(one.predict(x), other.predict(x), rtol=1e-9)


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_shows(name):
    fault = FAULTS[name]
    where = next(where for where, setup in ARCHITECTURES.items() if fault.fits(setup))
    setup = ARCHITECTURES[where]
    construct, changed = plant(setup, fault)
    with np.errstate(all="ignore"):
        faulty, right = construct(changed, 0), Program(setup, 0)
        if fault.code in TRAINED_ONLY:
            assert outcome(Trial(where, (name,)), 0) < outcome(Trial(where), 0) - 0.1
        elif fault.code in EVALUATED_ONLY:
            (x, targets, _), (x_test, _, labels_test) = right.load(digits_for(right))
            right.train(x[:300], targets[:300])
            faulty.arrays = right.arrays
            assert faulty.accuracy(x_test, labels_test) != right.accuracy(x_test, labels_test)
        elif fault.code in SETTINGS:
            assert changed != setup or type(faulty) is not Program
        elif fault.code == "F03":
            assert not np.isfinite(faulty.output(np.array([[1000.0, 0.0]]))).all()
        elif fault.code[0] in "DAL" and not same(load(faulty), load(right)):
            pass  # it shows in the data
        elif fault.code[0] == "A":
            assert not same(list(faulty.arrays.values()), list(right.arrays.values()))
        elif name == "F10 one_output_for_ten_classes":
            assert faulty.predict(load(right)[0][:3]).shape == (3, 1)
        else:
            assert not same(numbers_of(setup, fault), numbers_of(setup))


def load(program: Program) -> list[np.ndarray]:
    return [np.asarray(array, float) for half in program.load(digits_for(program)) for array in half]


def test_every_fault_is_tried_in_six_architectures():
    trials = fault_trials()
    few = {name for name in FAULTS if sum(trial.faults == (name,) for trial in trials) < 6}
    assert few == set()


def test_a_pair_shows_each_of_its_faults():
    setup, first, second = ARCHITECTURES["relu_softmax"], FAULTS["B02 NoDerivative"], FAULTS["F02 SumAlongExamples"]
    assert pair_fits(setup, first, second)
    assert not pair_fits(setup, first, FAULTS["B01 ActivationForDerivative"])  # the same construct
    assert not pair_fits(setup, first, FAULTS["B13 FirstLayerLeftOut"])  # hidden: nothing reaches the first layer


@pytest.mark.parametrize("seed", range(3))
def test_healthy_draws_learn_and_are_the_same_again(seed):
    setup = draw_setup(seed)
    assert learns(setup)
    draw_setup.cache_clear()
    assert draw_setup(seed) == setup


@pytest.mark.parametrize("wiring", WIRINGS)
def test_a_wiring_hands_over_what_it_says(wiring):
    case = Trial("relu_softmax", (), wiring).case()
    for field in MISSING.get(wiring, ()):
        assert getattr(case, field) is None
    assert case.predict(case.x[:4]).shape == (4, 10)
    if case.step is not None and case.parameters is not None:
        size = case.batch_size
        before = [np.array(array) for array in case.parameters()]
        case.step(case.x[:size], case.targets[:size])
        assert any(not np.array_equal(old, new) for old, new in zip(before, case.parameters(), strict=True))
