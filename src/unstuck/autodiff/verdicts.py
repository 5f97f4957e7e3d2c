"""The verdict on the gradient of one parameter, held against the true one up to a scale that is common to all."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from unstuck.autodiff.candidates import Candidate, along, value_after, value_of
from unstuck.autodiff.comparison import EXACT, SAME_SCALE, fit, is_short, kind_of
from unstuck.autodiff.reverse import Adjoints
from unstuck.autodiff.step import Parameter, Step

Array = np.ndarray

APPLIED = "applied with the wrong sign"
VANISHING = 1e-13  # the norm up to which a true gradient tells no scale


@dataclass(frozen=True)
class Verdict:
    """What is known of the gradient of one parameter."""

    parameter: Parameter
    right: bool | None  # None: cannot be told, and `kind` says why
    residual: float  # norm of what the true gradient does not explain over the norm of the gradient
    scale: float  # of the program's gradient against the true one
    kind: str  # "equal" where right; else how it differs, or what hindered
    gradient: Candidate | None
    expected: Array | None  # the true gradient, times the common scale
    decay: float = 0.0  # the multiple of the parameter that was added
    candidates: tuple[Candidate, ...] = ()  # all arrays that may be the gradient


def with_signs(verdicts: Sequence[Verdict], tolerance: float) -> tuple[Verdict, ...]:
    """The same verdicts, wrong where a right gradient is applied with another sign than those of other parameters.

    A sign is known where the change of a parameter is a multiple of its gradient: not under momentum or Adam. Where as
    many go up as down, those that go up are wrong.
    """
    signs = [_direction(verdict, tolerance) for verdict in verdicts]
    up, down = signs.count(1), signs.count(-1)
    if not up or not down:
        return tuple(verdicts)
    astray = 1 if up <= down else -1
    return tuple(
        replace(verdict, right=False, kind=APPLIED) if sign == astray else verdict
        for verdict, sign in zip(verdicts, signs)
    )


def _direction(verdict: Verdict, tolerance: float) -> int:
    """1 where a parameter goes up along its true gradient, -1 where it goes down, 0 where that is not known."""
    if not verdict.right or verdict.expected is None or verdict.gradient is None:
        return 0
    change = value_after(verdict.parameter) - value_of(verdict.parameter)
    expected = verdict.expected / verdict.scale if verdict.scale else verdict.expected
    if change.shape != expected.shape:
        return 0
    if change.size < 2 and not np.allclose(np.abs(change), np.abs(verdict.gradient.value).reshape(change.shape)):
        return 0  # a single number is a multiple of any other: only the very gradient tells
    one = fit(change, expected)
    return int(np.sign(one.scale)) if one.residual <= max(1e-4, tolerance) else 0


def expected_gradient(step: Step, parameter: Parameter, true: Adjoints) -> Array | str:
    """The true gradient, or why it is not known."""
    parts = []
    for node in parameter.before:
        number = step.graph.same[node.number]
        if not true.known(number):
            return "behind an operation without derivative: " + true.missing[0][1]
        parts.append(np.asarray(true.totals.get(number, np.zeros(np.shape(node.value))), float))
    whole = parts[0] if len(parts) == 1 else np.array([part.reshape(()) for part in parts])
    return whole if np.isfinite(whole).all() else "not finite"


def common_scales(
    candidates: Sequence[Sequence[Candidate]],
    expected: Sequence[Array | str],
    parameters: Sequence[Parameter],
    tolerance: float,
) -> list[float]:
    """The scales that most parameters share, at most three; each parameter offers those of all its candidates.

    A single number is a multiple of any other: it is asked only where no array is explained, and where there are arrays
    only a short scale is believed.
    """
    known = [
        (found, array, parameter)
        for found, array, parameter in zip(candidates, expected, parameters)
        if not isinstance(array, str) and np.linalg.norm(array) > VANISHING
    ]
    several = [one for one in known if one[1].size > 1]
    offered = _offered(several, tolerance)
    if not offered:
        offered = [scale for scale in _offered(known, tolerance) if not several or is_short(scale, tolerance)]
    return offered or [0.0]


def _offered(known: Sequence[tuple[Sequence[Candidate], Array, Parameter]], tolerance: float) -> list[float]:
    """The scales that the candidates of true gradients offer, those of most parameters first; of those of as many, the
    one with which a gradient is the derivative itself, or that of more entries."""
    offers: Counter[float] = Counter()
    descending: Counter[float] = Counter()
    entries: Counter[float] = Counter()
    exact: dict[float, float] = {}  # by the rounded scale
    for found, array, parameter in known:
        scales = set()
        for candidate in found:
            if candidate.value.shape == array.shape:
                for decay in decays(parameter, candidate.value):
                    one = fit(candidate.value, array, decay)
                    if one.residual <= max(tolerance, candidate.floor) and one.scale:
                        scales.add(rounded(one.scale))
                        exact.setdefault(rounded(one.scale), one.scale)
                        break
        offers.update(scales)
        entries.update(dict.fromkeys(scales, array.size))
        descending.update(dict.fromkeys(scales, int(along(parameter, array) < 0)))

    def doubt(scale: float) -> tuple[float, ...]:
        return -offers[scale], -descending[scale], abs(scale) != 1.0, -entries[scale], -abs(scale)

    return [exact[scale] for scale in sorted(offers, key=doubt)[:3]]


def decays(parameter: Parameter, gradient: Array) -> tuple[Array | None, ...]:
    """What a decay may add multiples of: nothing, the parameter, or those entries of it that the gradient changes, as
    where each update takes one row."""
    whole = value_of(parameter)
    changed = gradient != 0 if gradient.shape == whole.shape else None
    return (None, whole) if changed is None or changed.all() else (None, whole, np.where(changed, whole, 0.0))


def rounded(scale: float) -> float:
    """A scale to three digits and a half, so that equal ones meet."""
    return float(f"{scale:.3e}")


def verdict_on(
    parameter: Parameter,
    found: Sequence[Candidate],
    expected: Array | str,
    scale: float,
    tolerance: float,
) -> Verdict:
    if isinstance(expected, str):
        return Verdict(parameter, None, np.nan, 0.0, expected, None, None)
    if expected.any() and not np.array_equal(value_of(parameter), value_after(parameter)):
        found = [candidate for candidate in found if candidate.value.any()]  # zeros change nothing
    if not found:
        return Verdict(parameter, None, np.nan, 0.0, "no gradient found", None, None)
    if not expected.any() and not any(candidate.value.any() for candidate in found):
        return Verdict(parameter, None, 0.0, 0.0, "zero, as it must be", found[0], expected)
    same = SAME_SCALE[8] if tolerance <= EXACT[8] else SAME_SCALE[4]
    closest: tuple[float, Verdict] | None = None
    for candidate in found:
        if candidate.value.size != expected.size:
            continue
        fits = candidate.value.shape == expected.shape
        value = candidate.value if fits else candidate.value.reshape(expected.shape)
        for decay in decays(parameter, candidate.value):
            one = fit(value, expected, decay)
            if not fits or one.residual > max(tolerance, candidate.floor) or (one.scale == 0 and expected.any()):
                continue
            if not expected.any() or abs(one.scale - scale) <= max(same, 1e-3, candidate.floor) * abs(scale):
                exact = expected * one.scale
                return Verdict(
                    parameter, True, one.residual, one.scale, "equal", candidate, exact, one.decay, tuple(found)
                )
        one = fit(value, expected)
        away = float(np.linalg.norm(value - scale * expected)) / (float(np.linalg.norm(value)) or 1.0)
        kind = kind_of(candidate.value, expected, scale, tolerance)
        verdict = Verdict(
            parameter, False, one.residual, one.scale, kind, candidate, expected * (scale or 1.0), 0.0, tuple(found)
        )
        order = min(one.residual, away) + (0.5 if candidate.nodes == parameter.after else 0.0)
        if closest is None or order < closest[0]:
            closest = (order, verdict)
    if closest is None:
        return Verdict(parameter, None, np.nan, 0.0, "no gradient of its size", None, None)
    return closest[1]
