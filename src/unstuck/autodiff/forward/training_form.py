"""What a forward pass does in training only: entries that are dropped at random, and the statistics of the batch where
averages of them are kept for later."""

from collections.abc import Iterator

import numpy as np

from unstuck.autodiff.families import ADDING, MEANS, MULTIPLYING, SCALING, SPREADS, SUBTRACTING
from unstuck.autodiff.forward.drawn import is_drawn_mask
from unstuck.autodiff.replay import users_within
from unstuck.autodiff.step import Step, moves
from unstuck.autodiff.tape import Node
from unstuck.autodiff.writes import assigned

FAR = 8  # operations between a statistic and its average


def dropped(step: Step, forward: set[int]) -> Iterator[Node]:
    """The operations that take entries of computed values out at random."""
    for number in sorted(forward & step.moving):
        node = step.graph.tape.nodes[number]
        if node.op in MULTIPLYING and len(node.args) == 2:
            masks = [a for a in node.args if isinstance(a, Node) and not moves(step, a)]
        elif node.op is assigned or node.op is np.where:
            mask = node.args[1 if node.op is assigned else 0]
            masks = [mask] if isinstance(mask, Node) and not moves(step, mask) else []
        else:
            continue
        hidden = [n for n in step.graph.parents(number) if n in step.moving and n not in step.roots]
        if hidden and any(is_drawn_mask(mask) for mask in masks):
            yield node


def averaged(step: Step, forward: set[int]) -> Iterator[Node]:
    """The means and spreads of the forward pass that are mixed into an average of which no gradient is made."""
    graph = step.graph
    users = users_within(graph, step.moving)
    for number in sorted(forward & step.moving):
        node = graph.tape.nodes[number]
        if node.op in MEANS | SPREADS and np.size(node.value) > 1 and _is_mixed_in(step, number, users):
            yield node


def _is_mixed_in(step: Step, statistic: int, users: dict[int, list[int]]) -> bool:
    """Whether a statistic is added, by a share, to a value of its shape that the step does not depend on."""
    nodes = step.graph.tape.nodes
    shape, pending, seen = np.shape(nodes[statistic].value), [statistic], {statistic}
    while pending and len(seen) < FAR:
        for user in users.get(pending.pop(), ()):
            node = nodes[user]
            if user in step.used or user in seen or np.shape(node.value) != shape:
                continue
            if node.op in ADDING | SUBTRACTING:
                others = [a for a in node.args if isinstance(a, Node) and not moves(step, a)]
                if any(np.shape(other.value) == shape for other in others):
                    return True
            if node.op in SCALING | ADDING | SUBTRACTING:
                seen.add(user)
                pending.append(user)
    return False
