"""Orders that part, states that are kept, derivatives of one's own: what the watched events say, and look-alikes."""

from dataclasses import replace

import numpy as np
import pytest

from tests.adapters.watched.test_checks import PLACE, call, codes, loss
from unstuck.adapters.watched.events import (
    DrawnAnew,
    Held,
    LossTaken,
    OwnDerivative,
    ShuffledApart,
    StateKept,
    WentBackward,
)
from unstuck.adapters.watched.shuffles import shuffled_apart

rng = np.random.default_rng(1)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (2, "rng.shuffle(x)\nrng.shuffle(y)"),
        (2, "x = x[torch.randperm(n)]\ny = y[torch.randperm(n)]"),
        (2, "p = rng.permutation(n)\nx = x[p]"),
        (3, "a = DataLoader(x, shuffle=True)\nb = DataLoader(y, shuffle=True)\nfor s, t in zip(a, b): pass"),
        (3, "np.random.seed(1)\nnp.random.shuffle(x)\nnp.random.shuffle(y)"),
        (4, "p = rng.permutation(n)\nx = x[p]\nz = z[p]\nrng.shuffle(y)"),
        (2, "x = shuffle(x)\ny = shuffle(y)"),
        (2, "x = x.sample(frac=1)\ny = y.sample(frac=1)"),
        (2, "a, b = train_test_split(x)\nc, d = train_test_split(y)"),
        (2, "a, b = train_test_split(x, random_state=1)\nc, d = train_test_split(y, random_state=2)"),
        (None, "a, b = train_test_split(x, random_state=1)\nc, d = train_test_split(y, random_state=1)"),
        (None, "a, b = train_test_split(x)\nc, d = train_test_split(b)"),
        (None, "a, b, c, d = train_test_split(x, y)\ne, f = train_test_split(z)"),
        (None, "rng.shuffle(i)\nrng.shuffle(j)\na, b = x[i], x[j]"),
        (None, "p = rng.permutation(n)\nx = x[p]\nlearn(x, p)"),
        (None, "p = rng.permutation(n)\nx, y = x[p], y[p]"),
        (None, "np.random.seed(1)\nnp.random.shuffle(x)\nnp.random.seed(1)\nnp.random.shuffle(y)"),
        (None, "x, y = shuffle(x, y, random_state=0)\nshuffle(x)\nshuffle(y)"),
        (None, "rng.shuffle(x)"),
        (None, "a = DataLoader(x, shuffle=True)\nfor s in a: pass"),
    ],
)
def test_a_source_shows_whether_arrays_are_shuffled_each_for_itself(line, text):
    assert [found for found, _ in shuffled_apart(text, "posted.py")] == ([] if line is None else [line])


def answers(number, given, right):
    return replace(call(False, np.zeros((len(given), 2)), update=3), number=number, answers=given, labels=right)


def test_answers_in_the_order_of_a_loader_are_held_against_labels_in_that_of_the_data():
    given = rng.integers(0, 5, 60)
    batches = [answers(1, given[:30], given[:30]), answers(2, given[30:], given[30:])]
    apart = given[rng.permutation(60)]
    assert codes(*batches, Held(3, PLACE, given, apart)) == ["E02"]
    assert codes(*batches, Held(3, PLACE, given, given)) == []
    assert codes(*batches, Held(3, PLACE, given, np.roll(apart, 1) + 1)) == []  # other labels: no order of these


def learnt(x, labels):
    return call(True, x), loss("cross_entropy", rng.normal(size=(len(x), 2)), labels)


def test_labels_that_nothing_near_shares_are_unrelated_where_the_source_parts_them():
    x = np.concatenate([rng.normal(size=(60, 3)) - 3, rng.normal(size=(60, 3)) + 3])
    labels = np.repeat([0, 1], 60)
    apart = ShuffledApart(0, PLACE)
    assert "D10" not in codes(apart, *learnt(x, labels))
    mixed = labels[rng.permutation(120)]
    assert "D10" in codes(apart, *learnt(x, mixed))
    assert "D10" not in codes(*learnt(x, mixed))


def test_labels_of_tokens_are_told_by_which_tokens_are_there():
    x = rng.integers(1, 30, size=(200, 12))
    labels = (x < 4).any(axis=1).astype(int)
    apart = ShuffledApart(0, PLACE)
    assert "D10" not in codes(apart, *learnt(x, labels))
    assert "D10" in codes(apart, *learnt(x, rng.permutation(labels)))


def passes(labels_of_pass, gap=3):
    """Events of the same 40 inputs, learnt from once in each pass with the labels of that pass."""
    x, rows = rng.normal(size=(40, 3)), np.arange(40, dtype=np.uint64)
    for number, labels in enumerate(labels_of_pass):
        yield replace(call(True, x, update=gap * number), rows=rows)
        yield replace(loss("cross_entropy", rng.normal(size=(40, 4)), labels, update=gap * number), classes=labels)


def test_labels_that_change_from_pass_to_pass_do_not_belong_to_their_inputs():
    labels = rng.integers(0, 4, 40)
    orders = [rng.permutation(labels) for _ in range(3)]
    assert "D10" in codes(*passes(orders), updates=9)
    assert "D10" not in codes(*passes([labels] * 3), updates=9)
    assert "D10" not in codes(*passes([np.zeros(40, int)] * 3), updates=9)
    assert "D10" not in codes(*passes(orders, gap=1), updates=3)  # such as an adversarial pair is shown in turn


def test_inputs_that_come_at_the_end_of_one_pass_and_the_start_of_the_next_hide_nothing():
    x, rows = rng.normal(size=(200, 3)), np.arange(200, dtype=np.uint64)
    events = []
    for update, order in enumerate(np.concatenate([rng.permutation(200).reshape(4, 50) for _ in range(4)])):
        given = rng.integers(0, 4, 50)
        events.append(replace(call(True, x[order], update=update), rows=rows[order]))
        events.append(replace(loss("cross_entropy", rng.normal(size=(50, 4)), given, update=update), classes=given))
    assert "D10" in codes(*events, updates=16)


def test_the_whole_numbers_of_a_picture_are_no_labels():
    events = list(passes([rng.integers(0, 16, 40) for _ in range(3)]))
    pictures = [
        replace(event, target_shape=(40, 9), classes=np.repeat(event.classes, 9))
        if isinstance(event, LossTaken)
        else event
        for event in events
    ]
    assert "D10" in codes(*events, updates=9)
    assert "D10" not in codes(*pictures, updates=9)


def test_a_state_is_seen_beside_targets_that_are_spread():
    spread = loss("mse_loss", rng.normal(size=(40, 1)), rng.normal(size=40))
    again = WentBackward(1, PLACE, None, refused="Trying to backward through the graph a second time")
    assert {"D09", "F14"} <= set(codes(spread, StateKept(1, PLACE, None), again))


def test_a_state_of_other_sequences_and_weights_drawn_again_and_again_are_seen():
    assert codes(StateKept(1, PLACE, None)) == ["F14"]
    assert codes(*(DrawnAnew(update, PLACE) for update in (1, 2, 3)), updates=4) == ["U16"]
    assert codes(DrawnAnew(1, PLACE), updates=40) == []


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("sign", "B10"),
        ("factor", "B17"),
        ("function", "B01"),
        ("missing", "B02"),
        ("twice", "B04"),
        ("another function", "B18"),
        ("other", "B14"),
    ],
)
def test_an_own_derivative_is_named_by_what_stands_in_its_place(kind, code):
    assert codes(OwnDerivative(0, PLACE, "Square", kind, 0.5, 2.0 if kind == "factor" else None, True)) == [code]
