"""The user's whole training loop on a few examples: what it does to them, which it visits, in which order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from unstuck.diagnosis.measurements.once import once
from unstuck.diagnosis.program import work

if TYPE_CHECKING:
    from unstuck.diagnosis.examination.examination import Examination

Array = np.ndarray

LEAST_EXAMPLES, FEW_EXAMPLES, MOST_EXAMPLES = 48, 400, 3000
EPOCHS, MOST_STEPS = 40, 1000
BATCHES, MORE_BATCHES = 3, 9  # a walk one by one instead of batch by batch passes over a third of three batches


@dataclass
class Loop:
    """Runs of train() on n examples, three batches if the batch size is known; all from the state as found.

    end                       the parameters after the first run, or the outputs where no parameters are given
    x_after, targets_after    what was handed over, as it was afterwards
    repeats                   two runs with other random numbers, also where it sets seeds itself, end the same; None
                              where that cannot be told
    idle                      two thirds of the examples (first, last) that can be replaced without a change of the
                              outcome, and how many examples there were in all
    """

    x: Array
    targets: Array
    batch_size: int
    x_after: Array
    targets_after: Array
    end: list[Array]
    work: float
    moved: bool
    repeats: bool | None = None
    idle: dict[str, int] = field(default_factory=dict)


@once
def own_loop(e: Examination) -> Loop | None:
    """None without a loop that ends soon on a few examples."""
    if e.case.train is None:
        e.leave_unchecked("what the training loop does with its examples", "train=… (the whole loop)")
        return None
    n = len(e.program.x)
    size = min(int(e.case.batch_size or 10), n)
    if n < 3:
        e.leave_unchecked("what the training loop does with its examples", "three examples or more")
        return None
    for count in _counts(n, size):
        loop = _loop(e, count, size, work.FIRST_LOOP)
        if loop is not None:
            break
    else:
        e.leave_unchecked(
            "what the training loop does with its examples", f"train=… that ends sooner on {count} examples"
        )
        return None
    if loop.moved and loop.work < work.LOOP:
        _compare(e, loop)
    return loop


def _loop(e: Examination, count: int, batch_size: int, allowed: float) -> Loop | None:
    """One run over so many examples; None where it does not end within the work allowed."""
    rows = np.linspace(0, len(e.program.x) - 1, count).astype(int)
    x = e.program.typed(e.program.x[rows]).copy()
    targets = e.program.targets[rows].copy()
    first = _run(e, x, targets, 1, allowed)
    if first is None:
        return None
    end, x_after, targets_after, taken = first
    return Loop(x, targets, batch_size, x_after, targets_after, end, taken, not _identical(end, state(e)))


def _counts(n: int, batch_size: int) -> list[int]:
    """How many examples to try: three batches, or one; of batches too large for that, just a few."""
    wanted = [max(batches * min(batch_size, n // 3 or 1), LEAST_EXAMPLES) for batches in (BATCHES, 1)]
    counts = [min(n, FEW_EXAMPLES if count > MOST_EXAMPLES else count) for count in wanted]
    return list(dict.fromkeys(count - count % 3 for count in (counts[0], counts[1] + 2)))


def state(e: Examination) -> list[Array]:
    """What training changes: the parameters, or else the outputs of some examples."""
    if e.program.as_found:
        return e.program.parameters()
    outputs = e.program.predict(e.program.x[:50], restore=False)
    return [] if outputs is None else [outputs]


def _compare(e: Examination, loop: Loop) -> None:
    again = _run(e, loop.x, loop.targets, 2, 3 * work.LOOP, reseed=True)
    if again is None:
        return
    loop.repeats = _same(again[0], loop.end)
    if not e.program.as_found:
        loop.repeats = loop.repeats and None  # equal outputs do not mean equal parameters
        return
    loop.idle = _idle(e, _with_more_batches(e, loop))


def _with_more_batches(e: Examination, loop: Loop) -> Loop:
    """The loop over more examples, if that ends as soon."""
    count = min(MORE_BATCHES * loop.batch_size, len(e.program.x))
    if not len(loop.x) < count <= MOST_EXAMPLES:
        return loop
    larger = _loop(e, count - count % 3, loop.batch_size, work.LOOP)
    return larger if larger is not None and larger.moved else loop


def _idle(e: Examination, loop: Loop) -> dict[str, int]:
    n, idle = len(loop.x), {}
    others = np.random.default_rng(3).permutation(len(e.program.x))[:n]
    for name, part in (("last", slice(n // 3, n)), ("first", slice(0, 2 * n // 3))):
        x, targets = loop.x.copy(), loop.targets.copy()
        x[part] = e.program.typed(1.1 * e.program.x[others[part]] + 0.01)
        targets[part] = np.roll(loop.targets, 1 + n // 3, axis=0)[part]
        changed = _run(e, x, targets, 1, 3 * work.LOOP)
        if changed is not None and _identical(changed[0], loop.end) and _still_learns(e, loop, part):
            idle[name] = n
    return idle


def _still_learns(e: Examination, loop: Loop, part: slice) -> bool:
    """Whether a step on these examples would change the parameters in which training ends: saturated units stand still
    whatever they are shown."""
    program = e.program
    if e.case.step is None or e.case.train is None:
        return True
    try:
        program.restore()
        program.perturb_randomness(1)
        program.train(loop.x.copy(), loop.targets.copy(), 3 * work.LOOP)
        before = program.parameters()
        for i in range(part.start, part.stop, loop.batch_size):
            batch = slice(i, min(i + loop.batch_size, part.stop))
            program.call("step", loop.x[batch], loop.targets[batch])
        return not _identical(program.parameters(), before)
    finally:
        program.restore()


def _run(
    e: Examination, x: Array, targets: Array, seed: int, allowed: float, reseed: bool = False
) -> tuple[list[Array], Array, Array, float] | None:
    """(parameters after train, x and targets after it, work) of one run on copies of x and targets."""
    program = e.program
    x, targets = x.copy(), targets.copy()
    try:
        program.restore()
        program.perturb_randomness(seed)
        with _other_seeds(seed) if reseed else nullcontext():
            call = program.train(x, targets, allowed)
        end = state(e)
        if call.failed or (program.as_found and [a.shape for a in end] != [a.shape for a in program.as_found]):
            return None
        return end, x, targets, program.work_of_lines(call.lines)
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
    if e.case.step is None or not e.program.as_found:
        return False
    program, steps = e.program, 0
    try:
        program.restore()
        for _ in range(EPOCHS):
            for i in range(0, len(loop.x), loop.batch_size):
                part, steps = slice(i, i + loop.batch_size), steps + 1
                if steps > MOST_STEPS or program.call("step", loop.x[part], loop.targets[part]).failed:
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
    return len(a) == len(b) and all(np.array_equal(u, v) for u, v in zip(a, b))
