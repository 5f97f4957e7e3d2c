"""Is the gradient of every parameter the derivative that the program's own forward pass says it must be?

The hypotheses of `seeds` are tried in order until one explains every parameter: up to one scale for all of them, a
multiple of the parameter itself (weight decay), and the slopes chosen at ties. What explains most is kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from unstuck.autodiff.call import Tie
from unstuck.autodiff.candidates import Candidate, candidates_of, coarsest
from unstuck.autodiff.comparison import EXACT
from unstuck.autodiff.graph import merged_within
from unstuck.autodiff.meetings import Meeting, forward_nodes, is_contradicted, meetings, upstream
from unstuck.autodiff.replay import rounding_floor, with_rounding
from unstuck.autodiff.reverse import Adjoints, adjoints
from unstuck.autodiff.seeds import Hypothesis, own_errors, usual_losses, weighted_losses, written_losses
from unstuck.autodiff.step import Step, step_on
from unstuck.autodiff.verdicts import (
    APPLIED,
    Verdict,
    common_scales,
    expected_gradient,
    rounded,
    verdict_on,
    with_signs,
)

Array = np.ndarray

MOST_WORK = 300_000_000  # entries visited by all hypotheses together; an operation counts as 300
MOST_MEETINGS = 5
ENOUGH = 0.1  # of the gradients, from which on a hypothesis is not left for a less direct one
MOST_FACTORS = 3
LOST = "lost in rounding"
SAFETY = 100.0  # residuals up to this many times the rounding floor are not told apart from 0


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


@dataclass(frozen=True)
class Question:
    """What is asked under every hypothesis: which candidates for a gradient are one, to this tolerance."""

    step: Step
    candidates: Sequence[Sequence[Candidate]]  # of each parameter
    meetings: Sequence[Meeting]
    tolerance: float


def prove(step: Step, given: Sequence[Hypothesis] = ()) -> Proof:
    """The verdict on every parameter of a step. `given` hypotheses are tried before those that are found."""
    met = meetings(step)
    met = (upstream(step, met) or met)[:MOST_MEETINGS]
    forward = forward_nodes(step, met)
    candidates = [candidates_of(step, parameter, forward) for parameter in step.parameters]
    question = Question(step, candidates, met, EXACT[coarsest(step, candidates)])
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
        found = _under(question, hypothesis, Tie.SPLIT)
        work += effort
        if hypothesis.rank == 0 and _is_flat(found):
            continue
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
        return _without_hypothesis(question)
    for tie in (Tie.LAST, Tie.FIRST, Tie.ALL):
        if best.wrong and best.hypothesis is not None:
            found = _under(question, best.hypothesis, tie)
            best = found if _promise(found) > _promise(best) else best
    sure = _sure(best)
    return _without_hypothesis(question) if _explains_nothing(sure) else sure


def proved_apart(proof: Proof, tie: Tie | None = None) -> Proof:
    """The same verdicts where equal operations of the backward pass are told apart: each has its own line.

    tie  the slopes that are taken where they can be chosen; those of the proof where it is None
    """
    step, hypothesis = proof.step, proof.hypothesis
    if hypothesis is None:
        return proof
    apart = step_on(merged_within(step.graph, forward_pass(proof)), step.parameters)
    before = forward_nodes(step, proof.meetings)  # as in the proof: the error itself may be a gradient
    candidates = [candidates_of(apart, parameter, before) for parameter in apart.parameters]
    question = Question(apart, candidates, proof.meetings, proof.tolerance)
    return _sure(_under(question, hypothesis, tie or proof.tie, proof.scale if tie is None else 0.0))


def forward_pass(proof: Proof) -> set[int]:
    """All that the outputs and the loss of an update are made of."""
    seeds = proof.hypothesis.seeds if proof.hypothesis is not None else {}
    return forward_nodes(proof.step, proof.meetings) | proof.step.graph.ancestors(seeds)


def hypotheses_of(step: Step, met: Sequence[Meeting]) -> Iterator[Hypothesis]:
    """All that the gradients of a step may be the derivative of, the most direct first."""
    yield from written_losses(step)
    for meeting in met:
        if not is_contradicted(step, meeting, met):
            yield from usual_losses(step, meeting)
            yield from weighted_losses(step, meeting)
    for meeting in met:
        yield from own_errors(step, meeting)


def _is_flat(proof: Proof) -> bool:
    """Whether what was taken for a loss has no slope at any parameter, as a rounded output has none."""
    known = [verdict for verdict in proof.verdicts if verdict.expected is not None]
    return bool(known) and all(not proof.adjoints.totals.get(n, np.zeros(1)).any() for n in proof.step.roots)


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
            factors.setdefault(verdict.gradient.nodes[0].site, set()).add(rounded(verdict.scale))
    several = max((len(scales) for scales in factors.values()), default=0)
    right = sum(bool(verdict.right) for verdict in proof.verdicts)
    return several >= MOST_FACTORS and right < ENOUGH * len(proof.verdicts)


def _promise(proof: Proof) -> tuple[int, int, int, int]:
    """How well a hypothesis explains a step: parameters right, those of them with many entries first; of hypotheses of
    one rank that explain as many, the one that explains more entries."""
    right = [v for v in proof.verdicts if v.right and v.gradient is not None]
    large = sum(v.gradient.value.size > 1 for v in right if v.gradient)
    rank = proof.hypothesis.rank if proof.hypothesis else 3
    return large, len(right), -rank, sum(v.gradient.value.size for v in right if v.gradient)


def _under(question: Question, hypothesis: Hypothesis, tie: Tie, known_scale: float = 0.0) -> Proof:
    """All verdicts under one hypothesis, at the scale that most gradients share where none is known."""
    step, candidates, tolerance = question.step, question.candidates, question.tolerance
    true = adjoints(step.graph, hypothesis.seeds, set(step.moving), tie)
    expected = [expected_gradient(step, parameter, true) for parameter in step.parameters]
    proofs = []
    for scale in [known_scale] if known_scale else common_scales(candidates, expected, step.parameters, tolerance):
        verdicts = tuple(
            verdict_on(parameter, found, array, scale, tolerance)
            for parameter, found, array in zip(step.parameters, candidates, expected)
        )
        signed = with_signs(verdicts, tolerance)
        proofs.append(Proof(step, hypothesis, tie, scale, signed, true, tuple(question.meetings), tolerance))
    return min(proofs, key=_doubt) if len(proofs) > 1 else proofs[0]


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


def unexplained(proof: Proof) -> Proof:
    """The same step of which nothing is known: neither a loss nor outputs and targets explain a gradient."""
    return _without_hypothesis(Question(proof.step, [()] * len(proof.verdicts), proof.meetings, proof.tolerance))


def _without_hypothesis(question: Question) -> Proof:
    verdicts = tuple(
        Verdict(parameter, None, np.nan, 0.0, "neither a loss nor outputs that meet targets were found", None, None)
        for parameter in question.step.parameters
    )
    return Proof(
        question.step, None, Tie.SPLIT, 0.0, verdicts, Adjoints(), tuple(question.meetings), question.tolerance
    )
