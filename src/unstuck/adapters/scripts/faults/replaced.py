"""Weights that are replaced by their step, as `W =- rate * dW` does, where they are to be moved by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from unstuck.adapters.scripts.reading.lines import PRODUCTS, location
from unstuck.adapters.scripts.reading.parameters import Chain, ancestors, shown
from unstuck.adapters.scripts.reading.steps import steps_at
from unstuck.autodiff.proof import prove
from unstuck.autodiff.tape import LEAF, Node, Site, Tape
from unstuck.diagnosis.examination.evidence import PROVED
from unstuck.diagnosis.report.contents import Finding
from unstuck.diagnosis.rules import RULES

MOST = 6  # values for which a proof is made


def replaced_by_steps(tape: Tape, chains: Sequence[Chain]) -> Iterator[Finding]:
    """A finding for each expression whose value takes the place of weights and is a multiple of their gradient.

    chains  the parameters that are moved
    """
    moved = {chain.root.number for chain in chains}
    seen: set[Site] = set()
    for before, after in list(_replaced(tape, moved))[:MOST]:
        site = after.site
        if site is not None and site not in seen and _is_their_gradient(tape, before, after):
            seen.add(site)
            text = site.in_one_line
            words = f"`{text}` is a step along the gradient, and takes the place of the weights that it is to move"
            yield Finding(RULES["U17"], PROVED, words, {}, True, None, location(site))


def _replaced(tape: Tape, moved: set[int]) -> Iterator[tuple[Node, Node]]:
    """Arrays that an expression reads first, and what depends on them and is read in their place the next time."""
    first: dict[tuple[int, int], Node] = {}
    found: set[int] = set()
    for node in tape.nodes:
        if node.site is None or node.op not in PRODUCTS:
            continue
        for position, argument in enumerate(node.args):
            value = shown(argument) if isinstance(argument, Node) else None
            if value is None:
                continue
            before = first.setdefault((id(node.site), position), value)
            if before is value or before.number in found or before.number in moved or value.op is LEAF:
                continue
            if _could_be_weights(before) and np.shape(value.value) == np.shape(before.value):
                found.add(before.number)
                if before in ancestors([value], before.number):
                    yield before, value


def _could_be_weights(node: Node) -> bool:
    return node.op is LEAF and np.ndim(node.value) == 2 and np.asarray(node.value).dtype.kind == "f"


def _is_their_gradient(tape: Tape, before: Node, after: Node) -> bool:
    """Whether the recorded forward pass says that a value is a multiple of the gradient of another."""
    chain = Chain([before, after], [after], [after])
    with np.errstate(all="ignore"):
        verdicts = [verdict for step in steps_at(tape, [chain], 0) for verdict in prove(step).verdicts]
    return bool(verdicts) and all(verdict.right and verdict.scale for verdict in verdicts)
