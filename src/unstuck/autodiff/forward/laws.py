"""All laws of the forward pass, tried on the first updates of a recording."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from unstuck.autodiff.forward.fault import ForwardFault
from unstuck.autodiff.forward.masks import masks_that_hide_nothing, masks_that_show_only_padding
from unstuck.autodiff.forward.next_positions import answers_that_have_seen_their_target, readings
from unstuck.autodiff.forward.normalizations import normalized_over_other_axes
from unstuck.autodiff.forward.softmaxes import softmaxes
from unstuck.autodiff.forward.states import states_that_are_kept, states_that_never_change
from unstuck.autodiff.forward.weighted_sums import probabilities_that_do_not_add_up, weights_that_do_not_add_up
from unstuck.autodiff.meetings import meetings
from unstuck.autodiff.proof import Proof, forward_pass
from unstuck.autodiff.step import Step
from unstuck.autodiff.tape import Node, Site


@dataclass(frozen=True)
class Source:
    """What the laws ask of a program's source.

    around        the names of the functions and classes around an expression
    is_made_anew  whether a value is made in a loop
    """

    around: Callable[[Site], str]
    is_made_anew: Callable[[Node], bool]


def forward_faults(proof: Proof, following: Step | None, source: Source) -> Iterator[ForwardFault]:
    """The laws that the forward pass of a proved update breaks, or that of the update after it."""
    step, forward = proof.step, forward_pass(proof)
    found, read = list(softmaxes(step, forward)), list(readings(step, forward))
    with np.errstate(all="ignore"):
        mixed = [*weights_that_do_not_add_up(step, found, forward)]
        mixed += probabilities_that_do_not_add_up(step, found, proof.meetings)
        mixed += masks_that_hide_nothing(step, found)
        mixed += masks_that_show_only_padding(step, found, read)
        yield from mixed or answers_that_have_seen_their_target(step, found, read, proof.meetings, forward)
        yield from normalized_over_other_axes(step, forward, source.around)
        if following is not None:
            yield from states_that_are_kept(step, following, meetings(following), source.is_made_anew)
        yield from states_that_never_change(step, forward)
