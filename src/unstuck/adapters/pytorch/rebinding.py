"""Updates by hand that make new tensors: `w = (w - rate * w.grad).detach().requires_grad_()`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from unstuck.adapters.pytorch.ledger import along, size
from unstuck.adapters.pytorch.parameters import Parameters, sample
from unstuck.adapters.watched.values import ParameterStep


@dataclass(frozen=True)
class Left:
    """A tensor that derivatives were taken by: samples of its value and of its gradient."""

    tensor: torch.Tensor
    value: Any
    gradient: Any


class Rebinding:
    """The tensors of the last way back, held against those of the next."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._left: list[Left] = []
        self._first: dict[int, Any] = {}
        self.seen = False  # there was such an update

    def step(self, leaves: list[torch.Tensor]) -> tuple[ParameterStep, ...]:
        """What became of the tensors of the last way back, where others of the same shapes stand in their places."""
        left, self._left = self._left, []
        same_shapes = [one.tensor.shape for one in left] == [leaf.shape for leaf in leaves]
        pairs = [(one, leaf) for one, leaf in zip(left, leaves, strict=False) if one.tensor is not leaf]
        if not left or not same_shapes or not pairs or any(one.gradient is None for one, _ in pairs):
            return ()
        self.seen = True
        steps = []
        for one, leaf in pairs:
            moved, used = sample(leaf) - one.value, one.gradient
            known = self._parameters.enter(one.tensor).described()
            steps.append(
                ParameterStep(
                    parameter=known,
                    used=size(used),
                    fresh=size(used),
                    kept=0.0,
                    factor=None,
                    thrown=0.0,
                    moved=size(moved),
                    scale=size(one.value),
                    along=along(moved, used),
                )
            )
        return tuple(steps)

    def keep(self, leaves: list[torch.Tensor]) -> None:
        """Derivatives were taken by these."""
        self._left = [Left(leaf, sample(leaf), sample(leaf.grad)) for leaf in leaves]

    def still(self, leaves: list[torch.Tensor]) -> int:
        """How many of these are known, and have the values that they had on the first way back."""
        count = 0
        for leaf in leaves:
            key, value = self._parameters.enter(leaf).key, sample(leaf)
            count += bool(torch.equal(self._first.setdefault(key, value), value))
        return count
