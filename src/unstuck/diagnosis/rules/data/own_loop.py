"""The user's whole training loop on a few examples: what it does to them, which it visits, in which order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from unstuck.diagnosis.guard import guard
from unstuck.diagnosis.rules.once import once

if TYPE_CHECKING:
    from unstuck.diagnosis.examination import Examination

Array = np.ndarray

LEAST_EXAMPLES, MOST_EXAMPLES = 48, 400
FIRST_SECONDS = 0.8  # for one run on so few examples
SECONDS = 0.15  # a loop that takes longer is run no more
EPOCHS = 40


@dataclass
class Loop:
    """Runs of train() on n examples, three batches if the batch size is known; all from the state as found.

    end                       the parameters after the first run
    x_after, targets_after    what was handed over, as it was afterwards
    repeats                   two runs with other random numbers, also where it sets seeds itself, end the same
    idle                      shares (first, last) of the examples that can be replaced without a change of the outcome
    """

    x: Array
    targets: Array
    batch_size: int
    x_after: Array
    targets_after: Array
    end: list[Array]
    seconds: float
    moved: bool
    repeats: bool | None = None
    idle: dict[str, float] = field(default_factory=dict)


@once
def own_loop(e: Examination) -> Loop | None:
    """None without a loop that ends soon on a few examples."""
    if e.case.train is None:
        e.leave_unchecked("what the training loop does with its examples", "train=… (the whole loop)")
        return None
    if not e.program.as_found:
        return None
    n = len(e.program.x)
    size = min(int(e.case.batch_size or 10), n)
    count = min(n, max(3 * min(size, n // 3 or 1), LEAST_EXAMPLES))
    count -= count % 3
    if count < 3 or count > MOST_EXAMPLES or not np.isfinite(e.program.x).all():
        return None
    rows = np.linspace(0, n - 1, count).astype(int)
    x = e.program.typed(e.program.x[rows]).copy()
    targets = e.program.targets[rows].copy()
    first = _run(e, x, targets, 1, FIRST_SECONDS)
    if first is None:
        e.leave_unchecked(
            "what the training loop does with its examples", "train=… that ends within a second on 30 examples"
        )
        return None
    end, x_after, targets_after, seconds = first
    moved = any(np.any(a != b) for a, b in zip(end, e.program.as_found, strict=True))
    loop = Loop(x, targets, size, x_after, targets_after, end, seconds, moved)
    if moved and seconds < SECONDS:
        _compare(e, loop)
    return loop


def _compare(e: Examination, loop: Loop) -> None:
    again = _run(e, loop.x, loop.targets, 2, 3 * SECONDS, reseed=True)
    if again is None:
        return
    loop.repeats = _same(again[0], loop.end)
    n = len(loop.x)
    others = np.random.default_rng(3).permutation(len(e.program.x))[:n]
    for name, part in (("last", slice(n // 3, n)), ("first", slice(0, 2 * n // 3))):
        x, targets = loop.x.copy(), loop.targets.copy()
        x[part] = e.program.typed(1.1 * e.program.x[others[part]] + 0.01)
        targets[part] = np.roll(loop.targets, 1 + n // 3, axis=0)[part]
        changed = _run(e, x, targets, 1, 3 * SECONDS)
        if changed is not None and _identical(changed[0], loop.end) and _still_learns(e, loop, part):
            loop.idle[name] = 2 / 3


def _still_learns(e: Examination, loop: Loop, part: slice) -> bool:
    """Whether a step on these examples would change the parameters in which training ends: saturated units stand still
    whatever they are shown."""
    program = e.program
    if e.case.step is None or e.case.train is None:
        return True
    try:
        program.restore()
        program.perturb_randomness(1)
        guard(e.case.train, loop.x.copy(), loop.targets.copy(), seconds=3 * SECONDS)
        before = program.parameters()
        for i in range(part.start, part.stop, loop.batch_size):
            batch = slice(i, min(i + loop.batch_size, part.stop))
            program.call("step", loop.x[batch], loop.targets[batch])
        return not _identical(program.parameters(), before)
    finally:
        program.restore()


def _run(
    e: Examination, x: Array, targets: Array, seed: int, seconds: float, reseed: bool = False
) -> tuple[list[Array], Array, Array, float] | None:
    """(parameters after train, x and targets after it, seconds) of one run on copies of x and targets."""
    program = e.program
    x, targets = x.copy(), targets.copy()
    assert e.case.train is not None
    try:
        program.restore()
        program.perturb_randomness(seed)
        with _other_seeds(seed) if reseed else nullcontext():
            call = guard(e.case.train, x, targets, seconds=seconds)
        end = program.parameters()
        if call.failed or [a.shape for a in end] != [a.shape for a in program.as_found]:
            return None
        return end, x, targets, call.seconds
    finally:
        program.restore()


@contextmanager
def _other_seeds(offset: int) -> Iterator[None]:
    """Seeds that the program sets itself lead to other numbers: an order drawn with a fixed seed is drawn too."""

    def moved(seed: Any) -> Any:
        return seed + offset if isinstance(seed, (int, np.integer)) else seed

    as_found = [(np.random, "seed"), (np.random, "default_rng"), (random, "seed")]
    functions = [(module, name, getattr(module, name)) for module, name in as_found]
    try:
        for module, name, function in functions:
            setattr(module, name, lambda seed=None, function=function: function(moved(seed)))
        yield
    finally:
        for module, name, function in functions:
            setattr(module, name, function)


def steps_in_order(e: Examination, loop: Loop) -> bool:
    """Whether some whole number of epochs of step() through the batches in the order given ends in these parameters."""
    if e.case.step is None:
        return False
    program, started = e.program, e.program.now()
    try:
        program.restore()
        for _ in range(EPOCHS):
            for i in range(0, len(loop.x), loop.batch_size):
                part = slice(i, i + loop.batch_size)
                if (
                    program.call("step", loop.x[part], loop.targets[part]).failed
                    or program.now() - started > 3 * SECONDS
                ):
                    return False
            if _same(program.parameters(), loop.end):
                return True
    finally:
        program.restore()
    return False


def _same(a: list[Array], b: list[Array]) -> bool:
    """Equal to rounding."""
    return all(np.allclose(u, v, rtol=1e-6, atol=1e-9 * (float(np.abs(v).max(initial=0)) or 1.0)) for u, v in zip(a, b))


def _identical(a: list[Array], b: list[Array]) -> bool:
    return all(np.array_equal(u, v) for u, v in zip(a, b))
