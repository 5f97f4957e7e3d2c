"""Faults of the walk over the examples: their order, and what the training loop does to them."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.examination.evidence import MEASURED, PROVED, SUSPECTED, Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.measurements.own_loop import Loop, own_loop, steps_in_order
from unstuck.diagnosis.measurements.pairing import pairs_are_broken
from unstuck.diagnosis.measurements.plain_data import classes
from unstuck.diagnosis.measurements.visits import one_batch_again_and_again, overlapping_batches
from unstuck.diagnosis.rules.rule import rule

Array = np.ndarray

LONG_RUN = 5.0  # runs of one class this many times as long as chance would have them


@rule("D12", look_alikes=("U09",))
def examples_in_label_order(e: Examination) -> Evidence | None:
    """The examples are sorted by class and the training loop does not shuffle them.

    What it detects: Long runs of one class in the training examples, and a training loop that visits them as they come:
    it ends in the same parameters whatever the random numbers, and, where single steps can be made, in those that
    stepping through the examples in the order given leads to.

    Why it hurts: For hundreds of updates in a row every example says the same class; the network answers that, then
    the next, and forgets the ones before.

    Cure: Draw a new order for every epoch: `for i in rng.permutation(len(x))`.

    Evidence: The mean length of a run against that of a random order; how the loop was seen not to shuffle.

    Look-alikes: U09 too-few-updates, where the last classes were never reached.
    """
    y = classes(e)
    if y is None or len(y) < 50:
        return None
    names, counts = np.unique(y, return_counts=True)
    runs = 1 + int(np.count_nonzero(np.diff(y)))
    by_chance = 1 / (1 - float(np.sum((counts / len(y)) ** 2))) if len(names) > 1 else np.inf
    length = len(y) / runs
    if length < LONG_RUN * by_chance or (e.case.batch_size or 1) >= len(y):
        return None
    numbers = {
        "mean_run": length,
        "mean_run_by_chance": by_chance,
        "classes": len(names),
        "batch_size": e.case.batch_size,
    }
    said = f"the examples come in runs of {length:.0f} of one class (by chance {by_chance:.1f})"
    loop = own_loop(e)
    if loop is None or not loop.moved or loop.repeats is None:
        e.leave_unchecked("whether the training loop shuffles", "train=… (the whole loop) that runs on a few examples")
        return Evidence(SUSPECTED, said + "; whether the loop shuffles them could not be seen", numbers)
    if loop.repeats and steps_in_order(e, loop):
        return Evidence(PROVED, said + ", and training visits them in the order given", {**numbers, "shuffles": False})
    if loop.repeats:
        return Evidence(
            MEASURED, said + ", and training ends the same whatever the random numbers", {**numbers, "shuffles": False}
        )
    return None


@rule("D14", look_alikes=("D10", "U09"))
def examples_altered_by_training(e: Examination) -> Evidence | None:
    """The training loop alters its examples, parts them from their targets, or never visits most of them.

    What it detects: The loop is run on a few examples. Inputs or targets that it overwrites, or puts in an order that
    the other part does not follow; inputs that can be replaced with the outcome equal to the bit, counted by halving; a
    batch that an epoch takes again and again, or batches that overlap so that most examples are in none, as the rows
    that the loop asks for tell; pairs that can be exchanged (the targets of two inputs swapped) with no change of what
    is learnt beyond chance. Steps whose update stays the same to the bit whatever inputs they are given, and follows
    the targets.

    Why it hurts: From the second epoch on the network sees other data than its author believes, or labels of other
    examples, or the same few over and over.

    Cure: Draw one permutation and index inputs and targets with it; never change the arrays in place; check the bounds
    of the slices.

    Evidence: What was handed over against what was left; the share that was never visited; the effect of swapping
    targets against that of replacing them.

    Look-alikes: D10 labels-unrelated-to-inputs, where the data are parted before training; U09 too-few-updates. With
    B20 only one example of each batch counts, so that nothing is said of the loop.
    """
    if e.stepping is not None and e.stepping.takes == {"targets"}:
        return Evidence(
            PROVED,
            "whatever the inputs are, a step with the same targets makes the same update to the bit: it learns from "
            "other inputs than those it is given",
            {"inputs_without_effect": True},
        )
    loop = own_loop(e)
    if loop is None:
        return None
    altered = _altered(loop)
    if altered is not None:
        return altered
    if e.twin is not None and any(link.weights.fault == "B20" for link in e.twin.links):
        return None  # which examples count is then the step's doing, not the loop's
    if loop.unvisited is not None and loop.unvisited.any():
        examples, left_out = len(loop.unvisited), int(np.count_nonzero(loop.unvisited))
        return Evidence(
            PROVED,
            f"of {examples} examples the loop visits {examples - left_out} at most: the inputs of the other {left_out} "
            "can be replaced and training ends in the same parameters to the bit",
            {"share_never_visited": left_out / examples, "examples": examples, "never_visited": left_out},
            asleep=left_out <= loop.batch_size and left_out < examples / 2,
        )
    repeated = one_batch_again_and_again(e)
    if repeated is not None:
        return Evidence(
            PROVED,
            f"of {repeated.examples} examples every epoch takes {repeated.size}, {repeated.times} times in a row, and "
            f"the other {repeated.examples - repeated.size} not once",
            {
                "examples": repeated.examples,
                "taken_in_an_epoch": repeated.size,
                "times_in_a_row": repeated.times,
                "share_never_visited": 1 - repeated.size / repeated.examples,
            },
        )
    overlapping = overlapping_batches(e)
    if overlapping is not None:
        return Evidence(
            PROVED,
            f"the batches of an epoch over {overlapping.examples} examples hold {overlapping.taken}, but no more than "
            f"{overlapping.different} different ones: they overlap, and the others are in none",
            {
                "examples": overlapping.examples,
                "taken_in_an_epoch": overlapping.taken,
                "different_in_an_epoch": overlapping.different,
            },
        )
    broken = pairs_are_broken(e, loop)
    if broken is not None:
        return Evidence(
            MEASURED,
            f"with the targets of two inputs exchanged, training teaches the same but for {broken:+.0%} of what two "
            "other targets change: inputs and targets are shuffled apart",
            {"effect_of_swapping": broken},
        )
    return None


def _altered(loop: Loop) -> Evidence | None:
    same_x, same_targets = np.array_equal(loop.x, loop.x_after), np.array_equal(loop.targets, loop.targets_after)
    if same_x and same_targets:
        return None
    x_order, target_order = _order(loop.x, loop.x_after), _order(loop.targets, loop.targets_after)
    if x_order is not None and target_order is not None:
        if np.array_equal(loop.targets[x_order], loop.targets_after):
            return None  # shuffled in place, together
        moved = "inputs" if same_targets else "targets" if same_x else "inputs and the targets, each in its own way"
        apart = float(np.mean([np.any(a != b) for a, b in zip(loop.targets[x_order], loop.targets_after)]))
        return Evidence(
            PROVED,
            f"training shuffles the {moved}: afterwards {apart:.0%} of the inputs stand beside the target of another",
            {"share_parted": apart},
        )
    what = "inputs" if target_order is not None or same_targets else "targets" if same_x else "inputs and targets"
    before, after = (loop.x, loop.x_after) if not same_x else (loop.targets, loop.targets_after)
    sizes = [float(np.sqrt(np.mean(np.asarray(a, dtype=float) ** 2))) for a in (before, after)]
    return Evidence(
        PROVED,
        f"training overwrites its {what}: their root mean square was {sizes[0]:.4g} and is {sizes[1]:.4g} afterwards",
        {"root_mean_square_before": sizes[0], "root_mean_square_after": sizes[1]},
    )


def _order(before: Array, after: Array) -> Array | None:
    """Indices with before[indices] equal to after, row by row; None where the rows are not the same."""
    if before.shape != after.shape:
        return None
    places: dict[bytes, list[int]] = {}
    for i, row in enumerate(np.ascontiguousarray(before)):
        places.setdefault(row.tobytes(), []).append(i)
    found = []
    for row in np.ascontiguousarray(after):
        left = places.get(row.tobytes())
        if not left:
            return None
        found.append(left.pop(0))
    return np.array(found)
