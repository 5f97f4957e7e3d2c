"""The first turn of a paused script's training loop, tried out: which examples it takes, and what becomes of its
parameters."""

from __future__ import annotations

import ast
import contextlib
import io
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.adapters.scripts.reading.examples import in_columns, input_rows, target_rows
from unstuck.adapters.scripts.reading.parameters import Chain, shown
from unstuck.adapters.scripts.reading.read import Read
from unstuck.adapters.scripts.recording.paths import follow, reachable_paths
from unstuck.adapters.scripts.recording.recording import texts_of
from unstuck.adapters.scripts.replay.case import CannotReplay, Spot
from unstuck.adapters.scripts.replay.forms import Batch
from unstuck.adapters.scripts.replay.living import Living
from unstuck.adapters.scripts.text.names_in_source import loop_variables
from unstuck.sandbox.call import copied
from unstuck.sandbox.saved_arrays import LARGE
from unstuck.sandbox.snapshot import Snapshot

Path = tuple[Any, ...]


@dataclass(repr=False, eq=False)
class Trial:
    """A living program whose turns are tried out; what a turn did is undone after it."""

    read: Read
    living: Living
    snapshot: Snapshot
    inputs: Spot
    targets: Spot

    @contextlib.contextmanager
    def turn(self, chosen: dict[str, frozenset[int]], seen: Callable[[int, Any], Any]) -> Iterator[None]:
        """One turn with something watched, which can be looked at until the block ends."""
        self.living.weave(chosen, seen)
        try:
            with quietly():
                self.living.turn()
            yield
        finally:
            self.snapshot.restore()

    def kept(self, value: Any) -> Any:
        """A value as it is now. A large array that the recording holds already is not copied once more."""
        if not isinstance(value, np.ndarray):
            return value
        if value.nbytes > LARGE:
            for known in (*self.read.inputs.values, *self.read.targets.values):
                if equal(value, known):
                    return known
        return copied(value)


@dataclass(frozen=True)
class FirstTurn:
    """What the first turn takes and makes.

    batch         its examples as rows
    columns       whether an example is a column where the inputs meet the first weights
    taken         by number of the expression, the values at its visits
    inputs_taken  those at the visits where inputs meet the first weights
    paths         where the parameters lie
    after         their values after the turn
    as_recorded   whether these are the recorded ones, to the bit
    """

    batch: Batch
    columns: bool
    taken: dict[int, list[Any]]
    inputs_taken: list[Any]
    paths: list[Path]
    after: list[Any]
    as_recorded: bool


def first_turn(trial: Trial) -> FirstTurn:
    """Run one turn as it stands. Raises CannotReplay where it is not the recorded one, or its examples are no rows."""
    read, scope = trial.read, trial.living.scope
    taken: dict[int, list[Any]] = {}

    def keep(number: int, value: Any) -> Any:
        taken.setdefault(number, []).append(trial.kept(value))
        return value

    chosen: dict[str, frozenset[int]] = {}
    for spot in (trial.inputs, trial.targets):
        chosen[spot.file] = chosen.get(spot.file, frozenset()) | {spot.number}
    candidates = _candidates(read, trial.living)
    before = {path: copied(follow(scope, path)) for paths in candidates for path in paths}
    with trial.turn(chosen, keep):
        for _ in range(read.loop.turns_per_update - 1):
            trial.living.turn()
        after = {path: copied(_at(scope, path)) for path in before}
    paths, as_recorded = _choose_parameters(read.chains, candidates, before, after)
    for spot in (trial.inputs, trial.targets):
        if max([*spot.visits, -1]) >= len(taken.get(spot.number, ())):
            raise CannotReplay("run a second time, the first turn of the loop took another course")
    inputs_taken = [taken[trial.inputs.number][i] for i in trial.inputs.visits]
    batch, columns = _examples(read, inputs_taken, [taken[trial.targets.number][i] for i in trial.targets.visits])
    return FirstTurn(batch, columns, taken, inputs_taken, paths, [after[path] for path in paths], as_recorded)


