"""How a step behaves is seen from outside: on which batches it acts, once or for every example, at random or not."""

from itertools import pairwise

import numpy as np
import pytest

import unstuck
from unstuck.diagnosis.identification.stepping import observe, observe_runs, pick_examples, probe_stepping
from unstuck.diagnosis.program.program import Program

N_EXAMPLES = 40


class Classifier:
    """A linear layer and a softmax: four inputs, three classes."""

    def __init__(self):
        generator = np.random.default_rng(0)
        self.weights, self.bias = generator.normal(size=(4, 3)), np.zeros(3)
        self.labels = generator.integers(0, 3, N_EXAMPLES)
        self.x, self.targets = generator.normal(size=(N_EXAMPLES, 4)), np.eye(3)[self.labels]
        self.calls = 0

    def predict(self, x):
        e = np.exp(x @ self.weights + self.bias)
        return e / e.sum(axis=1, keepdims=True)

    def step(self, x, targets):
        self.calls += 1
        delta = (self.predict(x) - targets) / len(x)
        self.weights -= 0.1 * x.T @ delta
        self.bias -= 0.1 * delta.sum(axis=0)

    def program(self, step=None, **fields) -> Program:
        case = unstuck.Case(
            predict=self.predict,
            x=self.x,
            targets=self.targets,
            parameters=lambda: [self.weights, self.bias],
            step=step or self.step,
            **fields,
        )
        return Program(case)


@pytest.fixture
def classifier():
    return Classifier()


def test_one_update_for_a_batch(classifier):
    found = probe_stepping(classifier.program())
    assert (found.acts, found.one_by_one, found.random) == (True, False, False)
    assert found.acts_on == (1, 6)
    assert found.batch_size == 6


@pytest.mark.parametrize("backwards", [False, True])
def test_one_update_for_every_example(classifier, backwards):
    def step(x, targets):
        for i in range(len(x))[:: -1 if backwards else 1]:
            classifier.step(x[i : i + 1], targets[i : i + 1])

    found = probe_stepping(classifier.program(step))
    assert found.one_by_one
    assert found.batch_size == 1


def test_a_step_that_acts_on_one_batch_size_only(classifier):
    def step(x, targets):
        if len(x) == 8:
            classifier.step(x, targets)

    found = probe_stepping(classifier.program(step, batch_size=8))
    assert (found.acts, found.acts_on, found.batch_size) == (True, (8,), 8)


def test_a_step_that_refuses_other_batch_sizes(classifier):
    def step(x, targets):
        if len(x) != 8:
            raise ValueError(f"a batch has 8 examples, not {len(x)}")
        classifier.step(x, targets)

    found = probe_stepping(classifier.program(step, batch_size=8))
    assert (found.acts, found.batch_size) == (True, 8)


def test_a_step_that_never_changes_anything(classifier):
    found = probe_stepping(classifier.program(lambda x, targets: None))
    assert (found.acts, found.failed) == (False, "")


def test_a_step_that_always_raises(classifier):
    def step(x, targets):
        raise RuntimeError("no gradient")

    found = probe_stepping(classifier.program(step))
    assert not found.acts
    assert "no gradient" in found.failed


@pytest.mark.parametrize("own", [False, True], ids=["global", "own generator"])
def test_random_numbers_inside_are_noticed(classifier, own):
    generator = np.random.RandomState(3) if own else np.random

    def step(x, targets):
        classifier.step(x * (generator.random_sample(x.shape) < 0.5), targets)

    classifier.generator = generator
    assert probe_stepping(classifier.program(step)).random


def test_an_order_drawn_within_the_batch_is_not_random(classifier):
    def step(x, targets):
        order = np.random.permutation(len(x))  # noqa: NPY002
        classifier.step(x[order], targets[order])

    assert not probe_stepping(classifier.program(step)).random


def test_probing_leaves_the_program_as_it_was(classifier):
    before = classifier.weights.copy()
    program = classifier.program()
    probe_stepping(program)
    observe_runs(program, 6, 2, 3)
    program.close()
    assert np.array_equal(classifier.weights, before)
    assert classifier.calls == 0


def test_records_start_from_the_same_state(classifier):
    """Two draws of parameters, taken in turn; what one step changes the next does not see."""
    records = observe(classifier.program(), 6, 4)
    assert len(records) == 4
    assert np.array_equal(records[0].before[0], records[2].before[0])
    assert not np.array_equal(records[0].before[0], records[1].before[0])
    assert all(np.any(change) for record in records for change in record.changes)


def test_runs_are_consecutive_steps(classifier):
    (run,) = observe_runs(classifier.program(), 6, 1, 3)
    assert all(np.array_equal(a, b) for one, other in pairwise(run) for a, b in zip(one.after, other.before))
    assert not np.array_equal(run[0].x, run[1].x)


def test_examples_are_picked_over_all_classes(classifier):
    classifier.labels[:] = [0] * 37 + [0, 1, 2]
    classifier.targets = np.eye(3)[classifier.labels]
    picked = pick_examples(classifier.program(), 6)
    assert set(classifier.labels[picked]) == {0, 1, 2}
    assert len(set(picked.tolist())) == 6


def test_examples_that_are_not_finite_are_left_out(classifier):
    classifier.x[:30] = np.nan
    assert pick_examples(classifier.program(), 6).min() >= 30


def test_a_step_that_collects_gradients_over_several_calls_acts(classifier):
    classifier.held = []

    def step(x, targets):
        classifier.held.append((x, targets))
        if len(classifier.held) == 3:
            classifier.step(*map(np.concatenate, zip(*classifier.held)))
            classifier.held.clear()

    program = classifier.program(lambda x, targets: step(x, targets))
    assert probe_stepping(program).acts
    (record,) = observe(program, 6, 1)
    assert np.any(record.changes[0])
    assert np.array_equal(classifier.weights, program.as_found[0])


def test_a_rate_that_starts_at_zero_is_no_step_that_never_acts(classifier):
    def step(x, targets):
        classifier.calls += 1
        delta = (classifier.predict(x) - targets) / len(x)
        classifier.weights -= 0.1 * (classifier.calls - 1) / 100 * x.T @ delta

    assert probe_stepping(classifier.program(step)).acts


def test_parameters_that_training_moves_are_not_said_to_stay(classifier):
    found = probe_stepping(classifier.program(lambda x, targets: None, train=classifier.step))
    assert not found.acts
    assert found.failed


def test_numbers_that_stop_being_finite_are_not_random(classifier):
    def step(x, targets):
        classifier.weights *= np.nan

    assert not probe_stepping(classifier.program(step)).random
