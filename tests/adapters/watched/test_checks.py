"""Every check names a code of the catalogue and says what to do; its numbers decide, and look-alikes are left alone."""

import re
from dataclasses import replace

import numpy as np
import pytest

from unstuck.adapters.watched import checks  # noqa: F401
from unstuck.adapters.watched.check import CHECKS, cure_of, in_words_of
from unstuck.adapters.watched.conclusion import look
from unstuck.adapters.watched.events import (
    Broadcast,
    Compared,
    Divided,
    LoaderMade,
    LossTaken,
    ModelCalled,
    Validated,
)
from unstuck.adapters.watched.history import History
from unstuck.adapters.watched.values import Place
from unstuck.diagnosis.rules import RULES

PLACE = Place(__file__, 1)
rng = np.random.default_rng(0)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def loss(kind, prediction, target, last=(), update=0, value=1.0):
    return LossTaken(
        update, PLACE, update, kind, True, prediction.shape, target.shape, str(target.dtype), value, PLACE, last, PLACE,
        prediction, target, target.astype(int).reshape(-1) if target.dtype.kind in "iu" else None,
    )  # fmt: skip


def codes(*events, updates=3):
    return [one.code for one in look(History(events, updates)) if not one.asleep]


Z, LABELS = rng.normal(size=(40, 5)) * 3, rng.integers(0, 5, 40)
COLUMN, NUMBERS = rng.normal(size=(40, 1)), rng.normal(size=40)


@pytest.mark.parametrize("code", list(CHECKS))
def test_a_check_belongs_to_a_rule_and_has_a_cure(code):
    assert code in RULES
    for function in CHECKS[code]:
        assert cure_of(function, "pytorch")
    changed = in_words_of(RULES[code], "pytorch")
    assert (changed.code, changed.name, changed.fact) == (RULES[code].code, RULES[code].name, RULES[code].fact)
    assert tuple(changed.sections) == tuple(RULES[code].sections)
    assert re.search(r"[.`)]$", changed.cure)


def test_keras_has_words_of_its_own():
    assert "from_logits" in in_words_of(RULES["L01"], "keras").cure
    assert "from_logits" not in in_words_of(RULES["L01"], "pytorch").cure


@pytest.mark.parametrize(
    ("expected", "event"),
    [
        (["L01"], loss("cross_entropy", softmax(Z), LABELS)),
        ([], loss("cross_entropy", Z, LABELS)),
        ([], loss("cross_entropy", np.log(softmax(Z)), LABELS)),
        (["L02"], loss("nll_loss", softmax(Z), LABELS)),
        (["L02"], loss("nll_loss", Z, LABELS)),
        ([], loss("nll_loss", np.log(softmax(Z)), LABELS)),
        (["F06"], loss("cross_entropy", np.maximum(Z, 0), LABELS, ("relu", "linear"))),
        (["L02"], loss("cross_entropy", 1 / (1 + np.exp(-Z)), LABELS, ("sigmoid", "linear"))),
        (["L01"], loss("binary_cross_entropy_with_logits", 1 / (1 + np.exp(-COLUMN)), np.ones((40, 1)), ("sigmoid",))),
        (["F02"], loss("cross_entropy", softmax(Z.T).T, LABELS)),
        (["D09"], loss("mse_loss", COLUMN, NUMBERS)),
        ([], loss("mse_loss", COLUMN, NUMBERS[:, None])),
        ([], loss("mse_loss", COLUMN[:1], NUMBERS[:1])),
        (["D08"], loss("mse_loss", np.maximum(COLUMN, 0), NUMBERS[:, None], ("relu", "linear"))),
        ([], loss("mse_loss", np.maximum(COLUMN, 0), abs(NUMBERS[:, None]), ("relu", "linear"))),
        (["F10"], loss("cross_entropy", COLUMN, np.zeros(40, int))),
        (["F10"], loss("binary_cross_entropy", 1 / (1 + np.exp(-COLUMN)), LABELS[:, None], ("sigmoid",))),
        (["A04"], loss("binary_cross_entropy", np.ones((40, 1)), np.ones((40, 1)) * 1.0, ("softmax",))),
    ],
)  # fmt: skip
def test_a_loss_is_held_against_what_it_is_given(expected, event):
    assert codes(event) == expected


