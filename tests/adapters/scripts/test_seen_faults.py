"""Faults that no experiment on a script's steps could show are seen in its recording; look-alikes are silent."""

import pytest

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.faults.in_vain import updated_in_vain
from unstuck.adapters.scripts.faults.made_anew import only_counts
from unstuck.adapters.scripts.faults.seen_faults import lost_updates, one_target_for_all_outputs, seen_faults
from unstuck.adapters.scripts.proof.idle import updates_of_nothing
from unstuck.adapters.scripts.study import study

HEAD = """\
import numpy as np
np.random.seed(0)
X = np.random.rand(60, 4)
Y = np.eye(2)[(X[:, 0] > 0.5).astype(int)]
W1, b1 = np.random.randn(4, 5), np.random.randn(5)
W2, b2 = np.random.randn(5, 2), np.random.randn(2)
def forward(x):
    h = np.tanh(x @ W1 + b1)
    return h, 1 / (1 + np.exp(-(h @ W2 + b2)))
def gradients(x, y):
    h, p = forward(x)
    d2 = (p - y) / len(x)
    d1 = d2 @ W2.T * (1 - h ** 2)
    return [x.T @ d1, d1.sum(axis=0), h.T @ d2, d2.sum(axis=0)]
"""
LOST = """\
for epoch in range(200):
    for w, g in zip([W1, b1, W2, b2], gradients(X, Y)):
        w = w - 0.5 * g
"""
KEPT = LOST.replace("w = w - 0.5 * g", "w -= 0.5 * g")

ONE_BY_ONE = """\
for epoch in range(50):
    for i in range(len(X)):
        x, y = X[i:i + 1], Y[i:i + 1]
        h, p = forward(x)
    {indent}d2 = p - y
    {indent}d1 = d2 @ W2.T * (1 - h ** 2)
    {indent}W2 -= 0.1 * h.T @ d2
    {indent}b2 -= 0.1 * d2[0]
    {indent}W1 -= 0.1 * x.T @ d1
    {indent}b1 -= 0.1 * d1[0]
"""
LOOKS_BEFORE = """\
for epoch in range(50):
    for i in range(len(X)):
        forward(X[i:i + 1])
    k = np.random.randint(60)
    for w, g in zip([W1, b1, W2, b2], gradients(X[k:k + 1], Y[k:k + 1])):
        w -= 0.5 * g
"""
BATCHES = """\
for epoch in range(50):
    for k in range(0, 60, 10):
        for w, g in zip([W1, b1, W2, b2], gradients(X[k:k + 10], Y[k:k + 10])):
            w -= 0.5 * g
"""


def studied(program):
    return study(runner(HEAD + program))


def told(program):
    found = studied(program)
    assert found.read is not None
    return [(finding.rule.code, finding.location.line) for finding in seen_faults(found.read, 60)]


def test_an_update_whose_result_nothing_reads_is_told_by_its_line():
    assert [site.line for site in lost_updates(studied(LOST).recording.tape)] == [17]


@pytest.mark.parametrize("program", [KEPT, BATCHES, ONE_BY_ONE.format(indent="    ")])
def test_an_update_that_is_read_is_not_lost(program):
    assert lost_updates(studied(program).recording.tape) == []


def test_an_update_behind_the_loop_over_examples_passes_all_but_the_last_over():
    assert told(ONE_BY_ONE.format(indent="")) == [("D14", 16)]


@pytest.mark.parametrize("program", [ONE_BY_ONE.format(indent="    "), LOOKS_BEFORE, BATCHES])
def test_a_loop_that_only_looks_at_examples_passes_none_over(program):
    assert told(program) == []


def test_inputs_and_targets_shuffled_one_after_the_other_are_parted():
    assert told("np.random.shuffle(X)\nnp.random.shuffle(Y)\n" + BATCHES) == [("D10", 16)]


