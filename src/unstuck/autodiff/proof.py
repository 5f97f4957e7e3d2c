"""Is the gradient of every parameter the derivative that the program's own forward pass says it must be?

The hypotheses of `seeds` are tried in order until one explains every parameter: up to one scale for all of them, a
multiple of the parameter itself (weight decay), and the slopes chosen at ties. What explains most is kept.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from unstuck.autodiff.call import Tie
from unstuck.autodiff.candidates import Candidate, candidates_of, coarsest, value_after, value_of
from unstuck.autodiff.comparison import EXACT, SAME_SCALE, fit, kind_of
from unstuck.autodiff.graph import merged_within
from unstuck.autodiff.replay import rounding_floor, with_rounding
from unstuck.autodiff.reverse import Adjoints, adjoints
from unstuck.autodiff.seeds import (
    Hypothesis,
    Meeting,
    forward_nodes,
    is_contradicted,
    meetings,
    own_errors,
    upstream,
    usual_losses,
    written_losses,
)
from unstuck.autodiff.step import Parameter, Step, step_on

Array = np.ndarray

MOST_WORK = 300_000_000  # entries visited by all hypotheses together; an operation counts as 300
MOST_MEETINGS = 5
ENOUGH = 0.1  # of the gradients, from which on a hypothesis is not left for a less direct one
MOST_FACTORS = 3
LOST = "lost in rounding"
APPLIED = "applied with the wrong sign"
SAFETY = 100.0  # residuals up to this many times the rounding floor are not told apart from 0


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


@dataclass(frozen=True)
class Proof:
    """The verdicts on one update."""

    step: Step
    hypothesis: Hypothesis | None
    tie: Tie
    scale: float  # common to all right gradients; 0 where there is none
    verdicts: tuple[Verdict, ...]
    adjoints: Adjoints
    meetings: tuple[Meeting, ...]
    tolerance: float

    @property
    def wrong(self) -> list[Verdict]:
        """The gradients that are proved wrong."""
        return [verdict for verdict in self.verdicts if verdict.right is False]


def prove(step: Step, given: Sequence[Hypothesis] = ()) -> Proof:
    """The verdict on every parameter of a step. `given` hypotheses are tried before those that are found."""
    met = meetings(step)
    met = (upstream(step, met) or met)[:MOST_MEETINGS]
    forward = forward_nodes(step, met)
    candidates = [candidates_of(step, parameter, forward) for parameter in step.parameters]
    tolerance = EXACT[coarsest(step, candidates)]
    best: Proof | None = None
    written: Proof | None = None
    work, tried = 0, set()
    effort = sum(300 + np.size(step.graph.tape.nodes[n].value) for n in step.moving)
    for hypothesis in (*given, *hypotheses_of(step, met)):
        if best is not None and _settles(best, hypothesis):
            break
        key = tuple(sorted((n, float(np.sum(s)), float(np.sum(np.abs(s)))) for n, s in hypothesis.seeds.items()))
        if key in tried or (best is not None and work > MOST_WORK):
            continue
        tried.add(key)
        found = _under(step, hypothesis, Tie.SPLIT, candidates, met, tolerance)
        work += effort
        if hypothesis.rank == 0 and (written is None or _promise(found) > _promise(written)):
            written = found
        if best is None or _promise(found) > _promise(best):
            best = found
        taken_as_given = best.hypothesis is not None and best.hypothesis.rank == 2
        if all(v.right for v in best.verdicts) and (written is None or not taken_as_given):
            return best
    if written is not None and best is not None and best.hypothesis is not None and best.hypothesis.rank == 2:
        best = written
    if best is None:
        return _without_hypothesis(step, candidates, met, tolerance)
    for tie in (Tie.LAST, Tie.FIRST, Tie.ALL):
        if best.wrong and best.hypothesis is not None:
            found = _under(step, best.hypothesis, tie, candidates, met, tolerance)
            best = found if _promise(found) > _promise(best) else best
    sure = _sure(best)
    return _without_hypothesis(step, candidates, met, tolerance) if _explains_nothing(sure) else sure


def proved_apart(proof: Proof, tie: Tie | None = None) -> Proof:
    """The same verdicts where equal operations of the backward pass are told apart: each has its own line.

    tie  the slopes that are taken where they can be chosen; those of the proof where it is None
    """
    step, hypothesis = proof.step, proof.hypothesis
    if hypothesis is None:
        return proof
    forward = forward_nodes(step, proof.meetings) | step.graph.ancestors(hypothesis.seeds)
    apart = step_on(merged_within(step.graph, forward), step.parameters)
    candidates = [candidates_of(apart, parameter, forward) for parameter in apart.parameters]
    again = _under(apart, hypothesis, tie or proof.tie, candidates, proof.meetings, proof.tolerance)
    return _sure(again)


def hypotheses_of(step: Step, met: Sequence[Meeting]) -> Iterator[Hypothesis]:
    """All that the gradients of a step may be the derivative of, the most direct first."""
    yield from written_losses(step)
    for meeting in met:
        if not is_contradicted(step, meeting, met):
            yield from usual_losses(step, meeting)
    for meeting in met:
        yield from own_errors(step, meeting)


def _settles(best: Proof, following: Hypothesis) -> bool:
    """Whether less direct hypotheses need not be tried: enough gradients of several entries are the true ones."""
    if best.hypothesis is None or following.rank <= best.hypothesis.rank:
        return False
    right = [v.gradient for v in best.verdicts if v.right and v.gradient is not None]
    large = sum(gradient.value.size > 1 and bool(gradient.value.any()) for gradient in right)
    return large > 0 and large >= ENOUGH * len(best.verdicts)


def _explains_nothing(proof: Proof) -> bool:
    """Whether gradients that one expression computes are off by factors of which no two are alike: what comes back to
    a single output then differs from what the program sent back, output by output, and the loss is another one."""
    factors: dict[object, set[float]] = {}
    for verdict in proof.wrong:
        if verdict.kind == "factor" and verdict.gradient is not None:
            factors.setdefault(verdict.gradient.nodes[0].site, set()).add(_rounded(verdict.scale))
    several = max((len(scales) for scales in factors.values()), default=0)
    right = sum(bool(verdict.right) for verdict in proof.verdicts)
    return several >= MOST_FACTORS and right < ENOUGH * len(proof.verdicts)


def _promise(proof: Proof) -> tuple[int, int, int]:
    """How well a hypothesis explains a step: parameters right, those of them with many entries first."""
    right = [v for v in proof.verdicts if v.right and v.gradient is not None]
    large = sum(v.gradient.value.size > 1 for v in right if v.gradient)
    rank = proof.hypothesis.rank if proof.hypothesis else 3
    return large, len(right), -rank


def _under(
    step: Step,
    hypothesis: Hypothesis,
    tie: Tie,
    candidates: Sequence[Sequence[Candidate]],
    met: Sequence[Meeting],
    tolerance: float,
) -> Proof:
    """All verdicts under one hypothesis."""
    true = adjoints(step.graph, hypothesis.seeds, set(step.moving), tie)
    expected = [_expected(step, parameter, true) for parameter in step.parameters]
    proofs = []
    for scale in _common_scales(candidates, expected, step.parameters, tolerance):
        verdicts = tuple(
            _verdict(parameter, found, array, scale, tolerance)
            for parameter, found, array in zip(step.parameters, candidates, expected)
        )
        signed = with_signs(verdicts, tolerance)
        proofs.append(Proof(step, hypothesis, tie, scale, signed, true, tuple(met), tolerance))
    return min(proofs, key=_doubt) if len(proofs) > 1 else proofs[0]


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
    if not verdict.right or verdict.expected is None or verdict.expected.size < 2:
        return 0
    before = value_of(verdict.parameter)
    after = value_after(verdict.parameter)
    expected = verdict.expected / verdict.scale if verdict.scale else verdict.expected
    if after.shape != expected.shape:
        return 0
    one = fit(after - before, expected)
    return int(np.sign(one.scale)) if one.residual <= max(1e-4, tolerance) else 0


def _doubt(proof: Proof) -> tuple[bool, int]:
    """How little speaks for the scale of a proof."""
    return _needs_several_faults(proof), -sum(bool(verdict.right) for verdict in proof.verdicts)


def _needs_several_faults(proof: Proof) -> bool:
    """Whether no single place lies on the way to all wrong gradients and to no right one."""
    graph, right, wrong = proof.step.graph, set[int](), list[set[int]]()
    forward = forward_nodes(proof.step, proof.meetings)
    for verdict in proof.verdicts:
        if verdict.gradient is not None:
            made_of = graph.ancestors(graph.same[n.number] for n in verdict.gradient.nodes) - forward
            if verdict.right:
                right |= made_of
            elif verdict.right is False:
                wrong.append(made_of)
    return bool(wrong) and not set.intersection(*wrong) - right


def _expected(step: Step, parameter: Parameter, true: Adjoints) -> Array | str:
    """The true gradient, or why it is not known."""
    parts = []
    for node in parameter.before:
        number = step.graph.same[node.number]
        if not true.known(number):
            return "behind an operation without derivative: " + true.missing[0][1]
        parts.append(np.asarray(true.totals.get(number, np.zeros(np.shape(node.value))), float))
    whole = parts[0] if len(parts) == 1 else np.array([part.reshape(()) for part in parts])
    return whole if np.isfinite(whole).all() else "not finite"


def _common_scales(
    candidates: Sequence[Sequence[Candidate]],
    expected: Sequence[Array | str],
    parameters: Sequence[Parameter],
    tolerance: float,
) -> list[float]:
    """The scales that most parameters share, at most three; each parameter offers those of all its candidates.

    A single number is a multiple of any other: it is asked only where no array is explained.
    """
    several = _offered(candidates, expected, parameters, tolerance, 2)
    return several or _offered(candidates, expected, parameters, tolerance, 1) or [0.0]


def _offered(
    candidates: Sequence[Sequence[Candidate]],
    expected: Sequence[Array | str],
    parameters: Sequence[Parameter],
    tolerance: float,
    least: int,
) -> list[float]:
    """The scales that gradients of so many entries at least offer, those of most parameters first; of those of as many,
    the one with which a gradient is the derivative itself."""
    offers: Counter[float] = Counter()
    descending: Counter[float] = Counter()
    for found, array, parameter in zip(candidates, expected, parameters):
        if isinstance(array, str):
            continue
        scales = set()
        for candidate in found:
            if candidate.value.shape == array.shape and array.size >= least:
                if np.linalg.norm(array) <= 1e-13:
                    continue
                for decay in (None, value_of(parameter)):
                    one = fit(candidate.value, array, decay)
                    if one.residual <= max(tolerance, candidate.floor) and one.scale:
                        scales.add(_rounded(one.scale))
                        break
        offers.update(scales)
        descending.update(dict.fromkeys(scales, int(_descends(parameter, array))))
    order = sorted(offers, key=lambda scale: (-offers[scale], -descending[scale], abs(scale) != 1.0, -abs(scale)))
    return order[:3]


def _descends(parameter: Parameter, expected: Array) -> bool:
    """Whether the update goes down along the true gradient."""
    after = [np.asarray(node.value, float) for node in parameter.after]
    before = [np.asarray(node.value, float) for node in parameter.before]
    change = np.concatenate([(a - b).reshape(-1) for a, b in zip(after, before)])
    return change.size == expected.size and float(change @ expected.reshape(-1)) < 0


def _rounded(scale: float) -> float:
    """A scale to three digits and a half, so that equal ones meet."""
    return float(f"{scale:.3e}")


def _verdict(
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
        for decay in (None, value_of(parameter)):
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


def _sure(proof: Proof) -> Proof:
    """The same with `None` for what rounding could explain."""
    graph, same = proof.step.graph, proof.step.graph.same
    ends = {
        id(verdict): [same[node.number] for node in verdict.gradient.nodes]
        for verdict in proof.wrong
        if verdict.gradient is not None and verdict.kind != APPLIED and verdict.gradient.value.any()
    }
    everything = [number for numbers in ends.values() for number in numbers]
    moved = with_rounding(graph, everything, proof.step.roots, proof.step.news)
    verdicts = []
    for verdict in proof.verdicts:
        if id(verdict) in ends and verdict.gradient is not None:
            floor = rounding_floor(graph, moved, ends[id(verdict)], float(np.linalg.norm(verdict.gradient.value)))
            if _distance(verdict) <= SAFETY * floor:
                verdict = replace(verdict, right=None, kind=LOST, expected=None, candidates=())
        verdicts.append(verdict)
    return replace(proof, verdicts=tuple(verdicts))


def _distance(verdict: Verdict) -> float:
    """Of a gradient from the true one at the common scale, relative to its own norm."""
    if verdict.gradient is None or verdict.expected is None:
        return 0.0
    given = verdict.gradient.value.reshape(-1)
    rest = given - verdict.expected.reshape(-1)
    return float(np.linalg.norm(rest)) / float(np.linalg.norm(given))


def _without_hypothesis(
    step: Step, candidates: Sequence[Sequence[Candidate]], met: Sequence[Meeting], tolerance: float
) -> Proof:
    verdicts = tuple(
        Verdict(parameter, None, np.nan, 0.0, "neither a loss nor outputs that meet targets were found", None, None)
        for parameter in step.parameters
    )
    return Proof(step, None, Tie.SPLIT, 0.0, verdicts, Adjoints(), tuple(met), tolerance)
