"""Normalisations that go over the axis that their name does not mean: layers over examples, batches over features."""

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
OF_BATCHES = re.compile(r"batch_?norm|(?<![a-z])bn(?![a-z])", re.IGNORECASE)
FAR = 12  # operations between a mean and the gain


def normalized_over_other_axes(step: Step, forward: set[int], around: Callable[[Site], str]) -> Iterator[ForwardFault]:
    """Means and spreads, in what the program calls a layer or a batch normalisation, over the other's axes.

    The gain has one entry for each feature: a layer normalisation goes over the axis along which it varies, a batch
    normalisation over all others. `around` names the functions and classes around an expression, and its calls. The
    first place of each kind is told.
    """
    wrong: dict[Law, dict[int, Node]] = {}
    first: dict[Law, tuple[Site, dict[str, Any]]] = {}
    for number in sorted(forward & step.moving):
        node = step.graph.tape.nodes[number]
        if node.op not in MEANS | SPREADS or node.site is None or not isinstance(node.args[0], Node):
            continue
        ndim = np.ndim(node.args[0].value)
        law, axes = _law_of(node, around), axes_of(node, ndim)
        gain = _axis_of_gain(step, node, forward) if law is not None and axes is not None else None
        if law is None or axes is None or gain is None or (gain in axes) is (law is Law.EXAMPLES_APART):
            continue
        first.setdefault(law, (node.site, {"axes": list(axes), "features_along": gain}))
        if np.ndim(node.value) == ndim:
            meant = gain if law is Law.EXAMPLES_APART else tuple(axis for axis in range(ndim) if axis != gain)
            repair = replace(node, args=node.args[:1], kwargs={**node.kwargs, "axis": meant})
            wrong.setdefault(law, {})[number] = repair
    for law, (site, numbers) in first.items():
        yield ForwardFault(law, site, numbers, wrong.get(law, {}))


def _law_of(node: Node, around: Callable[[Site], str]) -> Law | None:
    """The law of what the program calls a normalisation here; None where it calls it neither, or both."""
    assert node.site is not None
    names = " ".join([around(node.site), *(around(site) + " " + site.text.partition("(")[0] for site in node.stack)])
    laws = {Law.EXAMPLES_APART: OF_LAYERS, Law.FEATURES_APART: OF_BATCHES}
    named = [law for law, pattern in laws.items() if pattern.search(names)]
    return named[0] if len(named) == 1 else None


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
