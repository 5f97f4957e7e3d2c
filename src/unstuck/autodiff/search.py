"""What a search for wrong expressions knows and may still try: a step, the edits made so far, the work that is left."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from unstuck.autodiff.call import Tie
from unstuck.autodiff.candidates import along
from unstuck.autodiff.comparison import SAME_SCALE, fit
from unstuck.autodiff.matching import catalogue
from unstuck.autodiff.meetings import upstream
from unstuck.autodiff.proof import Proof, forward_pass, proved_apart
from unstuck.autodiff.replay import replayed, users_within
from unstuck.autodiff.reverse import adjoints
from unstuck.autodiff.suspicion import Scope, made_of
from unstuck.autodiff.verdicts import Verdict

Users = dict[int, list[int]]

MOST_WORK = 2_000_000_000  # entries computed by all trials together; an operation counts as 5,000
OPERATION = 5_000
ROUNDING = 1e-2  # of the tolerance: what is smaller beside a wrong gradient is 0


@dataclass
class Search:
    """One search; `left` counts down the work that may still be done."""

    proof: Proof
    scope: Scope
    wrong: list[Verdict]
    edits: dict[int, Any] = field(default_factory=dict)
    left: float = MOST_WORK
    with_ties: list["Search"] | None = None  # the same with slopes taken otherwise where they can be chosen, once asked

    @property
    def over(self) -> bool:
        """Whether as much was tried as may be."""
        return self.left - self.scope.work <= 0

    def values(self, users: Users, edits: dict[int, Any]) -> dict[int, Any] | None:
        """What changes under all edits so far and these; None where an operation cannot be carried out."""
        graph = self.proof.step.graph
        try:
            changed = replayed(graph, users, {**self.edits, **edits})
        except Exception:
            self.left -= OPERATION * 3
            return None
        self.left -= sum(OPERATION + np.size(graph.tape.nodes[n].value) for n in changed)
        return changed

    def repairs(self, users: Users, edits: dict[int, Any], wrong: Sequence[Verdict]) -> list[Verdict]:
        """Which wrong gradients become right, none that is right becoming wrong; empty where one does."""
        changed = self.values(users, edits)
        if not changed:
            return []
        graph = self.proof.step.graph
        if len(wrong) == len(self.wrong):
            for verdict in self.proof.verdicts:
                if verdict.right and verdict.gradient is not None and verdict.expected is not None:
                    own = [graph.same[n.number] for n in verdict.gradient.nodes]
                    if any(n in changed for n in own) and not self._is_right(verdict, changed):
                        return []
        return [verdict for verdict in wrong if self._is_right(verdict, changed)]

    def _is_right(self, verdict: Verdict, changed: dict[int, Any]) -> bool:
        """Whether one of the arrays that may be the gradient is now the true one at the common scale."""
        graph, scale = self.proof.step.graph, self.proof.scale
        assert verdict.expected is not None
        tolerance = self.proof.tolerance
        before = self.scope.scale / scale if scale else 1.0  # of gradients that no rate was multiplied into
        for candidate in verdict.candidates:
            numbers = [graph.same[n.number] for n in candidate.nodes]
            if not any(n in changed for n in numbers):
                continue
            values = [np.asarray(changed.get(n, graph.tape.nodes[n].value)) for n in numbers]
            if any(v.dtype.kind not in "fiu" for v in values):
                continue
            value = values[0].astype(float) if len(values) == 1 else np.array([np.sum(v) for v in values], float)
            if value.size != verdict.expected.size or not np.isfinite(value).all():
                continue
            if value.ndim != verdict.expected.ndim and value.size > 1:
                value = value.reshape(verdict.expected.shape)
            if value.shape != verdict.expected.shape:
                continue
            if self._vanishes(verdict, verdict.expected):
                if self._vanishes(verdict, value):
                    return True
                continue
            one = fit(value, verdict.expected)
            same = max(SAME_SCALE[8], min(tolerance * 10, 1e-2))
            climbs = not scale and along(verdict.parameter, candidate.value) > 0
            alike = any(abs(one.scale - known) <= same * abs(known) for known in (1.0, before))
            agrees = alike if scale else (-one.scale if climbs else one.scale) > 0
            if one.residual <= tolerance and agrees:
                return True
        return False

    def _vanishes(self, verdict: Verdict, value: np.ndarray) -> bool:
        """Whether an array is nothing but rounding beside the wrong gradient: that of a bias before a batch norm is."""
        wrong = verdict.gradient.value if verdict.gradient is not None else np.zeros(1)
        return bool(np.linalg.norm(value) <= ROUNDING * self.proof.tolerance * np.linalg.norm(wrong))

    def every(self) -> Users:
        """Who takes a value as an argument, on the way to any gradient."""
        wrong = [made_of(self.scope, verdict) for verdict in self.wrong]
        return users_within(self.proof.step.graph, set().union(*wrong) | self.right_slices())

    def right_slices(self) -> set[int]:
        """What right gradients are made of."""
        found: set[int] = set()
        for verdict in self.proof.verdicts:
            if verdict.right and verdict.gradient is not None:
                found |= made_of(self.scope, verdict)
        return found

    def keep(self, edits: dict[int, Any], repaired: Sequence[Verdict]) -> None:
        """Look from here on at what follows with some edits, which repair some gradients."""
        self.edits.update(edits)
        self.scope.put = self.values(self.every(), {}) or {}
        self.wrong = [verdict for verdict in self.wrong if all(verdict is not one for one in repaired)]


def search_of(proof: Proof, tie: Tie | None = None) -> Search | None:
    """The search for what makes the wrong gradients of a proof wrong; None where there is nothing to look for."""
    together, proof = proof.step.graph.same, proved_apart(proof, tie)
    wrong = [v for v in proof.wrong if v.gradient is not None and v.expected is not None]
    if not wrong or proof.hypothesis is None:
        return None
    graph = proof.step.graph
    forward = forward_pass(proof)
    met = {together[n.number] for meeting in upstream(proof.step, proof.meetings) for n in meeting.nodes}
    met = {graph.same[number] for number, first in enumerate(together) if first in met}
    known = catalogue(proof.adjoints)
    errors = graph.descendants(met) if met else set(proof.step.moving) - forward  # a loss without targets
    scope = Scope(proof, forward, errors, users_within(graph, proof.step.used), known)
    return Search(proof, scope, wrong)


def has_choices(proof: Proof) -> bool:
    """Whether equal maxima, or ReLU at 0, leave several true gradients."""
    hypothesis, step = proof.hypothesis, proof.step
    if hypothesis is None:
        return True
    ends = [
        adjoints(step.graph, hypothesis.seeds, set(step.moving), tie, keep_parts=False) for tie in (Tie.SPLIT, Tie.ALL)
    ]
    numbers = [number for number, total in ends[0].totals.items() if isinstance(total, np.ndarray)]
    return any(not np.allclose(ends[0].totals[number], ends[1].totals.get(number, 0.0)) for number in numbers)


def with_other_ties(search: Search) -> list[Search]:
    """The searches of the same step with slopes taken otherwise, from where this one stands; none without choices."""
    if search.with_ties is None:
        others = [tie for tie in Tie if tie is not search.proof.tie] if has_choices(search.proof) else []
        search.with_ties = [other for tie in others if (other := search_of(search.proof, tie)) is not None]
    before = {verdict.parameter.before for verdict in search.wrong}
    found = []
    for other in search.with_ties:
        wrong = [verdict for verdict in other.wrong if verdict.parameter.before in before]
        rest = [search, *(one for one in search.with_ties if one is not other)]
        found.append(replace(other, wrong=wrong, edits=search.edits, left=search.left, with_ties=rest))
    return found