def test_the_classes_of_one_loss_are_none_of_another():
    several = replace(loss("cross_entropy", Z, LABELS), classes=LABELS)
    yes = replace(loss("binary_cross_entropy", 1 / (1 + np.exp(-COLUMN)), LABELS[:, None] % 2), classes=LABELS % 2)
    assert codes(several, yes) == []
    assert codes(several, replace(yes, target=LABELS[:, None], classes=LABELS)) == ["F10"]


def test_a_table_of_differences_is_seen():
    assert codes(Broadcast(0, PLACE, "difference", ((40, 1), (40,)))) == ["D09"]


def compared(right, total, expected, examples, how="argmax along axis 1", raw=True):
    return Compared(5, PLACE, right, total, expected, examples, how, ((40,), (40,)), False, raw)


@pytest.mark.parametrize(
    ("expected", "event"),
    [
        ([], compared(30, 40, 30, 40)),
        (["E01"], compared(300, 1600, 30, 40)),
        (["E01"], compared(12, 40, 30, 40)),
        (["E01"], compared(3, 10, None, 40, "argmax along axis 0")),
        ([], compared(28, 40, 30, 40, "gt 0.3")),
        (["E01"], compared(28, 40, 30, 40, "gt 0.5")),
        ([], compared(28, 40, 30, 40, "gt 0.5", raw=False)),
        (["E01"], Divided(5, PLACE, 30, 4, 40)),
        ([], Divided(5, PLACE, 30, 40, 40)),
    ],
)
def test_an_accuracy_is_held_against_counting(expected, event):
    assert codes(event) == expected


def test_an_accuracy_of_real_numbers_is_none_though_one_batch_holds_classes():
    assert codes(compared(32, 32, 32, 32, "argmax (binary)"), compared(0, 32, None, 32, "argmax (binary)")) == ["E01"]


def call(learning, x, update=0):
    return ModelCalled(update, PLACE, update, "Net", 0, learning, True, False, (x.shape,), (len(x), 2), inputs=x)


def test_inputs_of_the_evaluation_are_held_against_those_of_the_training():
    x = rng.normal(size=(60, 8)).astype("float32")
    assert codes(call(True, x), call(False, 100 * x, 5)) == ["D05"]
    assert codes(call(True, x), call(False, x + 0.1, 5)) == []


def test_sorted_classes_are_seen_and_shuffled_ones_are_not():
    order = np.sort(rng.integers(0, 5, 400))
    shuffled = rng.permutation(order)

    def batches(labels):
        return [loss("cross_entropy", np.tile(Z[:20], (1, 1)), labels[i : i + 20], update=i) for i in range(0, 400, 20)]

    assert codes(*batches(order), updates=20) == ["D12"]
    assert codes(*batches(shuffled), updates=20) == []


@pytest.mark.parametrize(
    ("expected", "examples", "learnt"), [(["D06"], 200, 200), ([], 200, 12), (["D06"], 200, 100), ([], 4, 4)]
)
def test_validation_on_what_was_learnt_is_named_where_it_is_no_small_table(expected, examples, learnt):
    assert codes(Validated(0, PLACE, examples, learnt)) == expected


@pytest.mark.parametrize(
    ("expected", "labels"),
    [
        (["D12"], np.repeat([0, 1, 2], 50)),
        ([], rng.permutation(np.repeat([0, 1, 2], 50))),
        ([], np.repeat([0, 1], [80, 70])),
        ([], np.arange(10) % 2),
        ([], rng.integers(0, 100, 400)),
    ],
)
def test_classes_that_are_held_back_but_not_learnt_are_seen(expected, labels):
    cut = int(0.67 * len(labels))
    assert codes(LoaderMade(0, PLACE, len(labels), 5, True, labels[:cut], labels[cut:])) == expected
