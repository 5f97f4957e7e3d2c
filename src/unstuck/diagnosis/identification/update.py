"""Stage four: from gradients to changes. Rate, reduction, what the optimiser remembers, decay, factors by layer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from unstuck.diagnosis.formulas.updates import AdaptiveRule
from unstuck.diagnosis.identification.fit import rounding_floor, stack, tolerance
from unstuck.diagnosis.identification.forward import Forward
from unstuck.diagnosis.identification.guesses import View
from unstuck.diagnosis.program.observations import Record
from unstuck.diagnosis.twin.parameters import Parameters
from unstuck.diagnosis.twin.twin import Twin
from unstuck.diagnosis.twin.update_rule import CONSTANT, RateLaw

Array = np.ndarray
UNCLEAR = 1e-3  # rounding of the changes above which nothing is said of the optimiser's memory
Key = tuple[str, int]  # ("w" or "b", layer)


@dataclass(frozen=True)
class Response:
    """The impulse response of one array's updates: how much of the last three steps' gradients is in a change.

    kind is plain, momentum, raw (the last gradient only), accumulate, accumulate and momentum, nesterov gradient,
    adaptive or unexplained.
    """

    kind: str = "plain"
    beta: float = 0.0
    weights: tuple[float, ...] = ()
    residual: float = 0.0
    rate: float = 1.0  # the rate of the third step as a multiple of the first's
    with_decay: bool = False  # the decay is part of the gradients that are remembered


@dataclass(frozen=True)
class Update:
    """scales: per array, change per unit of the summed gradient at the records' batch size (negative: descends);
    powers: per array, how often that gradient is divided by the number of examples, where it shows;
    root_of_gradients: no number stands where a gradient is negative, a number where it is positive."""

    scales: dict[Key, float] = field(default_factory=dict)
    scales_by_size: dict[int, dict[Key, float]] = field(default_factory=dict)
    reduction: str = ""  # sum, mean, each, unknown
    powers: dict[Key, int] = field(default_factory=dict)
    decays: dict[Key, float] = field(default_factory=dict)  # at batch_size
    decay_over_batch: bool = False  # the decay is divided by the number of examples in the batch
    responses: dict[Key, Response] = field(default_factory=dict)
    adaptive: AdaptiveRule | None = None
    rate_law: RateLaw = CONSTANT
    batch_size: int = 1
    root_of_gradients: bool = False

    def factor(self, key: Key) -> float:
        """Change per unit of the gradient that is divided by the number of examples as often as it is."""
        return self.scales.get(key, 0.0) * self.batch_size ** self.powers.get(key, 0)

    def divisions(self, key: Key) -> int:
        """How often more than the reduction says that gradient is divided by the number of examples."""
        return self.powers[key] - (self.reduction == "mean") if key in self.powers else 0


def power_of(scales: dict[int, float], rate: float | None, n_outputs: int) -> int | None:
    """How often the summed gradient is divided by the number of examples: 0 is a sum, 1 the mean, 2 once too often.

    From the factors at two batch sizes, or from the stated rate where only one size works; None where it is unclear.
    """
    sizes = sorted(size for size, scale in scales.items() if scale)
    if len(sizes) >= 2:
        small, large = sizes[0], sizes[-1]
        ratio = scales[large] / scales[small]
        return next((power for power in (0, 1, 2) if abs(ratio * (large / small) ** power - 1) < 1e-3), None)
    if sizes and sizes[0] > 1 and rate:
        per_example = abs(scales[sizes[0]]) / rate
        for constant in (1, 2, 0.5, 1 / n_outputs, 2 / n_outputs):
            for power in (0, 1):
                if abs(per_example * sizes[0] ** power / constant - 1) < 1e-3:
                    return power
    return None


def identify_responses(
    runs: list[list[Record]],
    forward: Forward,
    twin: Twin,
    scales: dict[Key, float],
    decays: dict[Key, float],
    epsilon: float,
) -> dict[Key, Response]:
    """For every array, how the third change of a run depends on the gradients so far."""
    per_run = [gradients_along(run, forward, twin) for run in runs]
    found: dict[Key, Response] = {}
    for key in per_run[0][0][0]:
        scale, decay = scales.get(key, 0.0), decays.get(key, 0.0)
        found[key] = _response(per_run, key, scale, epsilon)
        if scale and decay and found[key].kind in ("unexplained", "other"):
            inside = _response(per_run, key, scale, epsilon, decay / scale)
            if inside.kind not in ("unexplained", "other"):
                found[key] = replace(inside, with_decay=True)
    return found


def gradients_along(run: list[Record], forward: Forward, twin: Twin) -> list[tuple[dict, dict, dict]]:
    """(gradients, changes, values before) by array for each step of a run; gradients by the twin's formulas."""
    steps = []
    for record in run:
        view = View.of(record, forward)
        p = twin.forward_pass(Parameters(view.weights, view.biases), view.x, twin.coding.compute(view.targets))
        p.weights_after = [w + c for w, c in zip(view.weights, view.weight_changes, strict=True)]
        p.biases_after = [None if b is None else b + c for b, c in zip(view.biases, view.bias_changes, strict=True)]
        gradients: dict[Key, Array] = {}
        changes: dict[Key, Array] = {}
        values: dict[Key, Array] = {}
        for l, (weights, bias) in enumerate(twin.gradients(p)):
            assert weights is not None
            gradients["w", l], changes["w", l] = weights, view.weight_changes[l]
            values["w", l] = twin.update.decaying(("w", l), view.weights[l])
            value, change = view.biases[l], view.bias_changes[l]
            if bias is not None and value is not None and change is not None:
                gradients["b", l], changes["b", l], values["b", l] = bias, change, value
        steps.append((gradients, changes, values))
    return steps


