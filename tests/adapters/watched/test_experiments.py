"""What the outcomes of runs with and without a choice tell."""

import pytest

from unstuck.adapters.watched.experiments import Comparison, Result, is_far


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
