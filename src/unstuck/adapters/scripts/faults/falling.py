"""Whether a script's own loss falls: it is run as it stands, and the loss that it writes down is watched."""

from __future__ import annotations

import builtins
import os
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import CodeType
from typing import Any

import numpy as np

from unstuck.adapters.scripts.proof.climbing import climbs
from unstuck.adapters.scripts.reading.effort import SECOND, affordable_turns
from unstuck.adapters.scripts.reading.training_loop import TrainingLoop
from unstuck.adapters.scripts.recording.hooks import Place
from unstuck.adapters.scripts.recording.imports import BesideTheScript
from unstuck.adapters.scripts.recording.recording import Recording
from unstuck.adapters.scripts.text.names_in_source import names_around
from unstuck.adapters.scripts.text.weaving import PAUSE, SEEN, Source
from unstuck.adapters.watch import Run, Stopped
from unstuck.autodiff.consequence import LEARNT
from unstuck.autodiff.families import ADDING
from unstuck.autodiff.proof import Proof
from unstuck.autodiff.seeds import uncast
from unstuck.autodiff.tape import Node

MOST, LEAST = 4000, 12  # losses that are looked at
SURE = 4.0  # standard errors by which the first few losses lie above the last ones
LOOKING = 8 * SECOND  # for as many turns of the training loop, whatever has been seen by then


class LossWatch:
    """A watch under which a script runs as it stands for some turns of a loop, but for a look at the values of one
    expression: a loss, or errors of which the mean square is taken."""

    def __init__(self, place: Place, loop: Place, turns: int, visit: int | None, of_errors: bool) -> None:
        self.place, self.loop, self.turns, self.visit, self.of_errors = place, loop, turns, visit, of_errors
        self.visits = 0  # in this turn
        self.losses: list[float] = []
        self.each = 1  # how many values one of these is the mean of
        self._waiting: list[float] = []
        self.namespace: dict[str, Any] = {}

    def compile(self, text: str, filename: str) -> CodeType:
        """The script's own code with a look at the expression. Raises SyntaxError."""
        vars(builtins)[SEEN], vars(builtins)[PAUSE] = self._seen, self._next_turn
        source = Source(text, filename)
        number = source.number(self.place.node) if filename == self.place.site.file else None
        pause = source.number(self.loop.node) if filename == self.loop.site.file else None
        return source.code(frozenset() if number is None else frozenset({number}), pause)

    def finder(self, folder: str) -> MetaPathFinder:
        """An import hook for the modules of this folder."""
        return BesideTheScript(os.path.abspath(folder), self)

    def _next_turn(self) -> None:
        if self.turns == 0:
            raise Stopped
        self.turns -= 1
        self.visits = 0

    def _seen(self, number: int, value: Any) -> Any:
        self.visits += 1
        array = np.asarray(value) if self.visit in (None, self.visits) else np.zeros(0)
        if array.dtype.kind in "fiu" and array.size:
            single = array.size == 1 and not self.of_errors
            self._keep(float(array.reshape(())) if single else float(np.mean(array.astype(float) ** 2)))
        return value

    def _keep(self, loss: float) -> None:
        """One more value. Of many whose course is still open, each one kept stands for twice as many as before."""
        self._waiting.append(loss)
        if len(self._waiting) < self.each:
            return
        self.losses.append(float(np.mean(self._waiting)))
        self._waiting.clear()
        if len(self.losses) >= MOST:
            if falls(self.losses) or not np.isfinite(self.losses[-1]):
                raise Stopped
            self.losses = [float(np.mean(pair)) for pair in zip(self.losses[::2], self.losses[1::2], strict=True)]
            self.each *= 2


def own_losses(run: Run, recording: Recording, loop: TrainingLoop | None, proof: Proof) -> list[float]:
    """The losses of a run as it writes them down, as far as it may be watched, averaged where they are very many, and
    those of a log-likelihood that it climbs with the other sign; none where it writes down none."""
    node = _loss_node(proof)
    place = None if node is None else next((p for p in recording.places if p.site.key == _key(node)), None)
    if node is None or place is None or loop is None:
        return []
    of_errors = proof.hypothesis is not None and proof.hypothesis.rank > 0
    turns = affordable_turns(recording, loop, LOOKING)
    watch = LossWatch(place, loop.place, turns, _visit(recording, loop, node), of_errors)
    run(watch)
    likelihood = max(watch.losses, default=1.0) <= 0 and climbs(proof)
    return [-loss for loss in watch.losses] if likelihood else watch.losses


def diverge(losses: Sequence[float]) -> int | None:
    """The number of the first loss that is no finite number, counted from 0, where none after it is; None if none is
    such."""
    finite = np.isfinite(losses)
    first = len(losses) - int(np.argmax(finite[::-1])) if finite.any() else len(losses)
    return first if 0 < first < len(losses) else None


def falls(losses: Sequence[float], of_constants: float | None = None) -> bool | None:
    """Whether the last quarter of some losses is on average a tenth below the first, or below the first few by more
    than chance (what is easy is learnt in the first turns), or below the loss of constant answers where that is given:
    a loss near its floor falls no more. None for fewer than twelve."""
    if len(losses) < LEAST:
        return None
    quarter = len(losses) // 4
    first, few, last = (float(np.mean(part)) for part in (losses[:quarter], losses[:LEAST], losses[-quarter:]))
    chance = SURE * float(np.std(losses[-quarter:])) / np.sqrt(LEAST)
    early = few - last >= max(LEARNT * abs(few), chance)
    late = any(one - last >= LEARNT * abs(one) for one in (first, of_constants) if one is not None)
    return bool(np.isfinite(last) and (early or (first >= last and late)))


def _visit(recording: Recording, loop: TrainingLoop, node: Node) -> int | None:
    """Which of its visits in a turn an expression computes the loss at, counted from 1: an engine computes all sums by
    one. None where it computes nothing else."""
    alike = [one.number for one in recording.tape.nodes[loop.start : loop.end] if _key(one) == _key(node)]
    if loop.turns_per_update > 1 or node.number not in alike or not _is_of_an_engine(node):
        return None
    return alike.index(node.number) + 1


def _is_of_an_engine(node: Node) -> bool:
    """Whether an expression stands in the definition of an operator, `__add__` say: it computes more than the loss."""
    around = names_around(node.site.file, node.site.line) if node.site is not None else []
    return any(name.startswith("__") for name in around)


def _key(node: Node) -> object:
    return None if node.site is None else node.site.key


def _first_sum(node: Node) -> Node:
    """Of a sum that runs on through several updates the first one."""
    while node.op in ADDING and isinstance(node.args[0], Node) and _key(node.args[0]) == _key(node):
        node = node.args[0]
    return node


def _loss_node(proof: Proof) -> Node | None:
    """What computes the loss; of a sum that runs on from step to step, what is added to it."""
    hypothesis = proof.hypothesis
    if hypothesis is None:
        return None
    nodes = proof.step.graph.tape.nodes
    node = uncast(nodes[max(hypothesis.seeds)])
    if hypothesis.rank == 0 and _is_of_an_engine(node):
        return node
    if hypothesis.rank == 0:
        node = _first_sum(node)
        sums = node.args[0] if node.op in ADDING else None
        of_before = not (isinstance(sums, Node) and proof.step.graph.same[sums.number] in proof.step.moving)
        if node.op in ADDING and of_before and isinstance(node.args[1], Node) and node.args[1].site is not None:
            node = node.args[1]
        return node
    return next((one for meeting in proof.meetings for one in meeting.nodes if one.site is hypothesis.site), None)
