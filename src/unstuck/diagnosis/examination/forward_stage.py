"""The first stage: layout and activations, from the outputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.examination.wiring import decisions_for_scores, hides_parameters, labels_for_scores
from unstuck.diagnosis.identification.forward import identify_forward
from unstuck.diagnosis.identification.layout import find_chains, read_chain
from unstuck.diagnosis.identification.stepping import batch
from unstuck.diagnosis.program.one_vector import cut, cuts
from unstuck.diagnosis.program.program import Program
from unstuck.diagnosis.twin.parameters import Parameters

Array = np.ndarray
ALL_FORMULAS = "layout, activations, gradients and update"
FEWEST_ROWS, LEAST_NUMBERS = 8, 64  # a few outputs may all be positive, and tell a rectifier from nothing no more


def rounding_unit(dtypes: list[np.dtype]) -> float:
    """The coarsest rounding unit among the types; float64's for anything finer or not floating."""
    return max([float(np.finfo(d).eps) for d in dtypes if d.kind == "f"] + [float(np.finfo(float).eps)])


def examine_forward(e: Examination) -> Examination:
    """Layout and activations: which hypothesis gives the user's own outputs under controlled parameters."""
    program = e.program
    first = program.predict(program.x[:50])
    if first is None:
        said = [problem.what for problem in program.problems if problem.what.startswith("predict")]
        e.leave_unchecked(
            "everything that needs the network's outputs",
            "a predict(x) that returns (n, n_outputs) numbers" + "".join(f": {one}" for one in said[:1]),
        )
        return e
    integers = _returns_integers(e)
    if labels_for_scores(program, first, integers):
        return _without_scores(e, "returns labels: leave out the argmax")
    e = replace(e, outputs=first)
    if e.case.parameters is None or not program.as_found:
        e.leave_unchecked(ALL_FORMULAS, "parameters=… (the live arrays)")
        return e
    if [a.shape for a in program.parameters()] != [a.shape for a in program.parameters()]:
        e.leave_unchecked(ALL_FORMULAS, "parameters=… that gives the same arrays each time", decides=True)
        return e
    epsilon = max(rounding_unit(program.dtypes), _output_unit(e))
    e = replace(e, epsilon=epsilon, forward_tolerance=max(1e-9, 100 * epsilon))
    if len(program.as_found) == 1 and program.as_found[0].ndim == 1 and e.n_features > 1:
        _cut_up_vector(e)
    parameters = program.draw_parameters(1) if program.writable else program.as_found
    x, _ = batch(program, max(FEWEST_ROWS, LEAST_NUMBERS // max(e.n_outputs, 1)))
    if len(program.x) > 1 and not np.ptp(x, axis=0).any():  # one output for all of them fits many formulas
        e.leave_unchecked(ALL_FORMULAS, "inputs that differ from example to example", decides=True)
        return e
    try:
        if program.writable:
            program.set_parameters(parameters)
        else:
            parameters = _after_some_steps(program)
        outputs = program.predict(x, restore=False)
    finally:
        program.restore()
    if outputs is None:
        return e
    if decisions_for_scores(program, outputs, integers):
        return _without_scores(e, "returns a 1 for the class decided on: leave out the argmax and the one-hot rows")
    shapes = [array.shape for array in parameters]
    chains = find_chains(shapes, e.n_features, outputs.shape[1])
    if not chains:
        e.leave_unchecked(
            ALL_FORMULAS,
            f"parameters whose shapes lead from {e.n_features} inputs to {outputs.shape[1]} outputs; found {shapes}",
        )
        return e
    e = replace(e, sight=replace(e.sight, outputs=(parameters, x, outputs)))
    forward = identify_forward(parameters, x, outputs, chains, e.forward_tolerance)
    found = replace(e, chains=chains, forward=forward)
    if forward is None or not found.forward_proved:
        nearest = (
            f"{forward.describe()}, misses by {min(forward.residual, 9.99):.0%}" if forward else "none, gives numbers"
        )
        e.leave_unchecked(
            "gradients and update",
            f"a forward pass of dense layers with known activations; the nearest one tried: {nearest}",
        )
        return found
    if hides_parameters(program, forward):
        e.leave_unchecked(
            ALL_FORMULAS,
            "parameters=… with every array that predict reads: a step moves its outputs elsewhere than the arrays that "
            "are given (biases left out, perhaps)",
            decides=True,
        )
        return e
    return replace(found, initial=Parameters(*read_chain(forward.chain, program.as_found)))


def _without_scores(e: Examination, how: str) -> Examination:
    e.leave_unchecked(
        "everything that needs the network's outputs", f"predict=… that gives scores; it {how}", decides=True
    )
    return replace(e, outputs=None)


def _returns_integers(e: Examination) -> bool:
    value = e.program.call("predict", e.program.typed(e.program.x[:2])).value
    e.program.restore()
    return np.asarray(value).dtype.kind in "iub"


def _after_some_steps(program: Program, steps: int = 5) -> list[Array]:
    """The parameters that a few steps lead to, where others cannot be set: under zeros every layout gives the outputs.
    The program is left there; the parameters as found where it cannot be brought anywhere."""
    if program.case.step is None:
        return program.as_found
    size = min(program.case.batch_size or 10, len(program.x))
    for k in range(steps):
        x, targets = batch(program, size, 700 + k)
        if program.call("step", program.typed(x), targets).failed:
            break
    parameters = program.parameters()
    if [a.shape for a in parameters] == [a.shape for a in program.as_found] and all(
        np.isfinite(a).all() for a in parameters
    ):
        return parameters
    program.restore()
    return program.as_found


def _cut_up_vector(e: Examination) -> None:
    """One long vector of parameters: the cut whose network gives the user's outputs."""
    program = e.program
    vector = program.as_found[0]
    x, _ = batch(program, 8)
    drawn = np.random.default_rng(3).standard_normal(vector.shape) * 0.2
    try:
        outputs = program.predict(x, restore=False) if program.set_parameters([drawn]) else None
    finally:
        program.restore()
    if outputs is None:
        return
    for shapes in cuts(vector.size, e.n_features, outputs.shape[1]):
        chains = find_chains(list(shapes), e.n_features, outputs.shape[1])
        found = identify_forward(cut(drawn, shapes), x, outputs, chains, e.forward_tolerance, most_levels=1)
        if found is not None and found.residual <= e.forward_tolerance:
            program.cut_up(shapes)
            return


def _output_unit(e: Examination) -> float:
    value = e.program.call("predict", e.program.typed(e.program.x[:2])).value
    e.program.restore()
    dtype = getattr(value, "dtype", None)
    try:
        return rounding_unit([np.dtype(str(dtype).replace("torch.", ""))])
    except TypeError:
        return 0.0