def _examples(read: Read, inputs: list[Any], targets: list[Any]) -> tuple[Batch, bool]:
    columns = in_columns(read.inputs)
    x = input_rows(inputs, read.inputs)
    if x is None:
        raise CannotReplay(f"line {read.inputs.line}: the inputs are no rows of numbers")
    t = target_rows(targets, len(x), columns)
    if t is None or len(t) != len(x):
        shape = None if t is None else t.shape
        raise CannotReplay(f"line {read.targets.line}: {len(x)} examples, but targets of shape {shape}")
    return Batch(x, t), columns


def _candidates(read: Read, living: Living) -> list[list[Path]]:
    """For each parameter the paths at which its first value stands; where there are others, none from a variable of a
    loop, which stands for something else after a turn."""
    index_of = {chain.root.number: index for index, chain in enumerate(read.chains)}
    firsts = [[chain.root.value] for chain in read.chains]
    for node in read.recording.tape.nodes[: read.update.first]:
        index = index_of.get(shown(node).number)
        if index is not None and node.op is not operator.getitem:
            firsts[index].append(node.value)  # transposed, copied or of another type before training
    passing = {name for text in texts_of(read.recording).values() for name in loop_variables(ast.parse(text))}
    steady = {name: value for name, value in living.scope.items() if name not in passing}
    found: list[list[Path]] = [[] for _ in firsts]
    for scope in (steady, living.scope):
        missing = [index for index, paths in enumerate(found) if not paths]
        for path, value in reachable_paths(scope) if missing else ():
            for index in missing:
                if any(equal(value, first) for first in firsts[index]):
                    found[index].append(path)
    return found


def _choose_parameters(
    chains: list[Chain], candidates: list[list[Path]], before: dict[Path, Any], after: dict[Path, Any]
) -> tuple[list[Path], bool]:
    """Of the paths with the right first value those whose value after the turn is the recorded one, or changed.

    A parameter that the recorded update left as it was, as zeros in front of zeros are, may stand still.
    """
    chosen: list[Path] = []
    as_recorded = True
    for chain, paths in zip(chains, candidates):
        free = [path for path in paths if path not in chosen]
        moving = [path for path in free if not equal(after[path], before[path])]
        as_it_was = [path for path in free if equal(after[path], chain.versions[1].value)]
        exact = [path for path in moving if path in as_it_was] or as_it_was
        best = (exact or moving)[:1]
        if not best:
            raise CannotReplay(f"line {_line(chain)}: this parameter is not reached from the training loop")
        as_recorded &= bool(exact)
        chosen.append(best[0])
    return chosen, as_recorded


def quietly() -> contextlib.ExitStack:
    """A block in which the script prints nothing and its floating point errors are not told of."""
    stack = contextlib.ExitStack()
    stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
    stack.enter_context(np.errstate(all="ignore"))
    return stack


def equal(a: Any, b: Any) -> bool:
    """Whether two values are of one type and the same to the bit."""
    if isinstance(b, np.ndarray):
        return isinstance(a, np.ndarray) and a.shape == b.shape and a.dtype == b.dtype and _same(a, b)
    if type(a) is int and type(b) is float:
        return a == b  # a first value that is written as a whole number
    return type(a) is type(b) and (a == b or a != a)


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    if a is b or np.array_equal(a, b):
        return True
    return a.dtype.kind in "fc" and bool(np.isnan(a).any()) and bool(np.array_equal(a, b, equal_nan=True))


def _at(scope: dict[str, Any], path: Path) -> Any:
    """What stands at a path; None where it is gone."""
    with contextlib.suppress(Exception):
        return follow(scope, path)
    return None


def _line(chain: Chain) -> int | None:
    return chain.root.site.line if chain.root.site else None
