"""A finding's proof as numbers: what the program gave, what the faulty formula gives, what the right one gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from unstuck.diagnosis.identification.forward import Forward
from unstuck.diagnosis.identification.guesses import View
from unstuck.diagnosis.identification.layout import read_chain
from unstuck.diagnosis.program.observations import Record, Sight
from unstuck.diagnosis.twin.parameters import Parameters
from unstuck.diagnosis.twin.twin import Twin
from unstuck.diagnosis.twin.update_rule import State

Array = np.ndarray
Namer = Callable[[int, int], str]  # the name of the number in this row and column
MOST_POINTS = 240
N_SAMPLES = 5
DIFFERENT = 1e-6  # share by which a wrong and a right formula must differ to be shown as different


@dataclass(frozen=True)
class Comparison:
    """One quantity in three versions, each (n,): the program's own, and the twin's with and without the fault.

    what    the quantity in words
    names   the name of each number
    misses  distance from the program's own numbers, as a share of their size (of the right ones' size, where the
            program's are all 0), with and without the fault; of all numbers, of which those kept here are a sample
    """

    what: str
    names: tuple[str, ...]
    own: Array
    with_fault: Array
    without_fault: Array
    misses: tuple[float, float]

    @property
    def samples(self) -> list[tuple[str, float, float, float]]:
        """(name, own, with the fault, without it) of a few large numbers."""
        order = np.argsort(-np.abs(self.own), kind="stable")
        kept = sorted(order[:: max(1, len(order) // (2 * N_SAMPLES))][:N_SAMPLES])
        return [
            (self.names[i], float(self.own[i]), float(self.with_fault[i]), float(self.without_fault[i])) for i in kept
        ]


def compare_outputs(sight: Sight, forward: Forward, faulty: Twin, right: Twin) -> Comparison | None:
    """The network's outputs; None where both formulas give the same ones."""
    if sight.outputs is None:
        return None
    arrays, x, outputs = sight.outputs
    parameters = Parameters(*read_chain(forward.chain, arrays))
    with np.errstate(all="ignore"):
        versions = [outputs, faulty.predict(parameters, x), right.predict(parameters, x)]
    return _comparison("outputs", versions, lambda row, column: f"example {row + 1}, output {column + 1}")


def compare_changes(
    sight: Sight, forward: Forward, faulty: Twin, right: Twin, remembers: bool = False, layer: int | None = None
) -> Comparison | None:
    """How a step changed the parameters: the array, of that layer if one is given, in which the formulas differ most.

    remembers: whether the fault shows only from one step to the next; then the last change of a run is compared.
    """
    for runs in (sight.runs, [[record] for record in sight.steps]) if remembers else ([[r] for r in sight.steps],):
        for run in runs:
            versions = _changes(run, forward, faulty, right, layer, sight.rate_unseen)
            found = [comparison for comparison in versions if comparison is not None]
            if found:
                return max(found, key=lambda comparison: min(comparison.misses[1], 10.0) - comparison.misses[0])
    return None


def _changes(
    run: Sequence[Record], forward: Forward, faulty: Twin, right: Twin, layer: int | None, rate_unseen: bool
) -> Iterator[Comparison | None]:
    """One comparison for every parameter array, of the last change of the run."""
    views = [View.of(record, forward) for record in run]
    own = (views[-1].weight_changes, views[-1].bias_changes)
    versions = [own, *(_last_change(twin, views) for twin in (faulty, right))]
    for kind, letter in enumerate("Wb"):
        for l in range(len(views[0].weights)):
            arrays = [array for version in versions if (array := version[kind][l]) is not None]
            if (layer is None or l == layer - 1) and len(arrays) == len(versions):
                what = f"change of the {'weights' if letter == 'W' else 'biases'} of layer {l + 1}"
                yield _comparison(
                    what, _in_scale(arrays) if rate_unseen else arrays, _namer(f"{letter}{l + 1}", not kind)
                )


def _in_scale(versions: list[Array]) -> list[Array]:
    """The twin's versions times the one factor with which the faulty one comes nearest to the program's own."""
    own, with_fault, without_fault = (np.asarray(version, float) for version in versions)
    factor = np.vdot(with_fault, own) / max(float(np.vdot(with_fault, with_fault)), 1e-300)
    return [own, factor * with_fault, factor * without_fault]


def _namer(array: str, matrix: bool) -> Namer:
    return lambda row, column: f"{array}[{row}, {column}]" if matrix else f"{array}[{column}]"


def _last_change(twin: Twin, views: list[View]) -> tuple[list[Array], list[Array | None]]:
    """By how much the last of these steps changes the twin's weights and biases."""
    parameters, state = Parameters(views[0].weights, views[0].biases).copy(float), State()
    before = parameters
    with np.errstate(all="ignore"):
        for view in views:
            before = parameters.copy()
            twin.step(parameters, state, view.x, twin.coding.compute(view.targets))
    weights = [after - w for after, w in zip(parameters.weights, before.weights, strict=True)]
    biases = [
        None if after is None or b is None else after - b
        for after, b in zip(parameters.biases, before.biases, strict=True)
    ]
    return weights, biases


def _comparison(what: str, versions: list[Array], name: Namer) -> Comparison | None:
    own, with_fault, without_fault = (np.atleast_2d(np.asarray(version, float)) for version in versions)
    if not own.shape == with_fault.shape == without_fault.shape:
        return None
    size = float(np.linalg.norm(own)) or float(np.linalg.norm(without_fault))  # what never changes has no size
    if not size or not all(np.isfinite(version).all() for version in (own, with_fault, without_fault)):
        return None
    misses = [float(np.linalg.norm(version - own)) / size for version in (with_fault, without_fault)]
    if misses[1] < DIFFERENT or misses[0] > 0.1 * misses[1]:
        return None
    places = _spread(np.maximum(np.abs(own), np.abs(without_fault)).ravel())
    names = tuple(name(*divmod(int(place), own.shape[1])) for place in places)
    kept = [version.ravel()[places] for version in (own, with_fault, without_fault)]
    return Comparison(what, names, kept[0], kept[1], kept[2], (misses[0], misses[1]))


def _spread(sizes: Array) -> Array:
    """Places of at most MOST_POINTS numbers: half of them the largest, half evenly spaced among those not zero."""
    order = np.argsort(-sizes, kind="stable")
    order = order[sizes[order] > 0]
    if len(order) <= MOST_POINTS:
        return np.sort(order)
    half = MOST_POINTS // 2
    rest = order[half:]
    return np.sort(np.concatenate([order[:half], rest[:: -(-len(rest) // half)]]))
