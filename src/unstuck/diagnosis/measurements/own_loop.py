"""The user's whole training loop on a few examples: what it does to them, which it visits, in which order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from unstuck.diagnosis.measurements.once import once
from unstuck.diagnosis.program import work
from unstuck.diagnosis.program.leaves import find_leaves

if TYPE_CHECKING:
    from unstuck.diagnosis.examination.examination import Examination

Array = np.ndarray

LEAST_EXAMPLES, FEW_EXAMPLES, MOST_EXAMPLES = 48, 400, 3000
EPOCHS, MOST_STEPS = 40, 1000
MOST_RUNS = 24  # of the loop, to count what it never visits
BATCHES, MORE_BATCHES = 3, 9  # a walk one by one instead of batch by batch passes over a third of three batches


@dataclass
class Loop:
    """Runs of train() on n examples, three batches if the batch size is known; all from the state as found.

    end                       the parameters after the first run, or the outputs where no parameters are given
    x_after, targets_after    what was handed over, as it was afterwards
    repeats                   two runs with other random numbers, also where it sets seeds itself, end the same; None
                              where that cannot be told
    unvisited                 (m,) bool, of the m inputs of a run those that can be replaced without a change of the
                              outcome; None where that cannot be told
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
    unvisited: Array | None = None


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


@once
def whole_training_moves_nothing(e: Examination) -> bool:
    """Whether the loop, over a few examples and over all of them, ends in the very parameters that it began with while
    single steps move them. A loop that returns arrays of their shapes may have trained those."""
    loop = own_loop(e)
    if loop is None or loop.moved or not e.program.as_found or e.stepping is None or not e.stepping.acts:
        return False
    program, examples = e.program, some_examples(e, len(e.program.x))
    try:
        program.restore()
        call = program.train(*examples, 0.5 * work.OWN_TRAINING)
        shapes = {array.shape for array in program.as_found}
        returned = any(leaf.read().shape in shapes for leaf in find_leaves(call.value))
        return not call.failed and not returned and _identical(program.parameters(), program.as_found)
    finally:
        program.restore()


def _loop(e: Examination, count: int, batch_size: int, allowed: float) -> Loop | None:
    """One run over so many examples; None where it does not end within the work allowed."""
    x, targets = some_examples(e, count)
    first = _run(e, x, targets, 1, allowed)
    if first is None:
        return None
    end, x_after, targets_after, taken = first
    return Loop(x, targets, batch_size, x_after, targets_after, end, taken, not _identical(end, state(e)))


def some_examples(e: Examination, count: int) -> tuple[Array, Array]:
    """Copies of so many inputs and targets, from all over the data, in the type that the user's own have."""
    rows = np.linspace(0, len(e.program.x) - 1, count).astype(int)
    return e.program.typed(e.program.x[rows]).copy(), e.program.targets[rows].copy()


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
    loop.unvisited = _unvisited(e, _with_more_batches(e, loop))


def _with_more_batches(e: Examination, loop: Loop) -> Loop:
    """The loop over more examples, if that ends as soon."""
    count = min(MORE_BATCHES * loop.batch_size, len(e.program.x))
    if not len(loop.x) < count <= MOST_EXAMPLES:
        return loop
    larger = _loop(e, count - count % 3, loop.batch_size, work.LOOP)
    return larger if larger is not None and larger.moved else loop


def _unvisited(e: Examination, loop: Loop) -> Array | None:
    """Which inputs the loop never visits, (n,) bool: what stands in their place makes no difference to the bit.

    Targets stay as they are, as a loop may be led by them (an index list filled with labels). None where no input makes
    a difference, so that the loop is over other examples than those handed over, or where the step hides them.
    """
    n = len(loop.x)
    found = np.zeros(n, dtype=bool)
    parts = [(n // 3, n), (0, 2 * n // 3)]
    if e.case.batch_size and n % loop.batch_size == 0 and n > loop.batch_size:
        parts.append((n - loop.batch_size, n))
    runs = MOST_RUNS
    while parts and runs:
        first, last = parts.pop(0)
        if found[first:last].all():
            continue
        runs -= 1
        if _makes_no_difference(e, loop, first, last):
            found[first:last] = True
        elif found.any() and last - first > 1:
            middle = (first + last) // 2
            parts += [(first, middle), (middle, last)]
    if found.all() or (found.any() and not _makes_a_difference_in_a_step(e, loop, np.flatnonzero(found))):
        return None
    return found


def _makes_no_difference(e: Examination, loop: Loop, first: int, last: int) -> bool:
    x = loop.x.copy()
    x[first:last] = _others(e, loop)[first:last]
    changed = _run(e, x, loop.targets, 1, 3 * work.LOOP)
    return changed is not None and _identical(changed[0], loop.end)


def _others(e: Examination, loop: Loop) -> Array:
    """Other inputs for all of them, unlike any that there are."""
    rows = np.random.default_rng(3).permutation(len(e.program.x))[: len(loop.x)]
    return np.asarray(e.program.typed(1.1 * e.program.x[rows] + 0.01))


def _makes_a_difference_in_a_step(e: Examination, loop: Loop, rows: Array) -> bool:
    """Whether steps on these inputs, and on those in their place, would change the parameters in which training ends,
    each in another way: saturated units stand still whatever they are shown."""
    program = e.program
    if e.case.step is None or e.case.train is None:
        return True
    ends = []
    for x in (loop.x, _others(e, loop)):
        try:
            program.restore()
            program.perturb_randomness(1)
            program.train(loop.x.copy(), loop.targets.copy(), 3 * work.LOOP)
            before = program.parameters()
            for i in range(0, len(rows), loop.batch_size):
                batch = rows[i : i + loop.batch_size]
                program.call("step", x[batch], loop.targets[batch])
            ends.append(program.parameters())
        finally:
            program.restore()
    return not _identical(ends[0], before) and not _identical(*ends)


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
