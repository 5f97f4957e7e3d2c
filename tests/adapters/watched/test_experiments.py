"""What the outcomes of runs with and without a choice tell."""

import numpy as np
import pytest

from tests.adapters.watched.test_checks import loss
from unstuck.adapters.watched.check import Seen
from unstuck.adapters.watched.examine import Experiments, decided_by_experiment
from unstuck.adapters.watched.experiments import Comparison, Result, is_far
from unstuck.adapters.watched.history import History
from unstuck.diagnosis.examination.evidence import MEASURED


def runs(losses, known):
    return tuple(Result(0.8, loss, 100, chance=0.5, chance_loss=known) for loss in losses)


@pytest.mark.parametrize(
    ("before", "after", "known", "far"),
    [
        ((0.68, 0.66), (0.2, 0.3), 0.7, True),  # as many right answers, but nothing of how likely they are
        ((0.68, 0.6), (0.2, 0.3), 0.7, False),
        ((0.68, 0.66), (0.2, 0.4), 0.7, False),
        ((0.68, None), (0.2, 0.3), 0.7, False),
        ((0.68, 0.66), (0.2, 0.3), None, False),
    ],
)
def test_a_loss_that_stays_at_that_of_chance_is_far_from_what_it_could_be(before, after, known, far):
    comparison = Comparison(("F08",), runs(before, known), runs(after, known))
    assert is_far("F08", comparison, often_meant=True) is far


@pytest.mark.parametrize("later", [False, True])
def test_where_nothing_is_learnt_what_helps_by_itself_is_in_the_way(later, monkeypatch):
    def train(self, repairs, seed, updates):  # better with a repair, and not far from it without
        return Result(0.9 if repairs else 0.75, None, updates, chance=0.5)

    monkeypatch.setattr(Experiments, "train", train)
    monkeypatch.setattr(Experiments, "learns_later", lambda self: later)
    h = History([loss("cross_entropy", np.zeros((20, 2)), np.arange(20) % 2)], 100)
    seen = [Seen("F05", MEASURED, "", {}, None, ("activate", True), often_meant=True)]
    decided = decided_by_experiment(h, seen, Experiments(None, None, 50), True)[1]
    assert decided.matters == {"F05": not later}
