"""A portrait's training is the one that the experiments run, watched more often."""

from dataclasses import replace

import numpy as np
import pytest

from tests.diagnosis.report.portrait.setups import digits_setup
from unstuck.diagnosis.report.portrait.training import confusion, mistakes, most_confused, train
from unstuck.diagnosis.twin.training import batches, run, work_of_update


@pytest.fixture(scope="module")
def setup():
    return digits_setup(updates=120)


def test_it_ends_where_the_experiment_ends(setup):
    assert train(setup).scores[-1] == run(setup).score


def test_it_begins_before_the_first_update_and_takes_evenly_spaced_looks(setup):
    training = train(setup, n_points=7)
    assert training.updates == (0, 20, 40, 60, 80, 100, 120)
    assert training.complete
    assert training.scores[-1] > training.scores[0] + 0.3


def test_fewer_updates_than_looks(setup):
    assert train(replace(setup, updates=2)).updates == (0, 1, 2)


def test_the_user_s_parameters_stay_as_they_are(setup):
    before = setup.parameters.copy()
    train(setup)
    assert all((a == b).all() for a, b in zip(before.arrays(), setup.parameters.arrays(), strict=True))


def test_numbers_that_overflow_end_it(setup):
    rule = replace(setup.twin.update, learning_rate=1e308)
    training = train(replace(setup, twin=setup.twin.plant(update=rule)))
    assert not training.finite
    assert not training.complete


def test_spent_work_ends_it_after_as_many_updates_each_time_and_is_said(setup):
    long = replace(setup, updates=10**6)
    training = train(long, allowed=100 * work_of_update(long))
    assert training.updates[-1] == 100
    assert training.finite
    assert not training.complete


def test_every_example_is_taken_once_an_epoch(setup):
    x = setup.x[:10]
    small = replace(setup, x=x, targets=setup.targets[:10], batch_size=5)
    source = batches(small)
    epoch = np.concatenate([next(source)[0] for _ in range(2)])
    assert sorted(map(tuple, epoch)) == sorted(map(tuple, x))


def test_unshuffled_batches_keep_the_order(setup):
    source = batches(replace(setup, shuffled=False, batch_size=3))
    np.testing.assert_array_equal(next(source)[0], setup.x[:3])
    np.testing.assert_array_equal(next(source)[0], setup.x[3:6])


def test_a_confusion_counts_every_held_out_example(setup):
    training = train(setup)
    counts = confusion(training)
    assert counts.sum() == len(setup.labels_held)
    np.testing.assert_array_equal(counts.sum(axis=1), np.bincount(setup.labels_held, minlength=10))
    assert np.trace(counts) / counts.sum() == pytest.approx(training.scores[-1])


def test_real_targets_have_no_confusion(setup):
    training = train(replace(setup, labels=None, labels_held=None, updates=1))
    assert confusion(training) is None
    assert mistakes(training) == []


def test_the_commonest_mistakes_come_first_and_right_answers_never():
    counts = np.array([[50, 2, 0], [7, 50, 0], [0, 3, 50]])
    assert most_confused(counts, 2) == [(1, 0, 7), (2, 1, 3)]
    assert most_confused(np.diag([4, 4])) == []


def test_mistakes_are_wrong_and_square(setup):
    training = train(replace(setup, updates=20))
    found = mistakes(training, n=3)
    assert len(found) == 3
    assert all(mistake.picture.shape == (7, 7) and mistake.label != mistake.predicted for mistake in found)
