"""A Case whose step takes the true gradients.

Where the forward pass is known and one array at least moves along its true gradient, that array tells the rate, and
every array can be moved by the true gradient at that rate. What a diagnosis of this other step says of the data, the
first weights and the forward pass holds for the program too: it would not learn even with its gradients put right.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np

from unstuck.diagnosis.case import Case
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.examination.forward_stage import examine_forward
from unstuck.diagnosis.formulas.forward import output_form
from unstuck.diagnosis.formulas.output_deltas import right_deltas
from unstuck.diagnosis.formulas.targets import codings
from unstuck.diagnosis.identification.fit import fit, rounding_floor, stack
from unstuck.diagnosis.identification.forward import Forward
from unstuck.diagnosis.identification.layout import read_chain, write_chain
from unstuck.diagnosis.identification.stepping import observe, probe_stepping
from unstuck.diagnosis.identification.update import Key, gradients_along
from unstuck.diagnosis.program.observations import Record
from unstuck.diagnosis.program.program import Program
from unstuck.diagnosis.twin.parameters import Parameters
from unstuck.diagnosis.twin.twin import Link, Twin

Array = np.ndarray
RECORDS = 4  # steps on which an array must move along its true gradient
ALONG = 1e-6  # that it may leave unexplained, as a share


def with_true_gradients(case: Case) -> Case | None:
    """The same Case with a step that takes the true gradient of every array, at the rate at which the script's own step
    moves those whose gradients are true. None where no array is moved so, or the forward pass is not one that is known.
    """
    if case.step is None or case.parameters is None:
        return None
    with closing(Program(case)) as program:
        e = examine_forward(Examination(case, program))
        if not e.forward_proved or e.forward is None or any(form.fault for form in e.forward.forms):
            return None
        stepping = probe_stepping(program)
        if not stepping.acts or stepping.random:
            return None
        records = observe(program, stepping.batch_size, RECORDS)
        found = next(_along_true_gradients(e, e.forward, records), None)
    if found is None:
        return None
    twin, key = found
    return replace(case, step=TrueStep(case, e.forward, twin, key, stepping.one_by_one))


def _along_true_gradients(e: Examination, forward: Forward, records: list[Record]) -> Iterator[tuple[Twin, Key]]:
    """The networks with right formulas, each with an array that the script moves along the gradient of that network."""
    before = [array for record in records for array in record.before]
    changes = [change for record in records for change in record.changes]
    allowed = max(ALONG, rounding_floor(before, changes, e.epsilon)) if records else 0.0
    for coding in codings(e.program.targets, e.n_outputs):
        if coding.fault:
            continue
        for delta in right_deltas(output_form(forward.output)):
            links = tuple(Link() for _ in forward.chain)
            twin = Twin(
                forward.hidden, forward.output, forward.output, delta, coding, links, bias_modes=forward.bias_modes
            )
            steps = gradients_along(records, forward, twin)
            for key in sorted(steps[0][0], reverse=True) if steps else ():  # weights first, from the outputs down
                moved = fit(stack([step[1][key] for step in steps]), stack([step[0][key] for step in steps]))
                if moved.residual <= allowed and moved.scale < 0:
                    yield twin, key


@dataclass(frozen=True)
class TrueStep:
    """The step of a Case with the true gradients in the place of its own."""

    case: Case
    forward: Forward
    twin: Twin  # with right formulas
    key: Key  # of an array that the own step moves along its true gradient
    one_by_one: bool

    def __call__(self, x: Array, targets: Array) -> None:
        """One update, or one for each example."""
        parts = [slice(i, i + 1) for i in range(len(x))] if self.one_by_one else [slice(None)]
        for part in parts:
            self._update(x[part], targets[part])

    def _update(self, x: Array, targets: Array) -> None:
        case, chain = self.case, self.forward.chain
        assert case.step is not None
        assert case.parameters is not None
        before = [np.array(array, dtype=float) for array in case.parameters()]
        case.step(x, targets)
        live = case.parameters()
        record = Record(x, targets, before, [np.array(array, dtype=float) for array in live])
        gradients, changes, _ = gradients_along([record], self.forward, self.twin)[0]
        rate = fit(changes[self.key].reshape(-1), gradients[self.key].reshape(-1)).scale  # below 0: it descends
        weights, biases = read_chain(chain, before)
        made = Parameters(
            [w + rate * gradients["w", l] for l, w in enumerate(weights)],
            [None if b is None else b + rate * gradients["b", l] for l, b in enumerate(biases)],
        )
        for array, value in zip(live, write_chain(chain, made.weights, made.biases, before), strict=True):
            array[...] = value
