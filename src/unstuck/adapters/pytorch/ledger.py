"""Where the gradient that a step uses comes from: kept account of by what `.grad` held before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from unstuck.adapters.pytorch.parameters import Known, Parameters, are_alike, sample
from unstuck.adapters.watched.values import ParameterStep

NOTHING = 1e-12  # of the gradient's own size: rounding


@dataclass
class Account:
    """One parameter's account, in samples of its numbers."""

    fresh: Any = None  # what backward added since the gradient was last empty or used
    kept: Any = None  # what was there from before the last step
    used: Any = None  # the gradient of the last step
    value: Any = None  # the parameter before the next step
    thrown: float = 0.0
    stepped: bool = False


class Ledger:
    """Accounts of all known parameters."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._accounts: dict[int, tuple[Known, Account]] = {}
        self._held: dict[int, Any] = {}

    def _account(self, known: Known) -> Account:
        entry = self._accounts.get(id(known))
        if entry is None:
            entry = self._accounts[id(known)] = (known, Account())
        return entry[1]

    def before_backward(self) -> None:
        self._held = {}
        for known in self._parameters.living():
            tensor, account = known.tensor, self._account(known)
            assert tensor is not None
            held = sample(tensor.grad)
            self._held[id(known)] = held
            if held is None or not held.any():
                account.kept = account.fresh = None
            elif account.stepped:
                account.kept = held
            account.stepped = False

    def after_backward(self) -> None:
        for known in self._parameters.living():
            now, held, account = sample(known.tensor.grad), self._held.get(id(known)), self._account(known)  # type: ignore[union-attr]
            if now is None:
                continue
            added = now if held is None else now - held
            account.fresh = added if account.fresh is None else account.fresh + added
            account.thrown = 0.0

    def zeroed(self, tensors: list[torch.Tensor]) -> None:
        """Called before gradients are set to zero: what has not been used is thrown away."""
        for tensor in tensors:
            known = self._parameters.of(tensor)
            if known is not None and tensor.grad is not None:
                account = self._account(known)
                if account.fresh is not None and not account.stepped:
                    account.thrown = size(account.fresh)

    def used_up(self, tensors: list[torch.Tensor]) -> None:
        """What these hold has been used, as by a step that goes on to take derivatives anew."""
        for tensor in tensors:
            account = self._account(self._parameters.enter(tensor))
            account.fresh, account.stepped = None, True

    def before_step(self, tensors: list[torch.Tensor]) -> None:
        for tensor in tensors:
            self._account(self._parameters.enter(tensor)).value = sample(tensor)

    def step(self, tensors: list[torch.Tensor], gradients: list[Any]) -> tuple[ParameterStep, ...]:
        """Closes the accounts of these parameters; `gradients` are samples of what the step used."""
        steps = []
        for tensor, used in zip(tensors, gradients, strict=True):
            known = self._parameters.enter(tensor)
            account = self._account(known)
            before, now = account.value, sample(tensor)
            change = now - before if before is not None and now is not None else None
            kept = account.kept if used is not None and used.any() else None
            steps.append(
                ParameterStep(
                    parameter=known.described(),
                    used=size(used),
                    fresh=size(account.fresh),
                    kept=size(kept) if size(kept) > NOTHING * size(used) else 0.0,
                    factor=_factor(kept, account.used),
                    thrown=account.thrown,
                    moved=size(change),
                    scale=size(before),
                    trainable=tensor.requires_grad,
                    along=along(change, used),
                    alike=are_alike(tensor),
                )
            )
            account.used, account.fresh, account.kept, account.stepped = used, None, None, True
            account.thrown = 0.0
        return tuple(steps)


def size(values: Any) -> float:
    """The Euclidean norm of a sample; 0 for none."""
    return 0.0 if values is None else float(torch.linalg.vector_norm(values))


def along(moved: Any, used: Any) -> float | None:
    """The cosine between a change and the gradient it was made with; None where one of both is 0 or missing."""
    sizes = size(moved) * size(used)
    return float(moved @ used) / sizes if sizes > 0 and moved.shape == used.shape else None


def _factor(kept: Any, used: Any) -> float | None:
    """The multiple of the last step's gradient that the kept part is, None where it is none."""
    if kept is None or used is None or not used.any():
        return None
    factor = float(kept @ used / (used @ used))
    return factor if size(kept - factor * used) <= 1e-6 * size(kept) else None
