"""What targets do in an update whose output error is of no known form: steps with other targets tell, whatever the loss
and the optimiser are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from unstuck.diagnosis.identification.backward import identify_backward
from unstuck.diagnosis.identification.fit import fit
from unstuck.diagnosis.identification.forward import propagate
from unstuck.diagnosis.identification.guesses import View
from unstuck.diagnosis.identification.stepping import batch, observe, start
from unstuck.diagnosis.measurements.once import once
from unstuck.diagnosis.measurements.plain_data import are_real, classes
from unstuck.diagnosis.measurements.target_coding import numeric_targets
from unstuck.diagnosis.program.observations import Record

if TYPE_CHECKING:
    from unstuck.diagnosis.examination.examination import Examination

Array = np.ndarray

SEEDS = (71, 72)  # of the parameters and batches that are tried
SINGLES = 16  # examples that are shown alone
FAR = 10.0  # spreads by which one target is moved, up and down: far enough for an error that only has a sign
MOST_COLUMNS = 64
MIXED = 1e-2  # of the change of a batch, that its examples do not add up to


def may_be_asked(e: Examination) -> bool:
    """Whether steps with other targets can be compared: they repeat, and their targets are not their inputs."""
    if not e.steps_repeat:
        return False
    x, targets = batch(e.program, 6, 1)
    alike = numeric_targets(e) is not None and x.size == np.size(targets)
    return not (alike and np.allclose(x.ravel(), np.asarray(targets, dtype=float).ravel()))


def output_error_unknown(e: Examination) -> bool:
    """Whether the forward pass is known and the change of the output weights fits no formula."""
    if not e.forward_proved:
        return False
    return e.backward is None or not (e.backward.layers[-1].explained or e.backward.layers[-1].weights_frozen)


@once
def what_targets_fail_to_do(e: Examination) -> str | None:
    """What targets should do in every update, and do not, where the output error is of no known form; None where they
    do it, or where that cannot be seen."""
    if not output_error_unknown(e) or not may_be_asked(e):
        return None
    if do_nothing(e):
        return "whatever the targets are, the update is the same to the bit"
    numeric = numeric_targets(e) is not None
    columns = columns_without_effect(e) if numeric else []
    if columns:
        named = ", ".join(str(column + 1) for column in columns)
        return f"column {named} of the targets changes nothing in the update, to the bit"
    if numeric and pull_one_way(e):
        return "a target far above the others and one far below them move the output the same way"
    shown = never_raise_the_right_class(e)
    if shown:
        return f"an update on one example never raises the score of its own class ({shown} examples were shown)"
    return None


def do_nothing(e: Examination) -> bool:
    """Whether updates stay the same to the bit with the targets of other examples, and not with their inputs."""
    for seed in SEEDS:
        x, targets = batch(e.program, _size(e), seed)
        orders = [np.random.default_rng(seed + k).permutation(len(e.program.x))[: len(x)] for k in range(3)]
        others = [e.program.targets[order] for order in orders]
        if any(np.array_equal(part, targets) for part in others):
            return False
        as_it_is = _change(e, x, targets, seed)
        if as_it_is is None or not any(np.any(change) for change in as_it_is):
            return False
        if not all(_equal(_change(e, x, part, seed), as_it_is) for part in others):
            return False
        if _equal(_change(e, e.program.x[orders[0]], targets, seed), as_it_is):
            return False
    return True


def columns_without_effect(e: Examination) -> list[int]:
    """Columns of real targets, or of several tags, that can be changed at will with the update equal to the bit."""
    targets = np.asarray(e.program.targets, dtype=float)
    if targets.ndim != 2 or not 2 <= targets.shape[1] <= MOST_COLUMNS or not are_real(targets):
        return []
    left = list(range(targets.shape[1]))
    for seed in SEEDS:
        x, wanted = batch(e.program, _size(e), seed)
        as_it_is = _change(e, x, wanted, seed)
        if as_it_is is None or not any(np.any(change) for change in as_it_is):
            return []
        for column in list(left):
            for sign in (FAR, -FAR):
                moved = np.array(wanted, dtype=float)
                moved[:, column] += sign * (float(np.std(targets[:, column])) or 1.0)
                if column in left and not _equal(_change(e, x, moved, seed), as_it_is):
                    left.remove(column)
    return left if len(left) < targets.shape[1] else []


def pull_one_way(e: Examination) -> bool:
    """Whether a target far above all others and one as far below them, or the two values of targets of one output, move
    the sum of the output the same way: whatever the output stands for (a logarithm, say), they should not."""
    targets = np.asarray(e.program.targets, dtype=float).reshape(len(e.program.x), -1)
    levels = np.unique(targets)
    two = len(levels) == 2 and e.n_outputs == 1
    if targets.shape[1] != e.n_outputs or not (two or are_real(targets)):
        return False
    middle, far = targets.mean(axis=0), FAR * targets.std(axis=0)
    above, below = (levels[1:], levels[:1]) if two else (middle + far, middle - far)
    shape, seen = np.asarray(e.program.targets).shape[1:], False
    for row in range(SINGLES // 2):
        x, _ = batch(e.program, 1, 100 + row)
        for seed in SEEDS:
            up, down = (_pull(e, x, target.reshape(1, *shape), seed) for target in (above, below))
            if up is None or down is None:
                return False
            moves = (up != 0) & (down != 0)
            if np.any(np.sign(up[moves]) != np.sign(down[moves])):
                return False
            seen |= bool(moves.any())
    return seen


def never_raise_the_right_class(e: Examination) -> int:
    """The number of single examples shown, where none raised the score of its own class while others moved; else 0."""
    y = classes(e)
    if y is None or e.n_outputs < 3 or y.max() >= e.n_outputs or y.min() < 0:
        return 0
    shown = 0
    for row in range(SINGLES):
        x, wanted = batch(e.program, 1, 100 + row)
        place = np.flatnonzero((e.program.x == x[0]).all(axis=1))
        pull = _pull(e, x, wanted, SEEDS[row % 2])
        if pull is None or len(place) == 0:
            return 0
        if not np.any(pull):
            continue
        if pull[y[place[0]]] > 0:
            return 0
        shown += 1
    return shown if shown > SINGLES // 2 else 0


@once
def mixed_examples(e: Examination) -> float | None:
    """What is left of the change of the output weights by a batch when those by its examples alone, in any common
    measure, and a decay are taken off. None where it is too little, or examples alone do not give right gradients."""
    stepping, forward = e.stepping, e.forward
    if (
        stepping is None
        or forward is None
        or stepping.one_by_one
        or not {1, stepping.batch_size} <= set(stepping.acts_on)
    ):
        return None
    alone_right = identify_backward(observe(e.program, 1, 4), forward, e.epsilon, e.n_outputs).layers[-1]
    if not alone_right.explained or alone_right.slips:
        return None  # another optimiser, say, for which examples do not add up
    array, left = forward.chain[-1].weights, []
    for seed in SEEDS:
        x, targets = batch(e.program, stepping.batch_size, seed)
        together = _change(e, x, targets, seed)
        alone = [_change(e, x[i : i + 1], targets[i : i + 1], seed) for i in range(len(x))]
        before = start(e.program, seed)
        if together is None or before is None or any(part is None for part in alone):
            return None
        total = np.sum([part[array] for part in alone if part is not None], axis=0)
        left.append(fit(together[array].ravel(), total.ravel(), before[array].ravel()).residual)
    return min(left) if min(left) > MIXED else None


def _size(e: Examination) -> int:
    return e.stepping.batch_size if e.stepping is not None else 1


def _record(e: Examination, x: Array, targets: Array, seed: int) -> Record | None:
    records = e.program.run([(x, targets)], start(e.program, seed))
    return records[0] if records and all(np.isfinite(a).all() for a in records[0].after) else None


def _change(e: Examination, x: Array, targets: Array, seed: int) -> list[Array] | None:
    record = _record(e, x, targets, seed)
    return None if record is None else record.changes


def _equal(a: list[Array] | None, b: list[Array] | None) -> bool:
    return a is not None and b is not None and all(np.array_equal(u, v) for u, v in zip(a, b, strict=True))


def _pull(e: Examination, x: Array, targets: Array, seed: int) -> Array | None:
    """(n_outputs,) how far the change of the output layer alone moves the sums of a single example."""
    assert e.forward is not None
    record = _record(e, np.repeat(x, _size(e), axis=0), np.repeat(targets, _size(e), axis=0), seed)
    if record is None:
        return None
    view = View.of(record, e.forward)
    _, activations = propagate(view.x[:1], view.weights, view.biases, e.forward.forms, e.forward.bias_modes)
    pull = activations[-2] @ view.weight_changes[-1]
    bias = view.bias_changes[-1]
    return np.ravel(pull if bias is None else pull + bias)
