"""What the proof by derivative found of a script's gradients, as findings of the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from unstuck.adapters.scripts.proof.proving import Proved, shown_value
from unstuck.adapters.scripts.reading.lines import location
from unstuck.adapters.scripts.reading.parameters import ancestors
from unstuck.autodiff.comparison import is_fraction
from unstuck.autodiff.consequence import Consequence
from unstuck.autodiff.families import SUMMING
from unstuck.autodiff.proof import Proof
from unstuck.autodiff.step import is_added
from unstuck.autodiff.suspicion import Departure
from unstuck.autodiff.tape import LEAF, Node, Site
from unstuck.autodiff.verdicts import APPLIED, Verdict
from unstuck.diagnosis.examination.evidence import PROVED
from unstuck.diagnosis.report.contents import Finding
from unstuck.diagnosis.report.text import listed
from unstuck.diagnosis.rules import RULES

UNEXPLAINED = "B14"
BY_KIND = {"zero": "B13", "transposed": "B15", "factor": "B17"}  # of all gradients that depart at one place
WHOLE = 1e-6  # how far a share may be from 1
FEW = 4  # names that are listed
LARGEST_DENOMINATOR, CLOSE = 1000, 1e-9  # of a short number, and how closely a factor is one


def wrong_gradients(proved: Proved) -> Iterator[Finding]:
    """One finding for each line in which wrong gradients enter."""
    lines: set[tuple[str, int]] = set()
    for departure in proved.departures:
        if departure.site is not None and (departure.site.file, departure.site.line) not in lines:
            lines.add((departure.site.file, departure.site.line))
            yield _of_departure(proved, departure)
            if nothing_changes(proved.first):
                return  # one zero, however many gradients it makes zero


def never_updated(proved: Proved) -> Iterator[Finding]:
    """One finding on all that the loss depends on and no update changes."""
    idle = [one for one in proved.idle if one.stop is not None]
    if idle:
        lines = listed(sorted({f"line {one.made.line}" for one in idle}))
        count = f"{len(idle)} arrays that are made in {lines} are" if len(idle) > 1 else f"an array made in {lines} is"
        stop = idle[0].stop
        assert stop is not None
        summary = f"{count} never updated though the loss depends on it: nothing goes back through `{stop.text}`"
        numbers = {"made_in": [one.made.line for one in idle], "stops_at": stop.line}
        yield Finding(RULES["B13"], PROVED, summary, numbers, None, None, location(stop))


def never_cleared(proved: Proved) -> Iterator[Finding]:
    """A finding where the second update brings the gradients of the first back in full."""
    kept = proved.kept
    if kept is not None and abs(kept.share - 1) < WHOLE:
        summary = "the second update brings back the gradients of the first in full"
        place = None
        if kept.site is not None:
            place, summary = location(kept.site), summary + f": `{_short(kept.site)}` adds to what they were"
        yield Finding(RULES["U02"], PROVED, summary, {"share_kept": kept.share}, None, None, place)


def _of_departure(proved: Proved, departure: Departure) -> Finding:
    assert departure.site is not None
    proof = proved.first
    wrong = [v for v in proof.wrong if v.parameter.name in departure.parameters] or proof.wrong
    of = proof.hypothesis.name if proof.hypothesis is not None else "the loss"
    names = list(dict.fromkeys(verdict.parameter.name for verdict in wrong))
    told = listed(names if len(names) <= FEW else [*names[: FEW - 1], f"{len(names) - FEW + 1} more"])
    worst = max(wrong, key=lambda verdict: verdict.residual)
    kind = departure.kind if departure.kind != "different" else "it departs although what it is made of is right"
    summary = f"the gradient of {told} is not the derivative of {of}; `{_short(departure.site)}`: {kind}"
    numbers: dict[str, Any] = {
        "parameters": names,
        "kind": departure.kind,
        "departure": worst.residual,
        "derivative_of": of,
    }
    for key, value in (("gave", departure.given), ("should_give", departure.expected)):
        if (shown := shown_value(value)) is not None:
            numbers[key] = shown
    matters = None
    if proved.consequence is not None:
        matters = proved.consequence.matters
        summary += f"; {_cost(proved.consequence)}"
    code, site = _code(proof, departure, wrong), departure.site
    if {verdict.kind for verdict in wrong} == {"zero"} and (zero := first_zero(wrong)) is not None:
        site = zero
        summary += f"; it is zero from `{_short(zero)}` in line {zero.line} on"
    return Finding(RULES[code], PROVED, summary, numbers, matters, None, location(site))


def first_zero(wrong: Sequence[Verdict]) -> Site | None:
    """Of gradients that are zero throughout the first expression on the way to them that is: of a function that is
    given zeros the call."""
    gradient = next((verdict.gradient.nodes[0] for verdict in wrong if verdict.gradient is not None), None)
    if gradient is None:
        return None
    made_of = [node for node in ancestors([gradient], 0, _is_zero) if node.op is not LEAF and _is_zero(node)]
    born = made_of[0] if made_of else gradient
    return next(iter(born.stack[len(gradient.stack) :]), born.site)


def nothing_changes(proof: Proof) -> bool:
    """Whether the gradients of all parameters are zero though they should not be."""
    return bool(proof.wrong) and all(verdict.kind == "zero" for verdict in proof.verdicts)


def _is_zero(node: Node) -> bool:
    return isinstance(node.value, np.ndarray) and not node.value.any()


def _cost(consequence: Consequence) -> str:
    """What was seen when the recorded step was repeated, from the recorded parameters."""
    first, own, true = consequence.first[0], consequence.own[0], consequence.true[0]
    return (
        f"over {consequence.updates} updates on its own first examples the loss goes from {first:.4g} to {own:.4g} on "
        f"average, with the true gradient to {true:.4g}"
    )


def _code(proof: Proof, departure: Departure, wrong: Sequence[Verdict]) -> str:
    """The rule that says what the numbers show; B14 where none does."""
    kinds = {verdict.kind for verdict in wrong}
    if nothing_changes(proof):
        return "U05"
    if APPLIED in kinds or kinds == {"sign"}:
        return "B10"
    if all(is_added(proof.step, verdict.parameter) for verdict in wrong) and departure.node.op in SUMMING:
        return "B08"
    if kinds == {"factor"} and not all(_is_written(verdict.scale / proof.scale) for verdict in wrong if proof.scale):
        return UNEXPLAINED
    return BY_KIND.get(kinds.pop(), UNEXPLAINED) if len(kinds) == 1 else UNEXPLAINED


def _is_written(factor: float) -> bool:
    """Whether a factor may stand in a program or count something: a short number. A slope that is left out, of the one
    output for one example, is none."""
    return bool(np.isfinite(factor)) and is_fraction(factor, LARGEST_DENOMINATOR, CLOSE)


def _short(site: Site, most: int = 60) -> str:
    text = site.in_one_line
    return text if len(text) <= most else text[: most - 1] + "…"
