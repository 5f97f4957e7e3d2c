"""The user's program as an experimenter sees it: set parameters, ask for outputs, take a step, put everything back."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from unstuck.diagnosis.case import Case
from unstuck.diagnosis.program import work
from unstuck.diagnosis.program.drawing import drawn_like
from unstuck.diagnosis.program.handed_over import (
    as_output_rows,
    as_rows,
    as_targets,
    parts_of,
    refuse_exchanged,
    with_zeros,
)
from unstuck.diagnosis.program.leaves import Leaf, find_leaves
from unstuck.diagnosis.program.observations import Record
from unstuck.diagnosis.program.one_vector import Cut, cut, join
from unstuck.nn.blas_threads import POOLS
from unstuck.sandbox import clock
from unstuck.sandbox.call import Call, guard
from unstuck.sandbox.snapshot import Snapshot, walk

Array = np.ndarray
HANGING = 10.0  # seconds after which a call is taken to hang: a net only, too wide for any that can be examined
ON_ITS_WAY = 3.0  # seconds that a call may go on past the end of the budget
UNKNOWN_WIDTH = 32  # units taken for the first layer of a program that shows no parameters


@dataclass
class Problem:
    """Something the user's program did that stands in the way, said in one sentence."""

    what: str
    call: Call | None = None


@dataclass(frozen=True)
class Reshaped:
    """The shapes of all parameters before and after an update by n examples that changed one of them."""

    n: int
    before: list[tuple[int, ...]]
    after: list[tuple[int, ...]]


