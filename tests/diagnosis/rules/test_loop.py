"""Rules about what the training loop does with its examples: in which order, with which targets, and how many."""

import time

import numpy as np
import pytest

from tests.diagnosis.rules.small_program import (
    BATCH,
    N_CLASSES,
    N_TRAIN,
    SIDE,
    Softmax,
    draw_images,
    make_case,
    prepare,
    see,
)
from unstuck.diagnosis.examination import examine_forward, examine_step
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.program.program import Program
from unstuck.diagnosis.rules import RULES

IMAGES, LABELS = draw_images(N_TRAIN, 1)
BY_LABEL = np.argsort(LABELS, kind="stable")
SORTED = {
    "x": prepare(IMAGES)[BY_LABEL],
    "targets": np.eye(N_CLASSES)[LABELS[BY_LABEL]],
    "labels": LABELS[BY_LABEL],
}


class InOrder(Softmax):
    def train(self, x, targets):
        for _ in range(3):
            for i in range(0, len(x), BATCH):
                self.step(x[i : i + BATCH], targets[i : i + BATCH])


def test_label_order_is_proved_where_steps_in_that_order_give_the_same_parameters():
    assert see(make_case(InOrder, **SORTED), "D12")["D12"].grade == "proved"
    assert see(make_case(InOrder, **SORTED, step=None), "D12")["D12"].grade == "measured"
    assert see(make_case(InOrder, **SORTED, train=None), "D12")["D12"].grade == "suspected"
    assert see(make_case(InOrder), "D12") == {}


class SameShuffleEveryTime(Softmax):
    def train(self, x, targets):
        order = np.random.default_rng(0).permutation(len(x))
        for i in range(0, len(x), BATCH):
            self.step(x[order[i : i + BATCH]], targets[order[i : i + BATCH]])


def test_an_order_drawn_with_a_fixed_seed_is_no_label_order():
    assert see(make_case(SameShuffleEveryTime, **SORTED), "D12") == {}
    assert see(make_case(SameShuffleEveryTime, **SORTED, step=None), "D12") == {}


def test_a_full_batch_has_no_order():
    assert see(make_case(InOrder, **SORTED, batch_size=N_TRAIN, train=None), "D12") == {}


class ShufflesInputsInPlace(Softmax):
    def train(self, x, targets):
        self.random.shuffle(x)
        super().train(x, targets)


class ScalesEveryEpoch(Softmax):
    def train(self, x, targets):
        for _ in range(2):
            x /= 255
            self.step(x, targets)


class FirstBatchOnly(Softmax):
    def train(self, x, targets):
        for _ in range(20):
            self.step(x[:BATCH], targets[:BATCH])


