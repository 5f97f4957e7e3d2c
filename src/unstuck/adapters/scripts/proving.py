"""The proof by derivative on a recorded script: which gradients are right, which are wrong, and where that enters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from unstuck.adapters.scripts.idle import Idle, idle_parameters
from unstuck.adapters.scripts.meant import words_of
from unstuck.adapters.scripts.parameters import Chain
from unstuck.adapters.scripts.steps import step_at
from unstuck.autodiff.consequence import Consequence, consequence_of, learns
from unstuck.autodiff.forward.fault import ForwardFault
from unstuck.autodiff.location import locate
from unstuck.autodiff.proof import Proof, prove
from unstuck.autodiff.suspicion import Departure
from unstuck.autodiff.tape import Site, Tape
from unstuck.autodiff.verdicts import Verdict

UPDATES = 2  # at which the gradients are looked at
SMALL = 12  # entries up to which an expression's values are shown
LEAST_ENTRIES, SHARE = 6, 1e-6  # of a gradient, that two others explain; and how much they may leave
HARMLESS = ("zero, as it must be", "lost in rounding")


@dataclass(frozen=True)
class Proved:
    """What the derivative says of a script.

    proofs      one for each update that was looked at
    departures  where the wrong gradients enter, most certain first; of the first update that shows some
    idle        arrays that outputs depend on, made like the parameters, and never updated
    consequence what the wrong gradients change when the recorded step is repeated; None where it cannot be
    learns      whether the recorded step, repeated with right gradients, learns its own examples
    forward     the laws that the forward pass breaks
    """

    proofs: tuple[Proof, ...]
    departures: tuple[Departure, ...] = ()
    idle: tuple[Idle, ...] = ()
    consequence: Consequence | None = None
    learns: bool | None = None
    forward: tuple[ForwardFault, ...] = ()

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
        return [v for v in self.first.verdicts if v.right is None and v.kind not in HARMLESS]

    def to_dict(self) -> dict[str, Any]:
        """As the report's JSON has it, under `proof`."""
        proof = self.first
        hypothesis = proof.hypothesis
        line = hypothesis.site.line if hypothesis is not None and hypothesis.site is not None else None
        return {
            "of": hypothesis and {"what": hypothesis.name, "line": line},
            "scale": proof.scale,
            "updates": len(self.proofs),
            "parameters": [_verdict_as_data(verdict) for verdict in proof.verdicts],
            "departures": [_departure_as_data(departure) for departure in self.departures],
            "consequence": self.consequence and asdict(self.consequence) | {"matters": self.consequence.matters},
            "learns": self.learns,
            "idle": [{"line": one.made.line, "stops_at": _place(one.stop)} for one in self.idle],
        }


def prove_recorded(tape: Tape, chains: Sequence[Chain], names: Sequence[str] | None = None) -> Proved | None:
    """What the derivative says of the first recorded updates; None where there is none to look at."""
    proofs = []
    for update in range(UPDATES):
        step = step_at(tape, chains, update, names)
        if step is not None:
            with np.errstate(all="ignore"):
                proofs.append(prove(step))
            if len(proofs) > 1 and remembers(proofs[0], proofs[-1]):
                proofs.pop()
            if proofs[-1].wrong:
                break
    return what_is_wrong(tuple(proofs), chains) if proofs else None


def what_is_wrong(proofs: tuple[Proof, ...], chains: Sequence[Chain]) -> Proved:
    """Where the wrong gradients of some updates enter, and what they change."""
    wrong = proofs[-1] if proofs[-1].wrong else None
    with np.errstate(all="ignore"):
        departures = tuple(locate(wrong)) if wrong is not None else ()
        idle = tuple(idle_parameters(proofs[0], chains))
        consequence = consequence_of(proofs[0]) if wrong is not None and proofs[0].wrong else None
        learning = learns(proofs[0]) if wrong is None else None
    return Proved(proofs, departures, idle, consequence, learning)


def remembers(first: Proof, second: Proof) -> bool:
    """Whether all that is wrong with the gradients of a second update is a share of those of the first, which were
    right: they are kept in an accumulator, which is a matter of the update rule."""
    before = {verdict.parameter.name: verdict for verdict in first.verdicts if verdict.right}
    return bool(second.wrong) and all(
        _has_share(verdict, before.get(verdict.parameter.name), second.tolerance) for verdict in second.wrong
    )


def _has_share(verdict: Verdict, before: Verdict | None, tolerance: float) -> bool:
    if before is None or before.gradient is None or verdict.gradient is None or verdict.expected is None:
        return False
    parts = (verdict.expected, before.gradient.value)
    if any(part.size != verdict.gradient.value.size for part in parts) or verdict.expected.size < LEAST_ENTRIES:
        return False
    value = np.asarray(verdict.gradient.value, float).reshape(-1)
    columns = np.stack([np.asarray(part, float).reshape(-1) for part in parts], axis=1)
    if not np.isfinite(columns).all() or not columns.any(axis=0).all():
        return False
    columns = columns / np.linalg.norm(columns, axis=0)
    left = value - columns @ np.linalg.lstsq(columns, value, rcond=None)[0]
    return float(np.linalg.norm(left)) <= max(tolerance, SHARE) * float(np.linalg.norm(value))


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
