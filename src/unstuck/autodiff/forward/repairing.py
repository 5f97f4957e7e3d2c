"""A step whose forward pass is the one that was meant, to be proved anew.

A backward pass that is right for the forward pass that was meant departs from the derivative of the one that was
written: those departures are consequences, and go with it.
"""

from collections.abc import Mapping
from dataclasses import replace

from unstuck.autodiff.graph import Graph
from unstuck.autodiff.repeating import step_from
from unstuck.autodiff.step import Step
from unstuck.autodiff.tape import Node, Tape


def with_operations(step: Step, others: Mapping[int, Node]) -> Step:
    """The step carried out again with other operations in the place of some nodes. Raises CannotRepeat."""
    graph = step.graph
    tape = Tape([others.get(node.number, node) for node in graph.tape.nodes])
    return step_from(replace(step, graph=Graph(tape, graph.same, graph.cut)), {})
