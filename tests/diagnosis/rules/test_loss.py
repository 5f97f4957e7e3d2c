"""Losses that are seen by their values alone."""

import numpy as np
import pytest

from tests.diagnosis.rules.small_program import N_CLASSES, Softmax, make_case, see, softmax


def cross_entropy(p, targets):
    return -np.sum(targets * np.log(p)) / len(p)


def twice(p, targets):
    return cross_entropy(softmax(p), targets)


def squared(p, targets):
    return np.mean((p - targets) ** 2)


def with_loss(loss, **fields):
    net = Softmax(64)
    return make_case(
        predict=net.predict, loss=lambda x, t: loss(net.predict(x), t), step=None, train=None, parameters=None, **fields
    )


def test_a_softmax_of_shares_is_proved_by_the_loss_alone():
    assert see(with_loss(twice), "L01")["L01"].grade == "proved"


@pytest.mark.parametrize("loss", [cross_entropy, squared])
def test_right_losses_are_left_alone(loss):
    assert see(with_loss(loss), "L01") == {}


def test_scores_may_go_through_a_softmax():
    net = Softmax(64)
    case = make_case(
        predict=lambda x: x @ net.w + net.b, loss=lambda x, t: twice(x @ net.w, t), step=None, parameters=None
    )
    assert see(case, "L01") == {}


def test_a_penalty_changes_nothing():
    assert see(with_loss(lambda p, t: twice(p, t) * N_CLASSES + 3.0), "L01")["L01"].grade == "proved"