def test_parted_within_the_training_loop_they_are_altered_by_it():
    program = BATCHES.replace("range(50):\n", "range(50):\n    np.random.shuffle(X)\n    np.random.shuffle(Y)\n")
    assert told(program) == [("D14", 17)]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ("X = X[np.random.permutation(60)]\n", [("D10", 15)]),
        ("X = X[np.random.permutation(60)]\nY = Y[np.random.permutation(60)]\n", [("D10", 16)]),
        ("X = X[:, :][list(np.random.permutation(60))]\n", [("D10", 15)]),
        ("X[np.arange(60)[::-1], np.random.permutation(60) % 4]\n", []),
        ("order = np.random.permutation(60)\nX, Y = X[order], Y[order]\n", []),
        ("order = np.random.permutation(60)\nX, Y = X[order], Y[list(order)]\nmarks = X[:, 0] > 0.5\n", []),
        ("order = np.random.permutation(60)\nX, Y = X.T[:, order].T, Y[order]\n", []),
        ("X = X[np.random.permutation(60)]\nY = np.eye(2)[(X[:, 0] > 0.5).astype(int)]\n", []),
    ],
)
def test_rows_chosen_by_number_keep_their_targets_or_are_parted_from_them(chosen, expected):
    assert told(chosen + BATCHES) == expected


@pytest.mark.parametrize(
    "shuffles",
    [
        "np.random.seed(3)\nnp.random.shuffle(X)\nnp.random.seed(3)\nnp.random.shuffle(Y)\n",
        "order = np.random.permutation(60)\nX, Y = X[order], Y[order]\n",
        "np.random.shuffle(X)\nY = np.eye(2)[(X[:, 0] > 0.5).astype(int)]\n",
    ],
)
def test_shuffled_alike_or_before_the_targets_are_made_they_are_not(shuffles):
    assert told(shuffles + BATCHES) == []


SOME_LOST = """\
for epoch in range(200):
    dW1, db1, dW2, db2 = gradients(X, Y)
    W1 = W1 - 0.5 * dW1
    W2 = W2 - 0.5 * dW2
    {b1} = b1 - 0.5 * db1
    {b2} = b2 - 0.5 * db2
"""
LOOKED_AT = """\
for epoch in range(200):
    dW1, db1, dW2, db2 = gradients(X, Y)
    ahead = W1 - 0.5 * dW1
    for w, g in zip([W1, b1, W2, b2], [dW1, db1, dW2, db2]):
        w -= 0.5 * g
"""


def test_some_updates_that_are_lost_beside_others_are_seen():
    assert told(SOME_LOST.format(b1="b1", b2="b2")) == []
    assert told(SOME_LOST.format(b1="b1", b2="db2")) == [("U05", 20)]
    assert told(SOME_LOST.format(b1="db1", b2="db2")) == [("U05", 19), ("U05", 20)]


def test_a_step_that_is_only_looked_at_beside_the_update_is_none_that_is_lost():
    assert told(LOOKED_AT) == []


BYTES = """\
P = np.random.randint(0, 256, (60, 40)).astype(np.uint8)
X = {prepared}
W1 = np.random.randn(40, 5)
"""


def test_bytes_that_wrap_around_on_their_way_to_the_inputs_are_seen():
    assert told(BYTES.format(prepared="(P - 128) / 128") + BATCHES) == [("D03", 16)]


@pytest.mark.parametrize("prepared", ["(P.astype(float) - 128) / 128", "P / 255 - 0.5", "(P - P.min()) / 255"])
def test_bytes_that_do_not_wrap_around_are_silent(prepared):
    assert told(BYTES.format(prepared=prepared) + BATCHES) == []


