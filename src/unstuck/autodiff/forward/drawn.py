"""Values that are drawn at random, as the source calls what draws them."""

import re
from collections.abc import Iterator
from itertools import islice

import numpy as np

from unstuck.autodiff.tape import LEAF, Node

DRAWN_MASK = re.compile(r"rand|binomial|bernoulli|uniform|normal|choice")
DRAWN = re.compile(DRAWN_MASK.pattern + r"|integers|permut|sample")
FAR = 8  # operations between a random number and a mask


def is_drawn(node: Node) -> bool:
    """Whether a value comes from outside, drawn at random."""
    return node.op is LEAF and node.site is not None and DRAWN.search(node.site.text) is not None


def is_drawn_mask(mask: Node) -> bool:
    """Whether a value is zero or one other number, and comes from random ones."""
    values = np.unique(np.asarray(mask.value))
    if np.size(mask.value) < 2 or len(values) > 2 or values[0] != 0:
        return False
    return any(is_drawn(node) for node in islice(origins(mask), FAR))


def origins(node: Node) -> Iterator[Node]:
    """A value and all that it is made of, what is taken last first; what is taken twice comes twice."""
    pending = [node]
    while pending:
        one = pending.pop()
        yield one
        pending += one.parents()
