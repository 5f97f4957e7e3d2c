"""Masks that hide nothing, or the wrong side: what a softmax gives to places that a constant of two values tells from
the others."""

import operator
import re
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from unstuck.autodiff.families import ADDING, MULTIPLYING, SUBTRACTING
from unstuck.autodiff.forward.drawn import DRAWN_MASK, origins
from unstuck.autodiff.forward.fault import ForwardFault, Law
from unstuck.autodiff.forward.next_positions import Reading
from unstuck.autodiff.forward.softmaxes import Softmax, way_back
from unstuck.autodiff.step import Step, moves
from unstuck.autodiff.tape import Node, value_in
from unstuck.autodiff.writes import assigned

Array = np.ndarray
FAR = 10  # operations between a softmax and its mask
SEEN = 1e-3  # the share of weight that is no rounding
NAMED = re.compile(r"mask|pad|tri[lu]|valid|causal|allowed|visible", re.IGNORECASE)


def masks_that_hide_nothing(step: Step, found: Sequence[Softmax]) -> Iterator[ForwardFault]:
    """Softmaxes over scores that were masked, in which either side of the mask is given weight.

    Only where both sides stand in one row: a row that is masked as a whole has nothing to choose from.
    """
    for softmax in found:
        if len(softmax.axes) != 1:
            continue
        for node, mask in _masks(step, softmax):
            shares = [_largest_share(softmax, mask == value) for value in np.unique(mask)]
            if min(shares) > SEEN:
                numbers = {"weight_on_either_side": [round(share, 4) for share in shares]}
                yield ForwardFault(Law.MASK_HIDES, node.site, numbers)
                break


def masks_that_show_only_padding(
    step: Step, found: Sequence[Softmax], read: Sequence[Reading]
) -> Iterator[ForwardFault]:
    """Softmaxes that give all weight to places at which every sequence has the same entry, and none to those at which
    the entries differ: the mask is the other way round."""
    for softmax in found:
        for node, mask in _masks(step, softmax) if len(softmax.axes) == 1 else ():
            shown = [value for value in np.unique(mask) if _largest_share(softmax, mask == value) > SEEN]
            if len(shown) != 1:
                continue
            places = np.moveaxis(mask == shown[0], softmax.axes[0], -1)
            if any(_shows_only_padding(places, reading.values) for reading in read):
                yield ForwardFault(Law.DATA_ARE_SHOWN, node.site, {})
                break


def _shows_only_padding(shown: Array, values: Array) -> bool:
    """Whether the entries of sequences (n, places, …) differ where they are hidden, and are one entry elsewhere."""
    while shown.ndim > 2:  # heads, and places that ask
        shown = np.asarray(shown.any(axis=1))
    if shown.shape != values.shape[:2] or len(values) < 2:
        return False
    both = shown.any(axis=1) & ~shown.all(axis=1)
    seen, hidden = values[both][shown[both]], values[both][~shown[both]]
    return bool(len(seen)) and bool((seen == seen[0]).all()) and len(np.unique(hidden, axis=0)) > 2


def _masks(step: Step, softmax: Softmax) -> Iterator[tuple[Node, Array]]:
    """The constants of two values that meet the scores, with the shape of the softmax."""
    for node in islice(way_back(step, softmax.exponentials), FAR):
        for constant in _constants(node):
            if moves(step, constant):
                continue
            mask = _of_two_values(constant, np.shape(softmax.node.value))
            if mask is not None and _is_mask(node, constant):
                yield node, mask


def _constants(node: Node) -> Sequence[object]:
    if node.op in ADDING | SUBTRACTING | MULTIPLYING and len(node.args) == 2:
        return node.args
    if node.op is np.where and len(node.args) == 3:
        return node.args[:1]
    return node.args[1:2] if node.op is assigned else ()


def _of_two_values(constant: object, shape: tuple[int, ...]) -> Array | None:
    value = np.asarray(value_in(constant))
    if value.dtype.kind not in "bfiu" or value.size < 2 or len(np.unique(value)) != 2:
        return None
    try:
        return np.broadcast_to(value, shape)
    except ValueError:
        return None


def _is_mask(node: Node, constant: object) -> bool:
    """Whether the source calls it one, and it is not drawn at random: a mask of dropout hides nothing."""
    texts = [node.site.text if node.site is not None else ""]
    if isinstance(constant, Node):
        texts += [one.site.text for one in islice(origins(constant), FAR) if one.site is not None]
    text = " ".join(texts)
    of_choice = node.op in (np.where, assigned, operator.getitem)
    return not DRAWN_MASK.search(text) and (of_choice or bool(NAMED.search(text)))


def _largest_share(softmax: Softmax, side: Array) -> float:
    """The largest part of its weight that a row gives to one side, of the rows in which both sides stand."""
    (axis,) = softmax.axes
    both = side.any(axis=axis) & ~side.all(axis=axis)
    share = np.where(side, np.asarray(softmax.node.value, float), 0.0).sum(axis=axis)
    return float(share[both].max()) if both.any() else 0.0
