"""The proof by derivative on a recorded script: which gradients are right, which are wrong, and where that enters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from unstuck.adapters.scripts.proof.idle import Idle, idle_parameters
from unstuck.adapters.scripts.proof.meant import words_of
from unstuck.adapters.scripts.reading.parameters import Chain
from unstuck.adapters.scripts.reading.steps import steps_at
from unstuck.adapters.scripts.text.names_in_source import names_around
from unstuck.autodiff.candidates import Candidate
from unstuck.autodiff.consequence import Consequence, consequence_of, learns
from unstuck.autodiff.families import ADDING
from unstuck.autodiff.forward.fault import ForwardFault
from unstuck.autodiff.location import locate
from unstuck.autodiff.proof import Proof, prove, unexplained
from unstuck.autodiff.suspicion import Departure
from unstuck.autodiff.tape import Site, Tape
from unstuck.autodiff.verdicts import Verdict

UPDATES = 2  # at which the gradients are looked at
SMALL = 12  # entries up to which an expression's values are shown
LEAST_ENTRIES, SHARE = 6, 1e-6  # of a gradient, that two others explain; and how much they may leave
HARMLESS = ("zero, as it must be", "lost in rounding")


@dataclass(frozen=True)
class Kept:
    """The share of the first gradients that is all that is wrong with those of a second update, and where it is
    added."""

    share: float
    site: Site | None


@dataclass(frozen=True)
class Proved:
    """What the derivative says of a script.

    proofs      one for each update that was looked at, and for each network that takes its turn in it
    departures  where the wrong gradients enter, most certain first; of the first update that shows some
    idle        arrays that outputs depend on, made like the parameters, and never updated
    consequence what the wrong gradients change when the recorded step is repeated; None where it cannot be
    learns      whether the recorded step, repeated with right gradients, learns its own examples
    forward     the laws that the forward pass breaks
    turns       networks that are updated in turn
    kept        what the second update brings back of the first; None where it brings nothing back
    """

    proofs: tuple[Proof, ...]
    departures: tuple[Departure, ...] = ()
    idle: tuple[Idle, ...] = ()
    consequence: Consequence | None = None
    learns: bool | None = None
    forward: tuple[ForwardFault, ...] = ()
    turns: int = 1
    kept: Kept | None = None

    @property
    def wrong(self) -> Proof | None:
        """The first proof that shows a wrong gradient."""
        return next((proof for proof in self.proofs if proof.wrong), None)

    @property
    def first(self) -> Proof:
        """The proof that is told of: one with a wrong gradient, else the first."""
        return self.wrong or self.proofs[0]

    @property
    def all_right(self) -> bool:
        """Whether every gradient was examined and found right, in all updates that were looked at."""
        told = [verdict for proof in self.proofs for verdict in proof.verdicts]
        examined = all(verdict.right or verdict.kind in HARMLESS for verdict in told)
        return examined and any(verdict.right for verdict in told) and not self.idle

    @property
    def harmless(self) -> bool:
        """Whether every gradient is right, or was seen to do no harm."""
        return self.all_right or (self.consequence is not None and not self.consequence.matters and not self.idle)

    @property
    def unknown(self) -> list[Verdict]:
        """Gradients of which nothing can be said."""
        return [v for v in self.told if v.right is None and v.kind not in HARMLESS]

    @property
    def told(self) -> list[Verdict]:
        """The verdicts on all parameters in the update that is told of."""
        first = next(i for i, proof in enumerate(self.proofs) if proof is self.first)
        start = first // self.turns * self.turns
        return [verdict for proof in self.proofs[start : start + self.turns] for verdict in proof.verdicts]

    def to_dict(self) -> dict[str, Any]:
        """As the report's JSON has it, under `proof`."""
        proof = self.first
        hypothesis = proof.hypothesis
        line = hypothesis.site.line if hypothesis is not None and hypothesis.site is not None else None
        return {
            "of": hypothesis and {"what": hypothesis.name, "line": line},
            "scale": proof.scale,
            "updates": -(-len(self.proofs) // self.turns),
            "parameters": [_verdict_as_data(verdict) for verdict in self.told],
            "departures": [_departure_as_data(departure) for departure in self.departures],
            "consequence": self.consequence and asdict(self.consequence) | {"matters": self.consequence.matters},
            "learns": self.learns,
            "idle": [{"line": one.made.line, "stops_at": _place(one.stop)} for one in self.idle],
        }


def prove_recorded(tape: Tape, chains: Sequence[Chain], names: Sequence[str] | None = None) -> Proved | None:
    """What the derivative says of the first recorded updates; None where there is none to look at."""
    updates = [steps_at(tape, chains, update, names) for update in range(UPDATES)]
    turns = len(updates[0])
    proofs: list[Proof] = []
    kept: Kept | None = None
    for step in (step for steps in updates if len(steps) == turns for step in steps):
        with np.errstate(all="ignore"):
            proofs.append(prove(step))
        if len(proofs) > turns:
            before, after = proofs[-1 - turns], proofs[-1]
            share = share_brought_back(before, after) if after.wrong else share_added(before, after)
            kept = kept or (Kept(share, _added_at(after, before)) if share is not None else None)
            if after.wrong and share is not None:
                proofs.pop()
        if proofs[-1].wrong:
            break
    if not proofs:
        return None
    return replace(what_is_wrong(tuple(proofs), chains, turns), kept=kept)


def what_is_wrong(proofs: tuple[Proof, ...], chains: Sequence[Chain], turns: int = 1) -> Proved:
    """Where the wrong gradients of some updates enter, and what they change."""
    wrong = proofs[-1] if proofs[-1].wrong else None
    with np.errstate(all="ignore"):
        departures = tuple(locate(wrong)) if wrong is not None else ()
        if wrong is not None and not _is_shown(wrong, departures):
            proofs, wrong, departures = (*proofs[:-1], unexplained(wrong)), None, ()
        idle = tuple(one for proof in proofs[:turns] for one in idle_parameters(proof, chains))
        consequence = consequence_of(wrong) if wrong is not None and len(proofs) <= turns else None
        learning = None if wrong is not None else _learn(proofs[:turns])
    return Proved(proofs, departures, idle, consequence, learning, turns=turns)


def _is_shown(proof: Proof, departures: Sequence[Departure]) -> bool:
    """Whether wrong gradients are known to be wrong: by the loss as written, beside right ones, or because a change of
    one expression makes them the derivative. Else the loss that was taken for granted may be another."""
    written = proof.hypothesis is not None and proof.hypothesis.rank == 0
    return written or any(verdict.right for verdict in proof.verdicts) or any(one.by_repair for one in departures)


def _learn(proofs: Sequence[Proof]) -> bool | None:
    """Whether every network that takes its turn learns by its recorded step; None where one cannot be told."""
    found = [learns(proof) for proof in proofs]
    return None if None in found else all(found)


def share_brought_back(first: Proof, second: Proof) -> float | None:
    """The share of the first gradients, which were right, that is all that is wrong with those of a second update: they
    are kept in an accumulator, which is a matter of the update rule. None where anything else is wrong, or nothing."""
    if len(first.verdicts) != len(second.verdicts):
        return None
    pairs = [(v, before) for v, before in zip(second.verdicts, first.verdicts) if v.right is False]
    shares = [_share(v.gradient, v, before, second.tolerance) for v, before in pairs]
    return None if not shares or None in shares else shares[0]


def share_added(first: Proof, second: Proof) -> float | None:
    """The share of the first gradients that is added to those of a second update, which are right, before they are
    applied; None where it is not the same for all."""
    if len(first.verdicts) != len(second.verdicts):
        return None
    shares: list[float] = []
    for verdict, before in zip(second.verdicts, first.verdicts):
        nearer = verdict.candidates[: _position(verdict)] if verdict.right else ()
        found = [_share(one, verdict, before, second.tolerance) for one in nearer]
        shares += [share for share in found if share is not None][-1:] or [np.nan]
    alike = bool(shares) and np.ptp(shares) <= SHARE
    return shares[0] if alike and shares[0] > SHARE else None


def _position(verdict: Verdict) -> int:
    return next((i for i, one in enumerate(verdict.candidates) if one is verdict.gradient), 0)


def _share(candidate: Candidate | None, verdict: Verdict, before: Verdict, tolerance: float) -> float | None:
    """How much of the gradient before makes an array, beside the true gradient; None where it is made of others too."""
    if not before.right or before.gradient is None or candidate is None or verdict.expected is None:
        return None
    parts = (verdict.expected, before.gradient.value)
    if any(part.size != candidate.value.size for part in parts) or verdict.expected.size < LEAST_ENTRIES:
        return None
    value = np.asarray(candidate.value, float).reshape(-1)
    columns = np.stack([np.asarray(part, float).reshape(-1) for part in parts], axis=1)
    if not np.isfinite(columns).all() or not columns.any(axis=0).all():
        return None
    norms = np.linalg.norm(columns, axis=0)
    shares = np.linalg.lstsq(columns / norms, value, rcond=None)[0]
    left = value - columns / norms @ shares
    if float(np.linalg.norm(left)) > max(tolerance, SHARE) * float(np.linalg.norm(value)):
        return None
    return float(shares[1] / norms[1] / (shares[0] / norms[0] or 1.0))


def _added_at(proof: Proof, before: Proof) -> Site | None:
    """Where gradients of a second update are added to those of the first: in an engine, the call of its way back."""
    graph = proof.step.graph
    kept = {graph.same[n.number] for v in before.verdicts for candidate in v.candidates for n in candidate.nodes}
    for number in sorted(proof.step.used):
        node = graph.tape.nodes[number]
        if node.op in ADDING and node.site is not None and not kept.isdisjoint(graph.parents(number)):
            inside = [name for name in names_around(node.site.file, node.site.line) if name.startswith("__")]
            return node.stack[0] if inside and node.stack else node.site
    return None


def _verdict_as_data(verdict: Verdict) -> dict[str, Any]:
    place = verdict.gradient.nodes[0].site if verdict.gradient is not None else None
    words = {True: "proved right", False: "proved wrong", None: "not known"}
    return {
        "name": verdict.parameter.name,
        "verdict": words[verdict.right],
        "residual": verdict.residual if np.isfinite(verdict.residual) else None,
        "scale": verdict.scale if np.isfinite(verdict.scale) else None,
        "kind": verdict.kind,
        "decay": verdict.decay,
        "gradient": _place(place),
    }


def _departure_as_data(departure: Departure) -> dict[str, Any]:
    return {
        "place": _place(departure.site),
        "calls": [_place(site) for site in departure.stack],
        "kind": departure.kind,
        "by_repair": departure.by_repair,
        "meant": words_of(departure),
        "parameters": list(departure.parameters),
        "gave": shown_value(departure.given),
        "should_give": shown_value(departure.expected),
    }


def _place(site: Site | None) -> dict[str, Any] | None:
    return None if site is None else {"line": site.line, "column": site.column, "text": site.text}


def shown_value(value: Any) -> Any:
    """A small value as lists of numbers; of a large one its shape."""
    if value is None or isinstance(value, (float, int)):
        return value
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        return None
    return array.tolist() if array.size <= SMALL else {"shape": list(array.shape), "dtype": str(array.dtype)}
