"""How the user's step behaves before any formula is known: on which batches, one update or many, at random or not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from unstuck.diagnosis.identification.fit import rounding_floor
from unstuck.diagnosis.program.observations import Record
from unstuck.diagnosis.program.program import Program

Array = np.ndarray
SMALL_BATCH = 6
RANDOM_RUNS, VISIBLE = 4, 1e-3  # runs of three steps; the most that rounding may make of what moves
PAIRS = 4  # of examples, by which a step that updates after each of them is known
PATIENCE = 8  # calls after which a step that still moves nothing is taken to move nothing ever
COMMON_SIZES = (100, 10, 32, 64, 20, 50, 8, 16, 128, 4, 2, 25, 5, 200, 256, 500, 1000)


@dataclass(frozen=True)
class Stepping:
    """batch_size      the number of examples of the records that follow
    one_by_one         a call on n examples makes one update after each of them
    random             the same step from the same state ends elsewhere when random numbers differ
    acts               whether any parameter ever changed
    acts_on            batch sizes on which the step was seen to change something
    takes              what of its arguments the step goes by: "x", "targets", or, in the place of its x, the inputs
                       that "predict" was last called with
    unmoved            arrays that stayed bit for bit while others moved; looked for where no formula will tell
    """

    batch_size: int = 1
    one_by_one: bool = False
    random: bool = False
    acts: bool = True
    acts_on: tuple[int, ...] = ()
    takes: frozenset[str] = frozenset({"x", "targets"})
    unmoved: tuple[int, ...] = ()
    failed: str = ""


def pick_examples(program: Program, n: int, seed: int = 0) -> Array:
    """Indices of n examples, as varied in their targets as the data allow."""
    targets = np.nan_to_num(np.asarray(program.targets, dtype=float).reshape(len(program.x), -1))
    labels = targets.argmax(1) if targets.shape[1] > 1 else targets[:, 0]
    generator = np.random.default_rng(seed)
    usable = program.finite_rows
    order = generator.permutation(usable if len(usable) else len(labels))
    by_class = [list(order[labels[order] == value]) for value in np.unique(labels)[:50]]
    generator.shuffle(by_class)
    picked: list[int] = []
    while len(picked) < n:
        for members in by_class:
            if members and len(picked) < n:
                picked.append(int(members.pop()))
        if not any(by_class):
            picked += [int(order[i % len(order)]) for i in range(n - len(picked))]
    return np.array(picked[:n])


def batch(program: Program, n: int, seed: int = 0) -> tuple[Array, Array]:
    index = pick_examples(program, n, seed)
    return program.x[index].astype(float), program.targets[index]


def start(program: Program, seed: int, biases: float = 0.5) -> list[Array] | None:
    """Controlled parameters where the program takes them, else None: the parameters as found."""
    return program.draw_parameters(seed, biases) if program.writable else None


def probe_stepping(program: Program, callable_name: str = "step") -> Stepping:
    """Looks for the smallest batch on which the step acts, and whether that is one update or one for every example."""
    sizes = [1, SMALL_BATCH]
    stated = program.case.batch_size
    for size in (stated, *COMMON_SIZES, len(program.x)):
        if size and size not in sizes and size <= len(program.x):
            sizes.append(int(size))
    parameters = start(program, 11)
    acting = _acting(program, sizes, parameters)
    if not acting:  # gradients collected over several calls, or a rate that starts at 0
        program.calls_per_update = PATIENCE
        acting = _acting(program, [size for size in sizes if size <= (stated or max(COMMON_SIZES))], parameters)
    if not acting:
        program.calls_per_update = 1
        return Stepping(acts=False, failed=_why_nothing_moves(program, sizes[-1]))
    one_by_one = {1, SMALL_BATCH} <= set(acting) and _is_one_by_one(program, parameters)
    batch_size = 1 if one_by_one else SMALL_BATCH if SMALL_BATCH in acting else acting[0]
    found = Stepping(batch_size, one_by_one, _is_random(program, parameters, batch_size), acts_on=tuple(acting))
    if callable_name != "step" or found.random:
        return found
    return replace(found, takes=_what_is_taken(program, parameters, batch_size))


def _why_nothing_moves(program: Program, size: int) -> str:
    """What keeps a step of that many examples from moving any parameter, as far as it shows."""
    said = [problem.what for problem in program.problems if problem.what.startswith("step")]
    if said:
        return "; ".join(said)
    if _outputs_move(program, size):
        return "the outputs change under step() while the arrays of parameters() do not: they are not the live ones"
    return "train() moves the parameters, step() does not" if _training_moves(program) else ""


def _acting(program: Program, sizes: list[int], parameters: list[Array] | None) -> list[int]:
    """The first of these batch sizes on which the step moves anything, and a second one if it is small."""
    acting: list[int] = []
    for size in sizes:
        if len(acting) == 2 or (acting and size > SMALL_BATCH):
            break
        records = program.run([batch(program, size, 1)], parameters)
        if records and _moved(records[0]):
            acting.append(size)
    return acting


def _training_moves(program: Program) -> bool:
    if program.case.train is None:
        return False
    records = program.run([batch(program, min(200, len(program.x)), 1)], callable_name="train")
    return records is not None and any(map(_moved, records))


def _outputs_move(program: Program, size: int) -> bool:
    """Whether a step changes what predict gives, whatever the parameter arrays say."""
    x, targets = batch(program, size, 1)
    try:
        before = program.predict(x[:5], restore=False)
        program.call("step", program.typed(x), targets)
        after = program.predict(x[:5], restore=False)
    finally:
        program.restore()
    return before is not None and after is not None and not np.array_equal(before, after)


def _moved(record: Record) -> bool:
    return any(np.any(change != 0) for change in record.changes)


def _is_one_by_one(program: Program, parameters: list[Array] | None) -> bool:
    """Two examples at once end where one after the other ends, in either order. One that moves nothing by itself, such
    as an example of zeros without a bias, tells nothing: others are taken, where there are any."""
    answer = False
    for seed in range(3, 3 + PAIRS):
        x, targets = batch(program, 2, seed)
        singles = [(x[i : i + 1], targets[i : i + 1]) for i in (0, 1)]
        answer = _end_alike(program, parameters, (x, targets), singles)
        if not answer or all(_moves(program, parameters, single) for single in singles):
            return answer
    return answer


def _moves(program: Program, parameters: list[Array] | None, example: tuple[Array, Array]) -> bool:
    return any(_moved(record) for record in program.run([example], parameters) or [])


def _end_alike(
    program: Program, parameters: list[Array] | None, both: tuple[Array, Array], singles: list[tuple[Array, Array]]
) -> bool:
    joined = program.run([both], parameters)
    if not joined:
        return False
    for order in (singles, singles[::-1]):
        apart = program.run(order, parameters)
        if apart and _equal(apart[-1].after, joined[-1].after, joined[-1].before):
            return True
    return False


def _equal(a: list[Array], b: list[Array], before: list[Array]) -> bool:
    """The same end point, judged by the size of the way there."""
    moved = sum(float(np.sum((y - z) ** 2)) for y, z in zip(b, before, strict=True)) ** 0.5
    if all(np.array_equal(u, v, equal_nan=True) for u, v in zip(a, b, strict=True)):
        return True  # NaN in both, too
    apart = sum(float(np.sum((u - v) ** 2)) for u, v in zip(a, b, strict=True)) ** 0.5
    size = sum(float(np.sum(z**2)) for z in before) ** 0.5
    return apart <= 1e-6 * moved + 4e-16 * size


def _is_random(program: Program, parameters: list[Array] | None, size: int) -> bool:
    first, second = (program.run([batch(program, size, 5)], parameters, perturb=seed) for seed in (101, 202))
    if not first or not second:
        return False
    return not _equal(first[-1].after, second[-1].after, second[-1].before)


def _what_is_taken(program: Program, parameters: list[Array] | None, size: int) -> frozenset[str]:
    """Without "x" where updates on other inputs are the same to the bit, without "targets" where those with other
    targets are as well; of three batches alike, each of which moves something."""
    found = {_taken_on(program, parameters, batch(program, size, seed)) for seed in (5, 6, 7)}
    return found.pop() if len(found) == 1 else frozenset({"x", "targets"})


def _taken_on(program: Program, parameters: list[Array] | None, shown: tuple[Array, Array]) -> frozenset[str]:
    x, targets = shown
    size = len(x)
    others = [program.x[rows].astype(float) for rows in _other_rows(program, size)]
    unknown = frozenset({"x", "targets"})
    as_it_is = program.run([(x, targets)], parameters)
    if not as_it_is or not _moved(as_it_is[0]):
        return unknown
    ended = as_it_is[0].after

    def ends_as(x: Array, targets: Array, after: Array | None = None) -> bool:
        records = program.run([(x, targets)], parameters, after_predicting=after)
        return records is not None and all(map(np.array_equal, records[0].after, ended))

    if not all(ends_as(other, targets) for other in (*others, -1.3 * x - 0.1)):
        return unknown
    if not ends_as(x, targets, after=-1.3 * x - 0.1):
        return frozenset({"predict", "targets"})
    wanted = [program.targets[rows] for rows in _other_rows(program, size)]
    told = all(np.array_equal(other, targets) for other in wanted)  # one target for all tells nothing
    return frozenset() if not told and all(ends_as(x, other) for other in wanted) else frozenset({"targets"})


def _other_rows(program: Program, size: int) -> list[Array]:
    return [np.random.default_rng(k).integers(0, len(program.x), size) for k in range(2)]


def find_unmoved(program: Program, size: int, epsilon: float) -> tuple[int, ...]:
    """Arrays that stay bit for bit in runs with other examples and other random numbers, while the rest moves by far
    more than it rounds."""
    if not program.writable:
        return ()  # dead units keep what is below them where it is
    records: list[Record] = []
    for k in range(RANDOM_RUNS):
        batches = [batch(program, size, 70 + 10 * k + i) for i in range(3)]
        records += program.run(batches, start(program, 60 + k), perturb=300 + k) or []
    moved = [any(np.any(record.changes[i]) for record in records) for i in range(len(program.as_found))]
    values = [array for record in records for array, moves in zip(record.before, moved, strict=True) if moves]
    changes = [change for record in records for change, moves in zip(record.changes, moved, strict=True) if moves]
    if len(records) < 3 * RANDOM_RUNS or not changes or not rounding_floor(values, changes, epsilon) < VISIBLE:
        return ()
    return tuple(i for i, moves in enumerate(moved) if not moves)


def observe(program: Program, size: int, n_records: int, seed: int = 0, biases: float = 0.5) -> list[Record]:
    """Single steps from fresh states with two draws of controlled parameters, on different examples."""
    records: list[Record] = []
    for i in range(n_records):
        run = program.run([batch(program, size, 20 + seed + i)], start(program, 30 + i % 2, biases))
        records += run or []
    return records


def observe_runs(program: Program, size: int, n_runs: int, length: int, seed: int = 0) -> list[list[Record]]:
    """Runs of consecutive steps from fresh states, on different examples in every step."""
    runs: list[list[Record]] = []
    for i in range(n_runs):
        batches = [batch(program, size, 50 + seed + 10 * i + k) for k in range(length)]
        run = program.run(batches, start(program, 40 + i))
        if run:
            runs.append(run)
    return runs