@pytest.mark.parametrize(
    ("loop", "turns", "expected"),
    [
        ("for k in range(100):\n    w = made()\n    train(w)\n    print(k)\n", 100, True),
        (
            "for k in range(100):\n    w = made()\n    if k % 10 == 0:\n        print(f'{k}')\n    kept.append(loss)\n",
            100,
            True,
        ),
        ("for k in range(100):\n    w = made(k)\n    train(w)\n", 100, False),
        ("for k in range(5):\n    w = made()\n    kept.append(train(w))\n", 5, False),
        ("for k in range(100):\n    w = made()\n    train(w)\n    kept.append(w)\n", 100, False),
        ("for run in range(100):\n    w = made()\n    train(w)\n", 100, False),
        ("for rate in (0.1, 0.5):\n    w = made()\n    train(w)\n", 2, False),
    ],
)
def test_a_loop_whose_numbers_choose_nothing_counts_passes(loop, turns, expected):
    assert only_counts(loop, turns) == expected


SPLIT = """\
from sklearn.model_selection import train_test_split
A = np.random.randn(240, 4)
kinds = A[:, :3].argmax(axis=1)
{splits}
Y = np.eye(3)[b_train]
W2, b2 = np.random.randn(5, 3), np.random.randn(3)
for epoch in range(50):
    for w, g in zip([W1, b1, W2, b2], gradients(a_train, Y)):
        w -= 0.5 * g
"""


@pytest.mark.parametrize(
    ("splits", "expected"),
    [
        ("a_train, a_test = train_test_split(A)\nb_train, b_test = train_test_split(kinds)", 19),
        ("a_train, a_test, b_train, b_test = train_test_split(A, kinds)", None),
        ("np.random.shuffle(kinds)\na_train, b_train = train_test_split(A)[0], kinds[:180]", None),
    ],
)
def test_targets_that_were_split_apart_from_their_inputs_are_told_by_what_both_were_taken_from(splits, expected):
    pytest.importorskip("sklearn")
    found = studied(SPLIT.format(splits=splits)).apart
    assert (found and found.location.line) == expected


COUNTED = "print(np.mean(forward(X)[1].argmax(axis=1) == Y[:, 0]))\n"


@pytest.mark.parametrize(
    ("targets", "end", "expected"),
    [
        ("(X[:, :1] > 0.5).astype(float)", COUNTED, ["D09"]),
        ("np.hstack([X[:, :1] > 0.5] * 2).astype(float)", COUNTED, []),
        ("(X[:, :1] > 0.5).astype(float)", "", []),
        ("X[:, :1]", COUNTED, []),
    ],
)
def test_one_column_of_class_numbers_for_several_outputs_is_seen_where_the_largest_is_asked_for(targets, end, expected):
    read = studied(f"Y = {targets}\n{BATCHES}{end}").read
    assert read is not None
    assert [finding.rule.code for finding in one_target_for_all_outputs(read)] == expected


SLOPELESS = """\
for epoch in range(200):
    h, p = forward(X)
    total = {start}
    for w in [W1, b1, W2, b2]:
        w -= 0.5 * total
"""


@pytest.mark.parametrize(
    ("start", "lines"),
    [("0.0 * np.ones(1)", [19]), ("np.ones(1)", []), ("0.0 * (p - Y).sum()", [])],
)
def test_updates_that_add_zeros_of_nowhere_to_what_was_drawn_are_seen(start, lines):
    tape = studied(SLOPELESS.format(start=start)).recording.tape
    assert [finding.location.line for finding in updates_of_nothing(tape)] == lines


@pytest.mark.parametrize(("end", "count"), [("", 2), ("+ b1", 1)])
def test_a_bias_that_nothing_but_its_updates_reads_is_seen(end, count):
    text = HEAD.replace("W1 + b1)", f"W1 {end})").replace("+ b2)", ")") + BATCHES
    read = study(runner(text)).read
    assert read is not None
    assert [finding.rule.code for finding in updated_in_vain(read)] == ["F07"] * count


def test_a_sum_of_errors_that_is_only_kept_is_no_bias_in_vain():
    kept = "total = np.zeros(2)\n" + BATCHES + "        total += (forward(X)[1] - Y).sum(axis=0)\n"
    read = studied(kept).read
    assert read is not None
    assert not list(updated_in_vain(read))
