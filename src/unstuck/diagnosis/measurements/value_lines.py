"""The line of a fault by its numbers: where the user's own code first holds the array that the faulty formula gives.

What was identified says what every array of a step is, right or wrong. A step is taken once more with the values of all
variables looked at after every line; the first line after which one of them is a multiple of the faulty array made it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from unstuck.diagnosis.identification.forward import propagate
from unstuck.diagnosis.identification.guesses import View
from unstuck.diagnosis.identification.layout import read_chain
from unstuck.diagnosis.identification.stepping import observe
from unstuck.diagnosis.program.observations import Record
from unstuck.sandbox.call import guard
from unstuck.sandbox.values import FirstAppearance, Place

if TYPE_CHECKING:
    from unstuck.diagnosis.examination.examination import Examination
    from unstuck.diagnosis.formulas.formula import Formula
    from unstuck.diagnosis.identification.results import LayerResult

Array = np.ndarray
FEWEST = 6  # numbers that make an array known again
SECONDS = 10.0
UNKNOWN = ("B14", "L04")  # of an output error, or a gradient, that may be in no table
EXACT = 1e-7  # of its length, by which an array may miss the wanted one where rounding allows it


def line_of_fault(e: Examination, code: str, layer: int, evidence: dict[str, Any]) -> Place | None:
    """The file and line of a fault with this code in this layer (counted from 1, 0: of none); where no formula of it is
    known, of the parameter arrays that the evidence names. None where the values of no line tell."""
    found = _in_the_forward_pass(e, code, layer)
    if found is None and e.backward is not None and 0 < layer <= len(e.backward.layers):
        found = _on_the_way_back(e, code, e.backward.layers[layer - 1])
    if found is None and code in UNKNOWN:
        found = _of_an_unknown_delta(e, layer) if e.backward is not None else _of_changes(e, evidence)
    return found


def _in_the_forward_pass(e: Examination, code: str, layer: int) -> Place | None:
    """The line that gives the outputs of a layer whose activation has this fault."""
    if e.forward is None or e.sight.outputs is None or (code, layer - 1) not in [f[:2] for f in e.forward.faults]:
        return None
    parameters, x, _ = e.sight.outputs
    _, activations = propagate(x, *read_chain(e.forward.chain, parameters), e.forward.forms, e.forward.bias_modes)
    wanted = activations[layer]
    return _first_line(e, parameters, e.case.predict, (e.program.typed(x),), _is_multiple(wanted, e.epsilon))


def _on_the_way_back(e: Examination, code: str, result: LayerResult) -> Place | None:
    """The line that gives the delta of a layer, or the gradient, whose formula has this fault."""
    guess = result.guess
    if guess is None or e.forward is None:
        return None
    records = [*e.sight.steps, *(record for run in e.sight.runs for record in run[:1])]
    x = guess.passes[0].activations[0] if guess.passes else None
    record = next((r for r in records if x is not None and np.array_equal(r.x, x)), None)
    if record is None:
        return None
    place = e.forward.chain[result.layer]
    if code == "B10":
        return _of_a_climb(e, record, place.weights)
    if result.bias is not None and result.bias.fault == code and place.bias is not None:
        return _of_array(e, record, record.changes[place.bias])
    for kind, layer, formula in guess.parts:
        if layer == result.layer and code in formula.faults:
            made = record.changes[place.weights] if kind == "weights" else guess.deltas[0]
            sent = _sent_back(e, result.layer, formula) if kind == "back" else None
            found = None if sent is None else _of_array(e, record, sent)
            return found or _of_array(e, record, made)
    if (code, result.layer) in [fault[:2] for fault in guess.faults]:
        return _of_array(e, record, guess.deltas[0])
    return None


def _sent_back(e: Examination, layer: int, back: Formula) -> Array | None:
    """What this way back gives of the error of the layer above, before the derivative of the activation joins it."""
    assert e.backward is not None
    above = e.backward.layers[layer + 1].guess if layer + 1 < len(e.backward.layers) else None
    return back.compute(above.passes[0], layer, above.deltas[0]) if above is not None and above.passes else None


def _of_a_climb(e: Examination, record: Record, array: int) -> Place | None:
    """The line from which on a parameter array is changed up its gradient: the one that turns the sign of the gradient
    round, so that what is taken away adds; or else the one that adds it."""
    change, along = record.changes[array], []
    is_multiple = _is_multiple(change, e.epsilon)

    def is_gradient(value: Array) -> bool:
        found = is_multiple is not None and is_multiple(value)
        if found:
            value = value.reshape(change.shape) if value.size == max(value.shape) else value
            along.append(float(np.sum((value if value.shape == change.shape else value.T) * change)))
        return found

    turned = _of_record(e, record, is_gradient)
    if not along or along[-1] < 0:  # the last is that of the line: those before were there before it
        return turned
    place = _of_record(e, record, _is_equal(record.after[array]))
    others = (i for i, one in enumerate(record.changes) if i != array and np.any(one))
    if place is None or any(_of_record(e, record, _is_equal(record.after[i])) == place for i in others):
        return None  # a line for all arrays turns none round
    return place


def _is_equal(wanted: Array) -> Callable[[Array], bool]:
    return lambda value: value.shape == wanted.shape and np.allclose(value, wanted, rtol=1e-9, atol=0)


def _of_an_unknown_delta(e: Examination, layer: int) -> Place | None:
    """The line that gives the delta of a layer, or of the last one, that fits no formula: it is read off the change of
    the weights, which are the activations below times it."""
    assert e.backward is not None
    result = e.backward.layers[layer - 1]  # layer 0: the last
    if e.forward is None or result.explained or result.weights_frozen or not e.sight.steps:
        return None
    record = e.sight.steps[0]
    view = View.of(record, e.forward)
    _, activations = propagate(view.x, view.weights, view.biases, e.forward.forms, e.forward.bias_modes)
    below, change = activations[result.layer], view.weight_changes[result.layer]
    delta, _, rank, _ = np.linalg.lstsq(below.T, change, rcond=1e-10)
    left = np.linalg.norm(below.T @ delta - change)
    if rank < len(below) or left > _allowed(e.epsilon) * np.linalg.norm(change):
        return None
    return _of_array(e, record, delta)


def _of_changes(e: Examination, evidence: dict[str, Any]) -> Place | None:
    """The line that gives what one of the parameter arrays named is changed by, in a network of unknown layers."""
    if not evidence.get("arrays") or e.stepping is None:
        return None
    for record in observe(e.program, e.stepping.batch_size, 1, seed=60):
        for array in evidence["arrays"]:
            place = _of_array(e, record, record.changes[array - 1])
            if place is not None:
                return place
    return None


def _of_array(e: Examination, record: Record, wanted: Array) -> Place | None:
    """The line of this step that first gives a multiple of an array."""
    return _of_record(e, record, _is_multiple(wanted, e.epsilon))


def _of_record(e: Examination, record: Record, is_wanted: Callable[[Array], bool] | None) -> Place | None:
    teach: Callable | None = e.case.step if e.source == "step" else e.case.gradients
    if teach is None:
        return None
    arguments = (e.program.typed(record.x), record.targets)
    return _first_line(e, record.before, teach, arguments, is_wanted)


def _first_line(
    e: Examination,
    parameters: list[Array],
    function: Callable,
    arguments: tuple[Array, ...],
    is_wanted: Callable[[Array], bool] | None,
) -> Place | None:
    if is_wanted is None or not e.program.writable:
        return None
    watched = FirstAppearance(function, is_wanted)
    try:
        if e.program.set_parameters(parameters):
            guard(watched, *arguments, seconds=SECONDS, copy_arguments=True)
    finally:
        e.program.restore()
    return watched.place


def _is_multiple(wanted: Array, epsilon: float) -> Callable[[Array], bool] | None:
    """Whether an array is a multiple of the wanted one, rows and columns exchanged or not; None where too few numbers
    would tell that."""
    length = float(np.linalg.norm(wanted))
    if np.count_nonzero(wanted) < FEWEST or not np.isfinite(length):
        return None
    forms = [(np.squeeze(form).shape, form.ravel() / length) for form in (wanted, wanted.T)]
    allowed = _allowed(epsilon)

    def is_multiple(array: Array) -> bool:
        alike = [form for shape, form in forms if shape == np.squeeze(array).shape]
        size = float(np.linalg.norm(array)) if alike else 0.0
        if not size or not np.isfinite(size):
            return False
        direction = array.ravel() / size
        return any(np.linalg.norm(direction - sign * form) < allowed for form in alike for sign in (1, -1))

    return is_multiple


def _allowed(epsilon: float) -> float:
    """Of its length, by which an array may miss the wanted one."""
    return max(EXACT, 100 * epsilon)
