"""Does the training loop keep every input with its target? Seen from what it teaches about two inputs only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from unstuck.diagnosis.measurements.plain_data import classes, sample
from unstuck.diagnosis.program import work

if TYPE_CHECKING:
    from unstuck.diagnosis.examination.examination import Examination
    from unstuck.diagnosis.measurements.own_loop import Loop

Array = np.ndarray

Lessons = Iterator[list[tuple[str, Array, Array]]]  # each from the state as found: what is called, with what, in order
Teach = Callable[["Examination", Array, Array, int], Lessons]

SEEDS, MANY_SEEDS = (1, 2, 3), (1, 2, 3, 4, 5, 6, 7, 8)
TURNS, ROUNDS = 3, 4  # without a step: the loop on both inputs must get twice as far as in turns
NOTHING, CLEAR = 0.2, 0.5  # a loop that keeps its pairs has 0.8 to 1, one that parts them chance around 0


@dataclass(frozen=True)
class Pair:
    """Two inputs (2, n_features), their targets, and the parameters from which they are taught: None is as found."""

    x: Array
    targets: Array
    batch_size: int
    start: list[Array] | None = None


def pairs_are_broken(e: Examination, loop: Loop) -> float | None:
    """The effect of swapping the targets of two inputs, as a share of that of giving both another target.

    None unless it is next to nothing in the training loop and plain in single steps on the same examples: with inputs A
    and B and targets a and b, training on (A, a), (B, b) and on (A, b), (B, a) must differ at A. Without a step, the
    loop itself is the step, on examples so alike that no order parts them: half as long, so that nothing rests on pace.
    Where a network as found is too slow to learn either, well-conditioned parameters are tried.
    """
    if loop.repeats:
        return None
    if loop.moved and (loop.repeats is None or loop.work > work.LOOP):
        e.leave_unchecked(
            "whether the training loop keeps every input with its target",
            f"train=… that ends sooner on {len(loop.x)} examples",
        )
    pair = _two_unlike(e, loop.batch_size)
    if pair is None or loop.repeats is None or loop.work > work.LOOP:
        return None
    seeds = MANY_SEEDS if e.stepping is not None and e.stepping.random else SEEDS
    starts = [None, e.program.draw_parameters(0)] if e.program.writable else [None]
    for start in starts:
        pair = replace(pair, start=start)
        by_loop = _mean_effect(e, _by_loop, pair, seeds, at_most=CLEAR)
        if by_loop is not None and abs(by_loop) > NOTHING:
            return None
        by_step = None
        if by_loop is not None:
            by_step = _mean_effect(e, _in_blocks if e.case.step is None else _by_step, pair, SEEDS)
        if by_step is not None and by_step > CLEAR:
            return by_loop
    return None


def _mean_effect(
    e: Examination, teach: Teach, pair: Pair, seeds: tuple[int, ...], at_most: float = np.inf
) -> float | None:
    """The mean over the seeds, as far as it was needed; None where nothing is learnt."""
    effects: list[float] = []
    for seed in seeds:
        effect = _effect(e, teach, pair, seed)
        if effect is None:
            return None
        effects.append(effect)
        if abs(np.mean(effects)) > at_most and (seeds == SEEDS or len(effects) >= len(SEEDS)):
            break
    return float(np.mean(effects))


def _two_unlike(e: Examination, batch_size: int) -> Pair | None:
    """Two examples of different targets whose inputs are as far apart in direction as can be found among some."""
    rows = sample(len(e.program.x), 200)
    unlike = _of_other_targets(e, rows)
    if unlike is None or not unlike.any():
        return None
    x = e.program.x[rows].astype(float)
    x /= np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    alike = x @ x.T + 2.0 * ~unlike
    i, j = np.unravel_index(alike.argmin(), alike.shape)
    both = rows[[int(i), int(j)]]
    return Pair(e.program.typed(e.program.x[both]), e.program.targets[both], batch_size)


def _of_other_targets(e: Examination, rows: Array) -> Array | None:
    """Which two of these rows (n,) have different targets, (n, n) bool: other classes, or where there are none, targets
    that are farther apart than half of them."""
    y = classes(e)
    if y is not None:
        return np.asarray(y[rows][:, None] != y[rows])
    targets = np.asarray(e.program.targets)[rows]
    if targets.dtype.kind not in "buif" or not np.isfinite(targets).all():
        return None
    t = targets.reshape(len(rows), -1).astype(float)
    squares = (t**2).sum(axis=1)
    apart = np.maximum(squares[:, None] + squares - 2 * t @ t.T, 0.0)
    return np.asarray(apart > np.median(apart))


def _effect(e: Examination, teach: Teach, pair: Pair, seed: int) -> float | None:
    """(output at A after right pairs minus after swapped ones) along the same after all a minus after all b."""
    n = max(30, 3 * pair.batch_size)
    a, b = pair.targets
    outputs = [
        _output_after(e, teach, pair, np.array([first, second] * (n // 2)), seed)
        for first, second in ((a, b), (b, a), (a, a), (b, b))
    ]
    if any(output is None or not np.isfinite(output).all() for output in outputs):
        return None
    right, swapped, only_a, only_b = (np.asarray(output) for output in outputs)
    whole = only_a - only_b
    if not _learnt(e, only_a, only_b, a, b):
        return None
    size = float(whole @ whole)
    return float((right - swapped) @ whole) / size if size > 1e-12 else None


def _learnt(e: Examination, only_a: Array, only_b: Array, a: Array, b: Array) -> bool:
    """Whether one target for all was learnt: without that, nothing said about pairs would mean anything."""
    a, b = np.atleast_1d(np.asarray(a, dtype=float)), np.atleast_1d(np.asarray(b, dtype=float))
    if len(only_a) == 1:
        return float((only_a - only_b)[0] * (a - b)[0]) > 0
    if classes(e) is None:
        return a.shape == only_a.shape and float((only_a - only_b) @ (a - b)) > 0
    first, second = (int(t.argmax()) if len(t) > 1 else int(t[0]) for t in (a, b))
    return int(only_a.argmax()) == first and int(only_b.argmax()) == second


def _output_after(e: Examination, teach: Teach, pair: Pair, targets: Array, seed: int) -> Array | None:
    """The outputs at the first input after both were taught in turns."""
    program = e.program
    taught: list[Array] = []
    x = np.tile(pair.x, (len(targets) // 2, *[1] * (pair.x.ndim - 1)))
    try:
        for batches in teach(e, x, targets, pair.batch_size):
            program.restore()
            if pair.start is not None and not program.set_parameters(pair.start):
                return None
            program.perturb_randomness(seed)
            if any(_fails(e, name, x_taught, targets_taught) for name, x_taught, targets_taught in batches):
                return None
            outputs = program.predict(np.asarray(x[:1], dtype=float), restore=False)
            if outputs is None:
                return None
            taught.append(outputs[0])
    finally:
        program.restore()
    return np.mean(taught, axis=0)


def _fails(e: Examination, name: str, x: Array, targets: Array) -> bool:
    """Teaches this by the user's loop or step."""
    program = e.program
    return (program.train(x, targets, 3 * work.LOOP) if name == "train" else program.call(name, x, targets)).failed


def _by_loop(e: Examination, x: Array, targets: Array, batch_size: int) -> Lessons:
    yield [("train", x.copy(), targets.copy()) for _ in range(ROUNDS if e.case.step is None else 1)]


def _by_step(e: Examination, x: Array, targets: Array, batch_size: int) -> Lessons:
    parts = [np.arange(i, i + batch_size) % len(x) for i in range(0, 4 * len(x), batch_size)]
    yield [("step", x[part], targets[part]) for part in parts]


def _in_blocks(e: Examination, x: Array, targets: Array, batch_size: int) -> Lessons:
    """The loop on one input at a time, in turns, and once more in the other order: what came last weighs most."""
    for order in ((0, 1), (1, 0)):
        rows = [(np.arange(batch_size) * 2 + which) % (2 * (len(x) // 2)) for which in order] * TURNS
        yield [("train", x[part], targets[part]) for part in rows]