def _response(
    runs: list[list[tuple[dict, dict, dict]]], key: Key, scale: float, epsilon: float, l2: float = 0.0
) -> Response:
    """Least squares of the last change of each run on the gradients of its steps (and on the values: decay). With `l2`
    the gradients are those of the loss and this share of the values: decay that the optimiser remembers, too."""
    own, last, before_last = (
        stack([run[k][0][key] + l2 * run[k][2][key] if l2 else run[k][0][key] for run in runs]) for k in (2, 1, 0)
    )
    change = stack([run[2][1][key] for run in runs])
    values = stack([run[2][2][key] for run in runs])
    if not np.any(change):
        return Response("frozen")
    if not all(np.isfinite(a).all() for a in (own, last, before_last, change)):
        return Response("unexplained", residual=np.inf)
    allowed = max(tolerance(rounding_floor([values], [change], epsilon)), 1e-8)
    residual = np.inf
    if allowed > UNCLEAR:
        return Response("unexplained", residual=np.inf)  # rounding hides which gradients are in the change
    for columns in ([own], [own, values], [own, last, before_last], [own, last, before_last, values]):
        if len(columns) < 3 and scale == 0:
            continue
        weights, residual = _regress(change, columns)
        if residual > allowed or weights[0] == 0:
            continue
        if len(columns) < 3:
            return Response("plain", 0.0, (1.0, 0.0, 0.0), residual, float(weights[0] / scale))
        named = _named(
            float(weights[1] / weights[0]), float(weights[2] / weights[0]), residual, min(max(1e-6, 30 * allowed), 0.02)
        )
        return replace(named, rate=float(weights[0] / scale) if scale else 1.0)
    return Response("unexplained", residual=residual)


def _regress(change: Array, columns: list[Array]) -> tuple[Array, float]:
    """Coefficients and the share left over; nothing is concluded from fewer numbers than twice the unknowns."""
    matrix = np.stack(columns, axis=1)
    sizes = np.linalg.norm(matrix, axis=0)
    sizes[sizes == 0] = 1
    weights, _, rank, _ = np.linalg.lstsq(matrix / sizes, change, rcond=1e-10)
    if len(change) < 2 * len(columns) or rank < len(columns):
        return weights, np.inf
    left = np.linalg.norm(change - (matrix / sizes) @ weights) / np.linalg.norm(change)
    return weights / sizes, float(left)


def _named(w1: float, w2: float, residual: float, slack: float) -> Response:
    """1, β, β² is momentum; 1, m, 0 the raw last gradient; 1, β²/(1+β), β³/(1+β) Nesterov's form on gradients."""
    weights = (1.0, w1, w2)
    scale = max(1.0, abs(w1))
    if abs(w1) < slack and abs(w2) < slack:
        return Response("plain", 0.0, weights, residual)
    if abs(w2 - w1 * w1) < slack * scale**2:
        kind = "accumulate" if abs(w1 - 1) < slack else "momentum"
        return Response(kind, w1, weights, residual)
    if abs(w2) < slack * scale:
        return Response("raw", w1, weights, residual)
    beta = w1 - 1
    if 0 < beta < 1 and abs(w2 - (1 + beta + beta * beta)) < slack * scale**2:
        return Response("accumulate and momentum", beta, weights, residual)
    if w1 > 0 and w2 > 0:
        beta = w2 / w1
        if abs(w1 - beta * beta / (1 + beta)) < slack:
            return Response("nesterov gradient", beta, weights, residual)
    return Response("other", w1, weights, residual)