@dataclass
class Program:
    """Runs a Case's callables from known states; after `close` everything is as it was found."""

    case: Case
    calls_per_update: int = 1  # at most: a step is called again with the same batch until the parameters move
    problems: list[Problem] = field(default_factory=list)
    first_warnings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    reshaped: list[Reshaped] = field(default_factory=list)
    hung: dict[str, Call] = field(default_factory=dict)  # by name: calls that did not return

    def __post_init__(self) -> None:
        self.snapshot = Snapshot([self.case])
        refuse_exchanged(self.case.x, self.case.targets)
        self.x_as_given = as_rows(self.case.x)
        self.x = with_zeros(self.x_as_given)
        self.targets = as_targets(self.case.targets, len(self.x))
        self.cut: Cut | None = None
        leaves = self._leaves()  # read once: a program may show other arrays the next time
        self.as_found = [leaf.read() for leaf in leaves]
        self.dtypes = [leaf.dtype for leaf in leaves]
        self._writable: bool | None = None

    def cut_up(self, shapes: Cut) -> None:
        """From now on the one long parameter vector is seen as arrays of these shapes."""
        self.cut = shapes
        self.as_found = cut(self.as_found[0], shapes)
        self.dtypes = self.dtypes * len(shapes)
        self._writable = None

    @cached_property
    def finite_rows(self) -> Array:
        """(m,) the examples whose inputs are finite numbers."""
        return np.flatnonzero(np.concatenate([np.isfinite(part).all(axis=1) for part in parts_of(self.x_as_given)]))

    def close(self) -> None:
        self.snapshot.restore(everything=True)

    def restore(self) -> None:
        self.snapshot.restore()

    # -- parameters ------------------------------------------------------------------------------------------------

    def _leaves(self) -> list[Leaf]:
        if self.case.parameters is None:
            return []
        call = self._guarded("parameters", copy_result=False)
        if call.failed:
            return []
        return find_leaves(call.value)

    def parameters(self) -> list[Array]:
        """float64 copies of all parameter arrays, in the order of `parameters()`."""
        return self._cut([leaf.read() for leaf in self._leaves()])

    def _cut(self, arrays: list[Array]) -> list[Array]:
        return cut(arrays[0], self.cut) if self.cut is not None and len(arrays) == 1 else arrays

    def set_parameters(self, arrays: list[Array]) -> bool:
        leaves = self._leaves()
        arrays = [join(arrays).reshape(leaves[0].read().shape)] if self.cut is not None and len(leaves) == 1 else arrays
        if [leaf.read().shape for leaf in leaves] != [values.shape for values in arrays]:
            self.problem("parameters() gives other arrays from call to call")
            return False
        with np.errstate(all="ignore"):
            written = [leaf.write(values) for leaf, values in zip(leaves, arrays, strict=True)]
        return all(written)

    @property
    def integer_parameters(self) -> bool:
        return bool(self.dtypes) and all(dtype.kind in "iu" for dtype in self.dtypes)

    @property
    def writable(self) -> bool:
        """Whether parameters written in place are those that the program uses from then on."""
        if self._writable is None:
            wanted = self.draw_parameters(0)
            self._writable = bool(wanted) and self.set_parameters(wanted)
            if self._writable:
                seen = self.parameters()
                self._writable = (
                    [a.shape for a in seen] == [b.shape for b in wanted]
                    and all(np.allclose(a, b, rtol=1e-2) for a, b in zip(seen, wanted, strict=True))
                    and not self.integer_parameters
                )
                before = self.predict(self.x[:3], restore=False)
                self.restore()
                after = self.predict(self.x[:3], restore=False)
                if before is not None and after is not None and before.shape == after.shape:
                    self._writable &= not np.array_equal(before, after)
            self.restore()
        return self._writable

    def draw_parameters(self, seed: int, biases: float = 0.5) -> list[Array]:
        """Well-conditioned random parameters of the user's shapes: sums of size about 1.5, biases of the size given."""
        return drawn_like(self.as_found, self.dtypes, self.x, seed, biases)

    # -- running ---------------------------------------------------------------------------------------------------

    def problem(self, what: str, call: Call | None = None) -> None:
        if all(what != known.what for known in self.problems):
            self.problems.append(Problem(what, call))

    def call(self, name: str, *args: Any, lines: int | None = None) -> Call:
        """The case's callable of this name, guarded; copies go in and come out. With `lines`, those that it runs are
        counted, and after so many it is ended."""
        call = self._guarded(name, *args, lines=lines, copy_arguments=True)
        if not call.failed and call.warnings:
            self.first_warnings.setdefault(name, call.warnings)
        return call

    def train(self, x: Array, targets: Array, allowed: float) -> Call:
        """The user's whole loop on these very arrays, ended after the lines that the work allows."""
        return self._guarded("train", x, targets, lines=int(allowed / self.work_of_lines(1)))

    def _guarded(self, name: str, *args: Any, **how: Any) -> Call:
        """A call that hung is not made again. Raises OutOfBudget before a call, and where the budget ended one."""
        if name in self.hung:
            return self.hung[name]
        clock.check()
        POOLS.keep()  # libraries that the call before has loaded
        call = guard(getattr(self.case, name), *args, seconds=min(HANGING, clock.left() + ON_ITS_WAY), **how)
        if call.timed_out:
            clock.check()
            self.hung[name] = call
        if call.failed and not call.cut_short:
            self.problem(f"{name}() did not return: {call.error}", call)
        return call

    def work_of_lines(self, lines: int) -> float:
        """Lines of the user's loop over batches."""
        n_weights = sum(array.size for array in self.as_found) or UNKNOWN_WIDTH * self.x.shape[1]
        return work.of_lines(lines, n_weights, int(self.case.batch_size or 1))

    def work_of_step(self, n: int) -> float:
        """One call of the user's step on n examples."""
        n_weights = sum(array.size for array in self.as_found) or UNKNOWN_WIDTH * self.x.shape[1]
        return work.CALL + work.of_update(n_weights, max(len(self.as_found), 2), n)

    def predict(self, x: Array, restore: bool = True) -> Array | None:
        """(n, n_outputs) float64, or None with a problem noted."""
        call = self.call("predict", self.typed(x))
        if restore:
            self.restore()
        if call.failed:
            return None
        try:
            outputs = as_output_rows(call.value)
        except (TypeError, ValueError):
            self.problem(f"predict(x) returned {type(call.value).__name__}, expected an array of real numbers")
            return None
        if outputs.ndim == 0 or len(outputs) != len(x) or not outputs.size:
            self.problem(
                f"predict(x) returned shape {outputs.shape} for {len(x)} examples, expected ({len(x)}, n_outputs)"
            )
            return None
        return outputs.reshape(len(x), -1)

    def typed(self, x: Array) -> Array:
        """Rows in the floating point type that the user's own have."""
        original = np.asarray(self.case.x)
        return x.astype(original.dtype, copy=False) if original.dtype.kind == "f" else x

    def run(
        self,
        batches: Sequence[tuple[Array, Array]],
        parameters: list[Array] | None = None,
        callable_name: str = "step",
        perturb: int | None = None,
        after_predicting: Array | None = None,
    ) -> list[Record] | None:
        """Consecutive steps from a restored state, one record each; None where a step fails. Restores afterwards.

        `after_predicting`: inputs that predict answers before the first step."""
        records: list[Record] = []
        try:
            if parameters is not None and not self.set_parameters(parameters):
                return None
            if perturb is not None:
                self.perturb_randomness(perturb)
            if after_predicting is not None:
                self.predict(after_predicting, restore=False)
            for x, targets in batches:
                before = after = self.parameters()
                for _ in range(self.calls_per_update):
                    if self.call(callable_name, self.typed(x), targets).failed:
                        return None
                    after = self.parameters()
                    if not all(np.array_equal(a, b) for a, b in zip(after, before)):
                        break
                if [b.shape for b in before] != [array.shape for array in self.as_found]:
                    self.problem("parameters() gives other arrays from call to call")
                    return None
                if [a.shape for a in after] != [b.shape for b in before]:
                    if [a.shape for a in self.parameters()] != [a.shape for a in after]:
                        self.problem("parameters() gives other arrays from call to call")
                        return None
                    self.reshaped.append(Reshaped(len(x), [b.shape for b in before], [a.shape for a in after]))
                    self.problem(f"{callable_name}() changes the shapes of the parameters")
                    return None
                records.append(Record(x, targets, before, after))
        finally:
            self.restore()
        return records

    def user_gradients(self, x: Array, targets: Array, parameters: list[Array] | None = None) -> list[Array] | None:
        """What `gradients(x, targets)` gives, as float64 arrays; None where it fails."""
        try:
            if parameters is not None and not self.set_parameters(parameters):
                return None
            call = self.call("gradients", self.typed(x), targets)
            return None if call.failed else self._cut([leaf.read() for leaf in find_leaves(call.value)])
        finally:
            self.restore()

    def perturb_randomness(self, seed: int) -> None:
        """Other random numbers than before, from NumPy's and Python's global generators and those the program holds."""
        np.random.seed(seed)  # noqa: NPY002 - the global generator, which the user's program may draw from
        random.seed(seed)
        for node in walk([self.case]):
            if node.cold:
                break  # what is left lies in long containers: examples, and no generators
            if isinstance(node.object, np.random.Generator):
                node.object.bit_generator.state = type(node.object.bit_generator)(seed).state
            elif isinstance(node.object, (np.random.RandomState, random.Random)):
                node.object.seed(seed)
        torch = sys.modules.get("torch")
        if torch is not None:
            torch.manual_seed(seed)
