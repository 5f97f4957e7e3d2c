"""Reverse mode: from the adjoint of a result back to the adjoints of everything that it depends on.

The adjoint of a value is the derivative of one number (a loss) with respect to it. It is the sum over the value's uses;
the parts are kept as well, since a program that forgets one of them shows just that. See Griewank and Walther,
"Evaluating Derivatives", 2nd edition (2008), chapter 3.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unstuck.autodiff.call import NoDerivative, Tie, is_real
from unstuck.autodiff.derivatives import pull_back
from unstuck.autodiff.graph import Graph
from unstuck.autodiff.tape import Node

Array = np.ndarray

KEPT_BYTES = 256 << 20  # parts of adjoints that are kept apart, in bytes


@dataclass(slots=True)
class Adjoints:
    """The derivatives of one number with respect to the recorded values; by the number of the representative."""

    totals: dict[int, Any] = field(default_factory=dict)
    parts: dict[int, list[tuple[Node, Array]]] = field(default_factory=dict)  # (who used it, what came back)
    missing: list[tuple[Node, str]] = field(default_factory=list)  # operations without derivative on the way
    behind_missing: set[int] = field(default_factory=set)  # what such an operation would have given a part to

    def known(self, number: int) -> bool:
        """Whether the adjoint is complete: no operation without derivative lies between."""
        return number not in self.behind_missing


def adjoints(
    graph: Graph, seeds: Mapping[int, Any], roots: set[int], tie: Tie = Tie.SPLIT, keep_parts: bool = True
) -> Adjoints:
    """Adjoints of all nodes in `roots` (a set closed under descent) that the seeds depend on.

    `seeds` gives for representatives their own derivative: {loss: 1.0}, or {outputs: error}.
    """
    result = Adjoints()
    relevant = graph.ancestors(seeds) & roots
    kept = 0
    for number, seed in seeds.items():
        result.totals[number] = np.array(seed, float)
    for number in sorted(relevant, reverse=True):
        node = graph.tape.nodes[number]
        total = result.totals.get(number)
        if number in graph.cut or node.is_leaf:
            continue
        if number in result.behind_missing:
            result.behind_missing.update(p for p in graph.parents(number) if p in relevant)
        if total is None:
            continue

        def wanted(parent: Node) -> bool:
            return graph.same[parent.number] in relevant and is_real(parent.value)

        try:
            contributions = pull_back(node, total, wanted, tie)
        except NoDerivative as reason:
            result.missing.append((node, str(reason)))
            result.behind_missing.update(p for p in graph.parents(number) if p in relevant)
            continue
        for parent, part in contributions:
            target = graph.same[parent.number]
            result.totals[target] = _added(result.totals.get(target), part)
            if keep_parts and isinstance(part, np.ndarray) and kept < KEPT_BYTES:
                kept += part.nbytes
                result.parts.setdefault(target, []).append((node, part))
    return result


def _added(total: Any, part: Any) -> Any:
    """The sum of two adjoints; of a tuple's, place by place, None where there is none."""
    if total is None:
        return part
    if isinstance(part, list):
        return [b if a is None else a if b is None else a + b for a, b in zip(total, part)]
    return total + part
