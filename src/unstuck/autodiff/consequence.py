"""What a wrong gradient costs, and whether a right one learns: the recorded step repeated, by count.

A gradient that is proved wrong is the derivative of no loss that was found. It still may not matter: a term that is
left out on purpose because it is tiny (backpropagation through time that is cut after some steps) changes nothing.
Harmless is what does not change the training, and that needs two things. The gradients themselves agree to a tenth at
the scale of the right ones: one batch can be fitted along many wrong directions, all batches cannot. And where the step
is repeated a counted number of times with its own gradients and with the true ones, from the recorded parameters and
from others, the losses on the way part by no more than a tenth of what either learns. Either direction counts: a step
longer than the true one may learn faster on the one batch that was recorded, and is no less another training than the
one that was written down.
"""

from dataclasses import dataclass

import numpy as np

from unstuck.autodiff.proof import Proof
from unstuck.autodiff.repeating import CannotRepeat, Repeated, distance, other_starts, repeated, repeats_itself
from unstuck.autodiff.replay import replayed, users_within

PARTED = 0.1  # of the loss that is taken off on the way; of the length of a gradient
LEARNT = 0.1  # of the first loss
STARTS = 3
MOST_UPDATES, LEAST_UPDATES = 40, 6
MOST_WORK = 25_000_000  # entries computed by one repetition; an operation counts as 2,000
OPERATION = 2_000


@dataclass(frozen=True)
class Consequence:
    """The mean loss on the way with the program's own gradients and with the true ones, from each start."""

    updates: int
    first: tuple[float, ...]
    own: tuple[float, ...]
    true: tuple[float, ...]
    distance: float  # of the wrong gradient that is furthest from the true one, relative to it

    @property
    def matters(self) -> bool:
        """Whether the gradients are others, or from any start the training takes another course."""
        return self.distance > PARTED or any(_parts(*three) for three in zip(self.first, self.own, self.true))


def _parts(first: float, own: float, true: float) -> bool:
    if not (np.isfinite(own) and np.isfinite(true)):
        return True
    return abs(own - true) > PARTED * abs(first - min(own, true))


def affordable_updates(proof: Proof) -> int:
    """How often the step may be repeated; 0 where that would be too few."""
    nodes = proof.step.graph.tape.nodes
    work = sum(OPERATION + np.size(nodes[n].value) for n in proof.step.moving)
    updates = min(MOST_UPDATES, MOST_WORK // max(work, 1))
    return updates if updates >= LEAST_UPDATES else 0


def consequence_of(proof: Proof) -> Consequence | None:
    """What the wrong gradients of a proof change; None where the recorded step cannot be repeated."""
    updates = affordable_updates(proof)
    if not updates or not repeats_itself(proof.step):
        return None
    first, own, true = [], [], []
    try:
        furthest = max(distance(proof, verdict) for verdict in proof.wrong)
        for start in other_starts(proof, 1 if furthest > PARTED else STARTS):
            with_own, with_true = (repeated(proof, updates, truly, start) for truly in (False, True))
            first.append(with_own.losses[0])
            own.append(with_own.mean)
            true.append(with_true.mean)
    except CannotRepeat:
        return None
    return Consequence(updates, tuple(first), tuple(own), tuple(true), furthest)


def learns(proof: Proof) -> bool | None:
    """Whether the recorded step, repeated on its own examples, takes a tenth off the loss; None where unknown."""
    updates = affordable_updates(proof)
    if not updates or proof.hypothesis is None or not repeats_itself(proof.step):
        return None
    try:
        found: Repeated = repeated(proof, updates, truly=False)
    except CannotRepeat:
        return None
    first = found.losses[0]
    return bool(np.isfinite(first)) and first - found.last >= LEARNT * abs(first)


def loss_of_constant_answers(proof: Proof) -> float | None:
    """The loss as written where every answer of the recorded batch is the mean of its targets; None where unknown."""
    graph, hypothesis = proof.step.graph, proof.hypothesis
    if hypothesis is None or hypothesis.rank > 0:
        return None
    users = users_within(graph, graph.ancestors(hypothesis.seeds))
    for meeting in proof.meetings:
        output, target = graph.same[meeting.outputs[0].number], meeting.targets[0]
        if len(meeting.outputs) > 1 or target.ndim < 2 or len(target) < 2:
            continue
        constant = np.broadcast_to(target.mean(axis=0), target.shape).copy()
        try:
            changed = replayed(graph, users, {output: constant})
        except Exception:  # an operation that cannot take such answers
            continue
        if set(hypothesis.seeds) <= set(changed):
            total = sum(float(np.sum(changed[number])) for number in hypothesis.seeds)
            return total if np.isfinite(total) else None
    return None
