"""A recorded step carried out again from other parameters, with its own gradients or with the true ones.

Nothing is known of the program but its recording: the forward pass, the way back and the update rule are the recorded
operations, on the recorded examples, with whatever state (a velocity, moments) the update began with. The update's
result is put in the place of the parameters, as often as wanted. Where gradients are proved wrong, the same step is
repeated with the true gradients in their place: what that changes is what the fault costs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

import numpy as np

from unstuck.autodiff.candidates import SUBTRACTS, along, value_after, value_of
from unstuck.autodiff.graph import Graph
from unstuck.autodiff.meetings import meetings
from unstuck.autodiff.proof import Proof, hypotheses_of
from unstuck.autodiff.reverse import adjoints
from unstuck.autodiff.seeds import WEIGHTED, Hypothesis
from unstuck.autodiff.step import Step
from unstuck.autodiff.tape import LEAF, Node, Tape, filled
from unstuck.autodiff.verdicts import APPLIED, Verdict
from unstuck.autodiff.writes import carried_out

Array = np.ndarray
Values = dict[int, Any]  # by the number of the representative

SMALLEST = 1e-12  # of a probability in a logarithm


class CannotRepeat(Exception):
    """The recorded step gives other numbers than it gave, or none at all."""


@dataclass(frozen=True)
class Repeated:
    """The losses before each of a number of updates, and after the last."""

    losses: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean of the losses on the way: infinite where one is not finite."""
        values = np.asarray(self.losses)
        return float(values.mean()) if np.isfinite(values).all() else np.inf

    @property
    def last(self) -> float:
        """The last loss: infinite where it is not finite."""
        return self.losses[-1] if np.isfinite(self.losses[-1]) else np.inf


def step_from(step: Step, start: Mapping[int, Any], put: Mapping[int, Any] | None = None) -> Step:
    """The same step with other values of its parameters; `put` gives values that are not computed but put in."""
    graph, nodes = step.graph, step.graph.tape.nodes
    changed = dict(start) | dict(put or {})
    fresh: dict[int, Node] = {}

    def renewed(node: Node) -> Node:
        number = graph.same[node.number]
        return fresh.get(number, nodes[number])

    with np.errstate(all="ignore"):
        for number in sorted(step.moving | step.news | step.roots):
            node = nodes[number]
            args, kwargs = filled(node.args, renewed), filled(node.kwargs, renewed)
            if number in changed:
                value = changed[number]
            elif node.op is LEAF or number in step.roots:
                value = node.value
            else:
                value = _computed(node, args, kwargs)
            fresh[number] = Node(number, node.op, args, kwargs, value, node.site, node.stack)
    tape = Tape([fresh.get(node.number, node) for node in nodes])
    parameters = tuple(
        replace(
            parameter,
            before=tuple(renewed(node) for node in parameter.before),
            after=tuple(renewed(node) for node in parameter.after),
            change=tuple(renewed(node) for node in parameter.change),
        )
        for parameter in step.parameters
    )
    return replace(step, graph=Graph(tape, graph.same, graph.cut), parameters=parameters)


