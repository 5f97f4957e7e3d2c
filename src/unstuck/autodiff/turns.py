"""Networks that are updated in turn, each for a loss of its own: a discriminator, then the generator behind it."""

from unstuck.autodiff.graph import Graph
from unstuck.autodiff.step import Parameter, Step, sources


def taken_in_turn(step: Step) -> tuple[tuple[Parameter, ...], ...]:
    """The parameters of an update, apart where some wait for a forward pass through what others became.

    Those that wait are told by their gradients: these are made of new parameters, at an expression that took the old
    ones. A way back through weights that are updated already takes them elsewhere: this is a fault, and no turn.
    """
    graph = step.graph
    taken = {_place(graph, n) for n in step.moving if not step.roots.isdisjoint(graph.parents(n))} - {None}
    again = {n for n in step.used if _place(graph, n) in taken and _takes_new(step, n)}
    if not again:
        return (step.parameters,)
    waiting = graph.descendants(again)
    parts = [[_part(step, parameter, waiting, later) for parameter in step.parameters] for later in (False, True)]
    return tuple(tuple(p for p in part if p.change) for part in parts if any(p.change for p in part))


def _part(step: Step, parameter: Parameter, waiting: set[int], later: bool) -> Parameter:
    """The nodes of a parameter whose changes wait, or those whose changes do not: single numbers may be of both."""
    own = [
        i
        for i, change in enumerate(parameter.change)
        if any(number in waiting for number in sources(step.graph, change)) is later
    ]
    before, after, change = (
        tuple(nodes[i] for i in own) for nodes in (parameter.before, parameter.after, parameter.change)
    )
    return Parameter(parameter.name, before, after, change)


def _place(graph: Graph, number: int) -> object:
    site = graph.tape.nodes[number].site
    return None if site is None else site.key


def _takes_new(step: Step, number: int) -> bool:
    """Whether a value is made of a parameter as it is after an update."""
    return any(p in step.graph.cut and p not in step.roots for p in step.graph.parents(number))
