"""Does the training loop keep every input with its target? Seen from what it teaches about two inputs only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from unstuck.diagnosis.guard import guard
from unstuck.diagnosis.rules.data.examples import classes, sample

if TYPE_CHECKING:
    from unstuck.diagnosis.examination import Examination
    from unstuck.diagnosis.rules.data.own_loop import Loop

Array = np.ndarray

SEEDS, SECONDS = (1, 2, 3), 0.08
NOTHING, CLEAR = 0.2, 0.5  # a loop that keeps its pairs has 0.8 to 1, one that parts them chance around 0


def pairs_are_broken(e: Examination, loop: Loop) -> float | None:
    """The effect of swapping the targets of two inputs, as a share of that of giving both another target.

    None unless it is next to nothing in the training loop and plain in single steps on the same examples: with inputs A
    and B and targets a and b, training on (A, a), (B, b) and on (A, b), (B, a) must differ at A.
    """
    if loop.repeats is not False or loop.seconds > SECONDS or e.case.step is None or (e.stepping and e.stepping.random):
        return None
    pair = _two_unlike(e)
    if pair is None:
        return None
    n = max(30, 3 * loop.batch_size)
    by_loop: list[float] = []
    for seed in SEEDS:
        effect = _effect(e, "train", pair, n, loop, seed)
        if effect is None or abs(effect) > CLEAR:
            return None
        by_loop.append(effect)
    mean = float(np.mean(by_loop))
    if abs(mean) > NOTHING:
        return None
    by_step = _effect(e, "step", pair, n, loop, 1)
    return mean if by_step is not None and by_step > CLEAR else None


def _two_unlike(e: Examination) -> tuple[Array, Array] | None:
    """Two examples of different classes whose inputs are as far apart in direction as can be found among some."""
    y = classes(e)
    if y is None or len(np.unique(y)) < 2:
        return None
    rows = sample(len(y), 200)
    x = e.program.x[rows] / np.maximum(np.linalg.norm(e.program.x[rows], axis=1, keepdims=True), 1e-12)
    alike = x @ x.T + 2.0 * (y[rows][:, None] == y[rows])
    i, j = np.unravel_index(alike.argmin(), alike.shape)
    both = rows[[int(i), int(j)]]
    return e.program.typed(e.program.x[both]), e.program.targets[both]


def _effect(e: Examination, name: str, pair: tuple[Array, Array], n: int, loop: Loop, seed: int) -> float | None:
    """(output at A after right pairs minus after swapped ones) along the same after all a minus after all b."""
    x, (a, b) = np.tile(pair[0], (n // 2, *[1] * (pair[0].ndim - 1))), pair[1]
    outputs = [
        _output_after(e, name, x, np.array([first, second] * (n // 2)), loop.batch_size, seed)
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
    first, second = (int(t.argmax()) if len(t) > 1 else int(t[0]) for t in (a, b))
    return int(only_a.argmax()) == first and int(only_b.argmax()) == second


def _output_after(e: Examination, name: str, x: Array, targets: Array, batch_size: int, seed: int) -> Array | None:
    program = e.program
    function = getattr(e.case, name)
    try:
        program.restore()
        program.perturb_randomness(seed)
        if name == "train":
            if guard(function, x.copy(), targets.copy(), seconds=1.0).failed:
                return None
        else:
            for i in range(0, 4 * len(x), batch_size):
                part = np.arange(i, i + batch_size) % len(x)
                if program.call(name, x[part], targets[part], seconds=1.0).failed:
                    return None
        outputs = program.predict(np.asarray(x[:1], dtype=float), restore=False)
        return None if outputs is None else outputs[0]
    finally:
        program.restore()