def _computed(node: Node, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    values = tuple([filled(argument, lambda n: n.value) for argument in args])
    named = {key: filled(argument, lambda n: n.value) for key, argument in kwargs.items()}
    try:
        return carried_out(node.op, values, named)
    except Exception as error:
        raise CannotRepeat(str(error)) from error


def repeats_itself(step: Step) -> bool:
    """Whether the recorded operations, carried out again, give the recorded parameters to the bit."""
    again = step_from(step, {})
    pairs = [(a.value, b.value) for p, q in zip(step.parameters, again.parameters) for a, b in zip(p.after, q.after)]
    return all(np.array_equal(np.asarray(a), np.asarray(b), equal_nan=True) for a, b in pairs)


def repeated(proof: Proof, updates: int, truly: bool, start: Mapping[int, Any] | None = None) -> Repeated:
    """The losses of that many updates, with the program's own gradients or truly with the true ones.

    Raises CannotRepeat where an operation fails on the way.
    """
    values: Values = dict(start or {})
    losses = []
    for _ in range(updates):
        step = step_from(proof.step, values)
        hypothesis = _same_hypothesis(proof, step)
        losses.append(_loss(proof, step, hypothesis))
        if not np.isfinite(losses[-1]):
            return Repeated(tuple(losses))
        if truly:
            step = step_from(proof.step, values, _true_gradients(proof, step, hypothesis))
        values = dict(_after(step))
    step = step_from(proof.step, values)
    return Repeated((*losses, _loss(proof, step, _same_hypothesis(proof, step))))


def _after(step: Step) -> Iterator[tuple[int, Any]]:
    same = step.graph.same
    for parameter in step.parameters:
        for before, after in zip(parameter.before, parameter.after):
            if np.shape(before.value) != np.shape(after.value):
                raise CannotRepeat("a parameter changes its shape")
            yield same[before.number], after.value


def _same_hypothesis(proof: Proof, step: Step) -> Hypothesis:
    """The proof's hypothesis at the values of another step."""
    wanted = proof.hypothesis
    if wanted is None:
        raise CannotRepeat("it is not known of what the gradient is the derivative")
    if wanted.rank == 0:
        return wanted
    for hypothesis in hypotheses_of(step, meetings(step)):
        if hypothesis.name == wanted.name and set(hypothesis.seeds) == set(wanted.seeds):
            return hypothesis
    raise CannotRepeat("the outputs no longer meet their targets")


def _loss(proof: Proof, step: Step, hypothesis: Hypothesis) -> float:
    """What the gradients should make smaller."""
    nodes = step.graph.tape.nodes
    if hypothesis.rank == 0:
        upwards = proof.scale < 0 and all(_goes_up(verdict) for verdict in proof.verdicts if verdict.right)
        total = sum(float(np.sum(nodes[number].value)) for number in hypothesis.seeds)
        return -total if upwards else total
    total, found = 0.0, proof.meetings
    meeting = next((m for m in found if m.site is hypothesis.site), found[0])
    name = hypothesis.name.removesuffix(WEIGHTED)
    for output, target, weight in zip(meeting.outputs, meeting.targets, hypothesis.weights or repeat(1.0)):
        value = np.asarray(nodes[step.graph.same[output.number]].value, float)
        if "cross-entropy" in name and (value >= 0).all() and (value <= 1).all():
            total -= float(np.sum(weight * target * np.log(np.maximum(value, SMALLEST))))
            if "softmax" not in name and name != "the cross-entropy":
                total -= float(np.sum(weight * (1 - target) * np.log(np.maximum(1 - value, SMALLEST))))
        else:
            total += float(np.sum(weight * (value - target) ** 2)) / 2
    return total


def _goes_up(verdict: Verdict) -> bool:
    """Whether a right gradient is climbed: the line is a likelihood."""
    if verdict.expected is None or not verdict.scale:
        return False
    return along(verdict.parameter, verdict.expected / verdict.scale) > 0


def _true_gradients(proof: Proof, step: Step, hypothesis: Hypothesis) -> Values:
    """What stands in the place of the wrong gradients."""
    same = step.graph.same
    true = adjoints(step.graph, hypothesis.seeds, set(step.moving), proof.tie, keep_parts=False)
    found: Values = {}
    for verdict in proof.wrong:
        before = verdict.parameter.before
        parts = [np.asarray(true.totals.get(same[n.number], np.zeros(np.shape(n.value))), float) for n in before]
        places, scale = _place(proof, verdict)
        scale = -scale if verdict.kind == APPLIED else scale
        if len(places) != len(parts):
            raise CannotRepeat("a wrong gradient has no place of its own")
        for place, part, node in zip(places, parts, before):
            recorded = proof.step.graph.tape.nodes[same[place.number]].value
            if places == verdict.parameter.after:
                down = -1.0 if all(change.op in SUBTRACTS for change in verdict.parameter.change) else 1.0
                now = step.graph.tape.nodes[same[node.number]].value
                found[same[place.number]] = _alike(np.asarray(now) + down * scale * part, recorded)
            else:
                found[same[place.number]] = _alike(scale * part, recorded)
    return found


def _place(proof: Proof, verdict: Verdict) -> tuple[tuple[Node, ...], float]:
    """Where a wrong gradient stands, and the scale that the right ones have there.

    The arrays between a parameter and its gradient are those of the update rule: where right gradients are the second,
    say, a wrong one is the second too. Without such a neighbour the true gradient gets the length of the wrong one.
    """
    positions = [
        next(i for i, one in enumerate(other.candidates) if one is other.gradient)
        for other in proof.verdicts
        if other.right and other.candidates and other.gradient is not None
    ]
    position = max(set(positions), key=positions.count) if positions else len(verdict.candidates)
    if position < len(verdict.candidates) and proof.scale:
        return verdict.candidates[position].nodes, proof.scale
    if verdict.gradient is None or verdict.expected is None:
        raise CannotRepeat("a wrong gradient has no place of its own")
    return verdict.gradient.nodes, _length(verdict, proof.scale)


def distance(proof: Proof, verdict: Verdict) -> float:
    """How far a wrong gradient is from the true one, at the scale of the right ones, relative to the true one."""
    if verdict.kind == APPLIED:
        return 2.0
    places, scale = _place(proof, verdict)
    nodes, same = proof.step.graph.tape.nodes, proof.step.graph.same
    if verdict.expected is None or places == verdict.parameter.after:
        return np.inf
    given = np.concatenate([np.asarray(nodes[same[place.number]].value, float).reshape(-1) for place in places])
    true = verdict.expected.reshape(-1) / (proof.scale or 1.0) * scale
    norm = float(np.linalg.norm(true))
    return float(np.linalg.norm(given - true)) / norm if norm and given.size == true.size else np.inf


def _length(verdict: Verdict, scale: float) -> float:
    """The scale that leaves a step as long as it is, downwards; `scale` is what `expected` has been multiplied by."""
    assert verdict.gradient is not None
    assert verdict.expected is not None
    given, true = verdict.gradient.value, verdict.expected / (scale or 1.0)
    length = float(np.linalg.norm(given)) / (float(np.linalg.norm(true)) or 1.0)
    change = value_after(verdict.parameter) - value_of(verdict.parameter)
    along = float(change.reshape(-1) @ given.reshape(-1)) if change.size == given.size else 0.0
    return length if along <= 0 else -length


def _alike(value: Array, recorded: Any) -> Any:
    """A value in the form of a recorded one."""
    if np.size(value) != np.size(recorded):
        raise CannotRepeat("a wrong gradient has another size")
    if isinstance(recorded, np.ndarray):
        return np.asarray(value).reshape(recorded.shape).astype(recorded.dtype)
    return type(recorded)(np.asarray(value).reshape(()))


def other_starts(proof: Proof, count: int, seed: int = 0) -> Sequence[Mapping[int, Any]]:
    """First parameters as the program might have drawn them: the entries of each array in another order."""
    generator = np.random.default_rng(seed)
    same = proof.step.graph.same
    starts: list[Mapping[int, Any]] = [{}]
    for _ in range(count - 1):
        start: Values = {}
        for parameter in proof.step.parameters:
            for node in parameter.before:
                if isinstance(node.value, np.ndarray):
                    start[same[node.number]] = generator.permutation(node.value.reshape(-1)).reshape(node.value.shape)
        starts.append(start)
    return starts
