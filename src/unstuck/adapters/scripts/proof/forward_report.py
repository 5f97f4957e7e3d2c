"""What the laws of the forward pass add to the report of a script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from unstuck.adapters.scripts.proof.proving import Proved, what_is_wrong
from unstuck.adapters.scripts.reading.lines import location
from unstuck.adapters.scripts.reading.parameters import Chain
from unstuck.adapters.scripts.reading.steps import step_at
from unstuck.adapters.scripts.recording.recording import Recording
from unstuck.adapters.scripts.text.names_in_source import names_around
from unstuck.autodiff.forward.fault import ForwardFault, Law
from unstuck.autodiff.forward.laws import Source, forward_faults
from unstuck.autodiff.forward.repairing import with_operations
from unstuck.autodiff.proof import prove
from unstuck.autodiff.repeating import CannotRepeat
from unstuck.autodiff.tape import Node
from unstuck.diagnosis.examination.evidence import PROVED
from unstuck.diagnosis.report.contents import Finding
from unstuck.diagnosis.report.text import listed
from unstuck.diagnosis.rules import RULES

CODES = {
    Law.WEIGHTS_ADD_UP: "F02",
    Law.CLASSES_ADD_UP: "F02",
    Law.MASK_HIDES: "F16",
    Law.DATA_ARE_SHOWN: "F16",
    Law.NEXT_IS_HIDDEN: "F16",
    Law.STATE_ENDS: "F14",
    Law.EXAMPLES_APART: "F14",
    Law.FEATURES_APART: "F14",
    Law.STATE_GOES_ON: "B13",
}


def with_forward_faults(proved: Proved, recording: Recording, chains: Sequence[Chain]) -> Proved:
    """The same with the laws that the forward pass breaks.

    Where it is known what was meant, the gradients are those of the forward pass that was meant: what departs from the
    derivative of the one that was written only, is a consequence.
    """
    following = step_at(recording.tape, chains, 1)
    found = tuple(forward_faults(proved.proofs[0], following, _source_of(recording)))
    told = replace(proved, forward=found)
    if any(fault.law is Law.STATE_GOES_ON for fault in found):  # the way back is that of a state that goes on
        return replace(told, departures=(), consequence=None)
    repair = {number: node for fault in found for number, node in fault.repair.items()}
    if not repair or not proved.wrong:
        return told
    try:
        with np.errstate(all="ignore"):
            meant = prove(with_operations(proved.proofs[0].step, repair))
    except CannotRepeat:
        return told
    right = sum(bool(verdict.right) for verdict in meant.verdicts)
    if right < sum(bool(verdict.right) for verdict in proved.proofs[0].verdicts):
        return told
    return replace(what_is_wrong((meant,), chains), forward=found)


def of_forward_faults(faults: Sequence[ForwardFault]) -> Iterator[Finding]:
    """One finding for each law that is broken at a place."""
    places: set[tuple[str, str, int]] = set()
    for fault in faults:
        if fault.site is None or (CODES[fault.law], fault.site.file, fault.site.line) in places:
            continue
        places.add((CODES[fault.law], fault.site.file, fault.site.line))
        numbers = {"law": fault.law.value, **fault.numbers}
        yield Finding(RULES[CODES[fault.law]], PROVED, _words(fault), numbers, True, None, location(fault.site))


def _words(fault: ForwardFault) -> str:
    numbers, text = fault.numbers, fault.site.in_one_line if fault.site is not None else ""
    if fault.law is Law.WEIGHTS_ADD_UP:
        return (
            f"`{text}` makes the weights add up to 1 over axis {numbers['axis']}, and the values that they weigh are "
            f"summed over axis {numbers['summed_over']}: a weighted mean of ones is not 1"
        )
    if fault.law is Law.CLASSES_ADD_UP:
        axes = " and ".join(str(axis) for axis in numbers["axes"])
        return f"`{text}` is normalised over axis {axes}; the targets stand along axis {numbers['classes_along']}"
    if fault.law is Law.MASK_HIDES:
        shares = " and ".join(f"{share:.0%}" for share in numbers["weight_on_either_side"])
        return f"the softmax gives weight to both sides of the mask in `{text}`: up to {shares} of a row"
    if fault.law is Law.DATA_ARE_SHOWN:
        return (
            f"the mask in `{text}` hides the entries that differ from sequence to sequence, and shows those that are "
            "the same in all, as padding is"
        )
    if fault.law is Law.NEXT_IS_HIDDEN:
        return (
            f"the targets are the inputs one place later, and answers change with them: `{text}` lets "
            f"{numbers['places_ahead']} of the places before a changed one see it"
        )
    if fault.law is Law.STATE_ENDS:
        return (
            f"`{text}` makes the first state once; every later update begins with the state that the one before left "
            "in it, of other sequences"
        )
    if fault.law in (Law.EXAMPLES_APART, Law.FEATURES_APART):
        axes = " and ".join(str(axis) for axis in numbers["axes"])
        kind, others = ("layer", "examples") if fault.law is Law.EXAMPLES_APART else ("batch", "features")
        should = "it should go over stand along" if kind == "layer" else "it should keep apart stand along"
        return (
            f"`{text}` in a {kind} normalisation goes over axis {axes}, the {others}; the features that {should} "
            f"axis {numbers['features_along']}"
        )
    never = f"the state is never handed on, and {listed(numbers['parameters'])} never change"
    return f"at every step `{text}` begins with zeros: {never}"


def _source_of(recording: Recording) -> Source:
    turns = recording.all_turns()

    def is_made_anew(node: Node) -> bool:
        return any(turn.start <= node.number < turn.end for turn in turns)

    return Source(lambda site: " ".join(names_around(site.file, site.line)), is_made_anew)
