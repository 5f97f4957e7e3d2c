"""What autograd's graph tells: what a tensor was made by, and which parameters it depends on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import torch

from unstuck.adapters.pytorch.functions import NODES
from unstuck.adapters.watched.values import Place

MARK = "unstuck"  # key of the metadata that autograd keeps for each node
LONGEST = 200_000  # nodes looked at
MOVES = ("T", "Transpose", "View", "Reshape", "ToCopy", "Expand", "Permute")  # around a matrix of weights


def mark(tensor: Any, **facts: Any) -> None:
    """Notes facts at the node that made a tensor; the first to say something is right."""
    node = tensor.grad_fn if isinstance(tensor, torch.Tensor) else None
    if node is not None:
        known = node.metadata.setdefault(MARK, {})
        for key, value in facts.items():
            known.setdefault(key, value)


def marked(node: Any, key: str) -> Any:
    return node.metadata.get(MARK, {}).get(key)


def kind_of(node: Any) -> str:
    """`Softmax` for SoftmaxBackward0."""
    return re.sub(r"Backward\d*$", "", node.name())


def chain(tensor: torch.Tensor, longest: int = 4) -> tuple[tuple[str, ...], tuple[Place | None, ...]]:
    """The functions that made a tensor, from its end, without those that move numbers about; and where each is."""
    names: list[str] = []
    places: list[Place | None] = []
    node = tensor.grad_fn
    for _ in range(30):
        if node is None or len(names) == longest:
            break
        name = None if _adds_a_bias(node) else NODES.get(kind_of(node), kind_of(node))
        name = "product" if name == "linear" and not _has_weights(node) else name
        if name is not None:
            names.append(name)
            places.append(marked(node, "place"))
        above = [parent for parent, _ in node.next_functions if parent is not None]
        above = [parent for parent in above if not hasattr(parent, "variable")]
        if name == "linear" or len(above) > 1:
            above = [parent for parent in above if kind_of(parent) not in ("T", "Transpose")] or above
        node = above[0] if above else None
    return tuple(names), tuple(places)


def _has_weights(node: Any) -> bool:
    """Whether a product of matrices is one with a parameter, and not one of an adjacency matrix, say."""
    factors = [parent for parent, _ in node.next_functions[-2:]]
    while any(factor is not None and kind_of(factor) in MOVES for factor in factors):
        factors = [
            factor.next_functions[0][0] if factor is not None and kind_of(factor) in MOVES else factor
            for factor in factors
        ]
    return any(hasattr(factor, "variable") for factor in factors)


def _adds_a_bias(node: Any) -> bool:
    """Whether a node adds a parameter, maybe in another shape, to what comes before."""
    if kind_of(node) != "Add":
        return False
    leaves = 0
    for parent, _ in node.next_functions:
        while (
            parent is not None and not hasattr(parent, "variable") and kind_of(parent) in ("View", "Reshape", "Expand")
        ):
            parent = parent.next_functions[0][0]
        leaves += hasattr(parent, "variable")
    return leaves == 1


def nodes(root: torch.Tensor) -> Iterator[Any]:
    """All nodes above a tensor, each once."""
    seen: set[Any] = set()
    todo: list[Any] = [root.grad_fn]
    while todo and len(seen) < LONGEST:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        yield node
        todo += [parent for parent, _ in node.next_functions]


def leaves_and_losses(root: torch.Tensor) -> tuple[list[torch.Tensor], list[int]]:
    """The tensors that a root is differentiated by, and the numbers of the losses in it."""
    if root.grad_fn is None:
        return ([root] if root.requires_grad else []), []
    leaves, losses = [], []
    for node in nodes(root):
        if hasattr(node, "variable"):
            leaves.append(node.variable)
        number = marked(node, "loss")
        if number is not None:
            losses.append(number)
    return leaves, losses


def keeps_a_state(root: torch.Tensor, since: int) -> bool:
    """Whether a call of a module uses what an earlier call of the same one computed before a certain node was made."""
    called: tuple[set[Any], set[Any]] = set(), set()  # modules by whose calls nodes were made: earlier ones, later ones
    for node in nodes(root):
        if (caller := marked(node, "caller")) is not None:
            called[node._sequence_nr() >= since].add(caller)
    return bool(called[0] & called[1])


def is_minus_a_loss(root: torch.Tensor) -> bool:
    """Whether a root is the negative of a loss, which is never below zero: of a function's, or of the script's own."""
    node = root.grad_fn
    if node is not None and marked(node, "climbs"):
        return True
    if node is None or kind_of(node) != "Neg":
        return False
    below = node.next_functions[0][0]
    return below is not None and marked(below, "loss") is not None
