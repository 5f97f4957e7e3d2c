"""Scores are told from the two arguments of a loss."""

from dataclasses import replace

import numpy as np
import pytest

from tests.adapters.watched.test_checks import loss
from unstuck.adapters.watched.conclusion import learns
from unstuck.adapters.watched.history import History, last_stage
from unstuck.adapters.watched.scores import classes, pooled, score
from unstuck.adapters.watched.values import Place

SCORES = np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 2.0], [0.0, 3.0, 1.0], [5.0, 1.0, 1.0]])


@pytest.mark.parametrize(
    ("kind", "prediction", "target", "right", "n"),
    [
        ("cross_entropy", SCORES, np.array([0, 2, 0, 1]), 2, 4),
        ("cross_entropy", SCORES, np.eye(3)[[0, 2, 0, 0]], 3, 4),
        ("sparse_categorical_crossentropy", SCORES, np.array([[0], [2], [1], [0]]), 4, 4),
        ("binary_cross_entropy", np.array([0.2, 0.7, 0.6]), np.array([0.0, 1.0, 0.0]), 2, 3),
        ("binary_cross_entropy_with_logits", np.array([[0.2], [-0.7]]), np.array([[1.0], [0.0]]), 2, 2),
        ("binary_cross_entropy", np.array([[0.4, 0.3], [0.1, 0.2]]), np.eye(2), 2, 2),
        ("cross_entropy", SCORES.reshape(2, 3, 2), np.array([[0, 0], [1, 1]]), 3, 4),
    ],
)
def test_right_answers_are_counted(kind, prediction, target, right, n):
    found = score(kind, prediction, target)
    assert (found.kind, found.n) == ("accuracy", n)
    assert found.right == right


def test_squares_explained():
    target = np.array([1.0, 2.0, 3.0, 4.0])
    parts = [score("mse_loss", target[i : i + 2] + 0.5, target[i : i + 2]) for i in (0, 2)]
    assert pooled(parts) == pytest.approx(1 - 4 * 0.25 / ((target - 2.5) ** 2).sum())


def test_shares_are_pooled_by_their_numbers():
    parts = [score("cross_entropy", SCORES, np.array([0, 2, 1, 0])), score("cross_entropy", SCORES[:1], np.array([2]))]
    assert pooled(parts) == pytest.approx(4 / 5)


def test_targets_that_are_all_equal_explain_nothing():
    assert pooled([score("mse_loss", np.ones(3), np.ones(3))]) is None


def test_targets_that_are_no_numbers_have_no_score():
    assert score("mse_loss", np.ones(2), np.array([np.nan, 1.0])) is None


def test_classes_of_targets():
    assert classes("cross_entropy", SCORES, np.array([0, 2, 1, 1])).tolist() == [0, 2, 1, 1]
    assert classes("mse_loss", SCORES, np.eye(3)[[2, 0, 1, 1]]).tolist() == [2, 0, 1, 1]
    assert classes("mse_loss", SCORES[:, :1], np.array([[0.5], [1.5], [2.0], [0.1]])) is None


def test_a_training_that_follows_another_is_judged_for_itself():
    def losses(place, updates, rights):
        labels = np.arange(40) % 4
        for update, right in zip(updates, rights, strict=True):
            answers = np.where(np.arange(40) < right, labels, (labels + 1) % 4)
            event = loss("cross_entropy", np.eye(4)[answers], labels, update=update)
            yield replace(event, place=place, score=score("cross_entropy", np.eye(4)[answers], labels), classes=labels)

    body, head = Place(__file__, 1), Place(__file__, 2)
    first, second = losses(body, range(30), range(10, 40)), losses(head, range(30, 60), range(5, 35))
    both = [*first, *second]
    assert last_stage(History(both, 60)) == (30, 60)
    assert learns(History(both, 60))
    turns = [*losses(body, range(0, 60, 2), range(10, 40)), *losses(head, range(1, 60, 2), range(10, 40))]
    assert last_stage(History(sorted(turns, key=lambda event: event.update), 60)) == (0, 60)


def test_what_is_good_from_the_start_is_healthy():
    labels = np.arange(400) % 4
    answers = np.where(np.arange(400) < 380, labels, (labels + 1) % 4)
    event = loss("cross_entropy", np.eye(4)[answers], labels)
    good = replace(event, score=score("cross_entropy", np.eye(4)[answers], labels), classes=labels)
    assert learns(History([replace(good, update=update) for update in range(30)], 30))