class WalksOneByOne(Softmax):
    def train(self, x, targets, batch_size=30):
        for i in range(len(x) // batch_size):
            self.step(x[i : i + batch_size], targets[i : i + batch_size])


class IndexListOfLabels(Softmax):
    def train(self, x, targets):
        for i in self.random.permutation(targets.argmax(axis=1)):
            self.step(x[i : i + 1], targets[i : i + 1])


class OneBatchOfEveryOrder(Softmax):
    def train(self, x, targets):
        for _ in range(12):
            order = self.random.permutation(len(x))
            for _ in range(0, len(x), BATCH):
                self.step(x[order[:BATCH]], targets[order[:BATCH]])


class ColumnsOfEveryOrder(Softmax):
    def train(self, x, targets):
        columns = x.T
        for _ in range(12):
            order = self.random.permutation(columns.shape[1])
            for _ in range(0, columns.shape[1], BATCH):
                self.step(columns[:, order[:BATCH]].T, targets[order[:BATCH]])


class EveryBatchThreeTimes(Softmax):
    def train(self, x, targets):
        for _ in range(12):
            order = self.random.permutation(len(x))
            for i in range(0, len(x), BATCH):
                for _ in range(3):
                    self.step(x[order[i : i + BATCH]], targets[order[i : i + BATCH]])


class FirstTen(Softmax):
    def train(self, x, targets):
        for i in list(range(10)) * 20:
            self.step(x[i : i + 1], targets[i : i + 1])


class LastBatchDropped(Softmax):
    def train(self, x, targets):
        for i in range(0, len(x) - BATCH, BATCH):
            self.step(x[i : i + BATCH], targets[i : i + BATCH])


class ShufflesInputsApart(Softmax):
    def train(self, x, targets):
        for _ in range(12):
            x = x[self.random.permutation(len(x))]
            for i in range(0, len(x), BATCH):
                self.step(x[i : i + BATCH], targets[i : i + BATCH])


class ShufflesBothInPlace(Softmax):
    def train(self, x, targets):
        state = self.random.get_state()
        self.random.shuffle(x)
        self.random.set_state(state)
        self.random.shuffle(targets)
        super().train(x, targets)


@pytest.mark.parametrize(
    ("program", "grade"),
    [
        (ShufflesInputsInPlace, "proved"),
        (ScalesEveryEpoch, "proved"),
        (FirstBatchOnly, "proved"),
        (ShufflesInputsApart, "measured"),
    ],
)
def test_a_loop_that_spoils_its_examples_is_seen(program, grade):
    assert see(make_case(program), "D14")["D14"].grade == grade


@pytest.mark.parametrize("program", [OneBatchOfEveryOrder, ColumnsOfEveryOrder])
def test_one_batch_of_every_order_again_and_again_is_counted(program):
    seen = see(make_case(program, raw=None), "D14")["D14"]
    assert (seen.grade, seen.numbers["taken_in_an_epoch"]) == ("proved", BATCH)


@pytest.mark.parametrize("program", [Softmax, EveryBatchThreeTimes])
def test_a_batch_taken_a_few_times_in_a_row_is_no_fault(program):
    assert "D14" not in see(make_case(program), "D14")


def test_a_loop_that_walks_one_by_one_is_seen_to_leave_most_examples_out():
    assert see(make_case(WalksOneByOne, batch_size=30), "D14")["D14"].grade == "proved"


@pytest.mark.parametrize(("program", "visited"), [(IndexListOfLabels, N_CLASSES), (FirstTen, 10)])
def test_the_examples_that_a_loop_visits_are_counted(program, visited):
    seen = see(make_case(program), "D14")["D14"]
    assert seen.grade == "proved"
    assert visited <= seen.numbers["examples"] - seen.numbers["never_visited"] <= visited + 1


def test_a_dropped_last_batch_is_harmless():
    seen = see(make_case(LastBatchDropped), "D14")["D14"]
    assert (seen.grade, seen.asleep, seen.numbers["never_visited"]) == ("proved", True, BATCH)


def test_a_loop_over_other_data_than_it_is_given_proves_nothing():
    own = make_case()
    elsewhere = make_case()
    program = Softmax(SIDE * SIDE)
    own.predict, own.parameters, own.step = program.predict, lambda: [program.w, program.b], program.step
    own.train = lambda x, targets: program.train(elsewhere.x, elsewhere.targets)
    assert see(own, "D14") == {}


class ShufflesInputsApartAndDropsPixels(ShufflesInputsApart):
    def step(self, x, targets):
        super().step(x * (self.random.random_sample(x.shape) > 0.2), targets)


class DropsPixels(Softmax):
    step = ShufflesInputsApartAndDropsPixels.step


class SlowWithLargeBatches(ShufflesInputsInPlace):
    def train(self, x, targets):
        time.sleep(0.003 * len(x))
        super().train(x, targets)


def test_pairs_are_followed_through_random_steps():
    stages = (examine_forward, examine_step)
    assert see(make_case(ShufflesInputsApartAndDropsPixels), "D14", stages=stages)["D14"].grade == "measured"
    assert see(make_case(DropsPixels), "D14", stages=stages) == {}


def test_pairs_are_followed_without_a_step():
    assert see(make_case(ShufflesInputsApart, step=None), "D14")["D14"].grade == "measured"
    assert see(make_case(step=None), "D14") == {}


def test_a_loop_that_alters_its_examples_is_seen_without_parameters_or_step():
    hidden = {"parameters": None, "step": None}
    assert see(make_case(ShufflesInputsInPlace, **hidden), "D14")["D14"].grade == "proved"
    assert see(make_case(ShufflesInputsApart, **hidden), "D14")["D14"].grade == "measured"
    assert see(make_case(**hidden), "D14") == {}


@pytest.mark.parametrize("program", [ShufflesInputsInPlace, SlowWithLargeBatches])
def test_a_loop_that_alters_its_examples_is_seen_at_large_batches(program):
    assert see(make_case(program, batch_size=150), "D14")["D14"].grade == "proved"


def test_a_loop_too_slow_for_pairs_is_said():
    class Slow(Softmax):
        def step(self, x, targets):
            for _ in range(200_000):  # lines of Python are what is counted
                pass
            super().step(x, targets)

    case = make_case(Slow)
    e = Examination(case, Program(case))
    assert RULES["D14"].look(e) == []
    assert any("the training loop" in entry.what for entry in e.unchecked)


def test_shuffling_both_in_place_is_right():
    assert see(make_case(ShufflesBothInPlace), "D14") == {}


def test_nothing_is_changed_by_looking():
    case = make_case(ScalesEveryEpoch)
    before = [case.x.copy(), case.targets.copy(), *(a.copy() for a in case.parameters())]
    see(case)
    after = [case.x, case.targets, *case.parameters()]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


class WindowsThatDoNotMoveOn(Softmax):
    step_of_windows = 1

    def train(self, x, targets):
        for _ in range(3):
            order = self.random.permutation(len(x))
            x, targets = x[order], targets[order]
            for i in range(len(x) // BATCH):
                start = i * self.step_of_windows
                self.step(x[start : start + BATCH], targets[start : start + BATCH])


class WindowsThatMoveOn(WindowsThatDoNotMoveOn):
    step_of_windows = BATCH


class PutsTheFirstWeightsBack(Softmax):
    better = False

    def train(self, x, targets):
        kept = [self.w.copy(), self.b.copy()]
        super().train(x, targets)
        if not self.better:
            for array, first in zip((self.w, self.b), kept, strict=True):
                array[...] = first


class KeepsTheBestWeights(PutsTheFirstWeightsBack):
    better = True


def test_batches_that_overlap_are_proved():
    found = see(make_case(WindowsThatDoNotMoveOn), "D14")["D14"]
    assert found.grade == "proved"
    assert "different ones" in found.summary
    assert see(make_case(WindowsThatMoveOn), "D14") == {}


def test_a_training_that_ends_where_it_began_is_proved():
    found = see(make_case(PutsTheFirstWeightsBack), "U05", stages=(examine_forward, examine_step))["U05"]
    assert found.grade == "proved"
    assert found.falsifies
    assert see(make_case(KeepsTheBestWeights), "U05", stages=(examine_forward, examine_step)) == {}


def test_a_training_that_returns_what_it_learnt_is_no_standstill():
    class Returns(PutsTheFirstWeightsBack):
        def train(self, x, targets):
            super().train(x, targets)
            return [self.w + 1, self.b + 1]

    assert see(make_case(Returns), "U05", stages=(examine_forward, examine_step)) == {}
