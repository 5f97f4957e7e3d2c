"""Normalisations that are called after layers and go over the examples."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from unstuck.autodiff.families import MEANS, MULTIPLYING, SPREADS
from unstuck.autodiff.forward.fault import ForwardFault, Law
from unstuck.autodiff.forward.softmaxes import axes_of
from unstuck.autodiff.step import Step, shows_parameter
from unstuck.autodiff.tape import Node, Site

OF_LAYERS = re.compile(r"layer_?norm|(?<![a-z])ln(?![a-z])", re.IGNORECASE)
FAR = 12  # operations between a mean and the gain


def layers_normalized_over_examples(
    step: Step, forward: set[int], around: Callable[[Site], str]
) -> Iterator[ForwardFault]:
    """Means and spreads, in what the program calls a layer normalisation, over another axis than that of the gain.

    The gain has one entry for each feature: a layer normalisation goes over the axis along which it varies, a batch
    normalisation over all others. `around` names the functions and classes around an expression, and its calls.
    """
    graph = step.graph
    wrong: dict[int, Node] = {}
    first: tuple[Site, dict[str, Any]] | None = None
    for number in sorted(forward & step.moving):
        node = graph.tape.nodes[number]
        if node.op not in MEANS | SPREADS or node.site is None or not isinstance(node.args[0], Node):
            continue
        names = " ".join(
            [around(node.site), *(around(site) + " " + site.text.partition("(")[0] for site in node.stack)]
        )
        axes = axes_of(node, np.ndim(node.args[0].value))
        gain = _axis_of_gain(step, node, forward) if axes is not None and OF_LAYERS.search(names) else None
        if gain is None or axes is None or gain in axes:
            continue
        first = first or (node.site, {"axes": list(axes), "features_along": gain})
        if np.ndim(node.value) == np.ndim(node.args[0].value):
            wrong[number] = replace(node, args=node.args[:1], kwargs={**node.kwargs, "axis": gain})
    if first is not None:
        yield ForwardFault(Law.EXAMPLES_APART, *first, wrong)


def _axis_of_gain(step: Step, reduction: Node, forward: set[int]) -> int | None:
    """The axis of what is normalised along which the parameter varies that multiplies the result."""
    graph = step.graph
    shape = np.shape(reduction.args[0].value)
    reached = {graph.same[reduction.number]}
    for number in sorted(n for n in forward if n > min(reached)):
        parents = graph.parents(number)
        if reached.isdisjoint(parents):
            continue
        node = graph.tape.nodes[number]
        if node.op in MULTIPLYING and np.shape(node.value) == shape:
            gains = [n for n in parents if n not in reached and n in step.moving and shows_parameter(step, n)]
            for gain in gains:
                own = np.shape(graph.tape.nodes[gain].value)
                padded = (1,) * (len(shape) - len(own)) + own
                along = [axis for axis, size in enumerate(padded) if size > 1]
                return along[0] if len(along) == 1 else None
        if np.shape(node.value) == shape or np.size(node.value) == np.size(reduction.value):
            reached.add(number)
        if len(reached) > FAR:
            return None
    return None
