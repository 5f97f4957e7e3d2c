"""Whether the updates of a script go up along its loss, though every gradient is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from unstuck.adapters.scripts.proof.proving import Proved
from unstuck.adapters.scripts.reading.lines import location
from unstuck.autodiff.candidates import value_after, value_of
from unstuck.autodiff.proof import Proof
from unstuck.diagnosis.examination.evidence import PROVED
from unstuck.diagnosis.report.contents import Finding
from unstuck.diagnosis.rules import RULES

USUAL = 1  # the rank of a loss of outputs and targets, of which a minimum is wanted; one as written may be a likelihood


def climbs(proof: Proof) -> bool:
    """Whether the recorded update goes up along what is taken for its loss."""
    along = 0.0
    for verdict in proof.verdicts:
        if verdict.right and verdict.expected is not None and verdict.scale:
            change = value_after(verdict.parameter) - value_of(verdict.parameter)
            if change.size == verdict.expected.size:
                along += float(change.reshape(-1) @ verdict.expected.reshape(-1)) / verdict.scale
    return along > 0


def ascending(proved: Proved, learns: Callable[[], bool | None]) -> Iterator[Finding]:
    """A finding where the first update of a single network goes up along its loss, unless the script learns."""
    proof, hypothesis = proved.first, proved.first.hypothesis
    if hypothesis is None or hypothesis.rank > USUAL or proved.turns > 1 or not proved.all_right or not climbs(proof):
        return
    fall = learns()
    if fall or (fall is None and hypothesis.rank < USUAL):
        return
    site = next((one.site for verdict in proof.verdicts for one in verdict.parameter.change if one.site), None)
    words = f"every gradient is that of {hypothesis.name}, and the update goes along it, up, in the place of down"
    yield Finding(RULES["U01"], PROVED, words, {}, None, None, None if site is None else location(site))
